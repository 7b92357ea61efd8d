package oauthflow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
)

// Which of the members of a refusal is shown: what names the error goes before what
// says that there is one, and that before what repeats the status.
func TestO5_WhichCodeIsShown(t *testing.T) {
	t.Parallel()
	nested := func(depth int) string {
		return strings.Repeat(`{"error":`, depth) + `{"code":"deep","message":"why"}` + strings.Repeat("}", depth)
	}
	for _, tc := range []struct{ body, code, text string }{
		{`{"error":"failed","code":17}`, "17", ""},
		{`{"error":"failure","status":"400"}`, "failure", ""},
		{`{"status":"400","message":"m"}`, "", "m"},
		{`{"code":400,"type":"x"}`, "x", ""},
		{`{"error":"true"}`, "true", ""},
		{`{"error":"a","error_code":"b"}`, "a", ""},
		{`{"error":{"code":"a","message":"inner"},"message":"outer"}`, "a", "outer"},
		{`{"error":{"code":"a","message":"inner"},"message":"failed"}`, "a", "inner"},
		{`{"code":"a","message":"","msg":"ok","detail":"d"}`, "a", "d"},
		{`{"code":"a","errors":[{"code":"b","message":"first"},{"message":"second"}]}`, "a", "first"},
		{`{"code":"a","errors":[],"error":7}`, "7", ""},
		{`{"code":1.5}`, "1.5", ""},
		{`{"code":17841405793187219}`, "17841405793187219", ""},
		{`{"code":true,"error":"x"}`, "x", ""},
		{nested(1), "deep", "why"}, {nested(2), "deep", "why"}, {nested(3), "deep", "why"}, {nested(4), "", ""},
	} {
		_, err := answering(t, 400, "application/json", tc.body, nil).Refresh(t.Context(), refreshable)
		te := tokenError(t, err)
		require.Equal(t, []string{tc.code, tc.text}, []string{te.Code, te.Description}, tc.body)
	}
}

// What says in a response with status 200 that it is an error, each by itself.
func TestO7_WhatMakesA200AnError(t *testing.T) {
	t.Parallel()
	refused := []string{
		`"ok":false`, `"success":false`, `"error":true`, `"error":"x"`, `"error_code":1`, `"errorCode":"x"`, `"errorcode":1`, `"errcode":1`, `"error":{"code":"x"}`,
		`"error":{"message":"why"}`, `"error_response":{"code":1}`, `"error_response":{"message":"why"}`, `"error":[{"message":"why"}]`,
	}
	for _, member := range refused {
		_, err := answering(t, 200, "application/json", `{"access_token":"a",`+member+`}`, nil).Refresh(t.Context(), refreshable)
		require.False(t, tokenError(t, err).MaybeApplied, member)
		require.NotErrorIs(t, err, oauthflow.ErrMalformedResponse, member)
	}
	for _, name := range []string{"error", "error_code", "errorCode", "errorcode", "errcode"} {
		for _, fine := range []string{`""`, `"0"`, `0`, `"200"`, `200`, `"ok"`, `"OK"`, `"success"`, `"Success"`, `"false"`, `false`, `null`, `"about:blank"`} {
			tok, err := answering(t, 200, "application/json", `{"access_token":"a","`+name+`":`+fine+`}`, nil).Refresh(t.Context(), refreshable)
			require.NoError(t, err, "%s %s", name, fine)
			require.Equal(t, "a", tok.AccessToken)
		}
	}
	for _, member := range []string{`"ok":true`, `"ok":"false"`, `"success":0`, `"error_response":{}`, `"error_response":{"message":"ok"}`, `"code":17`, `"status":"x"`} {
		_, err := answering(t, 200, "application/json", `{"access_token":"a",`+member+`}`, nil).Refresh(t.Context(), refreshable)
		require.NoError(t, err, member)
	}
}

// A response of which nobody knows what it means does not end a grant, whatever
// number is in it.
func TestO5_AnUnusableResponseEndsNoGrant(t *testing.T) {
	t.Parallel()
	named := func(body string) error {
		_, err := answering(t, 200, "application/json", body, func(cfg *oauthflow.Config) { cfg.Provider.InvalidGrantCodes = []string{"17", "gone"} }).
			Refresh(t.Context(), refreshable)
		return err
	}
	require.NotErrorIs(t, named(`{"code":17}`), oauthflow.ErrInvalidGrant)
	require.ErrorIs(t, named(`{"code":17}`), oauthflow.ErrMalformedResponse)
	require.ErrorIs(t, named(`{"code":17,"message":"x"}`), oauthflow.ErrInvalidGrant)
	require.ErrorIs(t, named(`{"ok":false,"message":"gone."}`), oauthflow.ErrInvalidGrant)
	require.NotErrorIs(t, named(`{"ok":false,"message":"gone, or not"}`), oauthflow.ErrInvalidGrant)
}

// Which bodies are form parameters.
func TestFormParameters(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]map[string]any{
		"a=b": {"a": "b"}, "a=b&c=": {"a": "b", "c": ""}, "a": {"a": ""}, " a=%20 \n": {"a": " "}, "\ufeffa=b": {"a": "b"}, "a=b&A=c": {"a": "b", "A": "c"},
	} {
		got, err := oauthflow.ParseParams([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, want, got, body)
	}
	for _, body := range []string{"a=<", "a=>", "a=[", "a=]", "a={", "a=}", "a=b c", "a=b\tc", "a=b\rc", "a=b\nc", `a="`, "a=%z", "a;b", "a=1&a=2", "{", `{"a":1}x`, "[1]"} {
		got, err := oauthflow.ParseParams([]byte(body))
		require.Error(t, err, body)
		require.Nil(t, got)
	}
	for _, body := range []string{"", " ", "\ufeff", "\r\n"} {
		got, err := oauthflow.ParseParams([]byte(body))
		require.NoError(t, err)
		require.Nil(t, got)
	}
	for number, exact := range map[string]bool{"9007199254740991": true, "9007199254740992": false, "-9007199254740991": true, "-9007199254740992": false, "0": true, "1e400": false} {
		got, err := oauthflow.ParseParams([]byte(`{"n":[{"m":` + number + `}]}`))
		require.NoError(t, err)
		_, float := got["n"].([]any)[0].(map[string]any)["m"].(float64)
		require.Equal(t, exact, float, number)
	}
}

// The context's errors are recognized through what is cut out of their text, and no
// other error is.
func TestX1_WhatIsLeftOfAnErrorThatHeldASecret(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded, errNetwork} {
		for _, text := range []string{"sending", "sending rt-old-and-long"} {
			c, err := oauthflow.New(oauthflow.Config{ClientID: "web", Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}}},
				oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					return nil, fmt.Errorf("%s: %w", text, cause)
				})}))
			require.NoError(t, err)
			_, err = c.Refresh(t.Context(), &oauth2.Token{RefreshToken: "rt-old-and-long"})
			require.ErrorContains(t, err, "sending")
			require.NotContains(t, printed(t, err), "rt-old-and-long")
			for _, other := range []error{context.Canceled, context.DeadlineExceeded, errNetwork} {
				want := other == cause && (text == "sending" || cause != errNetwork)
				require.Equal(t, want, errors.Is(err, other), "%s: %v is %v", text, err, other)
			}
		}
	}
	data, err := json.Marshal(map[string]string{"error": "x", "error_description": `a \"quoted\" one`})
	require.NoError(t, err)
	_, err = answering(t, 400, "application/json", string(data), nil).Refresh(t.Context(), &oauth2.Token{RefreshToken: `"quoted" one`})
	require.NotContains(t, tokenError(t, err).Description, "quoted")
}

// Requests that are not worth sending, and answers that say nothing.
func TestWhatCannotBeAskedOrRead(t *testing.T) {
	t.Parallel()
	var form url.Values
	c, err := oauthflow.New(oauthflow.Config{Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}}, ClientID: "cli"}, keeping(t, &form))
	require.NoError(t, err)
	_, err = c.ExchangeToken(t.Context(), oauthflow.TokenExchange{})
	require.ErrorContains(t, err, "the subject token is missing")
	require.Nil(t, form)
	_, err = c.ExchangeToken(t.Context(), oauthflow.TokenExchange{SubjectToken: "s"})
	require.NoError(t, err)
	require.False(t, form.Has("actor_token_type"))
	require.False(t, form.Has("actor_token"))

	for body, say := range map[string]string{"<html>": "neither a JSON object nor form parameters", `{"access_token":"a","access_token":"b"}`: "a member is given twice"} {
		_, err = answering(t, 200, "text/html", body, nil).Refresh(t.Context(), refreshable)
		require.ErrorContains(t, err, say)
	}
	for status, redirect := range map[int]bool{299: false, 300: true, 399: true, 400: false} {
		c := answering(t, status, "text/plain", "x", func(cfg *oauthflow.Config) { cfg.Provider.UserInfoURL = cfg.Provider.Endpoint.TokenURL })
		var user any
		err := c.UserInfo(t.Context(), &oauth2.Token{AccessToken: "a"}, &user)
		require.Equal(t, redirect, errors.Is(err, oauthflow.ErrRedirect), status)
		require.Error(t, err)
	}
	down, err := oauthflow.New(oauthflow.Config{
		Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}, RevocationURL: "https://auth.test/revoke"}, ClientID: "cli",
	}, oauthflow.WithHTTPClient(&http.Client{Transport: failing{errNetwork}}))
	require.NoError(t, err)
	require.ErrorIs(t, down.Revoke(t.Context(), &oauth2.Token{AccessToken: "a"}), errNetwork, "a token that may still live")

	var uses oauthflow.MemoryUses
	for _, id := range []string{"a", "b", "a"} {
		first, err := uses.Use(t.Context(), id, time.Now().Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, form != nil, first, id)
		if id == "b" {
			form = nil // what comes has been used
		}
	}
}
