package oauthflow_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func decode64(t *testing.T, s string) []byte {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(s)
	require.NoError(t, err)
	return text
}

func withIDToken(accessToken, raw string) *oauth2.Token {
	return (&oauth2.Token{AccessToken: accessToken}).WithExtra(map[string]any{"id_token": raw})
}

func TestIDTokenRules(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.IssuerAliases = []string{"auth.test"} })
	now := time.Now()
	// The access token and its hash of OpenID Connect Core appendix A.3.
	const access, atHash = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "77QmUPtjPfzWtF2AnpK9RQ"
	good := func() map[string]any {
		return map[string]any{
			"iss": s.URL, "sub": "alice", "aud": "web", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": "n-1",
		}
	}
	check := oauthflow.IDTokenCheck{Nonce: "n-1"}
	for _, tc := range []struct {
		name  string
		edit  func(map[string]any)
		check oauthflow.IDTokenCheck
		ok    bool
	}{
		{"good", func(map[string]any) {}, check, true},
		{"alias of the issuer", func(m map[string]any) { m["iss"] = "auth.test" }, check, true},
		{"Google's other name", func(m map[string]any) { m["iss"] = "accounts.google.com" }, check, false},
		{"another issuer", func(m map[string]any) { m["iss"] = "https://auth.test/" }, check, false},
		{"no issuer", func(m map[string]any) { delete(m, "iss") }, check, false},
		{"another audience", func(m map[string]any) { m["aud"] = "other" }, check, false},
		{"no audience", func(m map[string]any) { delete(m, "aud") }, check, false},
		{"audiences and us as azp", func(m map[string]any) { m["aud"], m["azp"] = []string{"web", "api"}, "web" }, check, true},
		{"audiences without azp", func(m map[string]any) { m["aud"] = []string{"web", "api"} }, check, false},
		{"another azp", func(m map[string]any) { m["azp"] = "other" }, check, false},
		{"another nonce", func(m map[string]any) { m["nonce"] = "n-2" }, check, false},
		{"no nonce", func(m map[string]any) { delete(m, "nonce") }, check, false},
		{"nonce of another type", func(m map[string]any) { m["nonce"] = 1 }, check, false},
		{"nonce not asked for", func(map[string]any) {}, oauthflow.IDTokenCheck{}, true},
		{"expired", func(m map[string]any) { m["exp"] = now.Add(-time.Second).Unix() }, check, false},
		{"no exp", func(m map[string]any) { delete(m, "exp") }, check, false},
		{"no iat", func(m map[string]any) { delete(m, "iat") }, check, false},
		{"from the future", func(m map[string]any) { m["iat"] = now.Add(time.Hour).Unix() }, check, false},
		{"no subject", func(m map[string]any) { delete(m, "sub") }, check, false},
		{"empty subject", func(m map[string]any) { m["sub"] = "" }, check, false},
		{"SUB is not sub", func(m map[string]any) { m["SUB"] = m["sub"]; delete(m, "sub") }, check, false},
		{"at_hash of the access token", func(m map[string]any) { m["at_hash"] = atHash }, check, true},
		{"at_hash of another", func(m map[string]any) { m["at_hash"] = strings.Repeat("A", 22) }, check, false},
		{"signed in recently", func(m map[string]any) { m["auth_time"] = now.Add(-time.Minute).Unix() }, oauthflow.IDTokenCheck{Nonce: "n-1", MaxAge: time.Hour}, true},
		{"signed in long ago", func(m map[string]any) { m["auth_time"] = now.Add(-2 * time.Hour).Unix() }, oauthflow.IDTokenCheck{Nonce: "n-1", MaxAge: time.Hour}, false},
		{"signed in who knows when", func(map[string]any) {}, oauthflow.IDTokenCheck{Nonce: "n-1", MaxAge: time.Hour}, false},
		{"signs in tomorrow", func(m map[string]any) { m["auth_time"] = now.Add(24 * time.Hour).Unix() }, oauthflow.IDTokenCheck{Nonce: "n-1", MaxAge: time.Hour}, false},
		{"name of another type", func(m map[string]any) { m["name"] = []string{"x"} }, check, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := good()
			tc.edit(m)
			id, err := c.VerifyIDToken(t.Context(), withIDToken(access, s.SignIDToken(m)), tc.check)
			if tc.ok {
				require.NoError(t, err)
				require.Equal(t, "alice", id.Subject)
				return
			}
			e, ok := errors.AsType[*oauthflow.IDTokenError](err)
			require.True(t, ok, "%v", err)
			require.False(t, e.Unavailable)
			require.Nil(t, id)
		})
	}
}

func TestIDTokenForgeries(t *testing.T) {
	t.Parallel()
	s, other := oauthtest.New(oauthtest.Config{}), oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	claims := map[string]any{"iss": s.URL, "sub": "alice", "aud": "web", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	good := s.SignIDToken(claims)
	verify := func(raw string) error {
		_, err := c.VerifyIDToken(t.Context(), withIDToken("a", raw), oauthflow.IDTokenCheck{})
		return err
	}
	require.NoError(t, verify(good))
	part := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	for name, raw := range map[string]string{
		"another server's key": other.SignIDToken(claims),
		"alg none":             b64([]byte(`{"alg":"none","kid":"test-1"}`)) + "." + part[1] + ".",
		"no signature":         part[0] + "." + part[1] + ".",
		"another payload":      part[0] + "." + b64([]byte(`{"sub":"root"}`)) + "." + part[2],
		"HS256":                b64([]byte(`{"alg":"HS256","kid":"test-1"}`)) + "." + part[1] + "." + part[2],
		"access token's type":  b64([]byte(`{"alg":"ES256","kid":"test-1","typ":"at+jwt"}`)) + "." + part[1] + "." + part[2],
		"logout token's type":  b64([]byte(`{"alg":"ES256","kid":"test-1","typ":"logout+jwt"}`)) + "." + part[1] + "." + part[2],
		"unknown key":          b64([]byte(`{"alg":"ES256","kid":"../../x"}`)) + "." + part[1] + "." + part[2],
		"garbage":              "x",
		"none at all":          "",
	} {
		err := verify(raw)
		require.Error(t, err, name)
		if raw != "" {
			require.NotContains(t, err.Error(), part[1], name)
		}
	}
	strict := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.IDTokenAlgorithms = nil })
	_, err := strict.VerifyIDToken(t.Context(), withIDToken("a", good), oauthflow.IDTokenCheck{})
	require.Error(t, err, "RS256 unless the provider's data names others")
	none := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.JWKSURL = "" })
	_, err = none.VerifyIDToken(t.Context(), withIDToken("a", good), oauthflow.IDTokenCheck{})
	require.Error(t, err)
}

func TestIDTokenKeysUnavailable(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	down := &http.Client{Transport: failing{errors.New("down")}}
	c, err := oauthflow.New(s.ClientConfig("web"), oauthflow.WithHTTPClient(down))
	require.NoError(t, err)
	raw := s.SignIDToken(map[string]any{"iss": s.URL})
	_, err = c.VerifyIDToken(t.Context(), withIDToken("a", raw), oauthflow.IDTokenCheck{})
	e, ok := errors.AsType[*oauthflow.IDTokenError](err)
	require.True(t, ok)
	require.True(t, e.Unavailable)
}

func TestMicrosoftTenants(t *testing.T) {
	t.Parallel()
	const mine, other = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490", "11111111-1111-1111-1111-111111111111"
	s := oauthtest.New(oauthtest.Config{})
	// J11
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) {
		p := oauthflow.Microsoft(mine, "9188040d-6c67-4c5b-b112-36a304b66dad")
		p.JWKSURL, p.IDTokenAlgorithms = cfg.Provider.JWKSURL, []string{"ES256"}
		cfg.Provider = p
	})
	verify := func(iss, tid string) error {
		raw := s.SignIDToken(map[string]any{
			"iss": iss, "tid": tid, "sub": "x", "aud": "web", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		})
		_, err := c.VerifyIDToken(t.Context(), withIDToken("a", raw), oauthflow.IDTokenCheck{})
		return err
	}
	require.NoError(t, verify("https://login.microsoftonline.com/"+mine+"/v2.0", mine))
	require.Error(t, verify("https://login.microsoftonline.com/"+other+"/v2.0", other))
	require.Error(t, verify("https://login.microsoftonline.com/"+mine+"/v2.0", other))
	require.Error(t, verify("https://login.microsoftonline.com/{tenantid}/v2.0", mine))
}

// A code that was exchanged for somebody else's ID token signs nobody in.
func TestO1_NonceBindsTheIDTokenToTheAttempt(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	swap := &swapNonce{next: s.HTTPClient().Transport, s: s}
	c := newClient(t, s, "web", nil, oauthflow.WithHTTPClient(&http.Client{Transport: swap}))
	b, back := attempt(t, s, c)
	_, err := b.finish(c, back)
	_, ok := errors.AsType[*oauthflow.IDTokenError](err)
	require.True(t, ok, "%v", err)
	require.EqualValues(t, 1, swap.swapped.Load())
}

// swapNonce puts an ID token of another attempt into token responses.
type swapNonce struct {
	next    http.RoundTripper
	s       *oauthtest.Server
	swapped atomic.Int32
}

func (r *swapNonce) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.next.RoundTrip(req)
	if err != nil || req.URL.Path != "/token" {
		return resp, err
	}
	r.swapped.Add(1)
	raw := r.s.SignIDToken(map[string]any{
		"iss": r.s.URL, "sub": "mallory", "aud": "web", "nonce": "of-another-attempt",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	resp.Body = http.NoBody
	resp.Body = readCloser(`{"access_token":"a","id_token":"` + raw + `"}`)
	return resp, nil
}
