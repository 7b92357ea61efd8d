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
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
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
		{"beyond int64", jsonType, `{"access_token":"a","expires_in":18446744073709551616}`, (1<<31 - 1) * time.Second},
		{"beyond int64, as text", jsonType, `{"access_token":"a","expires_in":"18446744073709551616"}`, (1<<31 - 1) * time.Second},
		{"with an exponent", jsonType, `{"access_token":"a","expires_in":3.6e3}`, time.Hour},
		{"beyond float64", jsonType, `{"access_token":"a","expires_in":1e400}`, 0},
		{"beyond float64, below", jsonType, `{"access_token":"a","expires_in":-1e400}`, 0},
		{"another member beyond float64", jsonType, `{"access_token":"a","expires_in":3600,"x":1e400}`, time.Hour},
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
	shopify := func() oauthflow.Provider {
		p, err := oauthflow.Shopify("example.myshopify.com")
		require.NoError(t, err)
		return p
	}
	for _, tc := range []struct {
		name, body, code string
		provider         func() oauthflow.Provider
		invalidGrant     bool
	}{
		{"GitHub JSON", `{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired."}`, "bad_verification_code", oauthflow.GitHub, true},
		{"GitHub form", "error=incorrect_client_credentials&error_description=wrong", "incorrect_client_credentials", oauthflow.GitHub, false},
		{"GitHub App", `{"error":"bad_refresh_token"}`, "bad_refresh_token", oauthflow.GitHubApp, true},
		{"Shopify", `{"error":"invalid_request","error_description":"This request requires an active refresh_token."}`,
			"This request requires an active refresh_token", shopify, true},
		{"Discord", `{"error":"invalid_request","error_description":"Invalid \"refresh_token\" in request."}`,
			`Invalid "refresh_token" in request.`, oauthflow.Discord, true},
		{"Shopify, another", `{"error":"invalid_request","error_description":"Missing parameter"}`, "invalid_request", shopify, false},
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

// RFC 6749 section 3.2: a parameter of a response must not be given twice.
// Which of two is meant would be a guess, and other readers guess otherwise.
func TestResponseMembersGivenTwice(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"access_token":"a","access_token":"b"}`,
		`{"access_token":"a","acc\u0065ss_token":"b"}`,
		`{"access_token":"a","scope":"read","x":{"y":[1,{"z":2}]},"scope":"admin"}`,
		`access_token=a&access_token=b`,
		`{"error":"invalid_grant","error":"","access_token":"a"}`,
	} {
		_, err := answering(t, 200, "application/json", body, nil).Refresh(t.Context(), refreshable)
		require.ErrorIs(t, err, oauthflow.ErrMalformedResponse, body)
		require.True(t, tokenError(t, err).MaybeApplied)
	}
	c := answering(t, 200, "application/json", `{"active":false,"active":true}`, func(cfg *oauthflow.Config) {
		cfg.Provider.IntrospectionURL = cfg.Provider.Endpoint.TokenURL
	})
	in, err := c.Introspect(t.Context(), "t")
	require.ErrorIs(t, err, oauthflow.ErrMalformedResponse)
	require.Nil(t, in)
	// The same name in two objects is not the same member.
	tok, err := answering(t, 200, "application/json", `{"access_token":"a","id":1,"team":{"id":2}}`, nil).Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	require.Equal(t, "a", tok.AccessToken)
}

// Slack's API takes its tokens as Bearer tokens, whatever it calls them.
func TestSlackTokensAreSentAsBearer(t *testing.T) {
	t.Parallel()
	const body = `{"ok":true,"access_token":"xoxb-1","token_type":"bot","authed_user":{"id":"U1","access_token":"xoxp-1","token_type":"user"}}`
	for name, p := range map[string]oauthflow.Provider{"xoxb-1": oauthflow.Slack(), "xoxp-1": oauthflow.SlackUser()} {
		tok, err := answering(t, 200, "application/json", body, func(cfg *oauthflow.Config) {
			p.Endpoint.TokenURL = cfg.Provider.Endpoint.TokenURL
			cfg.Provider = p
		}).Exchange(t.Context(), "c", "")
		require.NoError(t, err)
		require.Equal(t, "Bearer", tok.Type())
		require.Equal(t, name, tok.AccessToken)
		require.Equal(t, "bot", tok.Extra("token_type"), "what the server said stays to be read")
	}
}

// C27: all that the server said, together.
func TestServerTextInAnErrorIsAtMostAKibibyte(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\\u0007x", 4000)
	_, err := answering(t, 400, "application/json", `{"error":"`+long+`","error_description":"`+long+`"}`, nil).Refresh(t.Context(), refreshable)
	require.Error(t, err)
	require.LessOrEqual(t, len(err.Error()), 1<<10+100)
	require.NotContains(t, err.Error(), "\a")

	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	b, back := attempt(t, s, c)
	q := back.Query()
	q.Set("error", strings.Repeat("e", 4000))
	q.Set("error_description", strings.Repeat("d", 4000))
	back.RawQuery = q.Encode()
	_, err = b.finish(c, back)
	require.ErrorIs(t, err, oauthflow.ErrAuthorizationRefused)
	require.LessOrEqual(t, len(err.Error()), 1<<10+100)
}
