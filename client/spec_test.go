package client_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// waysToCall make the same call, the last one as an SDK does.
var waysToCall = map[string]func(ctx context.Context, c *client.Client, r client.Request) error{
	"Call": func(ctx context.Context, c *client.Client, r client.Request) error {
		_, err := client.Call[client.None](ctx, c, r)
		return err
	},
	"Do": func(ctx context.Context, c *client.Client, r client.Request) error {
		resp, err := c.Do(ctx, r)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	},
	"HTTPClient": func(ctx context.Context, c *client.Client, r client.Request) error {
		req, err := http.NewRequestWithContext(ctx, r.Method, c.BaseURL()+r.Path, nil)
		if err != nil {
			return err
		}
		req.Header = r.Header.Clone()
		resp, err := c.HTTPClient().Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	},
}

// C9: what becomes of one attempt's request is not seen by the next one, nor by the
// caller: neither the credential nor what a transport or middleware changes in place.
func TestC9_EachAttemptSendsARequestOfItsOwn(t *testing.T) {
	for way, call := range waysToCall {
		for name, auth := range map[string]client.Auth{
			"bearer": client.Bearer(secret.Static(key)), "query": client.APIKeyQuery("k", secret.Static(key)), "none": nil,
		} {
			for _, changes := range []string{"transport", "attempt", "call"} {
				synctest.Test(t, func(t *testing.T) {
					what := []any{"%s, %s, changed by %s", way, name, changes}
					change := func(by string, r *http.Request) {
						if by != changes {
							return
						}
						require.Empty(t, r.Header["X-Changed"], what...)
						require.Equal(t, []string{"mine"}, r.Header["X-Own"], what...)
						require.NotContains(t, r.URL.RawQuery, "changed", what...)
						r.Header["X-Changed"] = []string{"yes"}
						r.Header["X-Own"] = []string{"theirs"}
						if by != "transport" {
							r.URL.RawQuery += "&changed"
						}
					}
					middleware := func(by string) client.Middleware {
						return func(next http.RoundTripper) http.RoundTripper {
							return roundTripper(func(r *http.Request) (*http.Response, error) {
								if by == "call" && way == "HTTPClient" {
									u := *r.URL // that is the SDK's
									r = r.Clone(r.Context())
									r.URL = &u
								}
								change(by, r)
								return next.RoundTrip(r)
							})
						}
					}
					rt := clienttest.NewTransport(t, clienttest.MustParse("307 Location=/y, 503, 503, 200 {}")...)
					opts := []client.Option{client.WithAuth(auth), client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}), client.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
						resp, err := rt.RoundTrip(r)
						change("transport", r)
						return resp, err
					}))}
					switch changes {
					case "attempt":
						opts = append(opts, client.WithAttemptMiddleware(middleware("attempt")))
					case "call":
						opts = append(opts, client.WithCallMiddleware(middleware("call")))
					}
					c := over(t, nil, opts...)
					r := client.Request{Method: "GET", Path: "/x", Header: http.Header{"X-Own": {"mine"}}}
					require.NoError(t, call(t.Context(), c, r), what...)
					require.Equal(t, http.Header{"X-Own": {"mine"}}, r.Header, what...)
					require.Equal(t, 4, rt.Count(), what...)
				})
			}
		}
	}
}

// C26: without any other bound the idle timeout still ends a body that stands still.
func TestC26_TheIdleTimeoutNeedsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pr, pw := io.Pipe()
		defer pw.Close()
		c := over(t, nil, client.WithTimeout(client.NoTimeout), client.WithAttemptTimeout(client.NoTimeout), client.WithIdleTimeout(10*time.Second),
			client.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
				context.AfterFunc(r.Context(), func() { _ = pr.CloseWithError(context.Cause(r.Context())) })
				body := io.MultiReader(strings.NewReader("{"), pr)
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body), ContentLength: -1, Request: r}, nil
			})))
		start := time.Now()
		resp, err := c.Do(t.Context(), client.Request{Path: "/x"})
		require.NoError(t, err)
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Equal(t, 10*time.Second, time.Since(start))
	})
}
