package oauthflow_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

// editedIDToken is a transport to s whose ID tokens have the claims that edit
// leaves.
func editedIDToken(t *testing.T, s *oauthtest.Server, edit func(map[string]any)) oauthflow.Option {
	return oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := s.HTTPClient().Transport.RoundTrip(r)
		if err != nil || r.URL.Path != "/token" {
			return resp, err
		}
		var body map[string]any
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&body))
		raw, ok := body["id_token"].(string)
		require.True(t, ok)
		var claims map[string]any
		require.NoError(t, json.Unmarshal(decode64(t, strings.Split(raw, ".")[1]), &claims))
		edit(claims)
		body["id_token"] = s.SignIDToken(claims)
		text, err := json.Marshal(body)
		resp.Body = readCloser(string(text))
		return resp, err
	})})
}

// signInWith completes a sign-in whose ID token has the claims that edit leaves.
func signInWith(t *testing.T, provider func(*oauthflow.Provider), edit func(map[string]any)) (*oauthflow.Result, error) {
	t.Helper()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { provider(&cfg.Provider) }, editedIDToken(t, s, edit))
	b, back := attempt(t, s, c)
	return b.finish(c, back)
}

func asIs(*oauthflow.Provider) {}

// O1: a provider without nonces says so in its data; a nonce that is there must
// be right all the same.
func TestO1_NoNonce(t *testing.T) {
	t.Parallel()
	noNonce := func(p *oauthflow.Provider) { p.NoNonce = true }
	for _, tc := range []struct {
		name     string
		provider func(*oauthflow.Provider)
		edit     func(map[string]any)
		ok       bool
	}{
		{"right", asIs, func(map[string]any) {}, true},
		{"missing", asIs, func(m map[string]any) { delete(m, "nonce") }, false},
		{"null", asIs, func(m map[string]any) { m["nonce"] = nil }, false},
		{"empty", asIs, func(m map[string]any) { m["nonce"] = "" }, false},
		{"NoNonce, missing", noNonce, func(m map[string]any) { delete(m, "nonce") }, true},
		{"NoNonce, null", noNonce, func(m map[string]any) { m["nonce"] = nil }, true},
		{"NoNonce, right", noNonce, func(map[string]any) {}, true},
		{"NoNonce, another", noNonce, func(m map[string]any) { m["nonce"] = "of-another-attempt" }, false},
		{"NoNonce, empty", noNonce, func(m map[string]any) { m["nonce"] = "" }, false},
		{"NoNonce, a number", noNonce, func(m map[string]any) { m["nonce"] = 7 }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			res, err := signInWith(t, tc.provider, tc.edit)
			if tc.ok {
				require.NoError(t, err)
				require.Equal(t, "alice", res.IDToken.Subject)
				return
			}
			_, ok := errors.AsType[*oauthflow.IDTokenError](err)
			require.True(t, ok, "%v", err)
			require.Nil(t, res)
		})
	}
}

// O1: without a nonce, PKCE is all that binds an ID token to its sign-in.
func TestO1_NoNonceDemandsPKCE(t *testing.T) {
	t.Parallel()
	cfg := oauthtest.New(oauthtest.Config{}).ClientConfig("web")
	cfg.Provider.NoNonce = true
	c, err := oauthflow.New(cfg)
	require.NoError(t, err)
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, query(t, a.URL).Get("code_challenge"))
	require.NotEmpty(t, query(t, a.URL).Get("nonce"), "asked for all the same")
	cfg.Provider.NoPKCE = true
	_, err = oauthflow.New(cfg)
	require.ErrorContains(t, err, "PKCE")
}

// J10: Google's ID tokens come under two names, however its description was had.
func TestJ10_GoogleHasTwoIssuers(t *testing.T) {
	t.Parallel()
	const issuer = "https://accounts.google.com"
	s := oauthtest.New(oauthtest.Config{})
	discovered, err := oauthflow.ParseMetadata([]byte(`{"issuer":"`+issuer+`","token_endpoint":"https://oauth2.googleapis.com/token","jwks_uri":"https://www.googleapis.com/oauth2/v3/certs"}`), issuer)
	require.NoError(t, err)
	for name, p := range map[string]oauthflow.Provider{
		"data": oauthflow.Google(), "offline": oauthflow.GoogleOffline(), "discovered": discovered,
		"by hand": {Issuer: issuer, Endpoint: oauthflow.Google().Endpoint},
	} {
		c := newClient(t, s, "web", func(cfg *oauthflow.Config) {
			p.JWKSURL, p.IDTokenAlgorithms = cfg.Provider.JWKSURL, []string{"ES256"}
			cfg.Provider = p
		})
		verify := func(iss string) error {
			now := time.Now()
			raw := s.SignIDToken(map[string]any{"iss": iss, "sub": "1", "aud": "web", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
			_, err := c.VerifyIDToken(t.Context(), withIDToken("a", raw), oauthflow.IDTokenCheck{})
			return err
		}
		require.NoError(t, verify(issuer), name)
		require.NoError(t, verify("accounts.google.com"), name)
		for _, other := range []string{"http://accounts.google.com", "https://accounts.google.com/", "accounts.google.com/", "google.com", "", "https://accounts.google.com.evil.test"} {
			require.Error(t, verify(other), "%s: %q", name, other)
		}
	}
	// No other issuer gets a second name by that.
	other := newClient(t, s, "web", nil)
	raw := s.SignIDToken(map[string]any{"iss": "auth.test", "sub": "1", "aud": "web", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()})
	_, err = other.VerifyIDToken(t.Context(), withIDToken("a", raw), oauthflow.IDTokenCheck{})
	require.Error(t, err)
}
