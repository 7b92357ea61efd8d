package oauthflow_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/integration/internal/visitor"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

const (
	redirectURL = "http://127.0.0.1:9999/cb"
	webSecret   = "web-secret-web-secret-web-secret-1"
)

var allScopes = []string{"openid", "offline_access", "profile", "email"}

// oidcUser signs in as anybody and consents to everything, or aborts.
func oidcUser(t *testing.T) *visitor.Visitor {
	t.Helper()
	v, err := visitor.New(func(page string, form url.Values) url.Values {
		if form.Has("login") {
			form.Set("login", "alice")
			form.Set("password", "x")
		}
		form.Del("abort")
		return form
	})
	require.NoError(t, err)
	return v
}

// newClient makes a client of the discovered provider on a transport of its own.
func newClient(t *testing.T, issuer string, cfg oauthflow.Config, opts ...oauthflow.Option) *oauthflow.Client {
	t.Helper()
	hc := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(hc.CloseIdleConnections)
	p, err := oauthflow.Discover(t.Context(), issuer, oauthflow.WithHTTPClient(hc))
	require.NoError(t, err)
	p.RequirePAR = cfg.Provider.RequirePAR
	if cfg.Provider.Endpoint.AuthStyle != oauth2.AuthStyleAutoDetect {
		p.Endpoint.AuthStyle = cfg.Provider.Endpoint.AuthStyle
	}
	cfg.Provider = p
	c, err := oauthflow.New(cfg, append([]oauthflow.Option{oauthflow.WithHTTPClient(hc)}, opts...)...)
	require.NoError(t, err)
	return c
}

// signIn runs the authorization code flow through the provider's own pages.
func signIn(t *testing.T, c *oauthflow.Client, redirect string, opts ...oauthflow.BeginOption) *oauthflow.Result {
	t.Helper()
	a, err := c.Begin(t.Context(), append(opts, oauthflow.WithParam("prompt", "consent"))...)
	require.NoError(t, err)
	back, _, err := oidcUser(t).Visit(t.Context(), a.URL, redirect)
	require.NoError(t, err)
	res, err := c.Complete(t.Context(), a.Sealed, back.Query())
	require.NoError(t, err)
	return res
}

func web() oauthflow.Config {
	return oauthflow.Config{
		ClientID: "web", ClientSecret: secret.Static(webSecret), RedirectURL: redirectURL, Scopes: allScopes,
	}
}

func TestO10_OIDCProviderCodeFlow(t *testing.T) {
	s := servers.OIDCProvider(t)
	c := newClient(t, s.URL, web(), oauthflow.WithSingleUse(&oauthflow.MemoryUses{}))
	res := signIn(t, c, redirectURL, oauthflow.WithReturnTo("/home"), oauthflow.WithMaxAge(time.Hour))
	require.Equal(t, "/home", res.ReturnTo)
	require.Equal(t, "alice", res.IDToken.Subject)
	require.Equal(t, s.URL, res.IDToken.Issuer)
	require.WithinDuration(t, time.Now(), res.IDToken.AuthTime, time.Minute)

	var info struct{ Sub, Name, Email string }
	require.NoError(t, c.UserInfo(t.Context(), res.Token, &info))
	require.Equal(t, "alice", info.Sub)
	require.Equal(t, "alice@example.test", info.Email)

	t.Run("rotation and reuse detection", func(t *testing.T) {
		second, err := c.Refresh(t.Context(), res.Token)
		require.NoError(t, err)
		require.NotEqual(t, res.Token.RefreshToken, second.RefreshToken)
		id, err := c.VerifyIDToken(t.Context(), second, oauthflow.IDTokenCheck{})
		require.NoError(t, err)
		require.Equal(t, "alice", id.Subject)
		_, err = c.Refresh(t.Context(), res.Token)
		require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
		_, err = c.Refresh(t.Context(), second)
		require.ErrorIs(t, err, oauthflow.ErrInvalidGrant, "the family is dead")
	})
	t.Run("introspection and revocation", func(t *testing.T) {
		res := signIn(t, c, redirectURL)
		in, err := c.Introspect(t.Context(), res.Token.AccessToken)
		require.NoError(t, err)
		require.True(t, in.Active)
		require.Equal(t, "alice", in.Subject)
		require.Equal(t, "web", in.ClientID)
		require.NoError(t, c.Revoke(t.Context(), res.Token))
		in, err = c.Introspect(t.Context(), res.Token.RefreshToken)
		require.NoError(t, err)
		require.False(t, in.Active)
		_, err = c.Refresh(t.Context(), res.Token)
		require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
	})
	t.Run("a code works once", func(t *testing.T) {
		a, err := c.Begin(t.Context())
		require.NoError(t, err)
		back, _, err := oidcUser(t).Visit(t.Context(), a.URL, redirectURL)
		require.NoError(t, err)
		require.Equal(t, s.URL, back.Query().Get("iss"), "RFC 9207 is announced and done")
		_, err = c.Complete(t.Context(), a.Sealed, back.Query())
		require.NoError(t, err)
		_, err = c.Complete(t.Context(), a.Sealed, back.Query())
		require.ErrorIs(t, err, oauthflow.ErrStateUsed)
		_, err = c.Exchange(t.Context(), back.Query().Get("code"), oauth2.GenerateVerifier())
		require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
	})
	t.Run("refused by the user", func(t *testing.T) {
		a, err := c.Begin(t.Context(), oauthflow.WithParam("prompt", "none"))
		require.NoError(t, err)
		back, _, err := oidcUser(t).Visit(t.Context(), a.URL, redirectURL)
		require.NoError(t, err)
		_, err = c.Complete(t.Context(), a.Sealed, back.Query())
		require.ErrorIs(t, err, oauthflow.ErrAuthorizationRefused)
		ce, ok := errors.AsType[*oauthflow.CallbackError](err)
		require.True(t, ok)
		require.Equal(t, "login_required", ce.Code)
	})
	t.Run("logout", func(t *testing.T) {
		res := signIn(t, c, redirectURL)
		u, err := c.LogoutURL(res.Token, "", "")
		require.NoError(t, err)
		_, page, err := oidcUser(t).Visit(t.Context(), u, "")
		require.NoError(t, err)
		require.Contains(t, page, "ign-out Success")
	})
	t.Run("wrong secret", func(t *testing.T) {
		cfg := web()
		cfg.ClientSecret = secret.Static("wrong-wrong-wrong-wrong-wrong-wrong-1")
		_, err := newClient(t, s.URL, cfg).Refresh(t.Context(), &oauth2.Token{RefreshToken: "x"})
		te, ok := errors.AsType[*oauthflow.TokenError](err)
		require.True(t, ok)
		require.Equal(t, "invalid_client", te.Code)
		require.False(t, te.MaybeApplied)
	})
}

// Every character of this client's ID and secret is changed by form encoding.
func TestO10_OIDCProviderAwkwardBasicCredentials(t *testing.T) {
	s := servers.OIDCProvider(t)
	cfg := web()
	cfg.ClientID, cfg.ClientSecret = "web post:odd%id", secret.Static("p@ss:w+rd/ %&=~-secret")
	res := signIn(t, newClient(t, s.URL, cfg), redirectURL)
	require.Equal(t, []string{"web post:odd%id"}, res.IDToken.Audience)
	_, err := newClient(t, s.URL, cfg).Refresh(t.Context(), res.Token)
	require.NoError(t, err)
}

func TestO10_OIDCProviderClientCredentials(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key.json")
	s := servers.OIDCProvider(t, "CLIENT_KEY="+key)
	t.Run("secret", func(t *testing.T) {
		c := newClient(t, s.URL, oauthflow.Config{
			ClientID: "svc", ClientSecret: secret.Static("svc-secret-svc-secret-svc-secret-1"), Scopes: []string{"api:read"},
		})
		tok, err := c.ClientCredentials(t.Context())
		require.NoError(t, err)
		in, err := c.Introspect(t.Context(), tok.AccessToken)
		require.NoError(t, err)
		require.Equal(t, []string{"api:read"}, in.Scopes)
	})
	t.Run("private_key_jwt", func(t *testing.T) {
		text, err := os.ReadFile(key)
		require.NoError(t, err)
		c := newClient(t, s.URL, oauthflow.Config{
			ClientID: "svcjwt", ClientKey: oauthflow.KeyFrom(secret.Static(string(text)), ""), Scopes: []string{"api:read"},
		})
		for range 2 {
			tok, err := c.ClientCredentials(t.Context())
			require.NoError(t, err)
			require.Equal(t, "api:read", tok.Extra("scope"))
		}
	})
}

func TestO10_OIDCProviderPAR(t *testing.T) {
	s := servers.OIDCProvider(t)
	cfg := web()
	cfg.ClientID, cfg.ClientSecret, cfg.Provider.RequirePAR = "par", secret.Static("par-secret-par-secret-par-secret-1"), true
	c := newClient(t, s.URL, cfg)
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	u, err := url.Parse(a.URL)
	require.NoError(t, err)
	require.Len(t, u.Query(), 2)
	require.Equal(t, "alice", signIn(t, c, redirectURL).IDToken.Subject)
}

func TestO10_OIDCProviderDPoPWithNonce(t *testing.T) {
	s := servers.OIDCProvider(t, "DPOP_NONCE=1")
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	c := newClient(t, s.URL, oauthflow.Config{ClientID: "dpop", RedirectURL: "http://127.0.0.1/cb", Scopes: allScopes}, oauthflow.WithDPoP(d))
	res := signIn(t, c, "http://127.0.0.1/cb")
	require.Equal(t, "DPoP", res.Token.TokenType)

	// A call of an API, through the pieces that a client's stack calls.
	api := d.Auth(oauth2.StaticTokenSource(res.Token))
	for attempt := 1; ; attempt++ {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/me", nil)
		require.NoError(t, err)
		require.NoError(t, api.Authorize(req))
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		again, err := api.Challenge(req, resp)
		require.NoError(t, err)
		if again && attempt == 1 {
			continue
		}
		require.Equal(t, http.StatusOK, resp.StatusCode, "%s", body)
		require.Contains(t, string(body), "alice")
		break
	}
	// Without the key the token is worth nothing.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/me", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+res.Token.AccessToken)
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)

	fresh, err := c.Refresh(t.Context(), res.Token)
	require.NoError(t, err)
	require.NotEqual(t, res.Token.RefreshToken, fresh.RefreshToken)
	thief, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	stolen := newClient(t, s.URL, oauthflow.Config{ClientID: "dpop"}, oauthflow.WithDPoP(thief))
	_, err = stolen.Refresh(t.Context(), fresh)
	require.Error(t, err)
}

func TestO10_OIDCProviderDeviceFlow(t *testing.T) {
	s := servers.OIDCProvider(t)
	c := newClient(t, s.URL, oauthflow.Config{ClientID: "cli", Scopes: allScopes})
	da, err := c.DeviceAuth(t.Context())
	require.NoError(t, err)
	da.Interval = 1
	type result struct {
		tok *oauth2.Token
		err error
	}
	done := make(chan result, 1)
	go func() {
		tok, err := c.DeviceToken(t.Context(), da)
		done <- result{tok, err}
	}()
	_, page, err := oidcUser(t).Visit(t.Context(), da.VerificationURIComplete, "")
	require.NoError(t, err)
	require.Contains(t, page, "ign-in Success")
	r := <-done
	require.NoError(t, r.err)
	id, err := c.VerifyIDToken(t.Context(), r.tok, oauthflow.IDTokenCheck{})
	require.NoError(t, err)
	require.Equal(t, "alice", id.Subject)
}

func TestO10_OIDCProviderLoopback(t *testing.T) {
	s := servers.OIDCProvider(t)
	c := newClient(t, s.URL, oauthflow.Config{ClientID: "cli", RedirectURL: "http://127.0.0.1/cb", Scopes: allScopes})
	page := make(chan string, 1)
	res, err := oauthflow.Loopback{Open: func(ctx context.Context, authURL string) error {
		u, err := url.Parse(authURL)
		if err != nil {
			return err
		}
		back, _, err := oidcUser(t).Visit(ctx, authURL, u.Query().Get("redirect_uri"))
		if err != nil {
			return err
		}
		go func() {
			resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(&http.Request{Method: http.MethodGet, URL: back, Host: back.Host, Header: http.Header{}})
			if err != nil {
				page <- err.Error()
				return
			}
			defer resp.Body.Close()
			text, _ := io.ReadAll(resp.Body)
			page <- string(text)
		}()
		return nil
	}}.Run(t.Context(), c, oauthflow.WithParam("prompt", "consent"))
	require.NoError(t, err)
	require.Equal(t, "alice", res.IDToken.Subject)
	require.True(t, strings.Contains(<-page, "signed in"))
	require.NotEmpty(t, res.Token.RefreshToken)
}
