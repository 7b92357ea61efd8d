package oauthflow

import (
	"context"
	"net/url"
)

// push sends the authorization request ahead (RFC 9126 section 2) and returns
// the parameters that are left for the browser.
func (c *Client) push(ctx context.Context, form url.Values) (url.Values, error) {
	r, err := c.post(ctx, call{op: "pushed authorization request", url: c.cfg.Provider.PushedAuthorizationURL, form: form})
	if err != nil {
		return nil, err
	}
	m, perr := parseParams(r.body)
	if te := r.refusal(c.now(), m); te != nil {
		return nil, te
	}
	if perr != nil {
		return nil, r.malformed(perr.Error())
	}
	uri := textMember(m, "request_uri")
	if uri == "" {
		return nil, r.unusable(c.now(), m, "it holds no request_uri")
	}
	return url.Values{c.clientIDParam(): {c.cfg.ClientID}, "request_uri": {uri}}, nil
}
