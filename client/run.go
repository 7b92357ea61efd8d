package client

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/retry"
)

// run makes attempts until the outcome is final. With a nil error there is a response;
// the body of a success that is to be decoded is then in x.accept.buf.
//
// What a call passes, file by file, so that a change can be judged by where it stands:
//
//	client.go, sdk.go    HTTPClient: the SDK's http.Client asks for a hop (join: is it
//	                     part of a call already?)
//	decode.go, events.go, do.go
//	                     Call, Events, Do: a Request becomes an outgoing (request.go), and is
//	                     followed from hop to hop (redirect.go); a Download (transfer.go,
//	                     resume.go) is as many calls of Do as it takes
//	hop.go, call.go      hop and call begin: the deadline, the template, the report
//	run.go               prepare: what holds for all attempts – where the credential may
//	                     go (redirect.go guard, way.go), the idempotency key, the rules
//	                     (next.go), how the body is had again (replay.go, ahead.go,
//	                     rewind.go), the form that net/http does not repeat (once.go)
//	  for each attempt:
//	attempt.go           its context
//	replay.go, sending.go
//	                     its body, and the clock's eye on it
//	send.go              breaker → limits (limits.go) → credential (credential.go) →
//	                     watch.go → clock.go → transport; connect.go says why there was
//	                     no connection
//	receive.go, peek.go  what of the body belongs to the attempt
//	settle.go            what came of it (effect.go, inprogress.go), told to limits,
//	                     purse and breaker; a 401 renews the credential
//	next.go              the decision, a pure function
//	settle.go, log.go    the budget, the ledger, the log and the observers (observer.go)
//	receive.go, turn.go  again: its response is kept, then the wait
//	  at last:
//	receive.go, stream.go
//	                     hand: the response is the caller's, or decode.go's
//
// An attempt goes down this list once, and a retry begins again at its head. A POST
// that is redirected and renewed passes prepare once per hop and the list once per
// attempt; of an event stream the reading begins where the list ends. Errors are made
// in fail.go, of whatever is known by then; a panic ends in contain.go.
func (x *hop) run() (resp *http.Response, err error) {
	defer x.cutOff(&resp, &err)
	if err := x.prepare(); err != nil {
		return nil, x.unprepared(err)
	}
	for {
		a := x.nextAttempt()
		resp, err := x.try(a)
		if err == nil {
			x.resp = resp
			resp, err = x.receive(a, resp)
		}
		v := x.judge(a, resp, err)
		x.current = nil
		log(x.c.cfg.logger, x, &v)
		if x.kept != nil && v.turnedAway() {
			return x.goBack(a, &v)
		}
		x.letGo(a)
		if !v.again {
			return x.finish(a, resp, v)
		}
		since := time.Now()
		x.turnOver(a, resp, v)
		if err := x.pause(since, v.wait); err != nil {
			return nil, x.interrupted(v, err)
		}
	}
}

// unprepared is the error of a hop that cannot be sent.
func (x *hop) unprepared(err error) error {
	x.body.close()
	x.clock.stop()
	v := verdict{err: err, never: true}
	x.call.worse(v.effect(x.tmpl.Method))
	return x.fail(nil, err)
}

// nextAttempt returns the context of the next attempt: the one that was made with
// the request or left by an attempt that needs it no more, else a new one.
func (x *hop) nextAttempt() *attempt {
	a := x.opening
	if a == nil {
		a = x.newAttempt()
	} else {
		a.tally, a.observed = tally{}, false
	}
	x.purse.tried++
	x.opening, x.current, x.resp = nil, a, nil
	return a
}

// turnOver ends an attempt that another one follows. Its context serves again if all
// of its response is there; its template does unless a transport may not be done with
// what was sent.
func (x *hop) turnOver(a *attempt, resp *http.Response, v verdict) {
	defer a.vacate()
	switch {
	case resp == nil:
		a.end(nil)
	case x.keep(a, resp, v) && v.err == nil && x.c.attempt == nil && x.body.seeks == nil:
		x.opening = a
	}
	if x.opening == nil || !x.body.none {
		x.reclaim()
	}
}

// goBack makes the response that was kept the outcome, since a was turned away.
func (x *hop) goBack(a *attempt, v *verdict) (*http.Response, error) {
	last := x.kept
	if v.outcome == ended {
		return nil, x.interrupted(last.v, v.err)
	}
	x.kept = nil
	x.clock.follow(last.a, time.Now())
	if last.a != a {
		a.end(nil)
	}
	return x.finish(last.a, last.resp, last.v)
}

// prepare checks the request and decides what holds for all its attempts.
func (x *hop) prepare() error {
	req, c := x.tmpl, x.c
	if x.body.first = req.Body; req.URL == nil {
		return failf(ErrRequest, "the request has no URL")
	}
	if req.URL.Scheme != "https" && req.URL.Scheme != "http" {
		return failf(ErrRequest, "the request's URL has the scheme %s: only https and http can be sent", printable(req.URL.Scheme))
	}
	if req.URL.Host == "" {
		return failf(ErrRequest, "the request's URL has no host")
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
	if err := x.limitBy(); err != nil {
		return err
	}
	if err := x.identify(); err != nil {
		return err
	}
	attempts := c.cfg.retry.Attempts()
	x.rules.attempts, x.rules.maxWait, x.rules.hintPermits = attempts, c.cfg.retry.WaitLimit(), c.cfg.profile.HintPermits
	_, renews := c.cfg.auth.(Challenger)
	err := x.body.prepare(x.ctx, x.call.until(), x.tmpl, c.cfg.readAhead, attempts > 1 || renews && x.inside)
	if x.asked != nil || !x.out.inMemory {
		x.body.contain()
	}
	if x.body.none && safeMethod(req.Method) && x.plain() && x.host.repeats(c.cfg.transport, x.tmpl) {
		unrepeatable(x.tmpl) // once for all attempts, which saves each a copy
	}
	if err == nil && x.ctx.Err() != nil {
		err = failWrap(x.ctx.Err(), "the context ended before the first attempt", context.Cause(x.ctx))
	}
	return err
}

// identify gives the request its idempotency key, once a call, and says what
// the rule on repeating permits (C5, C6).
func (x *hop) identify() error {
	c, method := x.c, x.tmpl.Method
	if method == "" {
		method = http.MethodGet
	}
	says := c.cfg.profile.Repeatable
	x.rules.repeatable = idempotentMethod(method) || x.out.repeatable || says != nil && says(x.tmpl)
	honoured := slices.Contains(c.keyMethods, method)
	if c.keyHeader == "" || !honoured && (x.out.key == "" || safeMethod(method)) {
		return nil
	}
	x.rules.repeatable = x.rules.repeatable || honoured
	if own := x.tmpl.Header[c.keyHeader]; x.asked != nil && spellings(x.tmpl.Header, c.keyHeader) > min(len(own), 1) {
		x.ownHeader()
		oneSpelling(x.tmpl.Header, c.keyHeader)
	}
	if fieldValue(x.tmpl.Header, c.keyHeader) != "" {
		return nil
	}
	key, err := x.call.keyFor(x.out.key, c.cfg.profile.NewIdempotencyKey)
	if err != nil {
		return err
	}
	x.ownHeader()
	x.tmpl.Header[c.keyHeader] = []string{key}
	return nil
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
	if hasBody(req) {
		req.Body = a.sending(req.Body, req.ContentLength)
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

// pause waits before the next attempt, for d since then: what draining the response has
// taken is a part of it. That the wait ends before the deadline has been looked at
// already. A caller who does not wait for it has not used what it has cost.
func (x *hop) pause(since time.Time, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d - time.Since(since))
	defer t.Stop()
	select {
	case <-t.C:
		x.report.waited(WaitBackoff, d)
		return nil
	case <-x.ctx.Done():
		x.purse.refund()
		return context.Cause(x.ctx)
	}
}

// finish hands the last outcome on.
func (x *hop) finish(a *attempt, resp *http.Response, v verdict) (*http.Response, error) {
	x.body.close()
	if v.reason != Succeeded {
		x.reclaim()
	}
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

// limitBy completes the key of the hop's limits, which begins as that of the origin and
// the identity, by what the options or the profile tell requests apart. It asks once a
// hop, before the request gets its credential.
func (x *hop) limitBy() error {
	cfg := &x.c.cfg
	switch {
	case cfg.limitKey != nil:
		return x.ask(cfg.limitKey, func(key string) { x.key = key })
	case cfg.profile.LimitKey != nil:
		return x.ask(cfg.profile.LimitKey, func(name string) {
			x.c.state.limitNames.note(name)
			x.key = resourceKeyOf(x.key, name)
		})
	}
	return nil
}

// ask asks a function of the user's about the hop's request.
func (x *hop) ask(f func(*http.Request) string, use func(string)) (err error) {
	defer panics.Catch(&err, givenCode)
	use(f(x.tmpl))
	return nil
}

// begin tells the observers that the hop has begun: to them it is a call.
func (x *hop) begin(req *http.Request) {
	began, before := x.call.began, 0
	if x.via != 0 {
		began = time.Now()
		before, _ = x.call.tally()
	}
	x.report = report(x.ctx, x.c.cfg.observers, x.c.cfg.profile.Name, req, "", began, before)
}
