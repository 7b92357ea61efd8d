package client

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// refused is the error of an attempt that the stack itself stopped.
func refused(kind error, text string, err error) error {
	return &failure{kind: kind, text: text, err: err, unsent: true}
}

// unsent reports whether err says that the stack stopped the attempt itself.
func unsent(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.unsent
}

// roundTripAttempt is the innermost part as a RoundTripper, for per-attempt
// middleware to wrap.
// It may do so in goroutines of its own, where a panic would end the process.
func roundTripAttempt(req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, panics.New(givenCode, p)
			closeBody(req)
		}
	}()
	a, ok := req.Context().Value(attemptKey{}).(*attemptContext)
	if !ok {
		closeBody(req)
		return nil, failf(ErrConfig, "middleware replaced the request's context: derive it from the one it was given")
	}
	return a.x.send(a, req, false)
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// send is one attempt from the breaker to the transport. mine says that req
// itself, though not its header map, may be changed.
func (x *exchange) send(a *attemptContext, req *http.Request, mine bool) (*http.Response, error) {
	out, err := x.admit(a, req, mine)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	if !safeMethod(out.Method) {
		out = out.WithContext(httptrace.WithClientTrace(out.Context(), x.trace.hooks()))
	}
	now := time.Now()
	if !a.note(func(t *tally) { t.sent++; x.chain.sending(out, a.tmpl, now) }) {
		closeBody(out)
		return nil, errOver
	}
	phase := x.clock.enterAt(now, x.c.cfg.attemptTimeout, errAttemptTimeout)
	resp, err := x.c.cfg.transport.RoundTrip(out)
	x.clock.leavePhase(phase)
	a.note(func(*tally) { x.heard = time.Now() })
	if err != nil {
		return nil, err
	}
	if resp == nil || resp.Body == nil {
		return nil, failf(ErrConfig, "the transport returned neither a usable response nor an error")
	}
	return resp, nil
}

// admit waits for the breaker and the limits and gives the request its credential.
func (x *exchange) admit(a *attemptContext, req *http.Request, mine bool) (*http.Request, error) {
	cfg := &x.c.cfg
	if cfg.breaker != nil {
		probe, err := a.host.breaker.allow(cfg.breaker)
		if err != nil {
			return nil, err
		}
		if !a.note(func(t *tally) { t.admitted, t.probe = true, t.probe || probe }) {
			a.host.breaker.report(cfg.breaker, unknown, probe)
			return nil, errOver
		}
	}
	if x.c.limits != nil && (!x.c.cfg.pacerOwn || x.c.cfg.limiter != nil || a.host.paced.Load()) {
		key := x.limitKey(a)
		if err := x.c.limits.Wait(a, key); err != nil {
			return nil, refused(ErrRateLimited, "rate limit", err)
		}
		if !a.note(func(t *tally) { t.paced++ }) {
			x.unused(key, 1)
			return nil, errOver
		}
	}
	if cfg.auth == nil || !a.admits(req) {
		return req, nil
	}
	return x.authorize(a, req, mine)
}

// errOver stops a request whose attempt has been judged without it.
var errOver = refused(ErrConfig, "middleware sent a request after its attempt was over", nil)

// admits reports whether the credential may go where req goes. Middleware may
// have changed that.
func (a *attemptContext) admits(req *http.Request) bool {
	if req.URL == a.tmpl.URL || req.URL.Scheme == a.tmpl.URL.Scheme && req.URL.Host == a.tmpl.URL.Host {
		return a.inside
	}
	return a.inside && a.x.c.origins.contains(req.URL, originOf(req.URL))
}

func (x *exchange) authorize(a *attemptContext, req *http.Request, mine bool) (*http.Request, error) {
	auth := x.c.cfg.auth
	own, builtIn := auth.(headerOnly)
	if builtIn && x.lends(req) {
		return x.lend(a, own)
	}
	from := originOf(req.URL)
	out := req
	if !mine {
		out = new(http.Request)
		*out = *req
	}
	out.Header = copyHeader(req.Header)
	if !builtIn {
		u := *req.URL
		out.URL = &u
	}
	if err := auth.Authorize(out); err != nil {
		return nil, refused(errAuth, "auth", err)
	}
	if !builtIn {
		if out.URL == nil || originOf(out.URL) != from {
			return nil, refused(ErrConfig, "auth moved the request to another origin", nil)
		}
		if err := checkHeader(out.Header); err != nil {
			return nil, refused(ErrRequest, "auth", err)
		}
	}
	for name, values := range x.out.header {
		name = http.CanonicalHeaderKey(name)
		if !equal(out.Header[name], values) {
			a.note(func(t *tally) { t.explicit = true })
		}
		out.Header[name] = values
	}
	return out, nil
}

// lends reports whether the credential may be put into the template itself,
// which saves a copy of it: in a plain call, whose template nobody sees.
// Unless the attempt succeeds, reclaim makes a new one.
func (x *exchange) lends(req *http.Request) bool {
	return x.c.attempt == nil && req == x.tmpl && x.buffered && x.asked == nil && len(x.out.header) == 0 && x.c.cfg.limitKey == nil
}

// lend puts the credential into the template. A template that has been sent
// before, and whose answer has been read to its end, serves again as it is while
// the credential stays the same.
func (x *exchange) lend(a *attemptContext, own headerOnly) (*http.Request, error) {
	value, err := own.headerValue(a)
	if err != nil {
		return nil, refused(errAuth, "auth", err)
	}
	name := own.headerName()
	if x.lent != "" {
		if sent := x.tmpl.Header[name]; len(sent) == len(value) && &sent[0] == &value[0] {
			return x.tmpl, nil
		}
		x.reclaim()
	}
	x.lent, a.tmpl = name, x.tmpl
	x.tmpl.Header[name] = value
	return x.tmpl, nil
}

// reclaim makes a template without the credential. The one that was sent is left
// alone: a transport may still be reading it.
func (x *exchange) reclaim() {
	if x.lent == "" {
		return
	}
	t := *x.tmpl
	t.Header = copyHeader(t.Header)
	delete(t.Header, x.lent)
	x.tmpl, x.out.http, x.lent = &t, &t, ""
	x.chain.reclaimed(x.tmpl)
}

// errAuth says that the credential could not be had or applied.
var errAuth = errors.New("no credential")

// copyHeader copies a header map; the values stay shared, since nobody may
// change them in place.
func copyHeader(h http.Header) http.Header {
	out := make(http.Header, len(h)+1)
	for name, values := range h {
		out[name] = values
	}
	return out
}

func (x *exchange) limitKey(a *attemptContext) string {
	if f := x.c.cfg.limitKey; f != nil {
		return f(a.tmpl)
	}
	return a.host.limitKey
}

// unused gives n tokens of the limits back, for requests that were not sent.
func (x *exchange) unused(key string, n int32) {
	r, returns := x.c.limits.(ratelimit.Returner)
	for range n {
		switch {
		case returns:
			r.Return(key)
		case x.c.cfg.pacer != nil:
			x.c.cfg.pacer.Observe(key, 0, nil, false)
		}
	}
}

// sendTrace tells what may have reached the service from what cannot have. Only
// a transport that reports both ends is believed.
type sendTrace struct {
	asked atomic.Bool // the transport has asked for a connection
	wrote atomic.Bool // the header has been written whole
}

func (t *sendTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { t.asked.Store(true) },
		WroteHeaders: func() { t.wrote.Store(true) },
		GotConn: func(got httptrace.GotConnInfo) {
			// HTTP/2 writes the header out and reports it afterwards, from another
			// goroutine: too late for a timeout that falls between the two.
			if c, ok := got.Conn.(*tls.Conn); ok && c.ConnectionState().NegotiatedProtocol == "h2" {
				t.wrote.Store(true)
			}
		},
	}
}
