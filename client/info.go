package client

import "context"

// Info is what middleware can know of the call that it is part of.
type Info struct {
	Route   string // as the Request names it, "" where it names none, and under an SDK
	Attempt int    // 1 for the first attempt of the call; 0 in per-call middleware
	Failed  bool   // the last attempt's status is a success, and what it brought is none
}

// InfoFrom returns the Info of the call in whose middleware ctx, the request's context,
// was found, and false anywhere else.
func InfoFrom(ctx context.Context) (Info, bool) {
	if a, ok := ctx.Value(attemptKey{}).(*attempt); ok {
		return Info{Route: a.x.out.route, Attempt: int(a.number), Failed: a.x.call.failed()}, true
	}
	if a, ok := ctx.Value(hopKey{}).(*above); ok {
		return Info{Route: a.hop.out.route, Failed: a.hop.call.failed()}, true
	}
	return Info{}, false
}
