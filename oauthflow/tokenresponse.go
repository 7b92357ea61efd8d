package oauthflow

import (
	"context"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// granted is a token and all members of the response that it came in.
type granted struct {
	token   *oauth2.Token
	members map[string]any
}

// grant sends a token request and reads the token out of the response.
func (c *Client) grant(ctx context.Context, op, endpoint string, form url.Values) (*granted, error) {
	// The lifetime counts from before the request, so that a slow response
	// does not make the token seem to live longer.
	sent := c.now()
	r, err := c.post(ctx, call{
		op: op, url: endpoint, form: form,
		json: c.cfg.Provider.JSONBody,
		once: form.Get("grant_type") == "authorization_code",
	})
	if err != nil {
		return nil, err
	}
	return c.readToken(r, sent)
}

// tokenType is how the token is sent. Slack says instead what it stands for, and
// takes it as a Bearer token.
func tokenType(said string) string {
	if said == "bot" || said == "user" {
		return "Bearer"
	}
	return said
}

// grantRefused marks a refusal by the provider's own code for a dead grant.
func (c *Client) grantRefused(te *TokenError, members map[string]any) *TokenError {
	why := reasonsIn(members, te.Status)
	if code, ok := why.among(c.cfg.Provider.InvalidGrantCodes); ok && te.Err == nil {
		te.Code, te.Err = code, ErrInvalidGrant
	}
	return te
}

// readToken reads a token response (RFC 6749 section 5), leniently.
func (c *Client) readToken(r *response, now time.Time) (*granted, error) {
	m, perr := parseParams(r.body)
	if te := r.refusal(now, m); te != nil {
		return nil, c.grantRefused(te, m)
	}
	if perr != nil {
		return nil, r.malformed(perr.Error())
	}
	at := m
	if nested, ok := m[c.cfg.Provider.TokenMember].(map[string]any); ok && textMember(nested, "access_token") != "" {
		at = nested
	}
	if textMember(at, "access_token") == "" {
		return nil, c.grantRefused(r.unusable(now, m, "it holds no access_token"), m)
	}
	tok := &oauth2.Token{
		AccessToken:  textMember(at, "access_token"),
		TokenType:    tokenType(textMember(at, "token_type")),
		RefreshToken: textMember(at, "refresh_token"),
	}
	if c.dpop != nil && !strings.EqualFold(tok.TokenType, "DPoP") {
		// RFC 9449 section 5: such a token is not bound to the key.
		return nil, r.malformed("the token is not of type DPoP")
	}
	life := c.cfg.Provider.DefaultLifetime
	if n, ok := numberMember(at, "expires_in"); ok && n > 0 {
		life = seconds(n)
	}
	if life > 0 {
		tok.Expiry = now.Add(life)
		tok.ExpiresIn = int64(life / time.Second)
	}
	return &granted{tok.WithExtra(m), m}, nil
}
