package client

import (
	"math"
	"time"
)

// instant is a time of a call, in nanoseconds since one before it began, so that 0 is
// none. It has a third of the size of a time.Time and is compared as a number, and to
// read it costs half of what time.Now does, which reads the wall clock too.
type instant int64

// beginning is when a call begins.
const beginning instant = 1

// now is the present instant.
func (h *call) now() instant { return beginning + instant(time.Since(h.began)) }

// instant is t as a time of the call. What is before it counts as its beginning.
func (h *call) instant(t time.Time) instant {
	return beginning + instant(max(0, min(t.Sub(h.began), math.MaxInt64-1)))
}

// time is i, which is not 0, for everybody else.
func (h *call) time(i instant) time.Time {
	d := i.since(beginning)
	if d < time.Second {
		return h.began.Add(d)
	}
	// The wall clock is read again: since the call began it may have been set, and the
	// machine have slept, which no instant counts.
	now := time.Now()
	return now.Add(i.since(h.instant(now)))
}

// after is d, which is not negative, after i, or as late as there is.
func (i instant) after(d time.Duration) instant {
	if end := i + instant(d); end >= i {
		return end
	}
	return math.MaxInt64
}

// since is the time between then and i.
func (i instant) since(then instant) time.Duration { return time.Duration(i - then) }
