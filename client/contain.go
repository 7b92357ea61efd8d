package client

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// contain, deferred, makes a panic the error of the call r, whose resp is then not
// handed on. Code that ends its goroutine takes its caller with it.
func (x *hop) contain(r *Request, resp **http.Response, err *error) {
	p := recover()
	if p == nil {
		return
	}
	cause := panics.New(givenCode, p)
	if x.clock.stop(); x.spec == nil {
		*err = x.invalid(r, cause)
		return
	}
	*err = x.fail(nil, cause)
	x.fill(r.Meta, nil)
	if resp != nil {
		*resp = nil
	}
}

// cutOff accounts for the attempt that code of the user's has cut off by a panic,
// which becomes the call's error, or by ending the goroutine. It is deferred.
func (x *hop) cutOff(resp **http.Response, err *error) {
	p := recover()
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

// abandon gives back what the attempt under way holds, and writes it into the
// ledger: no breaker, limit or timer waits for its end.
func (x *hop) abandon(cause error) {
	defer x.clock.stop()
	a := x.current
	if a == nil {
		return
	}
	x.current = nil
	t := a.settle()
	if t.admitted {
		a.host.breaker.report(x.c.cfg.breaker, unknown, t.probe)
	}
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
	x.call.worse(v.effect(x.spec.method))
	x.record(&v)
	if a.observed {
		return // it was the limits that panicked
	}
	var ignored error
	defer panics.Catch(&ignored, givenCode)
	a.observe(t, &verdict{}, nil)
}

// drop closes what a call that was cut off leaves open.
func (x *hop) drop() {
	var ignored error
	defer panics.Catch(&ignored, givenCode)
	x.body.close()
	if x.resp != nil {
		discard(x.resp)
	}
	x.letGo()
}
