package oauthflow_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

var errKMS = errors.New("the key service is away")

// remoteKey is a key in a service that has gone away.
type remoteKey struct{ *ecdsa.PrivateKey }

func (k remoteKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errKMS }

// A key that cannot sign now fails what needs its signature, and nothing is sent.
func TestAKeyThatDoesNotSign(t *testing.T) {
	t.Parallel()
	key, err := oauthflow.NewSigningKey(remoteKey{ecKey(t)}, "", "")
	require.NoError(t, err)
	d, err := oauthflow.NewDPoP(key)
	require.NoError(t, err)
	cfg := oauthflow.Config{ClientID: "web", Provider: oauthflow.Provider{
		Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}, UserInfoURL: "https://auth.test/me",
	}}
	never := oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, errNetwork
	})})
	bound, err := oauthflow.New(cfg, never, oauthflow.WithDPoP(d))
	require.NoError(t, err)
	cfg.ClientKey = key
	signing, err := oauthflow.New(cfg, never)
	require.NoError(t, err)
	for op, call := range map[string]func() error{
		"refresh":            func() error { _, err := signing.Refresh(t.Context(), refreshable); return err },
		"jwt bearer":         func() error { _, err := signing.JWTBearer(t.Context(), oauthflow.Assertion{}); return err },
		"client credentials": func() error { _, err := bound.ClientCredentials(t.Context()); return err },
		"userinfo": func() error {
			return bound.UserInfo(t.Context(), &oauth2.Token{AccessToken: "a", TokenType: "DPoP"}, new(any))
		},
	} {
		te := tokenError(t, call())
		require.ErrorIs(t, te, errKMS, op)
		require.Equal(t, op, te.Op)
		require.False(t, te.MaybeApplied)
		require.Zero(t, te.Status)
	}
	_, err = d.Proof(http.MethodGet, "https://api.test/", "")
	require.ErrorIs(t, err, errKMS)
	require.ErrorContains(t, err, "oauthflow: dpop: ")
	require.Error(t, bound.UserInfo(t.Context(), &oauth2.Token{AccessToken: "a", TokenType: "Bearer"}, new(any)), "not bound to the key")
}

// emptySource has nothing, and says so by that alone.
type emptySource struct{}

func (emptySource) Secrets(context.Context) ([]secret.Value, error) { return nil, nil }

func TestJWTBearerRefusesWhatCannotBeSaid(t *testing.T) {
	t.Parallel()
	sent := 0
	c := tokenEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		sent++
		_, _ = io.WriteString(w, `{"access_token":"a"}`)
	}, func(cfg *oauthflow.Config) {
		key, err := oauthflow.NewSigningKey(ecKey(t), "", "")
		require.NoError(t, err)
		cfg.ClientKey = key
	})
	for _, life := range []time.Duration{-time.Hour, -1, 1, time.Second - 1} {
		_, err := c.JWTBearer(t.Context(), oauthflow.Assertion{Lifetime: life})
		require.ErrorContains(t, err, "at least a second", life)
	}
	_, err := c.JWTBearer(t.Context(), oauthflow.Assertion{Claims: map[string]any{"x": func() {}}})
	require.Equal(t, "jwt bearer", tokenError(t, err).Op)
	require.Zero(t, sent)
	claims := map[string]any{"sub": "y"}
	for _, life := range []time.Duration{0, time.Second, time.Hour} {
		_, err := c.JWTBearer(t.Context(), oauthflow.Assertion{Lifetime: life, Claims: claims})
		require.NoError(t, err)
	}
	require.Equal(t, map[string]any{"sub": "y"}, claims, "the caller's map stays as it was")
	_, err = tokenEndpoint(t, func(http.ResponseWriter, *http.Request) {}, nil).JWTBearer(t.Context(), oauthflow.Assertion{})
	require.ErrorContains(t, err, "the client key is missing")
}

const cookieKey = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// What can be known of a key is told by New.
func TestKeysAreCheckedAtConstruction(t *testing.T) {
	t.Parallel()
	build := func(key oauthflow.KeySource, cookies secret.Source) error {
		cfg := oauthtest.New(oauthtest.Config{}).ClientConfig("cli")
		cfg.ClientKey, cfg.CookieKey = key, cookies
		_, err := oauthflow.New(cfg)
		return err
	}
	none := emptySource{}
	good, err := oauthflow.NewSigningKey(ecKey(t), "", "")
	require.NoError(t, err)
	require.NoError(t, build(good, nil))
	require.NoError(t, build(oauthflow.KeyFrom(secret.Static(pemOf(t, ecKey(t))), ""), secret.Static(cookieKey)))
	for says, key := range map[string]oauthflow.KeySource{
		"the signing key is missing": (*oauthflow.SigningKey)(nil), "signing key is missing": &oauthflow.SigningKey{},
		"the signing key: ": oauthflow.KeyFrom(nil, ""), "signing key: ": oauthflow.KeyFrom(secret.Static("x"), ""),
		"the signing key": oauthflow.KeyFrom(none, ""), "vault": oauthflow.KeyFrom(failingFrom(1, ""), ""), "signing key": oauthflow.KeyFrom(secret.Static(""), ""),
	} {
		require.ErrorContains(t, build(key, nil), says)
	}
	require.ErrorIs(t, build(nil, none), secret.ErrNone)
	require.ErrorContains(t, build(nil, none), "the cookie key")
	require.ErrorContains(t, build(nil, failingFrom(1, "")), "the cookie key: ")
	require.ErrorContains(t, build(nil, secret.Static("")), "the cookie key")
	require.ErrorContains(t, build(nil, secret.Static(cookieKey, "bad")), "cookie key 2 of 2")
	_, err = oauthflow.NewDPoP(&oauthflow.SigningKey{})
	require.ErrorContains(t, err, "oauthflow: dpop: the signing key is missing")
}

// A key is parsed again only when its text has changed.
func TestAKeyIsParsedOnceForEachText(t *testing.T) {
	t.Parallel()
	src := &rotatingSource{values: []string{pemOf(t, ecKey(t)), pemOf(t, ecKey(t))}}
	keys := oauthflow.KeyFrom(src, "id")
	first, err := keys.SigningKey(t.Context())
	require.NoError(t, err)
	again, err := keys.SigningKey(t.Context())
	require.NoError(t, err)
	require.Same(t, first, again)
	require.NoError(t, src.Refresh(t.Context()))
	second, err := keys.SigningKey(t.Context())
	require.NoError(t, err)
	require.NotSame(t, first, second)
}
