// Command inbox keeps webhook deliveries in a database until they are handled, and is
// killed in the middle of it: work.go is the part to copy, and river.go where River runs
// the events. It needs no keys and no network: it signs and sends 1,000 events to itself,
// three copies each in random order, kills its own worker with SIGKILL half-way, starts
// it again, and counts what was done.
//
//	go run -C recipes/inbox .
//
// Everything is in an SQLite file that is deleted afterwards. With -postgres DSN it is in
// tables of that database whose names begin with "recipe_", and which are dropped. With
// -river too River runs the events, from a schema of that name; that takes a minute,
// since River waits half of one before it takes up what a killed process had begun.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"time"
)

// worker makes this program the worker of another one.
const worker = "INBOX_RECIPE_WORKER"

func main() {
	if err := start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "inbox:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context) error {
	if text := os.Getenv(worker); text != "" {
		var s storage
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return err
		}
		return work(ctx, s, os.Stdin, os.Stdout)
	}
	postgres := flag.String("postgres", "", "`DSN` of a Postgres to use in place of an SQLite file")
	river := flag.Bool("river", false, "let River run the events, in the Postgres of -postgres")
	flag.Parse()
	return run(ctx, storage{Postgres: *postgres, River: *river}, 1000, os.Stdout)
}

func run(ctx context.Context, s storage, events int, out io.Writer) (err error) {
	if s.River && s.Postgres == "" {
		return errors.New("-river needs a Postgres: give -postgres a DSN")
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp("", "inbox")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	s.Folder, s.Prefix = folder, fmt.Sprintf("recipe_%x", rand.Uint32())
	db, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	defer func() { err = errors.Join(err, s.drop(db)) }()
	if err := s.create(ctx, db); err != nil {
		return err
	}
	ib, _, done, err := s.keep(ctx, db)
	if err != nil {
		return err
	}
	defer done()

	p, err := startWorker(s)
	if err != nil {
		return err
	}
	defer func() { p.kill() }()
	var from service
	from.target.Store(&p.url)
	sent := make(chan struct{})
	go func() { defer close(sent); from.send(ctx, events) }()
	fmt.Fprintf(out, "sending %d events to %s, three copies each, in random order\n", events, s)
	defer func() { cancel(); <-sent }()

	if err := until(ctx, func() (bool, error) { n, _, err := payments(ctx, db, s.Prefix); return n >= events/2, err }); err != nil {
		return err
	}
	p.kill()
	n, _, err := payments(ctx, db, s.Prefix)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "killed the worker with SIGKILL when %d events had been handled\n", n)
	if p, err = startWorker(s); err != nil {
		return err
	}
	from.target.Store(&p.url)
	fmt.Fprintln(out, "started it again")

	<-sent
	err = until(ctx, func() (bool, error) {
		st, err := ib.Stats(ctx)
		return st.Ready+st.Waiting+st.Running == 0, err
	})
	if err != nil {
		return err
	}
	rows, distinct, err := payments(ctx, db, s.Prefix)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d deliveries were acknowledged, after %d that were not and came again\n", from.acknowledged.Load(), from.repeated.Load())
	if rows != events || distinct != events {
		return fmt.Errorf("of %d events %d were handled, %d times in all", events, distinct, rows)
	}
	fmt.Fprintf(out, "each of the %d events was handled exactly once\n", events)
	return nil
}

// payments counts the rows that the worker has written, and the events in them.
func payments(ctx context.Context, db *sql.DB, prefix string) (rows, events int, err error) {
	err = db.QueryRowContext(ctx, fmt.Sprintf(`SELECT count(*), count(DISTINCT event) FROM %s_payment`, prefix)).Scan(&rows, &events)
	return rows, events, err
}

func until(ctx context.Context, done func() (bool, error)) error {
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// process is a worker that runs.
type process struct {
	cmd *exec.Cmd
	url string
}

func startWorker(s storage) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self)}
	p.cmd.Env = append(os.Environ(), worker+"="+string(text))
	p.cmd.Stderr = os.Stderr
	if _, err := p.cmd.StdinPipe(); err != nil { // which ends with this process
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := fmt.Fscanln(out, &p.url); err != nil {
		p.kill()
		return nil, fmt.Errorf("the worker did not start: %w", err)
	}
	return p, nil
}

// kill sends SIGKILL, of which no process hears.
func (p *process) kill() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}
