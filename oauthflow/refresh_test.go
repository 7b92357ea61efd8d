package oauthflow_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// tokenEndpoint is a client whose token endpoint is h.
func tokenEndpoint(t *testing.T, h http.HandlerFunc, edit func(*oauthflow.Config)) *oauthflow.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	cfg := oauthflow.Config{
		Provider: oauthflow.Provider{
			Name:     "test",
			Endpoint: oauth2.Endpoint{TokenURL: srv.URL + "/token", AuthStyle: oauth2.AuthStyleInHeader},
		},
		ClientID:     "web",
		ClientSecret: secret.Static("client-secret"),
	}
	if edit != nil {
		edit(&cfg)
	}
	c, err := oauthflow.New(cfg, oauthflow.WithHTTPClient(srv.Client()), oauthflow.WithClock(func() time.Time { return epoch }))
	require.NoError(t, err)
	return c
}

// What the response says of the new token wins over what was said of the old one.
func TestRefreshKeepsWhatWasSaidAndTakesWhatIs(t *testing.T) {
	t.Parallel()
	old := refreshable.WithExtra(map[string]any{"scope": "old", "instance": "i-1"})
	for body, want := range map[string][]any{`"scope":"new","instance":"i-2"`: {"new", "i-2"}, `"scope":null`: {"old", "i-1"}} {
		c := answering(t, 200, "application/json", `{"access_token":"a",`+body+`}`, func(cfg *oauthflow.Config) { cfg.Provider.Metadata = []string{"instance"} })
		tok, err := c.Refresh(t.Context(), old)
		require.NoError(t, err)
		require.Equal(t, want, []any{tok.Extra("scope"), tok.Extra("instance")})
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	var form url.Values
	c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		form = r.PostForm
		_, _ = io.WriteString(w, `{"access_token":"new","token_type":"bearer","expires_in":60}`)
	}, func(cfg *oauthflow.Config) { cfg.Provider.Metadata = []string{"instance_url"} })

	old := (&oauth2.Token{AccessToken: "old", RefreshToken: "rt"}).WithExtra(map[string]any{
		"instance_url": "https://eu.example.com", "scope": "a b", "id_token": "x.y.z",
	})
	tok, err := c.Refresh(t.Context(), old)
	require.NoError(t, err)
	require.Equal(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"rt"}}, form)
	require.Equal(t, "new", tok.AccessToken)
	require.Equal(t, "rt", tok.RefreshToken, "not rotated: carried over")
	require.Equal(t, epoch.Add(time.Minute), tok.Expiry)
	require.Equal(t, "https://eu.example.com", tok.Extra("instance_url"))
	require.Equal(t, "a b", tok.Extra("scope"))
	require.Nil(t, tok.Extra("id_token"), "an old ID token says nothing about the new token")

	_, err = c.Refresh(t.Context(), &oauth2.Token{AccessToken: "a"})
	require.ErrorIs(t, err, oauthflow.ErrNoRefreshToken)
	_, err = c.Refresh(t.Context(), nil)
	require.ErrorIs(t, err, oauthflow.ErrNoRefreshToken)
}

// O5: a refresh carries what the provider's data says, and nothing else.
func TestO5_WhatARefreshCarries(t *testing.T) {
	t.Parallel()
	said := func(scope any) *oauth2.Token {
		return (&oauth2.Token{RefreshToken: "rt"}).WithExtra(map[string]any{"scope": scope})
	}
	for _, tc := range []struct {
		name string
		edit func(*oauthflow.Config)
		tok  *oauth2.Token
		more url.Values
	}{
		{"by default nothing more", func(*oauthflow.Config) {}, said("c d"), nil},
		{"nothing of a code exchange", func(cfg *oauthflow.Config) {
			cfg.Provider.TokenParams, cfg.Provider.AuthParams = map[string]string{"audience": "api"}, map[string]string{"prompt": "none"}
			cfg.RedirectURL = "https://app.test/cb"
		}, said("c d"), nil},
		{"parameters", func(cfg *oauthflow.Config) {
			cfg.Provider.RefreshParams = map[string]string{"scope": "offline", "resource": "https://api.test"}
		}, said("c d"), url.Values{"scope": {"offline"}, "resource": {"https://api.test"}}},
		{"the scopes that were granted", func(cfg *oauthflow.Config) { cfg.Provider.RefreshScope = true }, said("c d"), url.Values{"scope": {"c d"}}},
		{"granted as a list", func(cfg *oauthflow.Config) { cfg.Provider.RefreshScope = true }, said([]any{"c", 7, "d"}), url.Values{"scope": {"c d"}}},
		{"not said: those asked for", func(cfg *oauthflow.Config) { cfg.Provider.RefreshScope = true }, &oauth2.Token{RefreshToken: "rt"}, url.Values{"scope": {"a b"}}},
		{"said nothing", func(cfg *oauthflow.Config) { cfg.Provider.RefreshScope = true }, said(""), url.Values{"scope": {"a b"}}},
		{"said null", func(cfg *oauthflow.Config) { cfg.Provider.RefreshScope = true }, said(nil), url.Values{"scope": {"a b"}}},
		{"an empty list", func(cfg *oauthflow.Config) { cfg.Provider.RefreshScope = true }, said([]any{}), url.Values{"scope": {"a b"}}},
		{"in the provider's parameter and separator", func(cfg *oauthflow.Config) {
			cfg.Provider.RefreshScope, cfg.Provider.ScopeParam, cfg.Provider.ScopeSeparator = true, "user_scope", ","
		}, &oauth2.Token{RefreshToken: "rt"}, url.Values{"user_scope": {"a,b"}}},
		{"none at all", func(cfg *oauthflow.Config) { cfg.Provider.RefreshScope, cfg.Scopes = true, nil }, &oauth2.Token{RefreshToken: "rt"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var form url.Values
			c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
				require.NoError(t, r.ParseForm())
				form = r.PostForm
				_, _ = io.WriteString(w, `{"access_token":"new"}`)
			}, func(cfg *oauthflow.Config) {
				cfg.Scopes = []string{"a", "b"}
				tc.edit(cfg)
			})
			_, err := c.Refresh(t.Context(), tc.tok)
			require.NoError(t, err)
			want := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"rt"}}
			for name, v := range tc.more {
				want[name] = v
			}
			require.Equal(t, want, form)
		})
	}
}

// O5
func TestO5_RefreshParamsLeaveTheFlowAlone(t *testing.T) {
	t.Parallel()
	with := func(edit func(*oauthflow.Provider)) error {
		p := oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}}
		edit(&p)
		_, err := oauthflow.New(oauthflow.Config{Provider: p, ClientID: "cli"})
		return err
	}
	for _, name := range []string{"grant_type", "refresh_token", "client_secret"} {
		require.ErrorContains(t, with(func(p *oauthflow.Provider) { p.RefreshParams = map[string]string{name: "x"} }), name)
	}
	require.NoError(t, with(func(p *oauthflow.Provider) { p.RefreshParams = map[string]string{"scope": "x"} }))
	require.ErrorContains(t, with(func(p *oauthflow.Provider) {
		p.RefreshParams, p.RefreshScope = map[string]string{"scope": "x"}, true
	}), "scope", "which of two is meant would be a guess")
	require.NoError(t, with(func(p *oauthflow.Provider) {
		p.RefreshParams, p.RefreshScope, p.ScopeParam = map[string]string{"scope": "x"}, true, "user_scope"
	}))
}

// What is null in a response counts as left out.
func TestRefreshCarriesOverWhatIsNull(t *testing.T) {
	t.Parallel()
	c := answering(t, 200, "application/json", `{"access_token":"new","scope":null,"instance_url":null,"refresh_token":null,"token_type":null,"expires_in":null}`,
		func(cfg *oauthflow.Config) { cfg.Provider.Metadata = []string{"instance_url"} })
	tok, err := c.Refresh(t.Context(), (&oauth2.Token{RefreshToken: "rt"}).WithExtra(map[string]any{"scope": "a b", "instance_url": "https://eu.test"}))
	require.NoError(t, err)
	require.Equal(t, []any{"rt", "a b", "https://eu.test"}, []any{tok.RefreshToken, tok.Extra("scope"), tok.Extra("instance_url")})
}
