package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Limiter says when a call may go out. Wait takes one token for key and returns
// nil once the call may be made. It fails, with an [*Error] and without taking a
// token, when ctx ends first, and at once when the wait would pass ctx's
// deadline. Implementations must be safe for concurrent use.
//
// The key names what is limited: an origin, a credential, a route. It must hold
// no secret; use a fingerprint. The interface is this small so that a limiter
// shared between processes can stand in its place.
type Limiter interface {
	Wait(ctx context.Context, key string) error
}

// Returner is implemented by limiters that take back a token which Wait gave out
// and which was not used, because the call was never sent. All of this package's
// limiters implement it.
type Returner interface {
	Return(key string)
}

// Delayer is implemented by limiters that can tell how long a call would have to
// wait, for those who would rather do something else than wait so long. All of this
// package's limiters implement it.
type Delayer interface {
	// Delay returns how long a call with key would have to wait now, behind those
	// who wait already as far as they are known; 0 is not at all, [math.MaxInt64]
	// that no wait would help. It takes nothing, so another call may be there first.
	Delay(key string) time.Duration
}

// Weighted is implemented by limiters from which one call can take several tokens. All
// of this package's limiters implement it; [WaitN] and [ReturnN] serve any limiter.
type Weighted interface {
	// WaitN is Wait for n tokens, which are taken together or not at all. It fails at
	// once, with [ErrNever], where the limit never has so many. Less than 1 counts as 1.
	WaitN(ctx context.Context, key string, n int) error
	// ReturnN takes back what a WaitN of n gave out and was not used.
	ReturnN(key string, n int)
}

// Releaser is implemented by limiters that count the calls which are under way, and must
// hear of the end of each: one Release for every Wait that returned nil. A call that was
// never made is returned instead, see [Returner], or released where the limiter is none.
// Package client does both.
type Releaser interface {
	Release(key string)
}

var (
	// ErrDeadline is wrapped when the wait would pass the context's deadline.
	ErrDeadline = errors.New("the wait would pass the deadline")
	// ErrNever is wrapped when no wait would help: the limit lets nothing through.
	ErrNever = errors.New("the limit lets nothing through")
)

// Error is returned by Wait when the call may not be made. It holds no key. It
// wraps [ErrDeadline], [ErrNever], [ErrState], or the context's error and cause.
type Error struct {
	// Wait is how long the call would have had to wait from the moment of the
	// error, as far as could be told then; 0 is unknown.
	Wait time.Duration
	// Err is why the call did not wait for it.
	Err error
}

func (e *Error) Error() string {
	if e.Wait > 0 && !errors.Is(e.Err, ErrNever) {
		return fmt.Sprintf("ratelimit: wait of %v: %v", e.Wait.Round(time.Millisecond), e.Err)
	}
	return fmt.Sprintf("ratelimit: wait: %v", e.Err)
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// taker is what this package's limiters offer each other, so that several can be
// taken from together.
type taker interface {
	Limiter
	Returner
	Delayer
	Weighted
	// DelayN is Delay for n tokens.
	DelayN(key string, n int) time.Duration
	// Idle reports whether key is as good as one that was never seen.
	Idle(key string) bool
	// take takes n tokens if they are there, past whoever waits.
	take(key string, n int) bool
	// delay returns the time until n tokens could be taken, once ahead of them have
	// been, past whoever waits.
	delay(key string, ahead, n int) time.Duration
	// most returns how many tokens can ever be taken together.
	most() int
}

// preparer is a [taker] that has something to do before tokens can be taken, for which
// the caller waits.
type preparer interface {
	prepare(ctx context.Context, key string, n int)
}

// explained is err, unless l has failed for a reason of its own where no wait helps.
func explained(err error, l any, key string) error {
	if _, heavy := errors.AsType[*weightError](err); heavy || !errors.Is(err, ErrNever) {
		return err
	}
	if f, ok := l.(interface{ fault(key string) error }); ok {
		if fault := f.fault(key); fault != nil {
			return &Error{Err: fault}
		}
	}
	return err
}
