package client

import (
	"context"
	"net/http"
)

// HTTPClient returns the whole stack as an [*http.Client], for an official SDK:
// it gets this client's auth, retries, limits, deadlines and ledger. Switch the
// SDK's own retries off. The stack's credential replaces the SDK's on this
// client's origins; elsewhere the SDK's requests pass without one. A response that
// something around the returned client's transport makes anew must keep its Request:
// without it a redirect may have come from anywhere, and gets no credential. Path, query
// and the headers that New was given, but for the User-Agent, are the SDK's own
// business. The default deadline ends with a response's headers; its body
// is bounded while it moves, see [WithIdleTimeout]. A response that is not retried is
// handed on when it comes and as it comes.
//
// As with any RoundTripper, a response of any status is not an error: when
// attempts are exhausted the last response is returned as it came.
func (c *Client) HTTPClient() *http.Client {
	if c.chain == nil {
		return &http.Client{Transport: roundTripper(unmade)} // never the default transport
	}
	return &http.Client{Transport: &sdkTransport{c.sdk, c}}
}

// sdkTransport is the stack as http.Client knows transports: one that can be
// asked to close its idle connections.
type sdkTransport struct {
	http.RoundTripper
	c *Client
}

func (t *sdkTransport) CloseIdleConnections() { t.c.CloseIdleConnections() }

func unmade(req *http.Request) (*http.Response, error) {
	closeBody(req)
	return nil, failf(ErrConfig, "the zero Client cannot send: make one with New")
}

// roundTripSDK is the outermost part of HTTPClient where there is per-call
// middleware: that may answer with a response of its own, or never ask the engine,
// and the chain of redirects must not be lost by it.
func (c *Client) roundTripSDK(req *http.Request) (resp *http.Response, err error) {
	x := newSDKHop(c, req)
	x.join(req)
	if x.begin(); x.report != nil {
		defer func() {
			seen := err
			if seen != nil { // middleware's own may show the URL
				seen = x.typed(err)
			}
			x.report.end(x.call, seen)
		}()
	}
	resp, err = x.through(req)
	if err == nil && resp != nil && redirectStatus(resp.StatusCode) && callOf(resp) != x.call {
		resp.Request = req.WithContext(context.WithValue(x.ctx, callKey{}, x.call))
	}
	return resp, err
}

// roundTrip is the engine as a RoundTripper: what per-call middleware wraps and
// what an SDK's http.Client drives, once per redirect hop.
func (c *Client) roundTrip(req *http.Request) (resp *http.Response, err error) {
	x := newSDKHop(c, req)
	if a, ok := x.ctx.Value(hopKey{}).(*above); ok && a.hop.c == c {
		p := a.hop
		x.partOf(p.call)
		x.via, x.made = a.via, a.made
		x.accept.decodes, x.accept.streams, x.clock.patience, x.out, x.report = p.accept.decodes, p.accept.streams, p.clock.patience, p.out, p.report
	} else {
		x.join(req)
		if x.begin(); x.report != nil {
			defer func() { x.report.end(x.call, err) }()
		}
	}
	return x.run()
}
