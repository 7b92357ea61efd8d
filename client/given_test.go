package client_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// X1: a credential that the caller gives with a request stands in no error either.
func TestX1_ACredentialOfTheCallersIsNotRepeated(t *testing.T) {
	t.Parallel()
	echo := roundTripper(func(req *http.Request) (*http.Response, error) {
		said := fmt.Sprintf("bad %v, %v, acct_12345678", req.Header, req.URL)
		if _, password, ok := req.BasicAuth(); ok {
			said += " " + password
		}
		for _, cookie := range req.Cookies() {
			said += " " + cookie.Value
		}
		return &http.Response{
			StatusCode: 400, Header: http.Header{"Content-Type": {"text/plain"}, "X-Request-Id": {req.Header.Get("X-Api-Key")}},
			Body: io.NopCloser(strings.NewReader(said)),
		}, nil
	})
	for name, opts := range map[string][]client.Option{
		"no credential of the client's": nil,
		"besides one":                   {client.WithAuth(client.Bearer(secret.Static("other-canary-0")))},
	} {
		c, err := client.New("https://api.example.com", append(opts, client.WithTransport(echo), client.WithHeader("X-Api-Key", "key-canary-1"))...)
		require.NoError(t, err)
		basic := base64.StdEncoding.EncodeToString([]byte("user:password-canary"))
		_, err = client.Call[struct{}](context.Background(), c, client.Request{
			Header: http.Header{
				"Authorization": {"Basic " + basic}, "Cookie": {"a=1; sid=cookie-canary"}, "X-Session-Token": {"session-canary"}, "X-Auth-Code": {"canary-8"}, "X-Account": {"acct_12345678"},
			},
			Query: url.Values{"api_key": {"query-canary"}, "page_token": {"page-2-of-12"}},
		})
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		shown := fmt.Sprintf("%v %+v %#v", e, e, e)
		require.NotContains(t, shown, "canary", name)
		require.NotContains(t, shown, basic, name)
		require.Contains(t, e.Message, "acct_12345678", "what is no credential by its name stays")
		require.Contains(t, e.Message, "page-2-of-12")
	}
}

// X1: what a transport says of a URL shows neither user info nor query, also where it
// is the address of a proxy that cannot be parsed, or an error within an error.
func TestX1_NoUserInfoInATransportsError(t *testing.T) {
	t.Parallel()
	//lint:ignore SA1007 that it is not valid is the case
	_, malformed := url.Parse("http://user:ca%nary@proxy:8080")
	//lint:ignore SA1007 the same
	_, noPort := url.Parse("http://user:canary/x@proxy:8080")
	const with = "https://user:canary@proxy.example/x?key=canary"
	for name, said := range map[string]error{
		"an environment's proxy": fmt.Errorf("invalid proxy address %q: %v", "http://user:ca%nary@proxy:8080", malformed),
		"a proxy without scheme": fmt.Errorf("invalid proxy address %q: %v", "user:canary@proxy:8080", malformed),
		"an escape":              malformed,
		"a port":                 noPort,
		"one in another":         &url.Error{Op: "Get", URL: with, Err: &url.Error{Op: "Get", URL: with, Err: errors.New("refused")}},
		"as text":                fmt.Errorf("sidecar: %v", &url.Error{Op: "Get", URL: with, Err: errors.New("refused")}),
	} {
		c, err := client.New("https://api.example.com", client.WithRetry(retry.Never), client.WithTransport(roundTripper(
			func(*http.Request) (*http.Response, error) { return nil, said })))
		require.NoError(t, err)
		_, err = client.Get[struct{}](context.Background(), c, "/x")
		for ; err != nil; err = errors.Unwrap(err) {
			shown := fmt.Sprintf("%v %+v %#v", err, err, err)
			require.NotContains(t, shown, "canary", name)
			require.NotContains(t, shown, "ca%nary", name)
			require.NotContains(t, shown, `"%na"`, name)
		}
	}
}

// X1: nor does it where middleware stands between: the hop below per-call middleware
// makes the errors of the transport, and writes the ledger.
func TestX1_ACredentialOfTheCallersIsNotRepeatedThroughMiddleware(t *testing.T) {
	pass := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { return next.RoundTrip(r) })
	}
	for name, opt := range map[string]client.Option{"per call": client.WithCallMiddleware(pass), "per attempt": client.WithAttemptMiddleware(pass)} {
		n := 0
		repeats := roundTripper(func(r *http.Request) (*http.Response, error) {
			given := r.Header.Get("X-Api-Key")
			if n++; n%2 == 0 {
				return nil, errors.New("no route for " + given)
			}
			return &http.Response{StatusCode: 503, Header: http.Header{"Request-Id": {given}}, Body: io.NopCloser(strings.NewReader(given))}, nil
		})
		c, err := client.New(base, opt, client.WithTransport(repeats), client.WithRetry(retry.Policy{Backoff: retry.Constant(0), MaxAttempts: 2}))
		require.NoError(t, err)
		for range 2 {
			var ledger client.Ledger
			r := client.Request{Header: http.Header{"X-Api-Key": {"key-canary-1"}}}
			_, err := client.Call[thing](client.WithLedger(t.Context(), &ledger), c, r)
			_, alsoBad := c.Do(client.WithLedger(t.Context(), &ledger), r)
			require.NotContains(t, fmt.Sprintf("%v %v %v", err, alsoBad, ledger.Attempts()), "canary", name)
			require.Len(t, ledger.Attempts(), 4)
			require.Error(t, err)
			n++
		}
	}
}
