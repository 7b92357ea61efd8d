package client

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

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
	v := verdict{err: cause, never: a.neverSent(t.sent, cause), decision: decision{reason: NotRetryable}}
	v.attempt = Attempt{Err: cause, Reason: v.reason, Start: time.Now()}
	if t.sent > 0 {
		v.attempt.Start, v.attempt.Duration = t.at, time.Since(t.at)
	}
	if x.resp != nil {
		v.status = x.resp.StatusCode
		v.attempt.Status, v.attempt.RequestID = v.status, x.requestID(x.resp.Header)
	}
	// What was sent may have been applied, whoever panicked after it.
	x.call.worse(v.effect(x.spec.method))
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
