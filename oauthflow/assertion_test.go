package oauthflow_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
)

// claimsOf are the claims of a JWT, unverified.
func claimsOf(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	part := strings.Split(token, ".")
	require.Len(t, part, 3)
	require.NoError(t, json.Unmarshal(decode64(t, part[1]), &claims))
	return claims
}

// O10: an assertion dated now is from the future for a server whose clock is
// behind. Its lifetime counts from its date, which is what servers bound.
func TestO10_AssertionsAreDatedBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key, err := oauthflow.NewSigningKey(ecKey(t), "", "k1")
		require.NoError(t, err)
		var form url.Values
		c, err := oauthflow.New(oauthflow.Config{
			Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}}, ClientID: "cli", ClientKey: key,
		}, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			require.NoError(t, r.ParseForm())
			form = r.PostForm
			return plainAnswer(200, `{"access_token":"a"}`), nil
		})}))
		require.NoError(t, err)
		for _, tc := range []struct {
			name     string
			send     func() error
			param    string
			lifetime time.Duration
			back     time.Duration
		}{
			{"client assertion", func() error { _, err := c.ClientCredentials(t.Context()); return err }, "client_assertion", 5 * time.Minute, time.Minute},
			{"of a refresh", func() error { _, err := c.Refresh(t.Context(), refreshable); return err }, "client_assertion", 5 * time.Minute, time.Minute},
			{"grant", func() error { _, err := c.JWTBearer(t.Context(), oauthflow.Assertion{}); return err }, "assertion", 5 * time.Minute, time.Minute},
			{"grant of an hour, Google's limit", func() error {
				_, err := c.JWTBearer(t.Context(), oauthflow.Assertion{Lifetime: time.Hour})
				return err
			}, "assertion", time.Hour, time.Minute},
			{"short grant", func() error {
				_, err := c.JWTBearer(t.Context(), oauthflow.Assertion{Lifetime: 20 * time.Second})
				return err
			}, "assertion", 20 * time.Second, 10 * time.Second},
		} {
			require.NoError(t, tc.send(), tc.name)
			claims := claimsOf(t, form.Get(tc.param))
			iat, exp := int64(claims["iat"].(float64)), int64(claims["exp"].(float64))
			require.Equal(t, time.Now().Add(-tc.back).Unix(), iat, tc.name)
			require.Equal(t, int64(tc.lifetime/time.Second), exp-iat, tc.name)
			require.Greater(t, exp, time.Now().Unix(), tc.name)
		}
		_, err = c.JWTBearer(t.Context(), oauthflow.Assertion{Lifetime: -time.Second})
		require.ErrorContains(t, err, "lifetime")
		_, err = c.JWTBearer(t.Context(), oauthflow.Assertion{Lifetime: time.Millisecond})
		require.ErrorContains(t, err, "lifetime")
	})
}

// O10: an assertion is for the issuer, which names the server wherever the request
// goes; without one, and where it stands for many, for the token endpoint.
func TestO10_WhomAnAssertionIsFor(t *testing.T) {
	t.Parallel()
	key, err := oauthflow.NewSigningKey(ecKey(t), "", "k1")
	require.NoError(t, err)
	const tokenURL = "https://auth.test/token"
	for want, p := range map[string]oauthflow.Provider{
		"https://issuer.test": {Issuer: "https://issuer.test"},
		tokenURL:              {},
	} {
		p.Endpoint.TokenURL = tokenURL
		var form url.Values
		c, err := oauthflow.New(oauthflow.Config{Provider: p, ClientID: "cli", ClientKey: key, Scopes: []string{"read"}}, keeping(t, &form))
		require.NoError(t, err)
		_, err = c.ClientCredentials(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, claimsOf(t, form.Get("client_assertion"))["aud"])
	}
}

// O10: what of a JWT bearer grant is a claim, and what a parameter.
func TestO10_WhatAGrantSays(t *testing.T) {
	t.Parallel()
	key, err := oauthflow.NewSigningKey(ecKey(t), "", "k1")
	require.NoError(t, err)
	for _, inAssertion := range []bool{false, true} {
		var form url.Values
		c, err := oauthflow.New(oauthflow.Config{
			Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}, ScopeInAssertion: inAssertion},
			ClientID: "cli", ClientKey: key, Scopes: []string{"read"},
		}, keeping(t, &form))
		require.NoError(t, err)
		_, err = c.JWTBearer(t.Context(), oauthflow.Assertion{Issuer: "robot", Audience: "https://aud.test", Claims: map[string]any{"iss": "x", "team": "t1"}})
		require.NoError(t, err)
		claims := claimsOf(t, form.Get("assertion"))
		require.Equal(t, []any{"robot", "https://aud.test", "t1"}, []any{claims["iss"], claims["aud"], claims["team"]})
		if inAssertion {
			require.Equal(t, "read", claims["scope"])
			require.NotContains(t, claims, "sub")
			require.False(t, form.Has("scope"))
		} else {
			require.NotContains(t, claims, "scope")
			require.Equal(t, "robot", claims["sub"])
			require.Equal(t, "read", form.Get("scope"))
		}
	}
}

// keeping answers every request with a token and keeps the form that was sent.
func keeping(t *testing.T, form *url.Values) oauthflow.Option {
	return oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		require.NoError(t, r.ParseForm())
		*form = r.PostForm
		return plainAnswer(200, `{"access_token":"a"}`), nil
	})})
}

// O10: servers take DPoP proofs of a few seconds' age, and some none from the
// future, not even by milliseconds.
func TestO10_ProofsAreDatedBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, err := oauthflow.NewDPoP(nil)
		require.NoError(t, err)
		raw, err := d.Proof(http.MethodGet, "https://api.test/x", "token")
		require.NoError(t, err)
		require.EqualValues(t, time.Now().Add(-3*time.Second).Unix(), claimsOf(t, raw)["iat"])
	})
}
