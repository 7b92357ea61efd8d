package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/standpipe-go/standpipe/internal/redact"
)

func redirectStatus(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// strip takes everything off the request that could be a credential, on a hop
// off the client's origins: header fields but for those known to hold none (a
// service's own names cannot all be known), and user info. tmpl's header map is
// owned. The URL is the redirect's own doing, see passOn.
func (x *exchange) strip() {
	req := x.tmpl
	for name := range req.Header {
		if !redact.Harmless(name) && name != x.c.keyHeader {
			delete(req.Header, name)
		}
	}
	if req.URL.User != nil {
		u := *req.URL
		u.User = nil
		req.URL = &u
	}
}

// passOn readies a redirect for whoever follows it. The chain remembers what was
// a credential, and travels in resp.Request's context, where http.Client takes
// it along. A Location off the client's origins loses the query parameters that
// were credentials, and is refused where it repeats one in another way.
func (x *exchange) passOn(resp *http.Response) error {
	h := x.chain
	wire, bare, _ := h.last()
	secrets := x.secrets()
	h.mu.Lock()
	if wire != nil && x.inside {
		h.params = append(h.params, credentialParams(wire.URL, bare.URL)...)
	}
	h.secrets = secrets
	params := h.params
	h.mu.Unlock()
	if x.asked != nil {
		resp.Request = x.asked.WithContext(context.WithValue(x.ctx, chainKey{}, h))
	}
	location := resp.Header.Get("Location")
	target, err := x.tmpl.URL.Parse(location)
	if err != nil {
		return nil // whoever follows it sees to that
	}
	// On the client's own origins the parameters come back with the credential;
	// in the Location they would show in resp.Request and in http.Client's errors.
	stripped := stripParams(target, params)
	clean := target.String()
	switch own := x.c.origins.contains(target, originOf(target)); {
	case own && !stripped:
		return nil
	case !own && x.scrub(clean) != clean:
		return failf(ErrRedirect, "the redirect's Location repeats the credential, and leads to another origin")
	}
	resp.Header = resp.Header.Clone()
	resp.Header.Set("Location", clean)
	return nil
}

func stripParams(u *url.URL, params []string) (stripped bool) {
	if len(params) == 0 || u.RawQuery == "" {
		return false
	}
	query := u.Query()
	for _, name := range params {
		if query.Has(name) {
			query.Del(name)
			stripped = true
		}
	}
	if stripped {
		u.RawQuery = query.Encode()
	}
	return stripped
}

// follow makes the call hop by hop, as http.Client does under an SDK.
func (x *exchange) follow() (*http.Response, error) {
	for hops := 0; ; hops++ {
		resp, err := x.hop()
		if err != nil {
			return nil, x.typed(err)
		}
		next, err := x.nextHop(resp, hops)
		if err != nil {
			x.discard(resp)
			x.clock.stop()
			return nil, x.fail(resp, err)
		}
		if !next {
			return resp, nil
		}
	}
}

// hop sends the present request, through the per-call middleware if there is any.
func (x *exchange) hop() (*http.Response, error) {
	if len(x.c.cfg.perCall) == 0 {
		x.tmpl, x.owned = x.out.http, true
		return x.run()
	}
	x.tmpl = x.out.http
	x.clock.stop() // the engine below has its own
	resp, err := x.c.chain.RoundTrip(x.out.http.WithContext(context.WithValue(x.ctx, hopKey{}, x)))
	if err == nil && resp == nil {
		err = failf(ErrConfig, "middleware returned neither a response nor an error")
	}
	if err == nil && resp.Body == nil {
		resp.Body = http.NoBody // as http.Client does
	}
	return resp, err
}

// typed makes an error of middleware's own an *Error too.
func (x *exchange) typed(err error) error {
	if e, ok := err.(*Error); ok {
		return e
	}
	return x.fail(nil, x.clean(err))
}

// nextHop turns x.out into the request that a redirect asks for (RFC 9110
// §15.4), and reports whether there is one; the redirect itself is then done with.
func (x *exchange) nextHop(resp *http.Response, hops int) (bool, error) {
	location := resp.Header.Get("Location")
	if !redirectStatus(resp.StatusCode) || location == "" || x.c.cfg.maxRedirects == 0 {
		return false, nil
	}
	req := x.out.http
	keepsBody := resp.StatusCode == http.StatusTemporaryRedirect || resp.StatusCode == http.StatusPermanentRedirect
	if keepsBody && hasBody(req) && req.GetBody == nil {
		return false, nil // the body is gone: the caller gets the redirect itself
	}
	if hops >= x.c.cfg.maxRedirects {
		return false, failf(ErrRedirect, "stopped after %d redirects", hops)
	}
	target, err := x.out.url.Parse(location)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return false, failf(ErrRedirect, "the Location of the redirect is not an http or https URL")
	}
	if x.out.url.Scheme == "https" && target.Scheme == "http" && keepsBody && req.GetBody != nil {
		return false, failf(ErrRedirect, "the redirect asks to send the request body again without TLS")
	}
	x.discard(resp) // before the clock starts anew: this stops it
	x.clock.restart()
	x.opening = x.newAttempt()
	next := (&http.Request{
		Method: req.Method, Host: target.Host, Header: req.Header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(x.opening)
	switch {
	case keepsBody && req.GetBody != nil:
		if next.Body, err = req.GetBody(); err != nil {
			return false, failWrap(ErrRequest, "the request body cannot be opened again", err)
		}
		next.GetBody, next.ContentLength = req.GetBody, req.ContentLength
	case !keepsBody:
		if next.Method != http.MethodGet && next.Method != http.MethodHead {
			next.Method = http.MethodGet
		}
		for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Location"} {
			delete(next.Header, name)
		}
	}
	// A Location may hold what looks like a path: it is taken as it is, and the
	// URL is kept inside x.out like the first one.
	x.out.url = *target
	x.out.url.Fragment, x.out.url.RawFragment = "", ""
	next.URL = &x.out.url
	x.out.http = next
	x.tried, x.body, x.owned = 0, replay{}, false
	return true, nil
}
