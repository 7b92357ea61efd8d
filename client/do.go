package client

import (
	"context"
	"net/http"
)

// Do makes a call and returns the response as it came, whatever its status,
// with its body unread: for streams, and for what [Call] does not fit. For a file there
// is [Download]. The caller closes the body. The error is an [*Error] where there is no
// response; for a status of 400 and above it is nil, unless Request.CheckStatus asks
// for one.
//
// The client's default deadline ends with the headers, so that a download may
// take its time; a deadline of the context, Request.Timeout and an explicit
// [WithTimeout] bound the body too, and a single read never waits longer than
// [WithIdleTimeout].
func (c *Client) Do(ctx context.Context, r Request) (*http.Response, error) {
	_, resp, err := c.do(ctx, &r)
	return resp, err
}

// do is Do for those who have more to say of the call than its response.
func (c *Client) do(ctx context.Context, r *Request) (x *hop, resp *http.Response, err error) {
	x = newHop(c, ctx, r.Timeout)
	x.accept.streams = true
	defer func() { x.report.end(x.call, err) }()
	defer x.contain(r, &resp, &err)
	if err := x.build(r); err != nil {
		return x, nil, x.invalid(r, err)
	}
	x.nameRoute()
	x.report = report(x.ctx, c.cfg.observers, c.cfg.profile.Name, x.spec, x.out.route, x.call.began, 0)
	resp, err = x.follow()
	x.fill(r.Meta, resp)
	switch {
	case err != nil:
		return x, nil, err
	case r.CheckStatus && (resp.StatusCode >= http.StatusBadRequest || x.hollow(resp)):
		return x, nil, x.refusedBy(resp)
	}
	c.cfg.limit(resp, x.out.limit)
	return x, resp, nil
}
