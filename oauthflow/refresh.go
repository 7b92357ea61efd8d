package oauthflow

import (
	"context"
	"net/url"

	"golang.org/x/oauth2"
)

// Refresh exchanges the refresh token of tok for a new token (RFC 6749 section
// 6). It makes exactly one request, and does not look at whether tok has
// expired. If the server rotates refresh tokens, the one in tok is dead
// afterwards: store the result before using it, and never call Refresh twice
// for one refresh token. The manager does both.
//
// What the response leaves out is carried over from tok: the refresh token,
// "scope", and the members that Provider.Metadata names.
//
// The error is [ErrNoRefreshToken] or a [*TokenError]; errors.Is(err,
// [ErrInvalidGrant]) means that the refresh token is of no use any more.
func (c *Client) Refresh(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
	if tok == nil || tok.RefreshToken == "" {
		return nil, ErrNoRefreshToken
	}
	g, err := c.grant(ctx, "refresh", c.cfg.Provider.refreshURL(), url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {tok.RefreshToken},
	})
	if err != nil {
		return nil, err
	}
	if g.token.RefreshToken == "" {
		g.token.RefreshToken = tok.RefreshToken
	}
	for _, name := range append([]string{"scope"}, c.cfg.Provider.Metadata...) {
		if _, ok := g.members[name]; !ok && tok.Extra(name) != nil {
			g.members[name] = tok.Extra(name)
		}
	}
	return g.token.WithExtra(g.members), nil
}
