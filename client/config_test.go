package client_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// What New refuses, and in which words.
func TestWhatIsWrongWithAClientIsSaid(t *testing.T) {
	t.Parallel()
	for say, opt := range map[string]client.Option{
		"no base URL":                                        client.WithBaseURL(""),
		"client: the origin ":                                client.WithOrigins("https://a.example.com", "ftp://b.example.com"),
		"idempotency header's name":                          client.WithIdempotencyHeader("Idempotency Key"),
		"WithMaxBody: -1 is negative":                        client.WithMaxBody(-1),
		"WithReadAhead: -1 is negative":                      client.WithReadAhead(-1),
		"WithMaxRedirects: -1 is negative":                   client.WithMaxRedirects(-1),
		"WithTimeout: -2ns is negative":                      client.WithTimeout(-2),
		"client: WithAttemptTimeout: -1s is negative":        client.WithAttemptTimeout(-time.Second),
		"client: WithIdleTimeout: -1s is negative":           client.WithIdleTimeout(-time.Second),
		"WithCallMiddleware: a middleware is nil":            client.WithCallMiddleware(nil),
		"client: WithAttemptMiddleware: a middleware is nil": client.WithAttemptMiddleware(nil),
		"client: WithObserver: the observer is nil":          client.WithObserver(nil),
		"client: WithBreaker: its numbers":                   client.WithBreaker(client.Breaker{Failures: -1}),
		"client: option 1 of 1 is nil":                       nil,
	} {
		with := base
		if say == "no base URL" {
			with = ""
		}
		_, err := client.New(with, opt)
		require.ErrorIs(t, err, client.ErrConfig, say)
		require.ErrorContains(t, err, say)
	}
	_, err := client.New(base, client.WithProfile(client.Profile{Name: "acme"}), client.WithMaxBody(-1), nil, client.WithTimeout(-2))
	require.EqualError(t, err, "acme: client: WithMaxBody: -1 is negative; option 3 of 4 is nil; WithTimeout: -2ns is negative: only NoTimeout turns it off")
	_, err = client.New("ftp://x", client.WithHeader("A", "\n"), client.WithQuery(url.Values{"": {"b"}}), client.WithMaxRedirects(-1),
		client.WithTLS(nil), client.WithTransport(http.DefaultTransport), client.WithAuth(client.Bearer(secret.Static(" "))))
	require.EqualError(t, err, "client: WithMaxRedirects: -1 is negative; the base URL needs the scheme https or http, as in https://api.example.com; "+
		"header A holds CR, LF, NUL or another control character; the name of a query parameter is empty or holds a control character; "+
		"WithTLS and WithProxy adjust the default transport: set them on the one given to WithTransport; auth: secret: static value 1 of 1: secret is blank")
	for _, opt := range []client.Option{
		client.WithTimeout(0), client.WithAttemptTimeout(0), client.WithIdleTimeout(0), client.WithMaxBody(0), client.WithReadAhead(0), client.WithMaxRedirects(0),
		client.WithTimeout(client.NoTimeout), client.WithAttemptTimeout(client.NoTimeout), client.WithIdleTimeout(client.NoTimeout), client.WithIdempotencyHeader(""),
	} {
		c, err := client.New(base, opt)
		require.NoError(t, err)
		require.Equal(t, base, c.BaseURL())
	}
	require.Empty(t, new(client.Client).BaseURL())
}

// C29: a client slows down by what it is told, unless it was told not to.
func TestC29_PacingIsTheDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(429)
		}))
		for _, paced := range []bool{true, false} {
			opts := []client.Option{client.WithTransport(rt), client.WithRetry(retry.Never)}
			if !paced {
				opts = append(opts, client.WithPacing(nil))
			}
			c, err := client.New(base, opts...)
			require.NoError(t, err)
			start := time.Now()
			for range 2 {
				_, err = client.Get[client.None](t.Context(), c, "/x")
				require.ErrorIs(t, err, client.ErrRateLimited)
			}
			require.Equal(t, paced, time.Since(start) >= 5*time.Second)
		}
	})
}

func TestRequestIDHeaders(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		names []string
		want  string
	}{{nil, "of-the-default"}, {[]string{"x-trace"}, "of-the-profile"}, {[]string{"absent", "X-TRACE"}, "of-the-profile"}, {[]string{}, ""}} {
		c, err := client.New(base, client.WithProfile(client.Profile{RequestIDHeaders: tc.names}), client.WithTransport(answering(404, http.Header{
			"X-Request-Id": {"of-the-default"}, "X-Trace": {"of-the-profile"},
		})))
		require.NoError(t, err)
		_, err = client.Get[thing](t.Context(), c, "/x")
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.Equal(t, tc.want, e.RequestID)
	}
}

// Each of a client's own header fields is sent.
func TestHeadersAddUp(t *testing.T) {
	var sent http.Header
	c := plain(t, roundTripper(func(req *http.Request) (*http.Response, error) {
		sent = req.Header
		return &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	}), client.WithHeader("X-One", "1"), client.WithHeader("X-Two", "2"))
	_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x"})
	require.NoError(t, err)
	require.Equal(t, "1", sent.Get("X-One"))
	require.Equal(t, "2", sent.Get("X-Two"))
}
