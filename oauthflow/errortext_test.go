package oauthflow_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/errtext"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

// requireOnce holds an error's text to one line that says nothing twice.
func requireOnce(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "\n")
	require.Empty(t, errtext.Repeated(err.Error()), err)
}

// O1: what comes from another issuer is refused under both names, wherever it shows.
func TestO1_AnotherIssuerIsNamed(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	named := func(err error, came string) {
		t.Helper()
		require.ErrorContains(t, err, `"`+came+`"`)
		require.ErrorContains(t, err, `"`+s.URL+`"`)
		requireOnce(t, err)
	}
	b, back := attempt(t, s, c)
	q := back.Query()
	q.Set("iss", "https://evil.test")
	back.RawQuery = q.Encode()
	_, err := b.finish(c, back)
	require.ErrorIs(t, err, oauthflow.ErrIssuer)
	named(err, "https://evil.test")

	b, back = attempt(t, s, c)
	q.Set("state", back.Query().Get("state"))
	q.Del("iss")
	back.RawQuery = q.Encode()
	_, err = b.finish(c, back)
	require.ErrorContains(t, err, `it names none, and "`+s.URL+`" was expected`)
	requireOnce(t, err)

	raw := s.SignIDToken(map[string]any{
		"iss": "https://evil.test/\n", "sub": "alice", "aud": "web", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	_, err = c.VerifyIDToken(t.Context(), withIDToken("a", raw), oauthflow.IDTokenCheck{})
	named(err, `https://evil.test/\n`)

	_, err = oauthflow.ParseMetadata([]byte(`{"issuer":"https://evil.test"}`), s.URL)
	require.ErrorIs(t, err, oauthflow.ErrIssuer)
	named(err, "https://evil.test")
}

// An error says what it says once, on one line.
func TestErrorsDoNotRepeatThemselves(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	build := func(edit func(*oauthflow.Config)) error {
		cfg := s.ClientConfig("web")
		edit(&cfg)
		_, err := oauthflow.New(cfg)
		return err
	}
	requireOnce(t, build(func(cfg *oauthflow.Config) { cfg.ClientKey = oauthflow.KeyFrom(secret.Static("x"), "") }))
	requireOnce(t, build(func(cfg *oauthflow.Config) { cfg.CookieKey = secret.Static("x") }))
	requireOnce(t, build(func(cfg *oauthflow.Config) { cfg.ClientSecret = secret.Static() }))

	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	c := newClient(t, s, "web", nil, oauthflow.WithDPoP(d))
	var user any
	requireOnce(t, c.UserInfo(t.Context(), withIDToken("a", ""), &user)) // no DPoP token
	_, err = d.Proof("GET", "/relative", "")
	requireOnce(t, err)
	require.EqualError(t, err, "oauthflow: dpop: the request URL is not absolute")

	_, err = newClient(t, s, "web", nil).Complete(t.Context(), "x", url.Values{"state": {"s"}, "error": {"access_denied"}})
	requireOnce(t, err)

	both := s.SignIDToken(map[string]any{
		"iss": s.URL, "sub": "alice", "aud": "web", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "name": 1, "email": 2,
	})
	_, err = newClient(t, s, "web", nil).VerifyIDToken(t.Context(), withIDToken("a", both), oauthflow.IDTokenCheck{})
	requireOnce(t, err)
	_, ok := errors.AsType[*oauthflow.IDTokenError](err)
	require.True(t, ok)
}
