package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/retry"
)

// roundTrip is the engine as a RoundTripper: what per-call middleware wraps and
// what an SDK's http.Client drives, once a redirect hop.
func (c *Client) roundTrip(req *http.Request) (resp *http.Response, err error) {
	x := newSDKHop(c, req)
	if p, ok := x.ctx.Value(hopKey{}).(*hop); ok && p.c == c {
		x.call, x.via, x.accept.decodes, x.accept.streams, x.idle, x.out, x.report = p.call, p.via, p.accept.decodes, p.accept.streams, p.idle, p.out, p.report
	} else {
		x.join(req)
		if x.report.begin(x.ctx, c, req, "", x.call.began); x.report.id != 0 {
			defer func() { x.report.end(x.call, err) }()
		}
	}
	return x.run()
}

// join finds the chain of redirects that an SDK's request goes on with, or begins
// one.
func (x *hop) join(req *http.Request) {
	if req.Response != nil {
		x.via = int16(req.Response.StatusCode)
		if h := callOf(req.Response); h != nil {
			x.call = h
			return
		}
	}
	x.call = &x.own
	x.call.begin(x.ctx, x.c, 0)
	if req.Response != nil {
		x.call.way = lostWay()
	}
}

// roundTripSDK is the outermost part of HTTPClient where there is per-call
// middleware: that may answer with a response of its own, or never ask the engine,
// and the chain of redirects must not be lost by it.
func (c *Client) roundTripSDK(req *http.Request) (resp *http.Response, err error) {
	x := newSDKHop(c, req)
	x.join(req)
	x.report.begin(x.ctx, c, req, "", x.call.began)
	defer func() { x.report.end(x.call, err) }()
	resp, err = x.through(req)
	if err == nil && resp != nil && redirectStatus(resp.StatusCode) && callOf(resp) != x.call {
		resp.Request = req.WithContext(context.WithValue(x.ctx, callKey{}, x.call))
	}
	return resp, err
}

// through makes the hop req through the per-call middleware.
func (x *hop) through(req *http.Request) (*http.Response, error) {
	hops := x.call.hops()
	resp, err := x.c.chain.RoundTrip(req.WithContext(context.WithValue(x.ctx, hopKey{}, x)))
	if x.call.hops() == hops && req.URL != nil {
		x.call.visit(originOf(req.URL), x.c.origins.admits(req.URL, req.Host)) // the engine was not asked
	}
	return resp, err
}

// run sends x.tmpl until the outcome is final. With a nil error there is a
// response; in a buffered hop a success has its body in x.accept.buf.
func (x *hop) run() (resp *http.Response, err error) {
	defer x.cutOff(&resp, &err)
	if err := x.prepare(); err != nil {
		x.body.close()
		x.clock.stop()
		v := verdict{err: err, never: true}
		x.call.worse(v.effect(x.tmpl.Method))
		return nil, x.fail(nil, err)
	}
	for {
		x.purse.tried++
		a := x.nextAttempt()
		x.current, x.resp = a, nil
		resp, err := x.try(a)
		if err == nil {
			x.resp = resp
			resp, err = x.receive(a, resp)
		}
		v := x.judge(a, resp, err)
		x.current = nil
		log(x.c.cfg.logger, x, &v)
		if last := x.kept; last != nil && v.unsent {
			switch {
			case v.outcome == ended:
				return nil, x.interrupted(last.v, v.err)
			case errors.Is(v.err, ErrRateLimited), errors.Is(v.err, ErrCircuitOpen):
				return x.goBack()
			}
		}
		x.letGo(a)
		if !v.again {
			if v.reason != Succeeded {
				x.reclaim()
			}
			return x.finish(a, resp, v)
		}
		if resp == nil {
			a.end(nil)
		} else if x.keep(a, resp, v) && err == nil && x.c.attempt == nil && x.body.seeks == nil {
			x.opening = a // it ended by itself: its context can serve again
		}
		if x.opening == nil || !x.body.none {
			x.reclaim() // a transport may not be done with what was sent
		}
		if v.wait > 0 {
			if err := x.sleep(v.wait); err != nil {
				x.purse.refund()
				return nil, x.interrupted(v, err)
			}
			x.report.waited(WaitBackoff, v.wait)
		}
	}
}

// nextAttempt returns the context of the next attempt: the one that was made with
// the request or left by an attempt that needs it no more, else a new one.
func (x *hop) nextAttempt() *attempt {
	a := x.opening
	if a == nil {
		return x.newAttempt()
	}
	x.opening = nil
	a.tally, a.observed = tally{}, false
	return a
}

// prepare checks the request and decides what holds for all its attempts.
func (x *hop) prepare() error {
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
	x.purse.budget = c.cfg.budgetOf(x.host)
	c.identity.touch()
	if err := x.guard(o); err != nil {
		return err
	}
	x.identify()
	attempts := c.cfg.retry.Attempts()
	x.rules.attempts, x.rules.maxWait, x.rules.hintPermits = attempts, c.cfg.retry.WaitLimit(), c.cfg.profile.HintPermits
	_, renews := c.cfg.auth.(Challenger)
	err := x.body.prepare(x.ctx, x.call.until(), x.tmpl, c.cfg.readAhead, attempts > 1 || renews && x.inside)
	if x.asked != nil || !x.out.inMemory {
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

// identify gives the request its idempotency key, once a call, and says what
// the rule on repeating permits (C5, C6).
func (x *hop) identify() {
	c, method := x.c, x.tmpl.Method
	if method == "" {
		method = http.MethodGet
	}
	x.rules.repeatable = idempotentMethod(method)
	honoured := contains(c.keyMethods, method)
	if c.keyHeader == "" || !honoured && (x.out.key == "" || safeMethod(method)) {
		return
	}
	x.rules.repeatable = x.rules.repeatable || honoured
	if own := x.tmpl.Header[c.keyHeader]; x.asked != nil && spellings(x.tmpl.Header, c.keyHeader) > min(len(own), 1) {
		x.ownHeader()
		oneSpelling(x.tmpl.Header, c.keyHeader)
	}
	if x.tmpl.Header.Get(c.keyHeader) != "" {
		return
	}
	h := x.call
	h.mu.Lock()
	if h.key == "" {
		if h.key = x.out.key; h.key == "" {
			h.key = newKey()
		}
	}
	key := h.key
	h.mu.Unlock()
	x.ownHeader()
	x.tmpl.Header[c.keyHeader] = []string{key}
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
func (x *hop) try(a *attempt) (*http.Response, error) {
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
	a.number, _ = x.call.tally()
	a.number++
	x.trace.asked.Store(false)
	x.trace.got.Store(false)
	if err := x.body.attach(a, req); err != nil {
		return nil, err
	}
	if x.c.attempt != nil {
		return x.tryThrough(a, req)
	}
	return a.send(req, mine)
}

// tryThrough makes one attempt through the per-attempt middleware. A request of
// it may go on that nobody waits for, and must not end a later phase.
func (x *hop) tryThrough(a *attempt, req *http.Request) (*http.Response, error) {
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
func (x *hop) sleep(d time.Duration) error {
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
func (x *hop) finish(a *attempt, resp *http.Response, v verdict) (*http.Response, error) {
	x.body.close()
	if v.err != nil {
		x.clock.stop()
		return nil, x.fail(resp, v.err)
	}
	if v.reason == Succeeded {
		x.purse.budget.Deposit(retry.SuccessGain)
	}
	if err := x.hand(a, resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// goBack makes the response that was kept the outcome.
func (x *hop) goBack() (*http.Response, error) {
	last := x.kept
	x.kept = nil
	x.reclaim()
	x.clock.follow(last.a)
	return x.finish(last.a, last.resp, last.v)
}
