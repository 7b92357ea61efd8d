package client

import "time"

const (
	// leastBytes in each leastWindow is what a body has to move by.
	leastBytes  = 60 << 10
	leastWindow = time.Minute
)

// leastRate tells a body that moves from one that only drips (C12). The zero value is
// ready.
type leastRate struct {
	waited time.Duration
	n      int64
}

// slow adds n bytes that took d, and reports whether the minute before them was too
// slow. A window ends with the next wait, so that all of a burst counts.
func (r *leastRate) slow(d time.Duration, n int) bool {
	over := r.waited >= leastWindow && d >= time.Millisecond
	slow := over && r.n < leastBytes
	if over {
		*r = leastRate{}
	}
	r.waited += d
	r.n += int64(n)
	return slow
}
