package oauthflow

import (
	"context"
	"net/url"

	"golang.org/x/oauth2"
)

// Refresh exchanges the refresh token of tok for a new token (RFC 6749 section 6). It
// makes exactly one request, whether or not tok has expired. If the server rotates
// refresh tokens, the one in tok is dead afterwards: store the result before using it,
// and never call Refresh twice for one refresh token. A manager of package tokens does
// both.
//
// The request carries the refresh token, what Provider.RefreshParams and
// Provider.RefreshScope say, and what names the client; nothing else. What the
// response leaves out is carried over from tok: the refresh token, "scope", and
// the members that Provider.Metadata names.
//
// The error is [ErrNoRefreshToken] or a [*TokenError]; errors.Is(err,
// [ErrInvalidGrant]) means that the refresh token is of no use any more.
func (c *Client) Refresh(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
	if tok == nil || tok.RefreshToken == "" {
		return nil, ErrNoRefreshToken
	}
	g, err := c.grant(ctx, "refresh", c.cfg.Provider.refreshURL(), c.refreshParams(tok))
	if err != nil {
		return nil, err
	}
	if g.token.RefreshToken == "" {
		g.token.RefreshToken = tok.RefreshToken
	}
	for _, name := range append([]string{"scope"}, c.cfg.Provider.Metadata...) {
		if g.members[name] == nil && tok.Extra(name) != nil { // null is absent
			g.members[name] = tok.Extra(name)
		}
	}
	return g.token.WithExtra(g.members), nil
}

func (c *Client) refreshParams(tok *oauth2.Token) url.Values {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tok.RefreshToken}}
	for name, value := range c.cfg.Provider.RefreshParams {
		form.Set(name, value)
	}
	if c.cfg.Provider.RefreshScope {
		if scope := c.grantedScope(tok); scope != "" {
			form.Set(c.scopeParam(), scope)
		}
	}
	return form
}

// grantedScope is what the token's response said, in the service's own
// separators, and Config.Scopes if it said nothing.
func (c *Client) grantedScope(tok *oauth2.Token) string {
	switch said := tok.Extra("scope").(type) {
	case string:
		if said != "" {
			return said
		}
	case []any: // Twitch
		var scopes []string
		for _, s := range said {
			if s, ok := s.(string); ok {
				scopes = append(scopes, s)
			}
		}
		if len(scopes) > 0 {
			return c.joinScopes(scopes)
		}
	}
	return c.joinScopes(c.cfg.Scopes)
}
