package client

import (
	"cmp"
	"context"
	"io"
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

// passThrough makes the hop, through the per-call middleware if there is any: there
// the engine below has a hop of its own, which takes the body.
func (x *hop) passThrough() (*http.Response, error) {
	if len(x.c.cfg.perCall) == 0 {
		return x.run()
	}
	req, u := x.bare(), *x.spec.url
	req.URL, x.body.first = &u, nil
	resp, err := x.through(req)
	if err == nil && resp == nil {
		err = failf(ErrConfig, "middleware returned neither a response nor an error")
	}
	if err == nil && resp.Body == nil {
		resp.Body = http.NoBody // as http.Client does
	}
	return resp, err
}

// nextHop turns x into the hop that a redirect asks for (RFC 9110 §15.4), and reports
// whether there is one; the redirect itself is then done with.
func (x *hop) nextHop(resp *http.Response, hops int) (bool, error) {
	location := resp.Header.Get("Location")
	if !redirectStatus(resp.StatusCode) || location == "" || x.c.cfg.maxRedirects == 0 {
		return false, nil
	}
	last := x.spec
	keeps := keepsRequest(resp.StatusCode, last.method)
	if keeps && last.once {
		return false, nil // the body is gone: the caller gets the redirect itself
	}
	if hops >= x.c.cfg.maxRedirects {
		return false, failf(ErrRedirect, "stopped after %d redirects", hops)
	}
	target, err := last.url.Parse(location)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return false, failf(ErrRedirect, "the Location of the redirect is not an http or https URL")
	}
	readyURL(target)
	if n := resp.ContentLength; n > 0 && n <= maxRedirectBody && !spent(resp) {
		x.lookAhead(resp, n, lookTimeout) // so that the connection is free
	}
	discard(resp) // before the clock starts anew: this stops it
	x.clock.restart()
	// A Location may hold what looks like a path: it is taken as it is.
	target.Fragment, target.RawFragment = "", ""
	next := &spec{method: last.method, url: target, host: target.Host, header: last.header}
	var body io.ReadCloser
	switch {
	case keeps && last.reopen != nil:
		if body, err = last.reopen(); err != nil {
			return false, failWrap(ErrRequest, "the request body cannot be opened again", err)
		}
		next.reopen, next.length = last.reopen, last.length
	case !keeps:
		if next.method != http.MethodHead {
			next.method = http.MethodGet
		}
		next.header.drop(describesBody)
	}
	x.asksFor(next, body)
	x.via, x.purse.tried = int16(resp.StatusCode), 0
	return true, nil
}

// guard holds the credential to its origins: it decides whether this hop, to o, gets
// it, strips what must not travel on (C14), and refuses what must not go at all (C39).
func (x *hop) guard(o origin) error {
	host := x.spec.host
	if own := x.out.asks; own != nil && host == own.host {
		host = "" // of the caller's own choosing
	}
	inside, left, exposed := x.call.visit(o, x.c.origins.admits(x.spec.url, host))
	x.inside = inside
	if x.via != 0 {
		if err := x.resume(left); err != nil {
			return err
		}
		if exposed && sendsBody(x.bare(), x.spec.reopen) {
			return failf(ErrRedirect, "the redirect asks to send the request body again without TLS")
		}
	}
	if left {
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
	restores := x.spec.like != nil && p != nil && p.changed(via, x.spec.like)
	req, open := x.bare(), x.spec.reopen
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
	t, err := p.restore(x.spec.like)
	if err != nil {
		return failWrap(ErrRequest, "the request body cannot be opened again", err)
	}
	x.handedIn(t)
	return nil
}

// strip takes everything off the request that could be a credential, on a hop
// off the client's origins: header fields but for those known to hold none (a
// service's own names cannot all be known), user info, and the query parameters
// that are credentials.
func (x *hop) strip() {
	own, _ := x.c.cfg.auth.(headerOnly)
	x.spec.header.drop(func(name string) bool {
		field := http.CanonicalHeaderKey(name)
		known := redact.Harmless(field) || narrows(field) || sameField(field, x.c.keyHeader)
		return !known || own != nil && sameField(field, own.headerName())
	})
	query := x.spec.url.RawQuery
	for _, name := range x.call.earlier().params {
		query = withoutParam(query, name)
	}
	if x.spec.url.User == nil && query == x.spec.url.RawQuery {
		return
	}
	u := *x.spec.url
	u.User, u.RawQuery = nil, query
	x.spec.url = &u
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
