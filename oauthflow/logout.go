package oauthflow

import (
	"fmt"
	"net/url"

	"golang.org/x/oauth2"
)

// LogoutURL returns where to send the browser to end the user's session at the
// provider as well (OpenID Connect RP-Initiated Logout 1.0 section 2). The ID
// token in tok, if it has one, is sent along as the hint; tok may be nil. The
// address to come back to must be registered, and may be empty; state comes
// back with it. End the application's own session first.
func (c *Client) LogoutURL(tok *oauth2.Token, returnURL, state string) (string, error) {
	if c.cfg.Provider.EndSessionURL == "" {
		return "", fmt.Errorf("oauthflow: logout: %w", ErrUnsupported)
	}
	form := url.Values{"client_id": {c.cfg.ClientID}}
	if tok != nil {
		if hint, _ := tok.Extra("id_token").(string); hint != "" {
			form.Set("id_token_hint", hint)
		}
	}
	if returnURL != "" {
		form.Set("post_logout_redirect_uri", returnURL)
		if state != "" {
			form.Set("state", state)
		}
	}
	return withQuery(c.cfg.Provider.EndSessionURL, form), nil
}
