package client

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// routePacer is a pacer that tells the routes of a key apart, as a ratelimit.Pacer
// does.
type routePacer interface {
	WaitRoute(ctx context.Context, key string, r ratelimit.Route) error
	ReturnRoute(key string, r ratelimit.Route)
	ObserveRoute(key string, r ratelimit.Route, status int, h http.Header, throttled bool)
}

// await waits until the limits let a request through. The route comes first: it takes
// no token of the others while it holds the request back. Where they refuse, what the
// route has given goes back to it.
func (a *attempt) await() error {
	x := a.x
	key := a.key
	routes, _ := x.c.cfg.pacer.(routePacer)
	if routes != nil {
		if err := routes.WaitRoute(a, key, a.route()); err != nil {
			return err
		}
	}
	err := a.take(key)
	if err != nil && routes != nil {
		routes.ReturnRoute(key, a.route())
	}
	return err
}

// take waits for what the request weighs.
func (a *attempt) take(key string) error {
	x := a.x
	// All at once: a call that took its tokens one by one could wait for ever beside
	// another that does.
	if w := x.out.weight; w > 1 {
		return ratelimit.WaitN(a, x.c.limits, key, w)
	}
	return x.c.limits.Wait(a, key)
}

// routeDelayer is a routePacer that can tell how long a route would be held back.
type routeDelayer interface {
	DelayRoute(key string, r ratelimit.Route) time.Duration
}

// weightDelayer is a limiter that can tell how long a call of some weight would wait.
type weightDelayer interface {
	DelayN(key string, n int) time.Duration
}

// limitsDelay returns what the limiter, the pacer and what is known of the route would
// ask of the next attempt if it began now: 0 where they cannot tell, math.MaxInt64
// where no wait would help. It takes nothing. That one of them panics says nothing of
// a wait: the attempt will find out.
func (a *attempt) limitsDelay() time.Duration {
	x := a.x
	if !a.limited() {
		return 0
	}
	key := a.key
	var d time.Duration // the longest of all: each has to let the request through
	switch l := x.c.limits.(type) {
	case weightDelayer:
		d = told(func() time.Duration { return l.DelayN(key, max(x.out.weight, 1)) })
	case ratelimit.Delayer:
		d = told(func() time.Duration { return l.Delay(key) })
	}
	if p, ok := x.c.cfg.pacer.(routeDelayer); ok {
		r := a.route()
		d = max(d, told(func() time.Duration { return p.DelayRoute(key, r) }))
	}
	return d
}

// told returns what f tells, at least 0, and 0 where it panics.
func told(f func() time.Duration) (d time.Duration) {
	var panicked error
	defer panics.Catch(&panicked, givenCode)
	return max(f(), 0)
}

// limited reports whether the limits are asked about attempts at all: the client's own
// pacer alone is not until the host first speaks of limits.
func (a *attempt) limited() bool {
	x := a.x
	cfg := &x.c.cfg
	return x.c.limits != nil && (!cfg.pacerOwn || cfg.limiter != nil || a.host.paced.Load())
}

// unused gives n tokens of the limits back, for requests that were not sent.
func (a *attempt) unused(n int32) {
	x := a.x
	if n <= 0 {
		return
	}
	key := a.key
	// What was taken is given back as it was taken: by its weight where it has one, and
	// to the route beside the limits.
	r, returns := x.c.limits.(ratelimit.Returner)
	routes, _ := x.c.cfg.pacer.(routePacer)
	for range n {
		switch {
		case returns && x.out.weight > 1:
			ratelimit.ReturnN(x.c.limits, key, x.out.weight)
		case returns:
			r.Return(key)
		// A pacer of the user's that knows no way back is told at least that the
		// request is over: it may count those under way.
		case x.c.cfg.pacer != nil:
			x.c.cfg.pacer.Observe(key, 0, nil, false)
		}
		if routes != nil {
			routes.ReturnRoute(key, a.route())
		}
	}
}

// observe tells the limits what came of an attempt that they let through. The
// client's own pacer is left out of it until a host first speaks of limits.
func (a *attempt) observe(t *tally, v *verdict, resp *http.Response) {
	x := a.x
	pacer := x.c.cfg.pacer
	if t.paced == 0 && resp != nil && !v.throttled && v.asked <= 0 && !ratelimit.Informs(resp.Header) {
		// Most services never speak of limits. What they answer is only dated.
		if pacer != nil && v.hint != NotThrottled {
			x.host.old(resp.Header["Date"], x.heardAt())
		}
		return
	}
	teaches := resp != nil && pacer != nil && v.hint != NotThrottled && x.host.teaches(resp, x.heardAt())
	weight := x.out.weight
	paced, sent := t.paced, t.sent
	if paced == 0 {
		weight = 1 // nothing was taken
		// The first response that does speak of them is this pacer's first lesson, and
		// from then on attempts are asked about.
		if !x.c.cfg.pacerOwn || !teaches {
			return
		}
		x.host.paced.Store(true)
		paced, sent = 1, 1
	}
	// Before anything of the user's is called: a panic in here must not be made good by
	// telling it all again.
	a.observed = true
	// What was let through and not sent has taken no quota (C16).
	a.unused(paced - sent)
	if pacer == nil {
		return
	}
	key := a.key
	routes, _ := pacer.(routePacer)
	for i := range min(paced, sent) {
		status, h, throttled := 0, http.Header(nil), false
		switch {
		// One response tells of one request. The others were sent, and the service has
		// said nothing of them.
		case i > 0 || resp == nil:
		case !teaches:
			if a.untold(key, weight) {
				continue
			}
		default:
			status, h, throttled = resp.StatusCode, resp.Header, v.throttled
		}
		if w, ok := pacer.(ratelimit.Weighted); ok && weight > 1 {
			w.ReturnN(key, weight-1) // an observation accounts for one
		}
		if routes != nil {
			routes.ObserveRoute(key, a.route(), status, h, throttled)
		} else {
			pacer.Observe(key, status, h, throttled)
		}
	}
}

// untold tells the pacer alone that a request was answered by somebody who does not
// count it, if the pacer can be told. A cache's response has used none of the caller's
// quota.
func (a *attempt) untold(key string, weight int) bool {
	x := a.x
	_, ok := x.c.cfg.pacer.(ratelimit.Returner)
	if ok {
		ratelimit.ReturnN(x.c.cfg.pacer, key, max(weight, 1))
		if routes, ok := x.c.cfg.pacer.(routePacer); ok {
			routes.ReturnRoute(key, a.route())
		}
	}
	return ok
}

// oldAnswer is how far behind the newest response of its origin a Date may be.
const oldAnswer = 60

// teaches reports whether what resp says of limits is about this caller, and now. A
// response from a cache tells what somebody was told once; a 401 tells the limits of
// nobody in particular.
func (h *hostState) teaches(resp *http.Response, now time.Time) bool {
	// Asked in any case: it also notes the date, whatever else the response is.
	old := h.old(resp.Header["Date"], now)
	return resp.StatusCode != http.StatusUnauthorized && !old && !aged(resp.Header["Age"]) && cmp.Or(resp.Header["X-From-Cache"]...) != "1"
}

// old notes the newest Date of the origin, and reports whether this one is older. A
// date that is a day ahead of us is somebody's mistake, and would make all others old.
func (h *hostState) old(date []string, now time.Time) bool {
	if len(date) != 1 || len(date[0]) != len(http.TimeFormat) {
		return false
	}
	t, err := http.ParseTime(date[0])
	if err != nil || t.Sub(now) > 24*time.Hour {
		return false
	}
	this := t.Unix()
	// Responses come in on many goroutines; the newest date wins, in whatever order
	// they arrive.
	for {
		newest := h.newest.Load()
		if this <= newest {
			return newest-this > oldAnswer
		}
		if h.newest.CompareAndSwap(newest, this) {
			return false
		}
	}
}

// aged reports whether an Age (RFC 9111 §5.1) is above 0.
func aged(age []string) bool {
	if len(age) == 0 {
		return false
	}
	// Read as text: an age that overflows is above 0 all the same.
	above := strings.TrimLeft(strings.Trim(age[0], " \t"), "0")
	return above != "" && above[0] >= '1' && above[0] <= '9'
}

// route is the attempt as the pacer tells it from others of the same key.
func (a *attempt) route() ratelimit.Route {
	x := a.x
	method := a.spec.method
	if method == "" {
		method = http.MethodGet
	}
	cfg := &x.c.cfg
	return ratelimit.Route{Method: method, Path: a.spec.url.Path, Keyed: cfg.limitKey != nil || cfg.profile.LimitKey != nil}
}
