package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/webhook"
)

// Run hands what is due to the functions of handlers, each of which has the events of
// its endpoint, until ctx ends; then it lets them finish within [WithGrace] and returns
// nil. Events of other endpoints are left to other workers. It purges the tables once an
// hour. Several may run, in one process or many.
//
// While the database is away Run logs that and tries again. It returns an error at once
// if there is no handler, one is nil, or two have the same endpoint, and
// [ErrNotMigrated], [ErrNewerSchema] or [ErrNotDurable] if the tables are not as they
// should be.
func (ib *Inbox) Run(ctx context.Context, handlers ...*webhook.Handler) error {
	w, err := ib.worker(handlers)
	if err != nil {
		return fmt.Errorf("inbox: run: %w", err)
	}
	if err := w.waitReady(ctx); err != nil {
		return failed(ctx, "run", err)
	}
	hard, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	w.hard = hard
	go func() {
		select {
		case <-ctx.Done():
		case <-hard.Done():
			return
		}
		_ = pause.For(hard, ib.cfg.grace)
		stop(fmt.Errorf("inbox: %w", ErrShutdown))
	}()
	w.busy.Go(func() { w.keepClean(ctx) })
	w.loop(ctx)
	w.busy.Wait()
	return nil
}

// worker is one Run.
type worker struct {
	ib        *Inbox
	handlers  map[string]*webhook.Handler
	endpoints []any
	claiming  string
	hard      context.Context // ends when functions must
	slots     chan struct{}   // one for each event at work
	wake      <-chan struct{}
	busy      sync.WaitGroup
	outage    outage
}

func (ib *Inbox) worker(handlers []*webhook.Handler) (*worker, error) {
	w := &worker{ib: ib, handlers: map[string]*webhook.Handler{}, slots: make(chan struct{}, ib.cfg.concurrency), wake: ib.cfg.wake}
	switch {
	case len(handlers) == 0:
		return nil, errors.New("there is no handler")
	case ib.cfg.send != nil:
		return nil, errors.New("another queue hands on what is due: see WithCourier")
	}
	for _, h := range handlers {
		switch {
		case h == nil:
			return nil, errors.New("a handler is nil")
		case w.handlers[h.Endpoint()] != nil:
			return nil, fmt.Errorf("two handlers are of the endpoint %q: see webhook.WithEndpoint", h.Endpoint())
		}
		w.handlers[h.Endpoint()] = h
		w.endpoints = append(w.endpoints, h.Endpoint())
	}
	w.claiming = ib.claimStatement(len(w.endpoints))
	return w, nil
}

// waitReady waits for a database that is away, and for none that is wrong.
func (w *worker) waitReady(ctx context.Context) error {
	for n := 1; ; n++ {
		err := w.ib.ready(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		for _, wrong := range []error{ErrNotMigrated, ErrNewerSchema, ErrNotDurable} {
			if errors.Is(err, wrong) {
				return err
			}
		}
		w.outage.note(ctx, w.ib.logger(), err)
		_ = pause.For(ctx, away(n))
	}
}

// loop claims and starts until ctx ends.
func (w *worker) loop(ctx context.Context) {
	idle, failures := least, 0
	for {
		n := w.free(ctx)
		if n == 0 {
			return
		}
		jobs, err := w.claim(ctx, n)
		w.giveBack(n - len(jobs))
		w.outage.note(ctx, w.ib.logger(), err)
		for _, j := range jobs {
			w.busy.Go(func() {
				defer w.giveBack(1)
				if ctx.Err() != nil { // claimed while it ended
					w.release(j, 0)
					return
				}
				w.supervise(j)
			})
		}
		wait := time.Duration(0)
		switch {
		case err != nil:
			failures++
			wait = away(failures)
		case len(jobs) == 0:
			failures, wait = 0, idle
			idle = min(2*idle, w.ib.cfg.poll)
		case len(jobs) < n:
			failures, idle, wait = 0, least, least
		default:
			failures, idle = 0, least
		}
		if wait > 0 {
			w.rest(ctx, wait)
		}
	}
}

const (
	least     = 10 * time.Millisecond // between two looks
	maxClaim  = 64                    // events at a time
	awayBase  = 100 * time.Millisecond
	awayLimit = 5 * time.Second
)

// away is the wait after the database did not answer n times.
func away(n int) time.Duration { return min(awayBase<<min(n-1, 10), awayLimit) }

// free waits for a slot and takes what others are free; 0 when ctx has ended.
func (w *worker) free(ctx context.Context) int {
	if ctx.Err() != nil {
		return 0
	}
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; n < maxClaim; n++ {
		select {
		case w.slots <- struct{}{}:
		default:
			return n
		}
	}
	return maxClaim
}

func (w *worker) giveBack(n int) {
	for range n {
		<-w.slots
	}
}

// rest waits until there is a reason to look.
func (w *worker) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-w.ib.woken:
	case _, ok := <-w.wake:
		if !ok {
			w.wake = nil // closed: nobody will call again
		}
	}
}

// outage logs that the database is away once, and that it is back.
type outage struct {
	mu   sync.Mutex
	away bool
}

func (o *outage) note(ctx context.Context, log *slog.Logger, err error) {
	o.mu.Lock()
	changed := o.away != (err != nil)
	o.away = err != nil
	o.mu.Unlock()
	switch {
	case !changed:
	case err != nil:
		log.LogAttrs(ctx, slog.LevelError, "inbox: the database does not answer as it should; it is tried again and again", slog.String("error", err.Error()))
	default:
		log.LogAttrs(ctx, slog.LevelInfo, "inbox: the database answers again")
	}
}

// keepClean purges once an hour, the first time within the first.
func (w *worker) keepClean(ctx context.Context) {
	wait := part(time.Hour)
	for pause.For(ctx, wait) == nil {
		wait = time.Hour
		if _, err := w.ib.Purge(ctx); err != nil && ctx.Err() == nil {
			w.ib.logger().LogAttrs(ctx, slog.LevelError, "inbox: the tables could not be purged", slog.String("error", err.Error()))
		}
	}
}
