package client

import (
	"context"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/retry"
)

// run makes attempts until the outcome is final. With a nil error there is a response;
// the body of a success that is to be decoded is then in x.accept.buf.
//
// What a call passes, file by file, so that a change can be judged by where it stands:
//
//	client.go, sdk.go    HTTPClient: the SDK's http.Client asks for a hop
//	decode.go, events.go, do.go
//	                     Call, Events, Do: a Request becomes an outgoing and the spec of
//	                     its first hop (request.go, body.go, spec.go); a Download
//	                     (transfer.go, resume.go) is as many calls of Do as it takes
//	call.go              the call begins: its deadline and its ledger; under an SDK only
//	                     where the hop is not part of one already (hop.go join)
//	redirect.go          follow: from hop to hop, each with a spec of its own; http.Client
//	                     does that for an SDK
//	run.go               run, once per hop
//	hop.go               prepare: what holds for all attempts – where the credential may
//	                     go (redirect.go guard, way.go), the idempotency key (key.go),
//	                     the rules (next.go), how the body is had again (replay.go,
//	                     ahead.go, rewind.go). From here on the spec does not change
//	  for each attempt:
//	attempt.go, ending.go
//	                     its context
//	spec.go              its request, which no other attempt sees
//	replay.go, sending.go
//	                     its body, and the clock's eye on it
//	send.go              breaker → limits (limits.go) → credential (credential.go) →
//	                     a form that net/http does not repeat (once.go), watched
//	                     (watch.go) → clock.go → transport (underway.go); connect.go says
//	                     why there was no connection
//	receive.go, peek.go  what of the body belongs to the attempt
//	settle.go            what came of it (effect.go, means.go, inprogress.go), told to
//	                     limits, purse and breaker; a 401 renews the credential
//	next.go              the decision, a pure function
//	settle.go, log.go    the budget, the ledger, the log and the observers (observer.go)
//	receive.go, turn.go  again: its response is kept, then the wait
//	  at last:
//	receive.go, stream.go
//	                     hand: the response is the caller's, or decode.go's
//
// An attempt goes down this list once. A retry takes nothing along of the one before but
// the response that is kept until it has been let through: it begins with a context and
// a request of its own, made of the same spec. A POST that is redirected and renewed
// passes prepare once per hop and the list once per attempt; of an event stream the
// reading begins where the list ends. What the credential has put on a request is what
// that has beyond its spec: fail.go, which makes errors of whatever is known by then,
// takes it out of them. A panic ends in cutOff.
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
		var v verdict
		x.judge(&v, a, resp, err)
		x.current = nil
		log(x.c.cfg.logger, x, &v)
		if x.kept != nil && v.turnedAway() {
			return x.goBack(a, &v)
		}
		x.letGo()
		if !v.again {
			return x.finish(a, resp, &v)
		}
		since := time.Now()
		x.turnOver(a, resp, &v)
		if err := x.pause(since, v.wait); err != nil {
			return nil, x.interrupted(&v, err)
		}
	}
}

// nextAttempt begins the next attempt.
func (x *hop) nextAttempt() *attempt {
	a := x.newAttempt()
	a.spec, a.target = x.spec, x.target
	a.tally.awaited, x.renewal = x.renewal, 0
	before := 0
	if a != &x.first || x.call != &x.own { // else it is the call's first
		before, _ = x.call.tally()
	}
	a.number = int32(before) + 1
	x.purse.tried++
	x.current, x.resp = a, nil
	return a
}

// turnOver ends an attempt that another one follows, but for the response that it has
// brought, which is kept.
func (x *hop) turnOver(a *attempt, resp *http.Response, v *verdict) {
	defer a.vacate()
	if resp == nil {
		a.end(nil)
		return
	}
	x.keep(a, resp, v)
}

// goBack makes the response that was kept the outcome, since a was turned away.
func (x *hop) goBack(a *attempt, v *verdict) (*http.Response, error) {
	last := x.kept
	// What is known of the last response is known of that one, and not of an attempt
	// which has brought none.
	x.heard = last.heard
	c := last.v.concluded(x.call.began)
	if at := x.permittedAt(v.err); !at.IsZero() {
		c.again = at.Sub(x.call.began)
	}
	x.call.concludes(c)
	if v.outcome == ended {
		return nil, x.interrupted(&last.v, v.err)
	}
	x.kept = nil
	x.clock.follow(last.a, x.call.now())
	a.end(nil)
	return x.finish(last.a, last.resp, &last.v)
}

// try makes one attempt, through the per-attempt middleware if there is any.
func (x *hop) try(a *attempt) (*http.Response, error) {
	req := a.spec.request(a)
	if err := x.body.attach(a, req); err != nil {
		return nil, err
	}
	if hasBody(req) {
		req.Body = sending(a, req.Body, req.ContentLength, a.x.out.progress)
		if _, watched := req.Body.(*sent); watched && req.GetBody != nil {
			req.GetBody = reopened(a, req.GetBody, req.ContentLength)
		}
	}
	if x.c.attempt != nil {
		u := *req.URL // which middleware may change in place
		req.URL = &u
		return x.tryThrough(a, req)
	}
	return a.send(req, true)
}

// tryThrough makes one attempt through the per-attempt middleware. A request of
// it may go on that nobody waits for, and must not end a later phase.
func (x *hop) tryThrough(a *attempt, req *http.Request) (*http.Response, error) {
	body, returned := req.Body, false
	defer func() {
		if !returned { // it has panicked, and closes nothing any more
			closeBody(req)
		}
	}()
	resp, err := x.c.attempt.RoundTrip(req)
	returned = true
	x.heard = x.call.now()
	a.note(func(t *tally) { t.answered = true })
	x.clock.leave()
	switch {
	case err == nil && (resp == nil || resp.Body == nil):
		return nil, failf(ErrConfig, "middleware returned neither a usable response nor an error")
	case err != nil && resp != nil && resp.Body != nil:
		_ = resp.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	if err := brokenBelow(body, resp); err != nil {
		_ = resp.Body.Close()
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
		x.report.waited(WaitBackoff, whole(time.Since(since)))
		x.purse.refund()
		return context.Cause(x.ctx)
	}
}

// finish hands the last outcome on.
func (x *hop) finish(a *attempt, resp *http.Response, v *verdict) (*http.Response, error) {
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

// contain, deferred, makes a panic the error of the call r, whose resp is then not
// handed on. Code that ends its goroutine takes its caller with it. A panic in run does
// not come this far: cutOff has made it run's error.
func (x *hop) contain(r *Request, resp **http.Response, err *error) {
	p := recover()
	if p == nil {
		return
	}
	cause := panics.New(givenCode, p)
	// Without a spec it was the building of the request that panicked: an error has
	// nothing but r to tell of.
	if x.clock.stop(); x.spec == nil {
		*err = x.invalid(r, cause)
		return
	}
	*err = x.fail(nil, cause)
	x.fill(r.Meta, nil)
	// An error comes without a response, which somebody would otherwise have to close.
	if resp != nil {
		*resp = nil
	}
}

// cutOff accounts for the attempt that code of the user's has cut off by a panic,
// which becomes the call's error, or by ending the goroutine. It is deferred.
func (x *hop) cutOff(resp **http.Response, err *error) {
	p := recover()
	// A run that returns leaves no attempt under way. One that does, without a panic,
	// is being unwound by runtime.Goexit.
	if p == nil && x.current == nil {
		return
	}
	cause := panics.Exited(givenCode)
	if p != nil {
		cause = panics.New(givenCode, p)
	}
	x.abandon(cause)
	*resp, *err = nil, x.fail(x.resp, cause)
	x.drop()
}

// abandon gives back what the attempt under way holds, and writes it into the ledger:
// no breaker, limit or timer waits for its end. It is settle for an attempt of which
// nothing is known but that it was cut off.
func (x *hop) abandon(cause error) {
	defer x.clock.stop()
	a := x.current
	if a == nil {
		// It happened between two attempts, and what is paid for is the next one.
		x.purse.refund()
		return
	}
	// Before anything of the user's is asked again: a second panic must not account for
	// the attempt twice.
	x.current = nil
	// The clock ends the attempt that it follows, which may be a renewal's.
	defer a.end(nil)
	// What goroutines of middleware's still send for the attempt is refused from here
	// on.
	t := a.settle()
	a.vacate()
	// The user's code says nothing of the service's health. But a probe that nobody
	// reports would leave the breaker half open for ever.
	if t.admitted {
		a.host.breaker.report(x.c.cfg.breaker, unknown, t.probe)
	}
	// A retry that was not made costs nothing. One that was sent has cured nothing.
	if t.sent == 0 {
		x.purse.refund()
	}
	v := verdict{err: cause, never: a.neverSent(t, cause), decision: decision{reason: NotRetryable}}
	v.attempt = Attempt{Err: cause, Reason: v.reason, Start: time.Now()}
	if t.sent > 0 {
		v.attempt.Start, v.attempt.Duration = x.call.time(t.at), x.call.now().since(t.at)
	}
	if x.resp != nil {
		v.status = x.resp.StatusCode
		v.attempt.Status, v.attempt.RequestID = v.status, x.requestID(x.resp.Header)
	}
	// The effect too: what was sent may have been applied, whoever panicked after it.
	x.record(&v)
	if a.observed {
		return // it was the limits that panicked
	}
	var ignored error
	// The call's error is the first panic, which most likely has led to this one.
	defer panics.Catch(&ignored, givenCode)
	a.observe(t, &verdict{}, nil)
}

// drop closes what a call that was cut off leaves open. That may run code of the user's
// again, whose panic has nothing to add.
func (x *hop) drop() {
	var ignored error
	defer panics.Catch(&ignored, givenCode)
	x.body.close()
	if x.resp != nil {
		discard(x.resp)
	}
	x.letGo()
}
