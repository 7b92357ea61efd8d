package client

import (
	"errors"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
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
	out, held, err := x.admit(a, req, mine)
	if err == nil && held {
		err = x.direct(out)
	}
	if err != nil {
		closeBody(req)
		return nil, err
	}
	now := time.Now()
	if !a.note(func(t *tally) { t.sent++; t.held = t.held || held; x.chain.sending(out, a.tmpl, now) }) {
		closeBody(out)
		return nil, errOver
	}
	host := x.hostOf(a, out)
	final, watch := x.readied(a, host, out, mine || out != req)
	phase := x.clock.enterAt(now, x.c.cfg.attemptTimeout, errAttemptTimeout)
	watch.timed(phase)
	resp, err := a.roundTrip(final, watch)
	x.clock.leavePhase(watch.timer(phase))
	a.note(func(*tally) { x.heard = time.Now() })
	if err != nil {
		if x.c.attempt != nil {
			err = x.clean(err) // middleware sees it
		}
		return nil, err
	}
	if resp == nil || resp.Body == nil {
		return nil, failf(ErrConfig, "the transport returned neither a usable response nor an error")
	}
	resp.Request = req // as it came, without the credential
	host.heard(resp.ProtoMajor)
	return resp, nil
}

// hostOf returns what is known of the host that req goes to. Middleware may have
// changed that.
func (x *exchange) hostOf(a *attemptContext, req *http.Request) *hostState {
	if u := a.tmpl.URL; req.URL == u || req.URL.Scheme == u.Scheme && req.URL.Host == u.Host {
		return a.host
	}
	return x.c.state.host(originOf(req.URL))
}

// readied makes of req, which is ours to change or not, what the transport gets: in
// a form that it does not repeat by itself, and watched where that is of use.
func (x *exchange) readied(a *attemptContext, host *hostState, req *http.Request, ours bool) (*http.Request, *watch) {
	var w *watch
	if !safeMethod(req.Method) || host.http2.Load() {
		req, w = x.watched(a, host, req)
		ours = true
	}
	if x.c.repeats(&host.protocols, req) {
		if !ours {
			again := *req
			req = &again
		}
		unrepeatable(req)
	}
	return req, w
}

// direct refuses to give a proxy what plain http would show it. Only what net/http
// itself does is known: a transport of another kind is its owner's affair.
func (x *exchange) direct(out *http.Request) error {
	if out.URL.Scheme == "https" {
		return nil
	}
	t, ok := x.c.cfg.transport.(*http.Transport)
	if !ok || t.Proxy == nil {
		return nil
	}
	if proxy, err := t.Proxy(out); err != nil || proxy == nil {
		return nil // the transport reports the error itself
	}
	return refused(ErrConfig, "the credential would go over plain http through a proxy: use https, or exempt the host from the proxy", nil)
}

// admit waits for the breaker and the limits and gives the request its credential,
// where it may have it; held says that it did.
func (x *exchange) admit(a *attemptContext, req *http.Request, mine bool) (out *http.Request, held bool, err error) {
	cfg := &x.c.cfg
	if cfg.breaker != nil {
		probe, err := a.host.breaker.allow(cfg.breaker)
		if err != nil {
			return nil, false, err
		}
		if !a.note(func(t *tally) { t.admitted, t.probe = true, t.probe || probe }) {
			a.host.breaker.report(cfg.breaker, unknown, probe)
			return nil, false, errOver
		}
	}
	if err := x.token(a); err != nil {
		return nil, false, err
	}
	if !a.stays(req) && !x.c.origins.admits(req.URL, req.Host) {
		x.chain.stray()
	}
	if cfg.auth == nil || !a.admits(req) {
		return req, false, nil
	}
	out, err = x.authorize(a, req, mine)
	return out, true, err
}

// token waits until the limits let a request through.
func (x *exchange) token(a *attemptContext) error {
	if !x.limited(a) {
		return nil
	}
	if err := x.await(a); err != nil {
		return refused(ErrRateLimited, "rate limit", err)
	}
	if !a.note(func(t *tally) { t.paced++ }) {
		x.unused(a, 1)
		return errOver
	}
	return nil
}

// errOver stops a request whose attempt has been judged without it.
var errOver = refused(ErrConfig, "middleware sent a request after its attempt was over", nil)

// stays reports whether req goes where the attempt was to go. Middleware may have
// changed that.
func (a *attemptContext) stays(req *http.Request) bool {
	u, t := req.URL, a.tmpl.URL
	return u == t && req.Host == a.tmpl.Host ||
		u.Scheme == t.Scheme && u.Host == t.Host && u.Opaque == t.Opaque && req.Host == a.tmpl.Host
}

// admits reports whether the credential may go where req goes.
func (a *attemptContext) admits(req *http.Request) bool {
	switch {
	case !a.inside:
		return false
	case a.stays(req):
		return true
	case a.tmpl.URL.Scheme == "https" && req.URL.Scheme != "https":
		return false
	}
	return a.x.c.origins.admits(req.URL, req.Host)
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
	before := req.Header // out may be req
	out.Header = copyHeader(before)
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
		for _, name := range credentialHeaders(out.Header, before) {
			onlySpelling(out.Header, name)
		}
	} else {
		onlySpelling(out.Header, own.headerName())
	}
	for name, values := range x.out.header {
		name = http.CanonicalHeaderKey(name)
		if !equal(out.Header[name], values) {
			a.note(func(t *tally) { t.explicit = true })
		}
		out.Header[name] = values
		onlySpelling(out.Header, name)
	}
	return out, nil
}

// lends reports whether the credential may be put into the template itself,
// which saves a copy of it: in a plain call, whose template nobody sees.
// Unless the attempt succeeds, reclaim makes a new one.
func (x *exchange) lends(req *http.Request) bool {
	return req == x.tmpl && x.plain() && len(x.out.header) == 0
}

// plain reports whether nobody but the stack and the transport sees the template.
func (x *exchange) plain() bool {
	_, own := x.c.cfg.auth.(headerOnly)
	return x.c.attempt == nil && x.buffered && x.asked == nil && (own || x.c.cfg.auth == nil)
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
