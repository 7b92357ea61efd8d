package onriver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/webhook"
)

// worker runs events.
type worker struct {
	river.WorkerDefaults[eventArgs]
	q        *Queue
	handlers map[string]*webhook.Handler
}

// Timeout implements [river.Worker].
func (w *worker) Timeout(*river.Job[eventArgs]) time.Duration { return w.q.settings.Timeout }

// NextRetry implements [river.Worker].
func (w *worker) NextRetry(job *river.Job[eventArgs]) time.Time {
	// River has its own opinion of a time that is not to come.
	return time.Now().Add(max(w.q.settings.Backoff(job.Attempt), 10*time.Millisecond))
}

// Work implements [river.Worker].
func (w *worker) Work(ctx context.Context, job *river.Job[eventArgs]) error {
	d, err := w.q.Fetch(ctx, job.Args.Event, job.ID)
	switch {
	case errors.Is(err, inbox.ErrLost):
		return river.JobCancel(err) // it says what is to be seen in River's own pages
	case errors.Is(err, inbox.ErrUndecodable):
		return w.failed(ctx, job, err)
	case err != nil:
		return w.away(ctx, job, err)
	}
	h := w.handlers[d.Endpoint]
	if h == nil { // a process that is not of this version may have it
		w.log(ctx, slog.LevelWarn, "onriver: an event is of an endpoint that no handler here has; it waits", job, slog.String("endpoint", d.Endpoint))
		return river.JobSnooze(30 * time.Second)
	}
	a := &attempt{q: w.q}
	defer func() { a.transaction().rollback() }() // after a commit it does nothing
	if err := dispatch(context.WithValue(ctx, attemptKey{}, a), h, d); err != nil {
		a.transaction().rollback()
		if _, ok := errors.AsType[*awayError](err); ok {
			return w.away(ctx, job, err)
		}
		return w.failed(ctx, job, err)
	}
	return w.complete(ctx, job, a.transaction())
}

// dispatch runs the function, which may also panic, or end its goroutine, which River
// would take for a function that never returns.
func dispatch(ctx context.Context, h *webhook.Handler, d *webhook.Delivery) error {
	result := make(chan error, 1)
	go func() {
		err := panics.Exited("the function")
		defer func() { result <- err }()
		defer panics.Catch(&err, "onriver: the handler")
		err = panics.Legible(h.Dispatch(ctx, d), "onriver: the function's error")
	}()
	return <-result
}

// complete takes the event off and completes River's job, in the function's transaction
// where it had one.
func (w *worker) complete(ctx context.Context, job *river.Job[eventArgs], t *transaction) error {
	var err error
	if t != nil {
		err = w.takeOff(t, job)
	} else {
		err = w.insist(ctx, job)
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, inbox.ErrLost) {
		w.log(ctx, slog.LevelWarn, "onriver: an event was handled or taken by another meanwhile; what was done here is rolled back", job)
		return river.JobCancel(err)
	}
	if _, ok := errors.AsType[*awayError](err); ok {
		return w.away(ctx, job, err)
	}
	return w.failed(ctx, job, err)
}

// insist tries a few times to take off what was handled, which would be run again.
func (w *worker) insist(ctx context.Context, job *river.Job[eventArgs]) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		err := w.takeOffAlone(ctx, job)
		if err == nil || errors.Is(err, inbox.ErrLost) || wait > time.Second || pause.For(ctx, wait) != nil {
			return err
		}
	}
}

func (w *worker) takeOffAlone(ctx context.Context, job *river.Job[eventArgs]) error {
	tx, err := w.q.pool.Begin(ctx)
	if err != nil {
		return &awayError{fmt.Errorf("onriver: take off what was handled: %w", err)}
	}
	t := &transaction{ctx: ctx, cancel: func() {}, tx: tx}
	defer t.rollback()
	return w.takeOff(t, job)
}

// takeOff commits the event's end and River's job's.
func (w *worker) takeOff(t *transaction, job *river.Job[eventArgs]) error {
	exec := func(ctx context.Context, query string, args ...any) (int64, error) {
		tag, err := t.tx.Exec(ctx, query, args...)
		return tag.RowsAffected(), err
	}
	err := w.q.Settle(t.ctx, job.Args.Event, job.ID, exec)
	if errors.Is(err, inbox.ErrLost) {
		return err
	}
	if err == nil {
		_, err = river.JobCompleteTx[*riverpgxv5.Driver](t.ctx, t.tx, job)
	}
	if err == nil || errors.Is(err, rivertype.ErrNotFound) { // somebody has deleted the job
		err = t.tx.Commit(t.ctx)
	}
	if err != nil {
		err = cmp.Or(context.Cause(t.ctx), err)
		t.rollback()
		return fmt.Errorf("onriver: complete the event: %w", err)
	}
	return nil
}

// failed returns what River records of a failure. The last one makes a dead letter.
func (w *worker) failed(ctx context.Context, job *river.Job[eventArgs], err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		// River shuts down: to it, what says so is no attempt. Or somebody has cancelled
		// the job, which the sweep will find.
		return &clipped{fmt.Errorf("%w: %w", context.Canceled, err)}
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", inbox.ErrTimeout, err)
	}
	_, snoozed := errors.AsType[*river.JobSnoozeError](err)
	_, cancelled := errors.AsType[*river.JobCancelError](err)
	if snoozed || !cancelled && job.Attempt < job.MaxAttempts {
		return &clipped{err}
	}
	first := ""
	if len(job.Errors) > 0 {
		first = job.Errors[0].Error
	}
	giving, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	if err := w.q.GiveUp(giving, job.Args.Event, job.ID, job.Attempt, first, err); err != nil && !errors.Is(err, inbox.ErrLost) {
		w.log(ctx, slog.LevelError, "onriver: a dead letter could not be recorded yet", job, slog.String("error", err.Error()))
	}
	return &clipped{err}
}

// away has the event run again in a second. It counts as no attempt, as the database's
// failure says nothing of the event.
func (w *worker) away(ctx context.Context, job *river.Job[eventArgs], err error) error {
	w.log(ctx, slog.LevelError, "onriver: the database does not answer as it should; the event is run again", job, slog.String("error", err.Error()))
	if ctx.Err() != nil {
		return &clipped{fmt.Errorf("%w: %w", ctx.Err(), err)}
	}
	return river.JobSnooze(time.Second)
}

func (w *worker) log(ctx context.Context, level slog.Level, text string, job *river.Job[eventArgs], attrs ...slog.Attr) {
	w.q.settings.Logger.LogAttrs(ctx, level, text, append([]slog.Attr{
		slog.Int64("event", job.Args.Event), slog.Int64("job", job.ID), slog.Int("attempt", job.Attempt),
	}, attrs...)...)
}

// maxError is how much of an error's text River keeps, in bytes.
const maxError = 1 << 10

// clipped is an error of a text that River's jsonb takes: a NUL byte would keep it from
// recording that the job has failed.
type clipped struct{ err error }

func (e *clipped) Error() string {
	text := e.err.Error()
	return strings.ReplaceAll(strings.ToValidUTF8(text[:min(len(text), maxError)], "\uFFFD"), "\x00", "\uFFFD")
}
func (e *clipped) Unwrap() error { return e.err }

// Claim implements [webhook.Guard]. What River runs needs no guard: there the event's own
// row says that it is to be run.
func (q *Queue) Claim(ctx context.Context, key webhook.GuardKey) (webhook.Claim, error) {
	if q.runs(ctx) {
		return webhook.Claim{Key: key, State: webhook.Claimed, Token: "river"}, nil
	}
	return q.Inbox.Claim(ctx, key)
}

// Commit implements [webhook.Guard].
func (q *Queue) Commit(ctx context.Context, c webhook.Claim) error {
	if q.runs(ctx) {
		return nil
	}
	return q.Inbox.Commit(ctx, c)
}

// Release implements [webhook.Guard].
func (q *Queue) Release(ctx context.Context, c webhook.Claim) error {
	if q.runs(ctx) {
		return nil
	}
	return q.Inbox.Release(ctx, c)
}
