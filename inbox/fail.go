package inbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
)

// Reason says why an event is a dead letter.
type Reason string

// The reasons.
const (
	// ReasonFailed: its function returned an error at the last attempt.
	ReasonFailed Reason = "failed"
	// ReasonPanicked: its function panicked, or ended its goroutine.
	ReasonPanicked Reason = "panicked"
	// ReasonTimeout: its function took longer than it may.
	ReasonTimeout Reason = "timeout"
	// ReasonCrashed: the process ended each time, or the lease was lost.
	ReasonCrashed Reason = "crashed"
	// ReasonUndecodable: the row does not hold what was written.
	ReasonUndecodable Reason = "undecodable"
	// ReasonQuarantined: it has the signed identifier of another event and says
	// something else. It was never run.
	ReasonQuarantined Reason = "quarantined"
)

func reasonOf(err, cause error) Reason {
	_, panicked := errors.AsType[*panics.Error](err)
	switch {
	case panicked || errors.Is(err, panics.ErrExited):
		return ReasonPanicked
	case errors.Is(err, ErrUndecodable):
		return ReasonUndecodable
	case errors.Is(err, ErrTimeout) || errors.Is(cause, ErrTimeout):
		return ReasonTimeout
	}
	return ReasonFailed
}

// fail puts an event off, or among the dead letters if that was its last attempt.
func (w *worker) fail(j job, why Reason, err error) {
	text := shown(err.Error(), maxError)
	attrs := []slog.Attr{slog.String("reason", string(why)), slog.String("error", text)}
	if p, ok := errors.AsType[*panics.Error](err); ok { // as a webhook.Handler logs it
		attrs = append(attrs, slog.String("panic", shown(fmt.Sprint(p.Value()), maxError)), slog.String("stack", string(p.Stack())))
	}
	if j.attempt >= w.ib.cfg.attempts {
		w.giveUp(j, why, text, attrs...)
		return
	}
	wait := w.ib.backoff(j.attempt)
	w.log(slog.LevelWarn, "inbox: an event failed and will be run again", j, append(attrs, slog.Duration("wait", wait))...)
	w.update(j, "the failure of an event could not be recorded", w.ib.sql.again, millis(wait), text, text, j.event, j.token)
}

// maxError is how much of a function's error is kept, in bytes.
const maxError = 1 << 10

// backoff is the wait after an attempt, whatever the function says that was given.
func (ib *Inbox) backoff(attempt int) (wait time.Duration) {
	defer func() {
		if recover() != nil {
			wait = time.Hour
		}
	}()
	return min(max(ib.cfg.backoff(attempt), 0), longest)
}

// giveUp makes an event a dead letter. The worker whose lease is over changes nothing.
func (w *worker) giveUp(j job, why Reason, text string, attrs ...slog.Attr) {
	dead := false
	err := w.insist(j, "a dead letter could not be recorded", func(ctx context.Context) (err error) {
		dead, err = w.ib.bury(ctx, j, why, text)
		return err
	})
	if err == nil && dead {
		w.log(slog.LevelError, "inbox: an event failed for the last time and is a dead letter", j, attrs...)
	}
}

// bury reports whether the event is a dead letter now.
func (ib *Inbox) bury(ctx context.Context, j job, why Reason, text string) (dead bool, err error) {
	err = ib.transact(ctx, func(ctx context.Context, q querier) error {
		var endpoint, first, last string
		var attempts int
		switch err := q.QueryRowContext(ctx, ib.sql.giveUp, j.event, j.token).Scan(&endpoint, &attempts, &first, &last); {
		case isNone(err):
			return nil
		case err != nil:
			return err
		}
		if why == ReasonCrashed {
			attempts-- // this one was not begun
			if last != "" {
				text = shown(text+"; before that: "+last, maxError)
			}
		}
		_, err := q.ExecContext(ctx, ib.sql.insertDead, j.event, endpoint, string(why), attempts, cmp.Or(first, text), text)
		dead = err == nil
		return err
	})
	return dead && err == nil, err
}

// release gives an event back, and its attempt does not count.
func (w *worker) release(j job, wait time.Duration) {
	w.update(j, "an event could not be given back before its lease ends", w.ib.sql.release, millis(wait), j.event, j.token)
}

// insist tries a few times to record something, also while Run ends. If the database
// stays away, the lease ends, and the event is run again.
func (w *worker) insist(j job, otherwise string, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.hard), 2*callLimit)
	defer cancel()
	for n := 1; ; n++ {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if n == 5 || pause.For(ctx, away(n)) != nil {
			w.log(slog.LevelError, "inbox: "+otherwise, j, slog.String("error", err.Error()))
			return err
		}
	}
}

// update insists on one statement.
func (w *worker) update(j job, otherwise, statement string, args ...any) {
	_ = w.insist(j, otherwise, func(ctx context.Context) error {
		return w.ib.transact(ctx, func(ctx context.Context, q querier) error {
			_, err := q.ExecContext(ctx, statement, args...)
			return err
		})
	})
}

// part is a time drawn evenly up to d.
func part(d time.Duration) time.Duration { return rand.N(d) }
