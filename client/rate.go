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

// slow adds n bytes that took d, and reports whether that is too slow by now.
func (r *leastRate) slow(d time.Duration, n int) bool {
	r.waited += d
	r.n += int64(n)
	if r.waited < leastWindow {
		return false
	}
	slow := r.n < leastBytes
	*r = leastRate{}
	return slow
}
