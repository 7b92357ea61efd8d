package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
)

// A redirect with a body leads on in one attempt, and the next hop is bounded as
// the first was.
func TestRedirectWithABody(t *testing.T) {
	hop := clienttest.Redirect(307, "/b").Body("<a href=/b>moved</a>")
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, hop, clienttest.JSON(200, `{"id":"b"}`))
		var meta client.Meta
		got, err := client.Call[thing](t.Context(), over(t, rt), client.Request{Method: "POST", Path: "/a", Body: thing{N: 1}, Meta: &meta})
		require.NoError(t, err)
		require.Equal(t, "b", got.ID)
		require.Len(t, meta.Attempts, 2)
		require.Equal(t, 2, rt.Count())

		for _, opt := range []client.Option{client.WithTimeout(3 * time.Second), client.WithAttemptTimeout(3 * time.Second)} {
			rt = clienttest.NewTransport(t, hop, clienttest.Hang())
			start := time.Now()
			_, err = client.Post[thing](t.Context(), over(t, rt, opt), "/a", thing{N: 1})
			require.ErrorIs(t, err, client.ErrTimeout)
			require.Equal(t, 3*time.Second, time.Since(start))
		}
	})
}

// Small bodies of redirects are read, so that the hops share a connection.
func TestRedirectsUseOneConnection(t *testing.T) {
	same := func(next http.RoundTripper) http.RoundTripper { return next }
	for _, opts := range [][]client.Option{nil, {client.WithCallMiddleware(same)}} {
		synctest.Test(t, func(t *testing.T) {
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/end" {
					w.Header().Set("Location", "/end")
					w.WriteHeader(302)
					_, _ = io.WriteString(w, strings.Repeat("moved ", 100))
					return
				}
				_, _ = io.WriteString(w, `{"id":"end"}`)
			}))
			listener, tr := overPipes(srv), client.NewTransport()
			tr.DialContext = listener.dial
			srv.Start()
			defer srv.Close()
			c, err := client.New(srv.URL, append(opts, client.WithTransport(tr))...)
			require.NoError(t, err)
			defer c.CloseIdleConnections()
			for range 5 {
				got, err := client.Get[thing](t.Context(), c, "/start")
				require.NoError(t, err)
				require.Equal(t, "end", got.ID)
				resp, err := c.HTTPClient().Get(srv.URL + "/start")
				require.NoError(t, err)
				_, _ = io.Copy(io.Discard, resp.Body)
				require.NoError(t, resp.Body.Close())
			}
			synctest.Wait()
			require.EqualValues(t, 1, listener.dials.Load())
		})
	}
}

// C22: a redirect that turns a POST into a GET says that the POST was done.
func TestC22_EffectOfARedirectedWrite(t *testing.T) {
	for status, want := range map[int]client.Effect{
		301: client.MaybeApplied, 302: client.MaybeApplied, 303: client.MaybeApplied, 307: client.Rejected, 308: client.Rejected,
	} {
		rt := clienttest.NewTransport(t, clienttest.Redirect(status, "/result"), clienttest.JSON(404, `{}`))
		_, err := client.Post[thing](t.Context(), over(t, rt), "/orders", thing{N: 1})
		require.ErrorIs(t, err, client.ErrNotFound)
		require.Equal(t, want, asError(t, err).Effect, status)
	}
}

// C14: middleware that answers with a response of its own making does not make
// the stack forget that this is a redirect.
func TestC14_MiddlewareThatDropsTheRequestOfAResponse(t *testing.T) {
	forget := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err == nil {
				resp.Request = nil
			}
			return resp, err
		})
	}
	rt := clienttest.NewTransport(t, clienttest.Redirect(302, "https://uploads.api.example.com/x"), clienttest.Status(204))
	req, _ := http.NewRequest("GET", base+"/x", nil)
	req.Header.Set("X-Api-Key", "canary-of-the-sdk")
	req.Header.Set("Authorization", "Bearer canary-of-the-sdk")
	resp, err := over(t, rt, client.WithCallMiddleware(forget)).HTTPClient().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 2, rt.Count())
	require.Empty(t, rt.Last().Header.Get("X-Api-Key"))
	require.Empty(t, rt.Last().Header.Get("Authorization"))
}

// closer counts how often it was closed.
type closer struct {
	io.Reader
	n *atomic.Int32
}

func (c closer) Close() error { c.n.Add(1); return nil }

// A stream is closed in every case, also where the request is refused.
func TestStreamIsClosedWhenTheRequestIsRefused(t *testing.T) {
	for name, r := range map[string]client.Request{
		"path":   {Path: "/../x"},
		"url":    {URL: "https://evil.example.net/"},
		"method": {Method: "BAD METHOD"},
		"key":    {IdempotencyKey: "a\nb"},
		"header": {Header: http.Header{"X": {"a\nb"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var closed atomic.Int32
			r.Body = client.Stream("text/plain", closer{strings.NewReader("x"), &closed}, 1)
			c, rt := scripted(t, "200")
			_, err := client.Call[client.None](t.Context(), c, r)
			require.Error(t, err)
			_, err = c.Do(t.Context(), r)
			require.Error(t, err)
			require.EqualValues(t, 2, closed.Load())
			require.Zero(t, rt.Count())
		})
	}
}

// hedged sends each request twice at the same time and takes the first answer.
func hedged(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		type result struct {
			resp *http.Response
			err  error
		}
		results := make(chan result, 2)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				again := r.Clone(r.Context())
				if r.GetBody != nil {
					again.Body, _ = r.GetBody()
				}
				resp, err := next.RoundTrip(again)
				results <- result{resp, err}
			})
		}
		first := <-results
		go func() {
			wg.Wait()
			if second := <-results; second.err == nil {
				_ = second.resp.Body.Close()
			}
		}()
		return first.resp, first.err
	})
}

// A body that cannot be opened again for the next hop ends the call there, with that
// error and nothing sent.
func TestARedirectWhoseBodyCannotBeOpenedAgain(t *testing.T) {
	opened := 0
	body := client.Open("text/plain", func() (io.ReadCloser, error) {
		if opened++; opened > 1 {
			return nil, io.ErrClosedPipe
		}
		return io.NopCloser(strings.NewReader("x")), nil
	}, 1)
	c, rt := scripted(t, "307 Location=/b, 200 {}")
	_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/a", Body: body})
	require.ErrorIs(t, err, client.ErrRequest)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.ErrorContains(t, err, "the request body cannot be opened again")
	require.Equal(t, 1, rt.Count())
}
