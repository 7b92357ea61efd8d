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
