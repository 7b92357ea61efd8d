package oauthflow_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

var errVault = errors.New("vault is sealed")

// failingFrom is a source that fails from the nth read on.
func failingFrom(n int, value string) secret.Source {
	reads := 0
	return secret.Func(func(context.Context) ([]secret.Value, error) {
		if reads++; reads >= n {
			return nil, errVault
		}
		return []secret.Value{secret.New(value)}, nil
	})
}

// A credential that cannot be had is told, and nothing has been sent.
func TestCredentialsThatCannotBeHad(t *testing.T) {
	t.Parallel()
	cfg := oauthflow.Config{
		Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token", AuthStyle: oauth2.AuthStyleInHeader}}, ClientID: "web",
	}
	with := func(edit func(*oauthflow.Config)) *oauthflow.Client {
		edited := cfg
		edit(&edited)
		c, err := oauthflow.New(edited, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("something was sent")
		})}))
		require.NoError(t, err)
		return c
	}
	key := pemOf(t, ecKey(t))
	calls := map[string]func(*oauthflow.Client) error{
		"refresh":     func(c *oauthflow.Client) error { _, err := c.Refresh(t.Context(), refreshable); return err },
		"credentials": func(c *oauthflow.Client) error { _, err := c.ClientCredentials(t.Context()); return err },
		"bearer": func(c *oauthflow.Client) error {
			_, err := c.JWTBearer(t.Context(), oauthflow.Assertion{})
			return err
		},
	}
	for name, call := range calls {
		for at := range 2 { // before the request, and while it is made
			if name != "bearer" {
				err := call(with(func(c *oauthflow.Config) { c.ClientSecret = failingFrom(1+at, "s") }))
				require.ErrorIs(t, err, errVault, name)
				require.False(t, tokenError(t, err).MaybeApplied)
			}
		}
		err := call(with(func(c *oauthflow.Config) { c.ClientKey = oauthflow.KeyFrom(failingFrom(2, key), "") }))
		require.ErrorIs(t, err, errVault, name)
		require.False(t, tokenError(t, err).MaybeApplied)
	}
	// With a key and a secret the grant needs both.
	err := calls["bearer"](with(func(c *oauthflow.Config) {
		c.ClientKey, c.ClientSecret = oauthflow.KeyFrom(secret.Static(key), ""), failingFrom(1, "s")
	}))
	require.ErrorIs(t, err, errVault)
}

// X3: what goes wrong while the secret is looked up again leaves the refusal as
// it was.
func TestX3_ARefusalOutlivesAFailedLookUp(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]secret.Source{
		"look-up fails":          &brokenRefresh{},
		"the new cannot be read": &brokenRefresh{readable: 2},
	} {
		c := answering(t, 401, "application/json", `{"error":"invalid_client"}`, func(cfg *oauthflow.Config) { cfg.ClientSecret = src })
		_, err := c.Refresh(t.Context(), refreshable)
		require.Equal(t, "invalid_client", tokenError(t, err).Code, name)
	}
}

// brokenRefresh cannot be read again after some reads, or not be refreshed.
type brokenRefresh struct{ readable, reads int }

func (b *brokenRefresh) Secrets(context.Context) ([]secret.Value, error) {
	if b.reads++; b.readable > 0 && b.reads > b.readable {
		return nil, errVault
	}
	return []secret.Value{secret.New("s")}, nil
}

func (b *brokenRefresh) Refresh(context.Context) error {
	if b.readable == 0 {
		return errVault
	}
	return nil
}

// O1: a redirect whose signature cannot be checked now is refused.
func TestO1_ASignatureThatCannotBeCheckedIsRefused(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{OptionalPKCE: true, NoIssParameter: true})
	p, err := oauthflow.Shopify("example.myshopify.com")
	require.NoError(t, err)
	p.Endpoint = s.Provider().Endpoint
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) {
		cfg.Provider, cfg.Scopes, cfg.ClientSecret = p, nil, failingFrom(1, "web-secret")
	})
	b, back := attempt(t, s, c)
	back.RawQuery = hmacSigned(back.Query(), "web-secret").Encode()
	_, err = b.finish(c, back)
	require.ErrorIs(t, err, errVault)
	callbackError(t, err)
	require.Empty(t, s.Requests())
}

// O1: that a redirect is signed does not make an error, or a redirect without a code,
// into a sign-in.
func TestO1_ASignedRedirectMayStillBeARefusal(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{OptionalPKCE: true, NoIssParameter: true})
	p, err := oauthflow.Shopify("example.myshopify.com")
	require.NoError(t, err)
	p.Endpoint = s.Provider().Endpoint
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) {
		cfg.Provider, cfg.Scopes, cfg.ClientSecret = p, nil, secret.Static("web-secret")
	})
	for param, want := range map[string]error{"error": oauthflow.ErrAccessDenied, "x": oauthflow.ErrCallbackMalformed} {
		b, back := attempt(t, s, c)
		q := back.Query()
		q.Del("code")
		q.Set(param, "access_denied")
		q.Set("shop", "example.myshopify.com")
		back.RawQuery = hmacSigned(q, "web-secret").Encode()
		_, err = b.finish(c, back)
		require.ErrorIs(t, err, want)
		callbackError(t, err)
	}
	require.Empty(t, s.Requests(), "nothing was exchanged")
}

// O1: an attempt whose key cannot be had now does not open.
func TestO1_AnAttemptWhoseKeyCannotBeHad(t *testing.T) {
	t.Parallel()
	const key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.CookieKey = failingFrom(3, key) })
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	_, err = c.Complete(t.Context(), a.Sealed, url.Values{"state": {a.State}, "code": {"x"}})
	require.ErrorIs(t, err, errVault)
	callbackError(t, err)
	for _, none := range []secret.Source{
		secret.Func(func(context.Context) ([]secret.Value, error) { return nil, nil }), failingFrom(1, key),
	} {
		cfg := s.ClientConfig("web")
		cfg.CookieKey = none
		_, err = oauthflow.New(cfg)
		require.ErrorContains(t, err, "cookie key")
	}
}

// A JWK says its own algorithm and key ID.
func TestSigningKeyFromAJWK(t *testing.T) {
	t.Parallel()
	private := ed25519.NewKeyFromSeed(make([]byte, 32))
	public, ok := private.Public().(ed25519.PublicKey)
	require.True(t, ok)
	jwk := fmt.Sprintf(` {"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"of-the-jwk","x":%q,"d":%q}`, raw64(public), raw64(private.Seed()))
	key, err := oauthflow.KeyFrom(secret.Static(jwk), "of-the-caller").SigningKey(t.Context())
	require.NoError(t, err)
	require.Contains(t, key.String(), "of-the-jwk")
	require.Contains(t, key.GoString(), "EdDSA")

	s := oauthtest.New(oauthtest.Config{Clients: []oauthtest.Client{{ID: "svc", Key: public}}})
	c := newClient(t, s, "svc", func(cfg *oauthflow.Config) { cfg.ClientKey = key })
	_, err = c.ClientCredentials(t.Context())
	require.NoError(t, err)

	for _, bad := range []string{`{`, `{}`, `{"kty":"OKP"}`, "-----BEGIN X-----", " "} {
		_, err = oauthflow.KeyFrom(secret.Static(bad), "").SigningKey(t.Context())
		require.Error(t, err, bad)
	}
	_, err = oauthflow.KeyFrom(nil, "").SigningKey(t.Context())
	require.ErrorIs(t, err, secret.ErrNone)
	require.Equal(t, "no signing key", (*oauthflow.SigningKey)(nil).String())
	require.Equal(t, "no signing key", (&oauthflow.SigningKey{}).String())
	for _, none := range []*oauthflow.SigningKey{nil, {}} {
		_, err = none.SigningKey(t.Context())
		require.ErrorContains(t, err, "missing")
	}
	_, err = oauthflow.NewSigningKey(private, "RS256", "")
	require.ErrorContains(t, err, "signing key")
	if weak, err := rsa.GenerateKey(rand.Reader, 1024); err == nil {
		_, err = oauthflow.NewSigningKey(weak, "", "")
		require.Error(t, err)
	}
}

// A source of keys of somebody else's is asked when it is needed.
func TestAForeignKeySource(t *testing.T) {
	t.Parallel()
	cfg := oauthtest.New(oauthtest.Config{}).ClientConfig("cli")
	cfg.ClientKey = keySource(func() (*oauthflow.SigningKey, error) { return nil, errVault })
	c, err := oauthflow.New(cfg)
	require.NoError(t, err)
	_, err = c.ClientCredentials(t.Context())
	require.ErrorIs(t, err, errVault)
}

type keySource func() (*oauthflow.SigningKey, error)

func (f keySource) SigningKey(context.Context) (*oauthflow.SigningKey, error) { return f() }

// The key file's token endpoint may be left out; its key may be rotated, and be
// spoilt by that.
func TestGoogleServiceAccountFile(t *testing.T) {
	t.Parallel()
	key := ecKey(t)
	file := func(edit func(map[string]string)) string {
		m := map[string]string{"type": "service_account", "client_email": "r@p.test", "private_key": pemOf(t, key)}
		edit(m)
		text, err := json.Marshal(m)
		require.NoError(t, err)
		return string(text)
	}
	cfg, err := oauthflow.GoogleServiceAccount(t.Context(), secret.Static(file(func(map[string]string) {})))
	require.NoError(t, err)
	require.Equal(t, oauthflow.Google().Endpoint.TokenURL, cfg.Provider.Endpoint.TokenURL)
	for _, uri := range []string{"https://accounts.google.com/o/oauth2/token", "https://oauth2.googleapis.com/token", "http://127.0.0.1:1/token", "http://localhost/t"} {
		_, err = oauthflow.GoogleServiceAccount(t.Context(), secret.Static(file(func(m map[string]string) { m["token_uri"] = uri })))
		require.NoError(t, err, uri)
	}
	for _, uri := range []string{"http://accounts.google.com/t", "https://accounts.google.com.evil.test/t", "https://127.0.0.1/t", "http://10.0.0.1/t", "%zz", "https://evilgoogleapis.com/t"} {
		_, err = oauthflow.GoogleServiceAccount(t.Context(), secret.Static(file(func(m map[string]string) { m["token_uri"] = uri })))
		require.ErrorContains(t, err, "not Google's", uri)
	}
	for _, name := range []string{"type", "client_email", "private_key"} {
		_, err = oauthflow.GoogleServiceAccount(t.Context(), secret.Static(file(func(m map[string]string) { delete(m, name) })))
		require.ErrorContains(t, err, "not one of a service account", name)
	}
	_, err = oauthflow.GoogleServiceAccount(t.Context(), failingFrom(1, ""))
	require.ErrorIs(t, err, errVault)
	_, err = oauthflow.GoogleServiceAccount(t.Context(), secret.Static(" "))
	require.Error(t, err)

	src := &rotatingSource{values: []string{file(func(map[string]string) {}), "canary"}}
	cfg, err = oauthflow.GoogleServiceAccount(t.Context(), src)
	require.NoError(t, err)
	_, err = cfg.ClientKey.SigningKey(t.Context())
	require.NoError(t, err)
	require.NoError(t, src.Refresh(t.Context()))
	_, err = cfg.ClientKey.SigningKey(t.Context())
	require.ErrorContains(t, err, "not JSON")
	require.NotContains(t, err.Error(), "canary")
}
