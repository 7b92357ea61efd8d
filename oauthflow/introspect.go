package oauthflow

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Introspection is what the authorization server says about a token (RFC 7662
// section 2.2). If Active is false, nothing else is known.
type Introspection struct {
	Active    bool
	Scopes    []string
	ClientID  string
	Username  string
	TokenType string
	Subject   string
	Issuer    string
	Audience  []string
	ID        string // "jti"

	// Expiry, IssuedAt and NotBefore are zero if the server does not say.
	Expiry, IssuedAt, NotBefore time.Time

	// KeyThumbprint is the RFC 7638 thumbprint of the DPoP key that the token
	// is bound to (RFC 9449 section 6.2), empty for none.
	KeyThumbprint string

	// Members are all members of the response. Numbers are float64, and
	// json.Number from 2⁵³ on, where a float64 could be another number.
	Members map[string]any
}

// Introspect asks the server about a token that the application received (RFC
// 7662). The result is about this moment. A token whose "exp" has passed, or
// whose "nbf" has not, is reported as inactive whatever the server says.
func (c *Client) Introspect(ctx context.Context, token string) (*Introspection, error) {
	const op = "introspect"
	if c.cfg.Provider.IntrospectionURL == "" {
		return nil, fmt.Errorf("oauthflow: %s: %w", op, ErrUnsupported)
	}
	if token == "" {
		return nil, errors.New("oauthflow: introspect: the token is empty")
	}
	r, err := c.post(ctx, call{op: op, url: c.cfg.Provider.IntrospectionURL, form: url.Values{"token": {token}}})
	if err != nil {
		return nil, err
	}
	m, perr := parseParams(r.body)
	if te := r.refusal(c.now(), m); te != nil {
		return nil, te
	}
	active, ok := m["active"].(bool)
	if perr != nil || !ok {
		return nil, r.unusable(c.now(), m, `it has no boolean "active"`)
	}
	if !active {
		return &Introspection{}, nil
	}
	return readIntrospection(m, c.now()), nil
}

func readIntrospection(m map[string]any, now time.Time) *Introspection {
	at := func(name string) time.Time {
		if n, _ := numberMember(m, name); n > 0 && n < maxUnix {
			return time.Unix(int64(n), 0)
		}
		return time.Time{}
	}
	in := &Introspection{
		Active: true, Scopes: strings.Fields(textMember(m, "scope")), ClientID: textMember(m, "client_id"),
		Username: textMember(m, "username"), TokenType: textMember(m, "token_type"), Subject: textMember(m, "sub"),
		Issuer: textMember(m, "iss"), ID: textMember(m, "jti"),
		Expiry: at("exp"), IssuedAt: at("iat"), NotBefore: at("nbf"), Members: m,
	}
	switch aud := m["aud"].(type) {
	case string:
		in.Audience = []string{aud}
	case []any:
		for _, v := range aud {
			if s, ok := v.(string); ok {
				in.Audience = append(in.Audience, s)
			}
		}
	}
	cnf, _ := m["cnf"].(map[string]any)
	in.KeyThumbprint = textMember(cnf, "jkt")
	if !in.Expiry.IsZero() && !now.Before(in.Expiry) || now.Before(in.NotBefore) {
		return &Introspection{}
	}
	return in
}

// maxUnix is the end of the year 9999, the last that formats can write.
const maxUnix = 253402300800
