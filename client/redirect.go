package client

import (
	"cmp"
	"context"
	"net/http"

	"github.com/standpipe-go/standpipe/internal/redact"
)

// follow makes the call hop by hop, as http.Client does under an SDK.
func (x *hop) follow() (*http.Response, error) {
	for hops := 0; ; hops++ {
		resp, err := x.passThrough()
		if err != nil {
			return nil, x.typed(err)
		}
		next, err := x.nextHop(resp, hops)
		if err != nil {
			discard(resp)
			x.clock.stop()
			return nil, x.fail(resp, err)
		}
		if !next {
			return resp, nil
		}
	}
}

// hop sends the present request, through the per-call middleware if there is any.
func (x *hop) passThrough() (*http.Response, error) {
	if len(x.c.cfg.perCall) == 0 {
		x.tmpl, x.owned = x.out.http, true
		return x.run()
	}
	x.tmpl = x.out.http
	x.clock.stop() // the engine below has its own
	resp, err := x.through(x.out.http)
	if err == nil && resp == nil {
		err = failf(ErrConfig, "middleware returned neither a response nor an error")
	}
	if err == nil && resp.Body == nil {
		resp.Body = http.NoBody // as http.Client does
	}
	return resp, err
}

// nextHop turns x.out into the request that a redirect asks for (RFC 9110
// §15.4), and reports whether there is one; the redirect itself is then done with.
func (x *hop) nextHop(resp *http.Response, hops int) (bool, error) {
	location := resp.Header.Get("Location")
	if !redirectStatus(resp.StatusCode) || location == "" || x.c.cfg.maxRedirects == 0 {
		return false, nil
	}
	req := x.out.http
	keeps := keepsRequest(resp.StatusCode, req.Method)
	if keeps && hasBody(req) && req.GetBody == nil {
		return false, nil // the body is gone: the caller gets the redirect itself
	}
	if hops >= x.c.cfg.maxRedirects {
		return false, failf(ErrRedirect, "stopped after %d redirects", hops)
	}
	target, err := x.out.url.Parse(location)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return false, failf(ErrRedirect, "the Location of the redirect is not an http or https URL")
	}
	readyURL(target)
	if n := resp.ContentLength; n > 0 && n <= maxRedirectBody && !spent(resp) {
		x.lookAhead(resp, n, lookTimeout) // so that the connection is free
	}
	discard(resp) // before the clock starts anew: this stops it
	x.clock.restart()
	x.opening = x.newAttempt()
	next := (&http.Request{
		Method: req.Method, Host: target.Host, Header: req.Header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(x.opening)
	switch {
	case keeps && req.GetBody != nil:
		if next.Body, err = req.GetBody(); err != nil {
			return false, failWrap(ErrRequest, "the request body cannot be opened again", err)
		}
		next.GetBody, next.ContentLength = req.GetBody, req.ContentLength
	case !keeps:
		if next.Method != http.MethodGet && next.Method != http.MethodHead {
			next.Method = http.MethodGet
		}
		for name := range next.Header {
			if describesBody(name) {
				delete(next.Header, name)
			}
		}
	}
	// A Location may hold what looks like a path: it is taken as it is, and the
	// URL is kept inside x.out like the first one.
	x.out.url = *target
	x.out.url.Fragment, x.out.url.RawFragment = "", ""
	next.URL = &x.out.url
	x.out.http = next
	x.via = int16(resp.StatusCode)
	x.purse.tried, x.body, x.owned = 0, replay{}, false
	return true, nil
}

// guard holds the credential to its origins: it decides whether this hop, to o, gets
// it, strips what must not travel on (C14), and refuses what must not go at all (C39).
func (x *hop) guard(o origin) error {
	host := x.tmpl.Host
	if x.out.http != nil && host == x.out.http.Host {
		host = "" // of the caller's own choosing
	}
	inside, left, exposed := x.call.visit(o, x.c.origins.admits(x.tmpl.URL, host))
	x.inside = inside
	if x.via != 0 {
		if err := x.resume(left); err != nil {
			return err
		}
		if exposed && sendsBody(x.tmpl, x.tmpl.GetBody) {
			return failf(ErrRedirect, "the redirect asks to send the request body again without TLS")
		}
	}
	if left {
		x.ownHeader()
		x.strip()
	}
	return nil
}

// resume gives a hop after a 301 or 302 the method and the body back that http.Client
// takes off everything, and refuses one that would bring a change to where the service
// may not send it.
func (x *hop) resume(left bool) error {
	via := int(x.via)
	if via != http.StatusMovedPermanently && via != http.StatusFound {
		return nil
	}
	x.call.mu.Lock()
	p := x.call.passed
	x.call.mu.Unlock()
	restores := x.asked != nil && p != nil && p.changed(via, x.tmpl)
	req, open := x.tmpl, x.tmpl.GetBody
	if restores {
		req, open = p.req, p.body
	}
	method := cmp.Or(req.Method, http.MethodGet)
	if left && keepsRequest(via, method) && (!safeMethod(method) || sendsBody(req, open)) {
		return failf(ErrRedirect, "the redirect leads off the client's origins, and a %s is not sent there on a %d", printable(method), via)
	}
	if !restores {
		return nil
	}
	if hasBody(p.req) && p.body == nil {
		return failf(ErrRedirect, "the redirect asks for the same %s again, and the request body cannot be sent twice", printable(method))
	}
	t, err := p.restore(x.tmpl)
	if err != nil {
		return failWrap(ErrRequest, "the request body cannot be opened again", err)
	}
	x.tmpl, x.asked, x.owned, x.body.first = t, t, false, t.Body
	return nil
}

// strip takes everything off the request that could be a credential, on a hop
// off the client's origins: header fields but for those known to hold none (a
// service's own names cannot all be known), user info, and the query parameters
// that are credentials. tmpl's header map is owned.
func (x *hop) strip() {
	req := x.tmpl
	own, _ := x.c.cfg.auth.(headerOnly)
	for name := range req.Header {
		field := http.CanonicalHeaderKey(name)
		known := redact.Harmless(field) || narrows(field) || sameField(field, x.c.keyHeader)
		if !known || own != nil && sameField(field, own.headerName()) {
			delete(req.Header, name)
		}
	}
	x.call.mu.Lock()
	params := x.call.left.params
	x.call.mu.Unlock()
	query := req.URL.RawQuery
	for _, name := range params {
		query = withoutParam(query, name)
	}
	if req.URL.User == nil && query == req.URL.RawQuery {
		return
	}
	u := *req.URL
	u.User, u.RawQuery = nil, query
	req.URL = &u
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
