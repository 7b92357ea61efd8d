package client

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/standpipe-go/standpipe/internal/redact"
)

// follow makes the call hop by hop, as http.Client does under an SDK. x itself becomes
// the next hop: there is one clock and one report to a call of our own.
func (x *hop) follow() (*http.Response, error) {
	for hops := 0; ; hops++ {
		resp, err := x.passThrough()
		if err != nil {
			// Middleware's own error is none of the engine's, and may show the URL.
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
	// Middleware may change the URL in place, and the body is now the request's: x must
	// not close it as well.
	req.URL, x.body.first = &u, nil
	resp, err := x.through(req)
	// What the hop below has found out does not come up: what the response says of limits
	// is read again, as of when it was heard, or of now where nothing was sent for it.
	x.host, x.heard = x.c.state.host(originOf(x.spec.url)), x.call.now()
	if heard := x.call.outcome().heard; !heard.IsZero() {
		x.heard = x.call.instant(heard)
	}
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
	if !redirectStatus(resp.StatusCode) || x.c.cfg.maxRedirects == 0 {
		return false, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return false, nil
	}
	last := x.spec
	// What follows is looked at before the response is let go: where there is no next
	// hop it is the outcome.
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
	// A new spec, not the old one changed: of what an attempt was made may still be
	// read, by an error or a late request.
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
		// They would describe a body that is not there.
		next.header.drop(describesBody)
	}
	x.asksFor(next, body)
	// The policy's attempts are those of a hop: to be redirected is no failure.
	x.via, x.purse.tried = int16(resp.StatusCode), 0
	return true, nil
}

// guard holds the credential to its origins: it decides whether this hop, to o, gets
// it, strips what must not travel on (C14), and refuses what must not go at all (C39).
func (x *hop) guard(o origin) error {
	host := x.spec.host
	if own := x.made; own != nil && host == own.host {
		host = "" // of the caller's own choosing
	}
	// Asked for every hop, also the first: what it was decides what those after it may
	// have.
	inside, left, exposed := x.call.visit(o, x.c.origins.admits(x.spec.url, host))
	x.inside = inside
	if x.via != 0 {
		if err := x.resume(left); err != nil {
			return err
		}
		// A body can be as secret as a credential: a chain that has had TLS does not
		// send it on without.
		if exposed && sendsBody(x.bare(), x.spec.reopen) {
			return failf(ErrRedirect, "the redirect asks to send the request body again without TLS")
		}
	}
	// A chain that has left gets nothing more, not even where it comes back (C14).
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
	p := x.call.readable().passed
	x.call.mu.Unlock()
	// Our own hops keep what is to be kept in nextHop. http.Client makes a GET of
	// everything, and what it has changed is put back here (C39).
	restores := x.spec.like != nil && p != nil && p.changed(via, x.spec.like)
	req, open := x.bare(), x.spec.reopen
	if restores {
		req, open = p.req, p.body
	}
	method := cmp.Or(req.Method, http.MethodGet)
	// Looked at with the request as it was: in the form that http.Client gave it, a
	// DELETE would go out as a harmless GET.
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
	own := x.c.credential.field
	x.spec.header.drop(func(name string) bool {
		field := http.CanonicalHeaderKey(name)
		// A list of what must go would have to know every service's name for a key.
		known := redact.Harmless(field) || narrows(field) || sameField(field, x.c.keyHeader)
		return !known || own != nil && sameField(field, own.headerName())
	})
	query := x.spec.url.RawQuery
	// By the names that were credentials on earlier hops: the Location may have copied
	// them.
	for _, name := range x.call.earlier().params {
		query = withoutParam(query, name)
	}
	if x.spec.url.User == nil && query == x.spec.url.RawQuery {
		return
	}
	// The URL is the SDK's own where that has made the request.
	u := *x.spec.url
	u.User, u.RawQuery = nil, query
	x.spec.url = &u
}

// through makes the hop req through the per-call middleware.
func (x *hop) through(req *http.Request) (*http.Response, error) {
	// Middleware that answers by itself never asks the engine. The hop still counts: a
	// redirect that it makes must find the chain as long as it is.
	hops := x.call.hops()
	resp, err := x.c.chain.RoundTrip(req.WithContext(context.WithValue(x.ctx, hopKey{}, &above{x, x.via, x.made})))
	if x.call.hops() > hops {
		return resp, err
	}
	// The engine was not asked.
	if req.URL != nil {
		x.call.visit(originOf(req.URL), x.c.origins.admits(req.URL, req.Host))
	}
	if _, panicked := errors.AsType[*PanicError](err); panicked && req.Body != nil {
		_ = closeQuietly(req.Body)
	}
	return resp, err
}
