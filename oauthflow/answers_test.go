package oauthflow_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
)

func TestTransportErrors(t *testing.T) {
	t.Parallel()
	fail := func(err error) *oauthflow.TokenError {
		c, cerr := oauthflow.New(oauthflow.Config{Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}}, ClientID: "cli"},
			oauthflow.WithHTTPClient(&http.Client{Transport: failing{err}}))
		require.NoError(t, cerr)
		_, err = c.Refresh(t.Context(), &oauth2.Token{RefreshToken: "rt-secret-value"})
		return tokenError(t, err)
	}
	known := errors.New("known")
	require.ErrorIs(t, fail(known), known)
	te := fail(fmt.Errorf("sent rt-secret-value: %w", known))
	require.NotErrorIs(t, te, known)
	require.NotContains(t, printed(t, te), "rt-secret-value")
	for _, ctxErr := range []error{context.Canceled, context.DeadlineExceeded} {
		te := fail(fmt.Errorf("sent rt-secret-value: %w", ctxErr))
		require.ErrorIs(t, te, ctxErr)
		require.NotContains(t, printed(t, te), "rt-secret-value")
	}
	require.False(t, fail(&tls.CertificateVerificationError{Err: errors.New("unknown authority")}).MaybeApplied, "nothing is sent to a stranger")
	require.NotContains(t, fail(known).Error(), "auth.test")
}

func TestRetryAfterForms(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"11": 11 * time.Second, " 0.5 ": 500 * time.Millisecond, "0": 0, "-5": 0, "NaN": 0, "soon": 0, "": 0, "1e999": 0,
		"99999999999999": (1<<31 - 1) * time.Second, "inf": (1<<31 - 1) * time.Second,
		"Mon, 05 Jan 2037 09:59:00 GMT": 0, "Mon, 05 Jan 2037 10:01:00 GMT": time.Minute,
	} {
		c := tokenEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", "Mon, 05 Jan 2037 10:00:00 GMT")
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusTooManyRequests)
		}, nil)
		_, err := c.Refresh(t.Context(), refreshable)
		require.Equal(t, want, tokenError(t, err).RetryAfter, value)
	}
	// Without a Date of the response, ours counts.
	c := tokenEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		w.Header().Set("Retry-After", epoch.Add(time.Minute).Format(http.TimeFormat))
		w.WriteHeader(http.StatusTooManyRequests)
	}, nil)
	_, err := c.Refresh(t.Context(), refreshable)
	require.Equal(t, time.Minute, tokenError(t, err).RetryAfter)
}

func TestServerTextIsCutBetweenLetters(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(map[string]string{"error": "x", "error_description": strings.Repeat("a", 1023) + "é" + "b"})
	require.NoError(t, err)
	_, err = answering(t, 400, "application/json", string(body), nil).Refresh(t.Context(), refreshable)
	require.Equal(t, strings.Repeat("a", 1023), tokenError(t, err).Description)
	body, err = json.Marshal(map[string]string{"error": "x", "error_description": strings.Repeat("a", 1024)})
	require.NoError(t, err)
	_, err = answering(t, 400, "application/json", string(body), nil).Refresh(t.Context(), refreshable)
	require.Len(t, tokenError(t, err).Description, 1024)
}

func TestResponseOfAMebibyte(t *testing.T) {
	t.Parallel()
	const frame = `{"access_token":"a","padding":""}`
	body := func(size int) string {
		return strings.Replace(frame, `""`, `"`+strings.Repeat("x", size-len(frame))+`"`, 1)
	}
	_, err := answering(t, 200, "application/json", body(1<<20), nil).Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	_, err = answering(t, 200, "application/json", body(1<<20+1), nil).Refresh(t.Context(), refreshable)
	require.ErrorIs(t, err, oauthflow.ErrResponseTooLarge)
	require.True(t, tokenError(t, err).MaybeApplied, "a token was made")
	_, err = answering(t, 400, "application/json", body(1<<20+1), nil).Refresh(t.Context(), refreshable)
	require.False(t, tokenError(t, err).MaybeApplied)
}

func TestAmbiguousStatuses(t *testing.T) {
	t.Parallel()
	for status, maybe := range map[int]bool{400: false, 401: false, 403: false, 407: false, 408: true, 409: false, 429: false, 499: false, 500: true, 503: true, 599: true} {
		_, err := answering(t, status, "application/json", `{"error":"x"}`, nil).Refresh(t.Context(), refreshable)
		require.Equal(t, maybe, tokenError(t, err).MaybeApplied, status)
	}
	for _, status := range []int{300, 301, 399} {
		_, err := answering(t, status, "application/json", `{"access_token":"a"}`, nil).Refresh(t.Context(), refreshable)
		require.ErrorIs(t, err, oauthflow.ErrRedirect, status)
	}
	for _, status := range []int{200, 201, 299} {
		_, err := answering(t, status, "application/json", `{"access_token":"a"}`, nil).Refresh(t.Context(), refreshable)
		require.NoError(t, err, status)
	}
}
