package oauthflow_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
)

// answering is a client whose token endpoint answers with this.
func answering(t *testing.T, status int, contentType, body string, edit func(*oauthflow.Config)) *oauthflow.Client {
	t.Helper()
	return tokenEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}, edit)
}

var refreshable = &oauth2.Token{AccessToken: "old", RefreshToken: "rt-old"}

func TestO7_LenientTokenResponses(t *testing.T) {
	t.Parallel()
	const jsonType, textType, formType = "application/json", "text/plain; charset=utf-8", "application/x-www-form-urlencoded"
	for _, tc := range []struct {
		name, contentType, body string
		life                    time.Duration
	}{
		{"whole", jsonType, `{"access_token":"a","token_type":"Bearer","expires_in":3600}`, time.Hour},
		{"no expires_in", jsonType, `{"access_token":"a"}`, 0},
		{"null", jsonType, `{"access_token":"a","expires_in":null}`, 0},
		{"zero", jsonType, `{"access_token":"a","expires_in":0}`, 0},
		{"negative", jsonType, `{"access_token":"a","expires_in":-5}`, 0},
		{"fraction", jsonType, `{"access_token":"a","expires_in":3599.5}`, 3599*time.Second + 500*time.Millisecond},
		{"text", jsonType, `{"access_token":"a","expires_in":"3600"}`, time.Hour},
		{"fraction as text", jsonType, `{"access_token":"a","expires_in":" 3599.5 "}`, 3599*time.Second + 500*time.Millisecond},
		{"NaN", jsonType, `{"access_token":"a","expires_in":"NaN"}`, 0},
		{"garbage", jsonType, `{"access_token":"a","expires_in":"soon"}`, 0},
		{"object", jsonType, `{"access_token":"a","expires_in":{}}`, 0},
		{"overflow", jsonType, `{"access_token":"a","expires_in":9223372037}`, (1<<31 - 1) * time.Second},
		{"infinite", jsonType, `{"access_token":"a","expires_in":"1e999"}`, 0},
		{"JSON as text", textType, `{"access_token":"a","expires_in":3600}`, time.Hour},
		{"JSON as HTML", "text/html", "\ufeff  {\"access_token\":\"a\"}\r\n", 0},
		{"form", formType, "access_token=a&scope=repo%2Cgist&token_type=bearer&expires_in=28800", 8 * time.Hour},
		{"form as text", textType, "access_token=a", 0},
		{"other letter case is another member", jsonType, `{"access_token":"a","Access_Token":"b","EXPIRES_IN":5}`, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tok, err := answering(t, 200, tc.contentType, tc.body, nil).Refresh(t.Context(), refreshable)
			require.NoError(t, err)
			require.Equal(t, "a", tok.AccessToken)
			if tc.life == 0 {
				require.True(t, tok.Expiry.IsZero(), "%v", tok.Expiry)
				return
			}
			require.Equal(t, epoch.Add(tc.life), tok.Expiry)
		})
	}
}

func TestO7_DefaultLifetime(t *testing.T) {
	t.Parallel()
	c := answering(t, 200, "application/json", `{"access_token":"a"}`, func(cfg *oauthflow.Config) { cfg.Provider.DefaultLifetime = time.Hour })
	tok, err := c.Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	require.Equal(t, epoch.Add(time.Hour), tok.Expiry)
}

func TestO7_ErrorsInA200(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, body, code string
		provider         func() oauthflow.Provider
		invalidGrant     bool
	}{
		{"GitHub JSON", `{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired."}`, "bad_verification_code", oauthflow.GitHub, true},
		{"GitHub form", "error=incorrect_client_credentials&error_description=wrong", "incorrect_client_credentials", oauthflow.GitHub, false},
		{"GitHub App", `{"error":"bad_refresh_token"}`, "bad_refresh_token", oauthflow.GitHubApp, true},
		{"Slack", `{"ok":false,"error":"invalid_refresh_token"}`, "invalid_refresh_token", oauthflow.Slack, true},
		{"Slack without a code", `{"ok":false}`, "", oauthflow.Slack, false},
		{"anyone", `{"error":"invalid_grant","access_token":"a"}`, "invalid_grant", func() oauthflow.Provider { return oauthflow.Provider{} }, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := answering(t, 200, "application/json", tc.body, func(cfg *oauthflow.Config) {
				endpoint := cfg.Provider.Endpoint
				cfg.Provider = tc.provider()
				cfg.Provider.Endpoint = endpoint
			})
			_, err := c.Refresh(t.Context(), refreshable)
			te, ok := errors.AsType[*oauthflow.TokenError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, tc.code, te.Code)
			require.Equal(t, 200, te.Status)
			require.False(t, te.MaybeApplied)
			require.Equal(t, tc.invalidGrant, errors.Is(err, oauthflow.ErrInvalidGrant))
		})
	}
}

func TestNestedTokens(t *testing.T) {
	t.Parallel()
	const both = `{"ok":true,"access_token":"xoxb","token_type":"bot","scope":"chat:write","team":{"id":"T1"},
		"authed_user":{"id":"U1","access_token":"xoxp","token_type":"user","scope":"identify","refresh_token":"xoxe-1","expires_in":43200}}`
	slack := func(p oauthflow.Provider) func(*oauthflow.Config) {
		return func(cfg *oauthflow.Config) {
			p.Endpoint = cfg.Provider.Endpoint
			cfg.Provider = p
		}
	}
	tok, err := answering(t, 200, "application/json", both, slack(oauthflow.SlackUser())).Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	require.Equal(t, "xoxp", tok.AccessToken)
	require.Equal(t, "xoxe-1", tok.RefreshToken)
	require.Equal(t, epoch.Add(12*time.Hour), tok.Expiry)
	require.Equal(t, map[string]any{"id": "T1"}, tok.Extra("team"))

	tok, err = answering(t, 200, "application/json", both, slack(oauthflow.Slack())).Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	require.Equal(t, "xoxb", tok.AccessToken)

	// A refresh answers at the top level.
	const refreshed = `{"ok":true,"access_token":"xoxp-2","refresh_token":"xoxe-2","token_type":"user","expires_in":43200}`
	tok, err = answering(t, 200, "application/json", refreshed, slack(oauthflow.SlackUser())).Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	require.Equal(t, "xoxp-2", tok.AccessToken)
}

func TestUnusableTokenResponses(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":            "",
		"no token":         `{"token_type":"bearer"}`,
		"empty token":      `{"access_token":""}`,
		"token is no text": `{"access_token":7}`,
		"truncated":        `{"access_token":"a`,
		"two values":       `{"access_token":"a"}{"access_token":"b"}`,
		"array":            `["access_token"]`,
		"page":             "<html>access_token=a</html>",
		"bad escape":       "access_token=%zz",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, 200, "application/json", body, nil).Refresh(t.Context(), refreshable)
			require.ErrorIs(t, err, oauthflow.ErrMalformedResponse)
			te, ok := errors.AsType[*oauthflow.TokenError](err)
			require.True(t, ok)
			require.True(t, te.MaybeApplied)
		})
	}
}

func TestResponseTooLarge(t *testing.T) {
	t.Parallel()
	body := `{"access_token":"a","padding":"` + strings.Repeat("x", 1<<20) + `"}`
	_, err := answering(t, 200, "application/json", body, nil).Refresh(t.Context(), refreshable)
	require.ErrorIs(t, err, oauthflow.ErrResponseTooLarge)
}
