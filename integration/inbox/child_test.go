package inbox_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// job is what a child process is told.
type job struct {
	Database database
	Prefix   string
	Migrate  bool          // that is all it does
	Workers  int           // 0: it only receives
	Lease    time.Duration // 0: the default
	Hold     time.Duration // how long a function takes, its transaction open
}

// child is a process that receives at a port, which it prints, works, and ends when its
// input does.
func child(text string, in io.Reader, out io.Writer) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	db, err := j.Database.open()
	if err != nil {
		return err
	}
	defer db.Close()
	opts := []inbox.Option{inbox.WithPrefix(j.Prefix), inbox.WithPoll(20 * time.Millisecond), inbox.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, nil)))}
	if j.Workers > 0 {
		opts = append(opts, inbox.WithConcurrency(j.Workers))
	}
	if j.Lease > 0 {
		opts = append(opts, inbox.WithLease(j.Lease))
	}
	ib, err := inbox.New(db, j.Database.dialect(), opts...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := ib.Migrate(ctx); err != nil || j.Migrate {
		return err
	}
	scheme, err := stripe()
	if err != nil {
		return err
	}
	h, err := webhook.NewHandler(scheme, webhook.WithQueue(ib), webhook.WithLogger(slog.New(slog.DiscardHandler)),
		inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO %s_effect (event, pid) VALUES ('%s', %d)`, j.Prefix, e.ID, os.Getpid()))
			if err == nil && j.Hold > 0 {
				time.Sleep(j.Hold)
			}
			return err
		}))
	if err != nil {
		return err
	}
	var work sync.WaitGroup
	if j.Workers > 0 {
		work.Go(func() {
			if err := ib.Run(ctx, h); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		})
	}
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
	log   lockedBuilder
	stdin io.Closer
	done  chan struct{}
}

func startChild(t *testing.T, j job) *process {
	t.Helper()
	p, err := launch(j)
	require.NoError(t, err)
	t.Cleanup(p.kill)
	return p
}

func launch(j job) (*process, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{Cmd: exec.Command(self), done: make(chan struct{})}
	p.Env = append(os.Environ(), childVariable+"="+string(text))
	p.Stderr = &p.log
	if p.stdin, err = p.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	_, scanErr := fmt.Fscanln(out, &p.addr)
	go func() {
		_ = p.Wait()
		close(p.done)
	}()
	if scanErr != nil && !j.Migrate {
		p.kill()
		return nil, fmt.Errorf("the child did not start: %w: %s", scanErr, p.log.String())
	}
	return p, nil
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
