package client

import (
	"context"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/retry"
)

// roundTrip is the engine as a RoundTripper: what per-call middleware wraps and
// what an SDK's http.Client drives, once a redirect hop.
func (c *Client) roundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{c: c, ctx: req.Context(), out: &nothing, tmpl: req, asked: req, idle: c.cfg.idleTimeout}
	x.clock.x = x
	if p, ok := x.ctx.Value(hopKey{}).(*exchange); ok && p.c == c {
		x.chain, x.via, x.buffered, x.stream, x.idle, x.out = p.chain, p.via, p.buffered, p.stream, p.idle, p.out
	} else {
		x.join(req)
	}
	return x.run()
}

// join finds the chain of redirects that an SDK's request goes on with, or begins
// one.
func (x *exchange) join(req *http.Request) {
	if req.Response != nil {
		x.via = int16(req.Response.StatusCode)
		if h := chainOf(req.Response); h != nil {
			x.chain = h
			return
		}
	}
	x.chain = &x.own
	x.chain.begin(x.ctx, x.c, 0)
	if req.Response != nil {
		x.chain.way = lostWay()
	}
}

// roundTripSDK is the outermost part of HTTPClient where there is per-call
// middleware: that may answer with a response of its own, or never ask the engine,
// and the chain of redirects must not be lost by it.
func (c *Client) roundTripSDK(req *http.Request) (*http.Response, error) {
	x := &exchange{c: c, ctx: req.Context(), out: &nothing, tmpl: req, asked: req, idle: c.cfg.idleTimeout}
	x.join(req)
	resp, err := x.through(req)
	if err == nil && resp != nil && redirectStatus(resp.StatusCode) && chainOf(resp) != x.chain {
		resp.Request = req.WithContext(context.WithValue(x.ctx, chainKey{}, x.chain))
	}
	return resp, err
}

// through makes the hop req through the per-call middleware.
func (x *exchange) through(req *http.Request) (*http.Response, error) {
	hops := x.chain.hops()
	resp, err := x.c.chain.RoundTrip(req.WithContext(context.WithValue(x.ctx, hopKey{}, x)))
	if x.chain.hops() == hops && req.URL != nil {
		x.chain.visit(originOf(req.URL), x.c.origins.admits(req.URL, req.Host)) // the engine was not asked
	}
	return resp, err
}

// nothing is what an SDK's request was built from. It is only read.
var nothing outgoing

// hopKey leads from the context of a call's own hop to the call, where per-call
// middleware stands between the two.
type hopKey struct{}

type chainKey struct{}

// chainOf finds the chain of the hop that answered with resp.
func chainOf(resp *http.Response) *chain {
	if resp == nil || resp.Request == nil {
		return nil
	}
	h, _ := resp.Request.Context().Value(chainKey{}).(*chain)
	return h
}

// run sends x.tmpl until the outcome is final. With a nil error there is a
// response; in a buffered exchange a success has its body in x.buf.
func (x *exchange) run() (resp *http.Response, err error) {
	defer x.cutOff(&resp, &err)
	if err := x.prepare(); err != nil {
		x.body.close()
		x.clock.stop()
		x.effect(verdict{err: err, neverSent: true})
		return nil, x.fail(nil, err)
	}
	for {
		x.tried++
		a := x.nextAttempt()
		x.current, x.resp = a, nil
		resp, err := x.try(a)
		if err == nil {
			x.resp = resp
			resp, err = x.receive(a, resp)
		}
		v := x.judge(a, resp, err)
		x.current = nil
		x.log(&v)
		if !v.again {
			if v.reason != Succeeded {
				x.reclaim()
			}
			return x.finish(a, resp, v)
		}
		if spent := x.discard(resp); spent && err == nil && x.c.attempt == nil {
			x.opening = a // it ended by itself: its context can serve again
		} else {
			a.end(nil)
		}
		if x.opening == nil || !x.body.none {
			x.reclaim() // a transport may not be done with what was sent
		}
		if v.wait > 0 {
			if err := x.sleep(v.wait); err != nil {
				x.body.close()
				x.refund()
				return nil, x.interrupted(v, err)
			}
		}
	}
}

// nextAttempt returns the context of the next attempt: the one that was made with
// the request or left by an attempt that needs it no more, else a new one.
func (x *exchange) nextAttempt() *attemptContext {
	a := x.opening
	if a == nil {
		return x.newAttempt()
	}
	x.opening = nil
	a.tally, a.observed = tally{}, false
	return a
}

// prepare checks the request and decides what holds for all its attempts.
func (x *exchange) prepare() error {
	req, c := x.tmpl, x.c
	if x.body.first = req.Body; req.URL == nil {
		return failf(ErrRequest, "request has no URL")
	}
	if req.URL.Scheme != "https" && req.URL.Scheme != "http" {
		return failf(ErrRequest, "request URL has the scheme %s: only https and http can be sent", printable(req.URL.Scheme))
	}
	if req.URL.Host == "" {
		return failf(ErrRequest, "request URL has no host")
	}
	if req.Header == nil {
		x.ownHeader()
		req = x.tmpl
	}
	if x.asked != nil { // a call of our own has been checked when it was built
		if err := checkRequest(req); err != nil {
			return err
		}
	}
	o := c.origins.base
	if req.URL.Scheme != c.base.Scheme || req.URL.Host != c.base.Host {
		o = originOf(req.URL)
	}
	x.host, x.key = c.home, c.homeKey
	if o != c.origins.base {
		x.host, x.key = c.state.host(o), limitKeyOf(o, c.identity)
	}
	c.identity.touch()
	if err := x.guard(o); err != nil {
		return err
	}
	if err := x.identify(); err != nil {
		return err
	}
	attempts := c.cfg.retry.Attempts()
	_, renews := c.cfg.auth.(Challenger)
	err := x.body.prepare(x.ctx, x.chain.deadline, x.tmpl, c.cfg.readAhead, attempts > 1 || renews && x.inside)
	if x.asked != nil || !x.inMemory {
		x.body.contain()
	}
	if x.body.none && safeMethod(req.Method) && x.plain() && c.repeats(&x.host.protocols, x.tmpl) {
		unrepeatable(x.tmpl) // once for all attempts, which saves each a copy
	}
	if err == nil && x.ctx.Err() != nil {
		err = failWrap(x.ctx.Err(), "before the first attempt", context.Cause(x.ctx))
	}
	return err
}

// ownHeader makes tmpl, and its header map, ones that may be changed.
func (x *exchange) ownHeader() {
	if x.owned {
		return
	}
	t := *x.tmpl
	t.Header = copyHeader(x.tmpl.Header)
	x.tmpl, x.owned = &t, true
}

// identify gives the request its idempotency key, once a call, and says what
// the rule on repeating permits (C5, C6).
func (x *exchange) identify() error {
	c, method := x.c, x.tmpl.Method
	if method == "" {
		method = http.MethodGet
	}
	x.repeat = idempotentMethod(method)
	honoured := contains(c.keyMethods, method)
	if c.keyHeader == "" || !honoured && (x.out.key == "" || safeMethod(method)) {
		return nil
	}
	x.repeat = x.repeat || honoured
	if own := x.tmpl.Header[c.keyHeader]; x.asked != nil && spellings(x.tmpl.Header, c.keyHeader) > min(len(own), 1) {
		x.ownHeader()
		oneSpelling(x.tmpl.Header, c.keyHeader)
	}
	if fieldValue(x.tmpl.Header, c.keyHeader) != "" {
		return nil
	}
	key, err := x.chain.keyFor(x.out.key, c.cfg.profile.NewIdempotencyKey)
	if err != nil {
		return err
	}
	x.ownHeader()
	x.tmpl.Header[c.keyHeader] = []string{key}
	return nil
}

func contains(methods []string, method string) bool {
	for _, m := range methods {
		if m == method {
			return true
		}
	}
	return false
}

// try makes one attempt, through the per-attempt middleware if there is any.
func (x *exchange) try(a *attemptContext) (*http.Response, error) {
	req, mine := x.tmpl, false
	if req.Context() != a {
		req, mine = req.WithContext(a), true
	}
	if x.c.attempt != nil {
		// Middleware may change the URL and the header in place, however often.
		if !mine {
			again := *req
			req, mine = &again, true
		}
		u := *req.URL
		req.URL, req.Header = &u, copyHeader(req.Header)
	}
	a.tmpl, a.host, a.key, a.inside = x.tmpl, x.host, x.key, x.inside
	x.trace.asked.Store(false)
	x.trace.got.Store(false)
	if err := x.body.attach(req); err != nil {
		return nil, err
	}
	if x.c.attempt != nil {
		return x.tryThrough(a, req)
	}
	return x.send(a, req, mine)
}

// tryThrough makes one attempt through the per-attempt middleware. A request of
// it may go on that nobody waits for, and must not end a later phase.
func (x *exchange) tryThrough(a *attemptContext, req *http.Request) (*http.Response, error) {
	resp, err := x.c.attempt.RoundTrip(req)
	x.clock.leave()
	a.note(func(*tally) { x.heard = time.Now() })
	switch {
	case err == nil && (resp == nil || resp.Body == nil):
		return nil, failf(ErrConfig, "middleware returned neither a usable response nor an error")
	case err != nil && resp != nil && resp.Body != nil:
		_ = resp.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// sleep waits before the next attempt. That the wait ends before the deadline
// has been looked at already.
func (x *exchange) sleep(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-x.ctx.Done():
		return context.Cause(x.ctx)
	}
}

// finish hands the last outcome on.
func (x *exchange) finish(a *attemptContext, resp *http.Response, v verdict) (*http.Response, error) {
	x.body.close()
	if v.err != nil {
		x.clock.stop()
		return nil, x.fail(resp, v.err)
	}
	if v.reason == Succeeded {
		x.budget().Deposit(retry.SuccessGain)
	}
	if err := x.hand(a, resp); err != nil {
		return nil, err
	}
	return resp, nil
}
