package retry

import (
	"errors"
	"time"
)

type permanent struct{ err error }

func (p *permanent) Error() string { return p.err.Error() }
func (p *permanent) Unwrap() error { return p.err }

// Permanent marks err as one that no repetition will cure: [Do] returns it at
// once, without the mark. The mark is also seen beneath wrapping by others. A
// nil err stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanent{err}
}

type after struct {
	err  error
	wait time.Duration
}

func (a *after) Error() string { return a.err.Error() }
func (a *after) Unwrap() error { return a.err }

// After marks err with the wait that the other side asked for, in place of the
// policy's backoff. [Do] waits at least d, spread as [Above] does; it never
// waits less: when d is above [Policy.MaxWait], or would not end before the
// context's deadline, it returns err at once, without the mark. The mark is also
// seen beneath wrapping by others. A negative d is no advice, and a nil err
// stays nil.
func After(err error, d time.Duration) error {
	if err == nil || d < 0 {
		return err
	}
	return &after{err, d}
}

// asked returns the wait set by [After] on err or on what it wraps.
func asked(err error) (time.Duration, bool) {
	if a, ok := errors.AsType[*after](err); ok {
		return a.wait, true
	}
	return 0, false
}

func isPermanent(err error) bool {
	_, ok := errors.AsType[*permanent](err)
	return ok
}

// bare removes the marks that were put on the outside of err, so that the
// caller gets back the very error it made.
func bare(err error) error {
	for {
		switch e := err.(type) {
		case *permanent:
			err = e.err
		case *after:
			err = e.err
		default:
			return err
		}
	}
}
