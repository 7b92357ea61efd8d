package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/webhook"
)

// running is one attempt. It travels in the function's context.
type running struct {
	ib  *Inbox
	job job

	mu        sync.Mutex
	asked     bool         // for a transaction
	tx        *transaction // of [OnTx], once it has begun
	abandoned bool         // the function goes on and nobody waits for it
}

type runningKey struct{}

func runningOf(ctx context.Context) *running {
	r, _ := ctx.Value(runningKey{}).(*running)
	return r
}

// runs reports whether ctx is that of a function which this inbox runs.
func (ib *Inbox) runs(ctx context.Context) bool {
	r := runningOf(ctx)
	return r != nil && r.ib == ib
}

// overrun is for how long a function may ignore that its context has ended.
const overrun = 5 * time.Second

// supervise runs one event, renews its lease meanwhile, and records what became of it. A
// function that ignores its context takes up no place for ever: it is left behind, and
// what it does afterwards is not committed.
func (w *worker) supervise(j job) {
	if j.attempt > w.ib.cfg.attempts {
		const text = "the process ended, or the lease was lost, each time that the event was run"
		w.giveUp(j, ReasonCrashed, text, slog.String("reason", string(ReasonCrashed)), slog.String("error", text))
		return
	}
	ctx, cancel := context.WithCancelCause(w.hard)
	defer cancel(nil)
	ctx, stop := context.WithTimeoutCause(ctx, w.ib.cfg.timeout, fmt.Errorf("inbox: %w", ErrTimeout))
	defer stop()
	r := &running{ib: w.ib, job: j}
	result := make(chan error, 1)
	go w.attempt(context.WithValue(ctx, runningKey{}, r), r, result)

	lease := w.ib.cfg.lease
	beat := time.NewTicker(lease / 3)
	defer beat.Stop()
	renewed, ended := time.Now(), ctx.Done()
	var late <-chan time.Time
	for {
		select {
		case err := <-result:
			w.settle(ctx, r, err)
			return
		case <-beat.C:
			switch held, err := w.renew(r); {
			case held:
				renewed = time.Now()
			case err == nil || time.Since(renewed) > lease:
				cancel(fmt.Errorf("inbox: %w", ErrLost))
			}
		case <-ended:
			ended = nil
			timer := time.NewTimer(overrun)
			defer timer.Stop()
			late = timer.C
		case <-late:
			w.abandon(r)
			w.settle(ctx, r, fmt.Errorf("inbox: the function goes on although its context has ended: %w", context.Cause(ctx)))
			return
		}
	}
}

// attempt decodes the event and runs its function. It reports once, also where the
// function ends its goroutine.
func (w *worker) attempt(ctx context.Context, r *running, result chan<- error) {
	err := panics.Exited("the function")
	defer func() {
		if p := recover(); p != nil {
			err = panics.New("inbox: the handler", p)
		}
		result <- err
	}()
	var d *webhook.Delivery
	if d, err = w.ib.load(ctx, r.job.event); err != nil {
		return
	}
	h := w.handlers[d.Endpoint]
	if h == nil {
		err = fmt.Errorf("%w: it is of the endpoint %s", ErrUndecodable, shown(d.Endpoint, 66))
		return
	}
	err = panics.Exited("the function") // unless it returns
	err = panics.Legible(h.Dispatch(ctx, d), "inbox: the function's error")
}

// load reads an event from its row.
func (ib *Inbox) load(ctx context.Context, event int64) (*webhook.Delivery, error) {
	return ib.loadBy(ctx, ib.sql.load, event)
}

// errGone is that of an event that is not there.
var errGone = fmt.Errorf("%w: it is gone", ErrUndecodable)

func (ib *Inbox) loadBy(ctx context.Context, statement string, args ...any) (*webhook.Delivery, error) {
	var endpoint string
	var meta, own, parents []byte
	var suspect bool
	err := ib.call(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRowContext(ctx, statement, args...).Scan(&endpoint, &meta, &own, &parents, &suspect)
	})
	switch {
	case isNone(err):
		return nil, errGone
	case err != nil:
		return nil, &awayError{failed(ctx, "read the event", err)}
	}
	if own == nil {
		own = parents
	}
	d, err := decode(endpoint, meta, own)
	if err != nil {
		return nil, err
	}
	d.Suspect = suspect
	return d, nil
}

// awayError is the inbox's own failure, which says nothing of the event.
type awayError struct{ err error }

func (e *awayError) Error() string { return e.err.Error() }
func (e *awayError) Unwrap() error { return e.err }

// renew reports whether the lease is still this worker's.
func (w *worker) renew(r *running) (held bool, err error) {
	if w.ib.dialect == SQLite && r.inTx() {
		return true, nil // nobody else can write, so that nobody can take it up
	}
	err = w.ib.passing(w.hard, func(ctx context.Context, q querier) error {
		n, err := changed(q.ExecContext(ctx, w.ib.sql.renew, millis(w.ib.cfg.lease), r.job.event, r.job.token))
		held = n == 1
		return err
	})
	return held, err
}

func (r *running) inTx() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tx != nil
}

// abandon leaves a function behind. Its transaction has been rolled back with its
// context; others need not wait for what it held.
func (w *worker) abandon(r *running) {
	r.mu.Lock()
	r.abandoned = true
	tx := r.tx
	r.tx = nil
	r.mu.Unlock()
	go tx.rollback() // which waits for a statement that has not ended yet
	w.log(slog.LevelError, "inbox: a function ignores that its context has ended; its event is taken from it", r.job)
}

// settle records what became of an attempt.
func (w *worker) settle(ctx context.Context, r *running, err error) {
	j := r.job
	if err == nil {
		if err = w.complete(r); err == nil {
			return
		}
	} else {
		r.tx.rollback()
	}
	cause := context.Cause(ctx)
	_, isAway := errors.AsType[*awayError](err)
	switch {
	case errors.Is(err, ErrLost) || errors.Is(cause, ErrLost):
		w.log(slog.LevelWarn, "inbox: the lease of an event was lost, and another worker has it", j)
	case errors.Is(cause, ErrShutdown):
		w.release(j, 0)
	case isAway:
		w.outage.note(ctx, w.ib.logger(), err)
		w.release(j, time.Second)
	default:
		w.fail(j, reasonOf(err, cause), err)
	}
}

// complete takes the event off, in the function's transaction where it had one.
func (w *worker) complete(r *running) error {
	if r.inTx() {
		return r.tx.commit()
	}
	held := false
	err := w.insist(r.job, "an event was handled and could not be taken off, so that it will be run again", func(ctx context.Context) error {
		c := &completion{job: r.job}
		err := w.ib.done.do(ctx, c)
		held = err == nil && c.held // otherwise somebody may still be writing to it
		return err
	})
	if err == nil && !held {
		return ErrLost
	}
	return nil // what could not be recorded has been logged, and the lease will end
}

// completion takes an event off.
type completion struct {
	job
	held bool // the lease was still the worker's
}

// completeAll commits those that end at once together.
func (ib *Inbox) completeAll(ctx context.Context, all []*completion) error {
	return ib.begin(ctx, func(ctx context.Context, q querier) error {
		for _, c := range all {
			n, err := changed(q.ExecContext(ctx, ib.sql.done, c.event, c.token))
			if err != nil {
				return err
			}
			c.held = n == 1
		}
		return nil
	})
}

func (w *worker) log(level slog.Level, text string, j job, attrs ...slog.Attr) {
	w.ib.logger().LogAttrs(w.hard, level, text, append([]slog.Attr{slog.Int64("event", j.event), slog.Int("attempt", j.attempt)}, attrs...)...)
}
