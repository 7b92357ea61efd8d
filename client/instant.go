package client

import (
	"math"
	"time"
)

// age is how old the call is.
func (h *call) age() time.Duration { return time.Since(h.began) }

// now is the time by the call's own clock. That does not jump, and to read it costs half
// of what time.Now does, which reads the wall clock too.
func (h *call) now() time.Time { return h.began.Add(h.age()) }

// instant is a time of a call, in nanoseconds since one before it began, so that 0 is
// none. It has a third of the size of a time.Time, and is compared as a number.
type instant int64

// instant is t as a time of the call. What is before it counts as its beginning.
func (h *call) instant(t time.Time) instant {
	return instant(max(0, min(t.Sub(h.began), math.MaxInt64-1))) + 1
}

// after is d after i, or as late as there is.
func (i instant) after(d time.Duration) instant {
	if end := i + instant(d); end > i {
		return end
	}
	return math.MaxInt64
}
