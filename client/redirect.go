package client

import (
	"context"
	"net/http"

	"github.com/standpipe-go/standpipe/internal/redact"
)

func redirectStatus(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// passOn readies a redirect for whoever follows it. The chain remembers the request
// and what was a credential in it, and travels in resp.Request's context, where
// http.Client takes it along. A Location stays as it came, but for one that repeats a
// credential of the stack: http.Client and its caller would show it.
func (x *exchange) passOn(resp *http.Response) error {
	if len(resp.Header.Get("Location")) > maxURL {
		return failf(ErrRedirect, "the Location of the redirect is longer than %d bytes", maxURL)
	}
	h := x.chain
	wire, bare, _ := h.last()
	secrets := x.secrets()
	if location := resp.Header.Get("Location"); redact.Scrub(location, secrets...) != location {
		return failf(ErrRedirect, "the Location of the redirect repeats the credential")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if wire != nil && x.inside {
		h.params = append(h.params, credentialParams(wire.URL, bare.URL)...)
	}
	h.secrets = secrets
	if x.asked != nil {
		h.passed = &passed{req: x.asked, body: x.body.get, length: x.asked.ContentLength}
		if x.body.length >= 0 {
			h.passed.length = x.body.length
		}
		resp.Request = x.asked.WithContext(context.WithValue(x.ctx, chainKey{}, h))
	}
	return nil
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
	resp, err := x.through(x.out.http)
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
	x.discard(resp) // before the clock starts anew: this stops it
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
	x.tried, x.body, x.owned = 0, replay{}, false
	return true, nil
}
