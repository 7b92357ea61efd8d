package client

import "context"

// Info is what middleware can know of the call that it is part of.
type Info struct {
	Route   string // as the Request names it, "" where it names none, and under an SDK
	Attempt int    // 1 for the first attempt of the call; 0 in per-call middleware
}

// InfoFrom returns the Info of the call in whose middleware ctx, the request's context,
// was found, and false anywhere else.
func InfoFrom(ctx context.Context) (Info, bool) {
	if a, ok := ctx.Value(attemptKey{}).(*attempt); ok {
		return Info{Route: a.x.out.route, Attempt: a.number}, true
	}
	if x, ok := ctx.Value(hopKey{}).(*hop); ok {
		return Info{Route: x.out.route}, true
	}
	return Info{}, false
}
