package oauthflow

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

const (
	assertionTypeJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	grantJWTBearer   = "urn:ietf:params:oauth:grant-type:jwt-bearer"

	assertionLifetime = 5 * time.Minute

	// assertionBackdate is how far the clock of a server may be behind ours: an
	// assertion dated now is from the future for it. The lifetime counts from
	// the date, since servers bound the one by the other (Google: one hour).
	assertionBackdate = time.Minute
)

// dated returns "iat" and "exp" of an assertion made now.
func dated(now time.Time, lifetime time.Duration) (iat, exp int64) {
	from := now.Add(-min(assertionBackdate, lifetime/2))
	return from.Unix(), from.Add(lifetime).Unix()
}

// clientAssertion makes the assertion of private_key_jwt (RFC 7523 section
// 2.2). Each is used for one request.
func (c *Client) clientAssertion(ctx context.Context) (string, error) {
	key, err := c.cfg.ClientKey.SigningKey(ctx)
	if err != nil {
		return "", err
	}
	// The audience is the issuer where there is one, which names the server
	// wherever the request goes; else, and where it is a template for those of
	// many tenants, the token endpoint.
	audience := c.cfg.Provider.Issuer
	if audience == "" || len(c.cfg.Provider.Tenants) > 0 {
		audience = c.cfg.Provider.Endpoint.TokenURL
	}
	iat, exp := dated(c.now(), assertionLifetime)
	return key.signer.SignClaims(map[string]any{"typ": "JWT"}, map[string]any{
		"iss": c.cfg.ClientID, "sub": c.cfg.ClientID, "aud": audience, "iat": iat, "exp": exp, "jti": rand.Text(),
	})
}

// Assertion is what a JWT bearer grant says (RFC 7523 section 2.1). The zero
// value is an assertion of the client about itself.
type Assertion struct {
	// Subject is who the token is for, such as a user whom a service account
	// acts for. Empty: Issuer, but at Google, where the claim is then left out.
	Subject string

	// Issuer is who asserts. Empty: Config.ClientID.
	Issuer string

	// Audience is the authorization server. Empty: the token endpoint.
	Audience string

	// Scopes are asked for instead of Config.Scopes if not nil.
	Scopes []string

	// Lifetime of the assertion, not of the token. Zero: five minutes. It begins
	// a minute ago, or half of it if that is less, for servers whose clocks are
	// slow.
	Lifetime time.Duration

	// Claims are added; those that the other fields stand for win.
	Claims map[string]any
}

// JWTBearer obtains a token for an assertion signed with Config.ClientKey (RFC
// 7523 section 2.1): Google's service accounts, and others like them. No
// refresh token comes of it; call it again, or give it to a manager as a
// tokens.Grant. With a client secret the client authenticates as well.
func (c *Client) JWTBearer(ctx context.Context, a Assertion) (*oauth2.Token, error) {
	const op = "jwt bearer"
	if c.cfg.ClientKey == nil {
		return nil, fmt.Errorf("oauthflow: %s: the client key is missing", op)
	}
	key, err := c.cfg.ClientKey.SigningKey(ctx)
	if err != nil {
		return nil, &TokenError{Op: op, Err: err}
	}
	a.Issuer = cmp.Or(a.Issuer, c.cfg.ClientID)
	a.Audience = cmp.Or(a.Audience, c.cfg.Provider.Endpoint.TokenURL)
	if a.Scopes == nil {
		a.Scopes = c.cfg.Scopes
	}
	if a.Lifetime = cmp.Or(a.Lifetime, assertionLifetime); a.Lifetime < time.Second {
		return nil, fmt.Errorf("oauthflow: %s: the lifetime of the assertion must be at least a second", op)
	}
	claims := maps.Clone(a.Claims)
	if claims == nil {
		claims = map[string]any{}
	}
	claims["iss"], claims["aud"] = a.Issuer, a.Audience
	claims["iat"], claims["exp"] = dated(c.now(), a.Lifetime)
	claims["jti"] = rand.Text()
	form := url.Values{"grant_type": {grantJWTBearer}}
	if c.cfg.Provider.ScopeInAssertion {
		claims["scope"] = strings.Join(a.Scopes, " ")
	} else if len(a.Scopes) > 0 {
		form.Set(c.scopeParam(), c.joinScopes(a.Scopes))
	}
	switch {
	case a.Subject != "":
		claims["sub"] = a.Subject
	case !c.cfg.Provider.ScopeInAssertion:
		claims["sub"] = a.Issuer
	}
	assertion, err := key.signer.SignClaims(map[string]any{"typ": "JWT"}, claims)
	if err != nil {
		return nil, &TokenError{Op: op, Err: err}
	}
	form.Set("assertion", assertion)
	g, err := c.grant(ctx, op, c.cfg.Provider.Endpoint.TokenURL, form)
	if err != nil {
		return nil, err
	}
	return g.token, nil
}
