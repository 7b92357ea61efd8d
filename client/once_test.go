package client_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
)

type connKey struct{}

// mortal is a service that answers the first request of a connection, carries out
// the second one, and dies without a word. net/http repeats what it was by itself,
// if it may. seen counts the requests that were carried out, warm ones included. The
// transport reaches it over pipes, in a bubble: net/http keeps no connection whose write
// was reported late.
func mortal(t *testing.T, secure bool) (srv *httptest.Server, tr *http.Transport, seen *atomic.Int32) {
	t.Helper()
	seen = new(atomic.Int32)
	srv = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		seen.Add(1)
		if n, ok := r.Context().Value(connKey{}).(*atomic.Int32); ok && n.Add(1) > 1 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	srv.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, new(atomic.Int32))
	}
	listener := overPipes(srv)
	if secure {
		// A session is resumed, which saves the signature. The tickets of TLS 1.3 come
		// when the client writes, too, which a pipe does not bear.
		srv.TLS = &tls.Config{MaxVersion: tls.VersionTLS12}
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	tr = srv.Client().Transport.(*http.Transport)
	if secure {
		tr.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	tr.DialContext = listener.dial
	return srv, tr, seen
}

// C16: what the stack does not repeat, net/http does not repeat either, and what is
// repeated is in the ledger and has taken its token: whatever the request and
// whichever way it takes.
func TestC16_NothingIsRepeatedBehindTheStacksBack(t *testing.T) {
	t.Parallel()
	requests := map[string]client.Request{
		"GET":                      {},
		"GET with a body":          {Body: client.Raw("text/plain", []byte("x"))},
		"HEAD":                     {Method: "HEAD"},
		"OPTIONS":                  {Method: "OPTIONS"},
		"TRACE":                    {Method: "TRACE"},
		"PUT":                      {Method: "PUT", Body: thing{}},
		"DELETE":                   {Method: "DELETE"},
		"DELETE with a key":        {Method: "DELETE", Header: http.Header{"Idempotency-Key": {"k"}}},
		"POST":                     {Method: "POST", Body: thing{}},
		"POST with a key":          {Method: "POST", Body: thing{}, Header: http.Header{"Idempotency-Key": {"k"}}},
		"POST with an x-key":       {Method: "POST", Body: thing{}, Header: http.Header{"x-idempotency-key": {"k"}}},
		"POST with an empty key":   {Method: "POST", Body: thing{}, Header: http.Header{"Idempotency-Key": {""}}},
		"POST with a key of none":  {Method: "POST", Body: thing{}, Header: http.Header{"Idempotency-Key": nil}},
		"POST of nothing":          {Method: "POST", Header: http.Header{"Idempotency-Key": {"k"}}},
		"POST of nothing, x-key":   {Method: "POST", Header: http.Header{"X-Idempotency-Key": {"k"}}},
		"POST of nothing, no key":  {Method: "POST", Header: http.Header{"Idempotency-Key": nil}},
		"PATCH with both":          {Method: "PATCH", Body: thing{}, Header: http.Header{"Idempotency-Key": {"k"}, "X-Idempotency-Key": {"k"}}},
		"POST of an open function": {Method: "POST", Body: client.Open("text/plain", func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }, 1), Header: http.Header{"Idempotency-Key": {"k"}}},
	}
	ways := map[string]func(*client.Client, context.Context, client.Request) error{
		"Call": func(c *client.Client, ctx context.Context, r client.Request) error {
			_, err := client.Call[client.None](ctx, c, r)
			return err
		},
		"Do": func(c *client.Client, ctx context.Context, r client.Request) error {
			resp, err := c.Do(ctx, r)
			if err == nil {
				err = resp.Body.Close()
			}
			return err
		},
	}
	pass := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { return next.RoundTrip(r) })
	}
	stacks := map[string][]client.Option{
		"plain":              nil,
		"attempt middleware": {client.WithAttemptMiddleware(pass)},
		"call middleware":    {client.WithCallMiddleware(pass)},
		"limit key":          {client.WithLimitKey(func(*http.Request) string { return "k" })},
	}
	policies := map[string]struct {
		policy retry.Policy
		most   int32 // requests a call
	}{
		"never":        {retry.Never, 1},
		"empty budget": {retry.Policy{Budget: retry.NewBudget(0)}, 1},
		"default":      {retry.Policy{Backoff: retry.Constant(0), NoBudget: true}, 3},
	}
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprint("TLS ", secure), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, shared, seen := mortal(t, secure)
				for stack, opts := range stacks {
					for policy, p := range policies {
						for _, wrapped := range []bool{false, true} {
							tr := shared.Clone()
							limiter := &counting{}
							var rt http.RoundTripper = tr
							if wrapped {
								rt = pass(tr)
							}
							c, err := client.New(srv.URL, append([]client.Option{client.WithTransport(rt),
								client.WithRetry(p.policy), client.WithRateLimit(limiter)}, opts...)...)
							require.NoError(t, err)
							for name, r := range requests {
								for way, call := range ways {
									tr.CloseIdleConnections()
									_, err := client.Get[client.None](t.Context(), c, "/warm")
									require.NoError(t, err)
									seen.Store(0)
									limiter.taken = 0
									var ledger client.Ledger
									err = call(c, client.WithLedger(t.Context(), &ledger), r)
									what := []any{"%s by %s under %s, %s (TLS %t, wrapped %t): %v", name, way, policy, stack, secure, wrapped, err}
									require.EqualValues(t, len(ledger.Attempts()), seen.Load(), what...)
									require.EqualValues(t, limiter.taken, seen.Load(), what...)
									require.LessOrEqual(t, seen.Load(), p.most, what...)
									if m := r.Method; m == "POST" || m == "PATCH" {
										require.EqualValues(t, 1, seen.Load(), what...)
										require.Equal(t, client.MaybeApplied, asError(t, err).Effect)
									}
								}
							}
							tr.CloseIdleConnections()
						}
					}
				}
			})
		})
	}
}

// C16: the first write of a client may find a connection that somebody else has used.
func TestC16_TheFirstWriteOverASharedTransport(t *testing.T) {
	for _, secure := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			srv, tr, seen := mortal(t, secure)
			for _, body := range []any{nil, thing{}} {
				tr.CloseIdleConnections()
				resp, err := (&http.Client{Transport: tr}).Get(srv.URL)
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				seen.Store(0)
				c, err := client.New(srv.URL, client.WithTransport(tr))
				require.NoError(t, err)
				_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", Body: body, Header: http.Header{"Idempotency-Key": {"k"}}})
				require.Equal(t, client.MaybeApplied, asError(t, err).Effect)
				require.EqualValues(t, 1, seen.Load(), "TLS %t, body %v", secure, body)
			}
			tr.CloseIdleConnections()
		})
	}
}

// C16: the same under an SDK, whose requests are its own.
func TestC16_NothingOfAnSDKIsRepeatedBehindTheStacksBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, pipes, seen := mortal(t, false)
		tr := client.NewTransport()
		tr.DialContext = pipes.DialContext
		for _, profile := range []client.Profile{{}, keyed} {
			c, err := client.New(srv.URL, client.WithTransport(tr), client.WithRetry(retry.Never), client.WithProfile(profile))
			require.NoError(t, err)
			for _, method := range []string{"", "GET", "POST", "DELETE"} {
				for _, body := range []io.Reader{nil, strings.NewReader("x")} {
					c.CloseIdleConnections()
					_, err := client.Get[client.None](t.Context(), c, "/warm")
					require.NoError(t, err)
					seen.Store(0)
					req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+"/x", body)
					require.NoError(t, err)
					req.Header.Set("Idempotency-Key", "k")
					given := req.Clone(t.Context())
					_, err = c.HTTPClient().Do(req) //nolint:bodyclose // there is none
					require.Error(t, err)
					require.EqualValues(t, 1, seen.Load(), "%s", method)
					require.Equal(t, given.Header, req.Header, "the SDK's request is left alone")
					require.Equal(t, given.TransferEncoding, req.TransferEncoding)
					require.Equal(t, given.Body == nil, req.Body == nil)
				}
			}
			c.CloseIdleConnections()
		}
	})
}

// tapped keeps what is written to a connection.
type tapped struct {
	net.Conn
	mu      *sync.Mutex
	written *strings.Builder
}

func (c *tapped) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.written.Write(p)
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// C16: the form that is not repeated is the same on the wire.
func TestC16_TheFormThatIsNotRepeatedLooksTheSame(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	t.Cleanup(srv.Close)
	var mu sync.Mutex
	var written strings.Builder
	tr := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &tapped{c, &mu, &written}, err
	}}
	t.Cleanup(tr.CloseIdleConnections)
	lines := func(send func(*http.Request) (*http.Response, error), method string, body string) map[string]bool {
		var source io.Reader
		if body != "" {
			source = strings.NewReader(body)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+"/x?y=z", source)
		require.NoError(t, err)
		req.Header.Set("Idempotency-Key", "k")
		req.Header.Set("User-Agent", "test")
		mu.Lock()
		written.Reset()
		mu.Unlock()
		resp, err := send(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		mu.Lock()
		defer mu.Unlock()
		got := map[string]bool{}
		for line := range strings.SplitSeq(written.String(), "\r\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				line = http.CanonicalHeaderKey(name) + ": " + value
			}
			got[line] = true
		}
		return got
	}
	c, err := client.New(srv.URL, client.WithTransport(tr), client.WithRetry(retry.Never))
	require.NoError(t, err)
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE"} {
		for _, body := range []string{"", "some text"} {
			if method == "TRACE" && body != "" {
				continue
			}
			want := lines(tr.RoundTrip, method, body)
			require.Contains(t, want, method+" /x?y=z HTTP/1.1")
			require.Equal(t, want, lines(c.HTTPClient().Do, method, body), "%s %q", method, body)
		}
	}
}

// C16: what is no part of the request does not show in the response, and a redirect
// is followed as before.
func TestC16_TheFormThatIsNotRepeatedIsNobodysBusiness(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"`+r.Method+r.URL.Path+`"}`)
	}))
	t.Cleanup(srv.Close)
	c, err := client.New(srv.URL)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	for range 2 {
		got, err := client.Get[thing](t.Context(), c, "/old")
		require.NoError(t, err)
		require.Equal(t, "GET/new", got.ID)
		got, err = client.Call[thing](t.Context(), c, client.Request{Path: "/old", Body: client.Raw("text/plain", []byte("x"))})
		require.NoError(t, err)
		require.Equal(t, "GET/new", got.ID)
		resp, err := c.Do(t.Context(), client.Request{Path: "/old"})
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode)
		require.Nil(t, resp.Request.Body)
		require.Empty(t, resp.Request.TransferEncoding)
	}
}
