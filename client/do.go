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
