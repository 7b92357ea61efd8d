package river_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	onriver "github.com/standpipe-go/standpipe/on/river"
	"github.com/standpipe-go/standpipe/webhook"
)

var pid = os.Getpid()

// job is what a child process is told.
type job struct {
	DSN, Schema string
	PollOnly    bool
}

// child is a process that receives at a port, which it prints, works, and ends when its
// input does.
func child(j job, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cfg, err := pgxpool.ParseConfig(j.DSN)
	if err != nil {
		return err
	}
	cfg.MaxConns = 12
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	where := onriver.Config{Schema: j.Schema, PollOnly: j.PollOnly}
	q, err := onriver.New(pool, where, inbox.WithPrefix(j.Schema+".inbox"), inbox.WithConcurrency(4), inbox.WithTimeout(time.Second), inbox.WithTxTimeout(time.Second),
		inbox.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))))
	if err != nil {
		return err
	}
	defer q.Close()
	scheme, err := stripe()
	if err != nil {
		return err
	}
	h, err := webhook.NewHandler(scheme, webhook.WithQueue(q), webhook.WithLogger(slog.New(slog.DiscardHandler)), effectIn(j.Schema, 0))
	if err != nil {
		return err
	}
	var work sync.WaitGroup
	work.Go(func() {
		if err := q.Run(ctx, h); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h}
	go func() { _ = srv.Serve(l) }()
	fmt.Fprintln(out, l.Addr())
	_, _ = io.Copy(io.Discard, in)
	_ = srv.Close()
	cancel()
	work.Wait()
	return nil
}

// process is a running child.
type process struct {
	*exec.Cmd
	addr  string
	log   strings.Builder
	stdin io.Closer
	done  chan struct{}
}

func startChild(t *testing.T, j job) *process {
	t.Helper()
	text, err := json.Marshal(j)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(self), done: make(chan struct{})}
	p.Env = append(os.Environ(), childVariable+"="+string(text))
	p.Stderr = &p.log
	p.stdin, err = p.StdinPipe()
	require.NoError(t, err)
	out, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	_, scanErr := fmt.Fscanln(out, &p.addr)
	go func() {
		_ = p.Wait()
		close(p.done)
	}()
	if scanErr != nil {
		p.kill()
		t.Fatalf("the child did not start: %v: %s", scanErr, p.log.String())
	}
	t.Cleanup(p.kill)
	return p
}

// kill sends SIGKILL and waits.
func (p *process) kill() {
	_ = p.Process.Kill()
	<-p.done
}

// end lets the child shut down.
func (p *process) end() {
	_ = p.stdin.Close()
	<-p.done
}
