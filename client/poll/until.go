package poll

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

// State is how far an operation is.
type State int

const (
	Running State = iota // it goes on, in whatever way
	Done                 // it has succeeded
	Failed               // it has ended in another way
)

func (s State) String() string {
	switch s {
	case Done:
		return "done"
	case Failed:
		return "failed"
	}
	return "running"
}

// The defaults, see [Options].
const (
	DefaultTimeout  = 10 * time.Minute
	DefaultFailures = 5
)

// minWait is the least time between two polls, whatever anybody says.
const minWait = 100 * time.Millisecond

// Options say how to wait. The zero Options are usable.
type Options struct {
	// Backoff is the wait after each poll whose response does not say how long to wait.
	// Nil is from one second up to thirty, doubling.
	Backoff retry.Backoff

	// Timeout bounds the whole wait; an earlier deadline of the context wins. 0 is
	// DefaultTimeout where the context has no deadline, and else none.
	Timeout time.Duration

	// Failures is how many polls in a row may fail in a way that may pass: a 429, a 500
	// or above, a timeout, after the client's own retries. One more ends the wait; the
	// operation itself may go on. 0 is DefaultFailures; a negative one is none.
	Failures int
}

// ErrFailed is matched by the error for an operation that has ended as [Failed].
var ErrFailed = errors.New("the operation failed")

// Error is how a wait ended that did not end in [Done].
type Error[T any] struct {
	Last  T     // the last state that was seen; the zero T where none was
	State State // Failed, or Running where the operation may go on
	Polls int   // how many were made
	Err   error // ErrFailed, a deadline (client.ErrTimeout), or the *client.Error of the last poll
}

func (e *Error[T]) Error() string {
	polls := "1 poll"
	if e.Polls != 1 {
		polls = fmt.Sprintf("%d polls", e.Polls)
	}
	return fmt.Sprintf("poll: after %s: %s", polls, e.Err)
}

// Unwrap returns the cause.
func (e *Error[T]) Unwrap() error { return e.Err }

// Until makes the call r, as [client.Call] does, until state says of its result that the
// operation is over, and returns that result. Any other end is an [*Error] with the last
// state that was seen, in T too:
//
//   - the operation has failed (ErrFailed);
//   - the context is over, or the time is: a wait that would pass the deadline is not
//     begun, and matches client.ErrTimeout and context.DeadlineExceeded;
//   - a poll has failed, and waiting does not cure it, or has not.
//
// A Retry-After is never cut short, also that of a failed poll. Nothing goes on after
// Until has returned.
func Until[T any](ctx context.Context, c *client.Client, r client.Request, o Options, state func(T) State) (T, error) {
	w := waiter{options: o}
	timeout := o.Timeout
	if _, has := ctx.Deadline(); timeout == 0 && !has {
		timeout = DefaultTimeout
	}
	if timeout != 0 {
		bounded, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		ctx = bounded
	}
	meta := r.Meta
	if meta == nil {
		meta = new(client.Meta)
	}
	r.Meta = meta
	var end Error[T]
	fail := func(err error) (T, error) {
		end.Err = err
		return end.Last, &end
	}
	if state == nil {
		return fail(fmt.Errorf("%w: the function that tells the state is nil", client.ErrRequest))
	}
	for {
		value, err := client.Call[T](ctx, c, r)
		end.Polls++
		var wait time.Duration
		if err == nil {
			end.Last = value
			if end.State, err = stateOf(state, value); err != nil {
				return fail(err)
			}
			switch end.State {
			case Done:
				return value, nil
			case Failed:
				return fail(ErrFailed)
			}
			wait = w.next(meta)
		} else {
			var again bool
			if wait, again = w.afterFailure(ctx, err); !again {
				return fail(err)
			}
		}
		if err := await(ctx, wait); err != nil {
			return fail(err)
		}
	}
}

func stateOf[T any](state func(T) State, value T) (s State, err error) {
	defer panics.Catch(&err, "poll: the function that tells the state")
	return state(value), nil
}

// waiter counts what the next wait depends on.
type waiter struct {
	options Options
	waits   int // without a word of the service's, since it last had one
	failed  int // polls in a row
}

// next is the wait after a poll that found the operation running.
func (w *waiter) next(m *client.Meta) time.Duration {
	w.failed = 0
	if d, told := ratelimit.RetryAfter(m.Header, time.Now()); told {
		w.waits = 0
		return max(retry.Above(d), minWait)
	}
	return w.backoff()
}

func (w *waiter) backoff() time.Duration {
	w.waits++
	b := w.options.Backoff
	if b == nil {
		b = retry.Exponential(time.Second, 30*time.Second)
	}
	return max(b(w.waits), minWait)
}

// afterFailure is the wait after a poll that failed, and whether another is made.
func (w *waiter) afterFailure(ctx context.Context, err error) (time.Duration, bool) {
	failed, ok := errors.AsType[*client.Error](err)
	w.failed++
	most := cmp.Or(w.options.Failures, DefaultFailures)
	passes := ok && (errors.Is(err, client.ErrUnavailable) || errors.Is(err, client.ErrRateLimited) || errors.Is(err, client.ErrTimeout) ||
		errors.Is(err, client.ErrCircuitOpen))
	if !passes || ctx.Err() != nil || w.failed > most {
		return 0, false
	}
	wait := w.backoff()
	if !failed.RetryAt.IsZero() {
		wait = max(wait, time.Until(failed.RetryAt))
	}
	return wait, true
}

// await waits, unless that would pass the deadline.
func await(ctx context.Context, d time.Duration) error {
	if ctx.Err() == nil && !pause.Fits(ctx, d) {
		return fmt.Errorf("%w: the next poll, in %v, would be after the deadline: %w", client.ErrTimeout, d.Round(time.Millisecond), context.DeadlineExceeded)
	}
	return pause.For(ctx, d)
}
