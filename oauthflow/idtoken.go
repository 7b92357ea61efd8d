package oauthflow

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// IDToken holds the claims of a verified ID token (OpenID Connect Core section
// 2). Optional claims that it lacks are zero.
type IDToken struct {
	Issuer, Subject string
	Audience        []string

	// IssuedAt and Expiry are about the ID token, not about the session that
	// the application opens.
	IssuedAt, Expiry time.Time

	// AuthTime is when the user signed in at the provider.
	AuthTime time.Time

	Name, Email string

	// EmailVerified is true only if the provider says so. Never take an address
	// that is not verified for an identity; prefer Issuer and Subject.
	EmailVerified bool

	// SessionID is "sid", which a back-channel logout may name.
	SessionID string

	set claims.Set
}

// Claims decodes all claims into v, a pointer, as encoding/json does, except that
// names must match by letter case as well, and that numbers which go into an interface
// become [json.Number]: numeric IDs keep their digits.
func (t *IDToken) Claims(v any) error {
	d := claims.Decoder{KeepDigits: true}
	if err := d.Decode(t.set, v); err != nil {
		return fmt.Errorf("oauthflow: ID token claims: %w", err)
	}
	return nil
}

// JSON returns the claims set as it was signed.
func (t *IDToken) JSON() json.RawMessage { return t.set.JSON() }

// IDTokenError says why an ID token was refused. It holds no part of the token but
// the name of an issuer that was not expected.
type IDTokenError struct {
	// Unavailable is true if the provider's keys could not be had, so that
	// nothing can be said about the token: a matter for a 503, not for a 401.
	Unavailable bool
	// Err is the cause.
	Err error
}

func (e *IDTokenError) Error() string { return "oauthflow: ID token: " + e.Err.Error() }

func (e *IDTokenError) Unwrap() error { return e.Err }

// IDTokenCheck is what an ID token must match besides issuer, audience, times
// and signature.
type IDTokenCheck struct {
	// Nonce of the authorization request. Empty: none was sent, as in the
	// device flow. Provider.NoNonce excuses a token without one.
	Nonce string
	// MaxAge since the user signed in at the provider. Zero: any.
	MaxAge time.Duration
}

// VerifyIDToken verifies the ID token that came with tok by the rules of OpenID
// Connect Core section 3.1.3.7, signature included. [Client.Finish] and
// [Client.Complete] have done so already; this is for the device flow and for
// refreshed tokens. The error is an [*IDTokenError].
func (c *Client) VerifyIDToken(ctx context.Context, tok *oauth2.Token, check IDTokenCheck) (*IDToken, error) {
	raw, _ := tok.Extra("id_token").(string)
	if raw == "" {
		return nil, &IDTokenError{Err: errors.New("there is none in the token response")}
	}
	out, err := c.verifyIDToken(ctx, raw, tok.AccessToken, check)
	if err != nil {
		return nil, &IDTokenError{Unavailable: errors.Is(err, keyset.ErrUnavailable), Err: err}
	}
	return out, nil
}

func (c *Client) verifyIDToken(ctx context.Context, raw, accessToken string, check IDTokenCheck) (*IDToken, error) {
	if c.keys == nil {
		return nil, errors.New("the provider names no issuer and no keys")
	}
	token, err := jose.Parse(raw)
	if err != nil {
		return nil, err
	}
	if t := token.Header.Type; t != "" && !token.Header.HasType("JWT") {
		return nil, errors.New("the token is of another type")
	}
	key, err := c.keys.Key(ctx, token.Header)
	if err != nil {
		return nil, err
	}
	payload, err := token.Verify(key, c.idTokenAlgorithms()...)
	if err != nil {
		return nil, err
	}
	set, err := claims.Parse(payload)
	if err != nil {
		return nil, err
	}
	registered, err := c.idTokenRules(set).Check(set, c.now())
	if errors.Is(err, claims.ErrIssuer) {
		came, _ := set.String("iss") // else it would be malformed
		return nil, fmt.Errorf("%w, not %s", err, quote.Text(came, maxShownIssuer))
	}
	if err != nil {
		return nil, err
	}
	if err := c.checkIDClaims(set, accessToken, token.Header.Algorithm, check); err != nil {
		return nil, err
	}
	return readIDToken(set, registered)
}

func (c *Client) idTokenAlgorithms() []jose.Algorithm {
	if len(c.cfg.Provider.IDTokenAlgorithms) == 0 {
		return []jose.Algorithm{jose.RS256}
	}
	out := make([]jose.Algorithm, len(c.cfg.Provider.IDTokenAlgorithms))
	for i, a := range c.cfg.Provider.IDTokenAlgorithms {
		out[i] = jose.Algorithm(a)
	}
	return out
}

// idTokenRules expects one of the issuer's names.
func (c *Client) idTokenRules(set claims.Set) claims.Rules {
	rules := claims.Rules{
		Issuer: c.cfg.Provider.Issuer, Tenants: c.cfg.Provider.Tenants, Audience: []string{c.cfg.ClientID}, RequireIssuedAt: true,
	}
	if iss, err := set.String("iss"); err == nil && slices.Contains(c.cfg.Provider.aliases(), iss) {
		rules.Issuer, rules.Tenants = iss, nil
	}
	return rules
}

func (c *Client) checkIDClaims(set claims.Set, accessToken string, alg jose.Algorithm, check IDTokenCheck) error {
	if err := c.checkNonce(set, check.Nonce); err != nil {
		return err
	}
	azp, err := set.String("azp")
	if err != nil {
		return err
	}
	aud, _ := set.StringOrStrings("aud") // read by the rules before
	if azp != c.cfg.ClientID && (azp != "" || len(aud) > 1) {
		return errors.New("the authorized party is another")
	}
	if err := checkAccessTokenHash(set, accessToken, alg); err != nil {
		return err
	}
	return c.checkAge(set, check.MaxAge)
}

// checkNonce is rule 11 of OpenID Connect Core section 3.1.3.7.
func (c *Client) checkNonce(set claims.Set, want string) error {
	if !set.Has("nonce") {
		if want == "" || c.cfg.Provider.NoNonce { // PKCE has bound the code to the attempt
			return nil
		}
		return errors.New("the nonce is missing")
	}
	nonce, err := set.String("nonce")
	if err != nil {
		return err
	}
	if want != "" && subtle.ConstantTimeCompare([]byte(nonce), []byte(want)) != 1 {
		return errors.New("the nonce is another")
	}
	return nil
}

func (c *Client) checkAge(set claims.Set, maxAge time.Duration) error {
	if maxAge == 0 {
		return nil
	}
	authTime, _ := set.Time("auth_time") // what is no time is refused with what is none
	age := c.now().Sub(authTime)
	if authTime.IsZero() || age > maxAge+claims.DefaultLeeway || age < -claims.DefaultLeeway {
		return errors.New("the user signed in too long ago or in the future, or it is not said when")
	}
	return nil
}

// checkAccessTokenHash holds "at_hash", where there is one, to the access token
// (OpenID Connect Core section 3.1.3.8).
func checkAccessTokenHash(set claims.Set, accessToken string, alg jose.Algorithm) error {
	if !set.Has("at_hash") {
		return nil
	}
	given, _ := set.String("at_hash") // what is no text matches nothing
	var sum []byte
	switch {
	case strings.HasSuffix(string(alg), "256"):
		s := sha256.Sum256([]byte(accessToken))
		sum = s[:]
	case strings.HasSuffix(string(alg), "384"):
		s := sha512.Sum384([]byte(accessToken))
		sum = s[:]
	default: // the 512s, and Ed25519, which hashes with SHA-512
		s := sha512.Sum512([]byte(accessToken))
		sum = s[:]
	}
	want := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	if subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
		return errors.New("the token was issued together with another access token")
	}
	return nil
}

func readIDToken(set claims.Set, r claims.Registered) (*IDToken, error) {
	t := &IDToken{Issuer: r.Issuer, Subject: r.Subject, IssuedAt: r.IssuedAt, Expiry: r.Expiry, set: set}
	var errs [5]error
	t.Audience, errs[0] = set.StringOrStrings("aud")
	t.AuthTime, errs[1] = set.Time("auth_time")
	t.Name, errs[2] = set.String("name")
	t.Email, errs[3] = set.String("email")
	t.SessionID, errs[4] = set.String("sid")
	if err := cmp.Or(errs[:]...); err != nil {
		return nil, err
	}
	// Some providers send the text "true", which is not a boolean and does not
	// count.
	t.EmailVerified = string(set.Raw("email_verified")) == "true"
	return t, nil
}
