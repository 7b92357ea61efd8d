package oauthflow

import (
	"context"

	"golang.org/x/oauth2"
)

// ClientCredentials obtains a token for the application itself (RFC 6749
// section 4.4). Scopes, if any are given, are asked for instead of
// Config.Scopes. No refresh token comes of it: call it again, or give it to a
// manager as a tokens.Grant. Parameters that a service needs besides, such as Auth0's
// "audience", are Provider.TokenParams.
func (c *Client) ClientCredentials(ctx context.Context, scopes ...string) (*oauth2.Token, error) {
	form := c.tokenParams("client_credentials")
	if len(scopes) == 0 {
		scopes = c.cfg.Scopes
	}
	if len(scopes) > 0 {
		form.Set(c.scopeParam(), c.joinScopes(scopes))
	}
	g, err := c.grant(ctx, "client credentials", c.cfg.Provider.Endpoint.TokenURL, form)
	if err != nil {
		return nil, err
	}
	return g.token, nil
}
