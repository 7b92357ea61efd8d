package oauthflow

import (
	"cmp"
	"context"
	"errors"

	"golang.org/x/oauth2"
)

// Token types of RFC 8693 section 3.
const (
	TokenTypeAccessToken  = "urn:ietf:params:oauth:token-type:access_token"
	TokenTypeRefreshToken = "urn:ietf:params:oauth:token-type:refresh_token"
	TokenTypeIDToken      = "urn:ietf:params:oauth:token-type:id_token"
	TokenTypeJWT          = "urn:ietf:params:oauth:token-type:jwt"
)

// TokenExchange is a request of RFC 8693 section 2.1.
type TokenExchange struct {
	// SubjectToken represents whom the new token is for. Required.
	SubjectToken string
	// SubjectTokenType is one of the TokenType constants. Empty:
	// TokenTypeAccessToken.
	SubjectTokenType string

	// ActorToken represents who acts for the subject, if that is another.
	ActorToken string
	// ActorTokenType is one of the TokenType constants. Empty, with an
	// ActorToken: TokenTypeAccessToken.
	ActorTokenType string

	// RequestedTokenType is what to issue. Empty: the server decides.
	RequestedTokenType string

	// Resource and Audience say where the new token is to be used, by URL or by
	// name.
	Resource, Audience []string

	// Scopes of the new token. Nil: the server decides.
	Scopes []string
}

// ExchangeToken exchanges one token for another (RFC 8693). The new token's
// Extra("issued_token_type") says what was issued; its Type is "N_A" if that is not an
// access token.
func (c *Client) ExchangeToken(ctx context.Context, in TokenExchange) (*oauth2.Token, error) {
	if in.SubjectToken == "" {
		return nil, errors.New("oauthflow: exchange token: the subject token is missing")
	}
	form := c.tokenParams("urn:ietf:params:oauth:grant-type:token-exchange")
	set := func(name, value string) {
		if value != "" {
			form.Set(name, value)
		}
	}
	set("subject_token", in.SubjectToken)
	set("subject_token_type", cmp.Or(in.SubjectTokenType, TokenTypeAccessToken))
	if in.ActorToken != "" {
		set("actor_token", in.ActorToken)
		set("actor_token_type", cmp.Or(in.ActorTokenType, TokenTypeAccessToken))
	}
	set("requested_token_type", in.RequestedTokenType)
	set(c.scopeParam(), c.joinScopes(in.Scopes))
	if len(in.Resource) > 0 {
		form["resource"] = in.Resource
	}
	if len(in.Audience) > 0 {
		form["audience"] = in.Audience
	}
	g, err := c.grant(ctx, "exchange token", c.cfg.Provider.Endpoint.TokenURL, form)
	if err != nil {
		return nil, err
	}
	return g.token, nil
}
