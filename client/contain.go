package client

import (
	"io"
	"net/http"
	"os"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// PanicError is found by errors.As in the error of a call that ran code of the
// user's, such as middleware, a credential, a transport, a policy or a body, which
// panicked. Its text names the type of the value and not the value, which may hold
// a secret; both the value and the stack can be had from it.
type PanicError = panics.Error

// givenCode is how errors call what the user has given to the client.
const givenCode = "code that was given to the client"

// contain, deferred, makes a panic the error of the call r, whose resp is then not
// handed on. Code that ends its goroutine takes its caller with it.
func (x *exchange) contain(r *Request, resp **http.Response, err *error) {
	p := recover()
	if p == nil {
		return
	}
	cause := panics.New(givenCode, p)
	if x.clock.stop(); x.tmpl == nil {
		*err = x.invalid(r, cause)
		return
	}
	*err = x.fail(nil, cause)
	x.fill(r.Meta, nil)
	if resp != nil {
		*resp = nil
	}
}

// contained is a RoundTripper of the user's, a panic in which is its error.
type contained struct{ rt http.RoundTripper }

func (c contained) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, panics.New(givenCode, p)
		}
	}()
	return c.rt.RoundTrip(req)
}

// cutOff accounts for the attempt that code of the user's has cut off by a panic,
// which becomes the call's error, or by ending the goroutine. It is deferred.
func (x *exchange) cutOff(resp **http.Response, err *error) {
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
func (x *exchange) abandon(cause error) {
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
		x.refund()
	}
	v := verdict{err: cause, neverSent: x.neverSent(t.sent, cause), reason: NotRetryable}
	v.attempt = Attempt{Err: cause, Reason: v.reason, Start: time.Now()}
	if _, _, sent := x.chain.last(); t.sent > 0 {
		v.attempt.Start, v.attempt.Duration = sent, time.Since(sent)
	}
	if x.resp != nil {
		v.status = x.resp.StatusCode
		v.attempt.Status, v.attempt.RequestID = v.status, x.requestID(x.resp.Header)
	}
	x.effect(v)
	x.record(&v)
	if a.observed {
		return // it was the limits that panicked
	}
	var ignored error
	defer panics.Catch(&ignored, givenCode)
	x.observe(a, t, &verdict{}, nil)
}

// drop closes what a call that was cut off leaves open.
func (x *exchange) drop() {
	var ignored error
	defer panics.Catch(&ignored, givenCode)
	x.body.close()
	if x.resp != nil {
		x.discard(x.resp)
	}
}

// contain guards a body that is not the stack's own, see [userBody].
func (b *replay) contain() {
	if b.none || b.length >= 0 {
		return
	}
	b.first = guardBody(b.first)
	if get := b.get; get != nil {
		b.get = func() (io.ReadCloser, error) {
			rc, err := get()
			return guardBody(rc), err
		}
	}
}

func guardBody(rc io.ReadCloser) io.ReadCloser {
	switch rc.(type) {
	case nil, *os.File: // which a transport may hand to the kernel as it is
		return rc
	}
	if rc == http.NoBody {
		return rc
	}
	return &userBody{rc}
}

// userBody is a body of the user's that is read or closed by another goroutine than
// its call's, a transport's as a rule, where a panic would end the process: it is an
// error there.
type userBody struct{ rc io.ReadCloser }

func (b *userBody) Read(p []byte) (n int, err error) {
	defer panics.Catch(&err, "the body")
	return b.rc.Read(p)
}

func (b *userBody) Close() (err error) {
	defer panics.Catch(&err, "the body")
	return b.rc.Close()
}
