package client

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// echo is what go-httpbin says of a request.
type echo struct {
	Method  string              `json:"method"`
	Headers map[string][]string `json:"headers"`
	Args    map[string][]string `json:"args"`
	Files   map[string][]string `json:"files"`
	Form    map[string][]string `json:"form"`
	JSON    map[string]any      `json:"json"`
	URL     string              `json:"url"`
}

func callError(t *testing.T, err error) *client.Error {
	t.Helper()
	var e *client.Error
	require.ErrorAs(t, err, &e)
	return e
}

func TestHTTPBinStatuses(t *testing.T) {
	bin := servers.HTTPBin(t)
	// Without pacing: a 429 of one case must not slow the next one down.
	quick := retry.Constant(10 * time.Millisecond)
	c := newClient(t, bin.URL, client.WithPacing(nil), client.WithRetry(retry.Policy{MaxAttempts: 3, Backoff: quick, Throttled: quick}))
	for _, s := range []struct {
		method   string
		status   int
		is       error
		attempts int
		effect   client.Effect
	}{
		{"GET", 400, client.ErrBadRequest, 1, client.NoEffect},
		{"GET", 401, client.ErrUnauthorized, 1, client.NoEffect},
		{"GET", 403, client.ErrForbidden, 1, client.NoEffect},
		{"GET", 404, client.ErrNotFound, 1, client.NoEffect},
		{"GET", 410, client.ErrNotFound, 1, client.NoEffect},
		{"GET", 409, client.ErrConflict, 1, client.NoEffect},
		{"GET", 422, client.ErrBadRequest, 1, client.NoEffect},
		{"GET", 501, client.ErrUnavailable, 1, client.NoEffect},
		{"GET", 408, nil, 3, client.NoEffect},
		{"GET", 425, nil, 3, client.NoEffect},
		{"GET", 429, client.ErrRateLimited, 3, client.NoEffect},
		{"GET", 500, client.ErrUnavailable, 3, client.NoEffect},
		{"GET", 502, client.ErrUnavailable, 3, client.NoEffect},
		{"GET", 503, client.ErrUnavailable, 3, client.NoEffect},
		{"GET", 504, client.ErrUnavailable, 3, client.NoEffect},
		{"PUT", 503, client.ErrUnavailable, 3, client.MaybeApplied},
		{"POST", 503, client.ErrUnavailable, 1, client.MaybeApplied}, // C5
		{"POST", 429, client.ErrRateLimited, 3, client.Rejected},
		{"POST", 422, client.ErrBadRequest, 1, client.Rejected},
	} {
		t.Run(fmt.Sprintf("%s %d", s.method, s.status), func(t *testing.T) {
			_, err := client.Call[echo](t.Context(), c, client.Request{Method: s.method, Path: fmt.Sprintf("/status/%d", s.status)})
			e := callError(t, err)
			require.Equal(t, s.status, e.Status)
			if s.is != nil {
				require.ErrorIs(t, err, s.is)
			}
			require.Len(t, e.Attempts, s.attempts, "%v", e.Attempts)
			require.Equal(t, s.effect, e.Effect)
		})
	}
	t.Run("204 where a body is wanted, and where none is", func(t *testing.T) {
		_, err := client.Get[echo](t.Context(), c, "/status/204")
		require.ErrorIs(t, err, client.ErrEmptyBody)
		_, err = client.Get[client.None](t.Context(), c, "/status/204")
		require.NoError(t, err)
	})
	t.Run("304 passes through Do", func(t *testing.T) {
		res, err := c.Do(t.Context(), client.Request{Path: "/etag/abc", Header: http.Header{"If-None-Match": {`"abc"`}}})
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusNotModified, res.StatusCode)
	})
}

func TestHTTPBinBodies(t *testing.T) {
	c := newClient(t, servers.HTTPBin(t).URL)

	t.Run("a query does not belong into a path", func(t *testing.T) {
		_, err := client.Get[echo](t.Context(), c, "/anything?a=b")
		require.ErrorIs(t, err, client.ErrRequest)
	})
	t.Run("gzip is decoded", func(t *testing.T) {
		got, err := client.Get[struct{ Gzipped bool }](t.Context(), c, "/gzip")
		require.NoError(t, err)
		require.True(t, got.Gzipped)
	})
	t.Run("deflate, which was not asked for, is no JSON", func(t *testing.T) {
		_, err := client.Get[struct{ Deflated bool }](t.Context(), c, "/deflate")
		require.ErrorIs(t, err, client.ErrDecode)
		require.Len(t, callError(t, err).Attempts, 1)
	})
	t.Run("HTML is no JSON", func(t *testing.T) {
		_, err := client.Get[echo](t.Context(), c, "/html")
		require.ErrorIs(t, err, client.ErrDecode)
	})
	t.Run("bytes", func(t *testing.T) {
		got, err := client.Get[[]byte](t.Context(), c, "/bytes/100000")
		require.NoError(t, err)
		require.Len(t, got, 100000)
	})
	t.Run("chunked bytes", func(t *testing.T) {
		got, err := client.Call[[]byte](t.Context(), c, client.Request{Path: "/stream-bytes/100000", Query: url.Values{"chunk_size": {"999"}}})
		require.NoError(t, err)
		require.Len(t, got, 100000)
	})
	t.Run("C21 a body over the limit, sized and chunked", func(t *testing.T) {
		for _, path := range []string{"/bytes/100000", "/stream-bytes/100000"} {
			_, err := client.Call[[]byte](t.Context(), c, client.Request{Path: path, MaxBody: 1000})
			require.ErrorIs(t, err, client.ErrTooLarge)
			require.Len(t, callError(t, err).Attempts, 1)
		}
	})
	t.Run("a range", func(t *testing.T) {
		res, err := c.Do(t.Context(), client.Request{Path: "/range/1000", Header: http.Header{"Range": {"bytes=10-19"}}})
		require.NoError(t, err)
		defer res.Body.Close()
		require.Equal(t, http.StatusPartialContent, res.StatusCode)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, "klmnopqrst", string(body))
	})
	t.Run("a multipart upload is streamed", func(t *testing.T) {
		content := strings.Repeat("standpipe ", 20_000)
		got, err := client.Post[echo](t.Context(), c, "/post", client.Multipart(
			client.Part{Name: "purpose", Value: "test"},
			client.Part{Name: "file", FileName: "a.txt", ContentType: "text/plain", Open: func() (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader(content)), nil
			}}))
		require.NoError(t, err)
		require.Equal(t, []string{"test"}, got.Form["purpose"])
		require.Equal(t, []string{content}, got.Files["file"])
	})
	t.Run("a download outlives the attempt's timeout", func(t *testing.T) {
		d, err := c.With(client.WithAttemptTimeout(3 * time.Second))
		require.NoError(t, err)
		res, err := d.Do(t.Context(), client.Request{Path: "/drip", Query: url.Values{"duration": {"4s"}, "numbytes": {"10"}, "delay": {"0s"}}})
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, bytes.Repeat([]byte{'*'}, 10), body)
	})
	t.Run("C12 a drip slower than the idle limit ends", func(t *testing.T) {
		d, err := c.With(client.WithIdleTimeout(100*time.Millisecond), client.WithRetry(retry.Never))
		require.NoError(t, err)
		begin := time.Now()
		_, err = client.Call[[]byte](t.Context(), d, client.Request{Path: "/drip", Query: url.Values{"duration": {"60s"}, "numbytes": {"5"}, "delay": {"0s"}}})
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Less(t, time.Since(begin), 30*time.Second)
	})
	t.Run("a delay beyond the call's deadline", func(t *testing.T) {
		begin := time.Now()
		_, err := client.Call[echo](t.Context(), c, client.Request{Path: "/delay/50", Timeout: 200 * time.Millisecond})
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Less(t, time.Since(begin), 30*time.Second)
	})
	t.Run("a delay beyond the attempt's, again and again", func(t *testing.T) {
		d, err := c.With(client.WithAttemptTimeout(100 * time.Millisecond))
		require.NoError(t, err)
		_, err = client.Get[echo](t.Context(), d, "/delay/50")
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Len(t, callError(t, err).Attempts, 3)
	})
	t.Run("server-sent events", func(t *testing.T) {
		n := 0
		for ev, err := range client.Events(t.Context(), c, client.Request{Path: "/sse", Query: url.Values{"count": {"5"}, "duration": {"200ms"}, "delay": {"0s"}}}) {
			require.NoError(t, err)
			require.NotEmpty(t, ev.Data)
			n++
		}
		require.Equal(t, 5, n)
	})
	t.Run("a service that fails half of the time", func(t *testing.T) {
		d, err := c.With(client.WithRetry(retry.Policy{MaxAttempts: 30, Backoff: retry.Constant(time.Millisecond), NoBudget: true}))
		require.NoError(t, err)
		retried := false
		for range 30 {
			var meta client.Meta
			_, err := client.Call[client.None](t.Context(), d, client.Request{Path: "/unstable", Query: url.Values{"failure_rate": {"0.5"}}, Meta: &meta})
			require.NoError(t, err)
			retried = retried || len(meta.Attempts) > 1
		}
		require.True(t, retried)
	})
}

func TestHTTPBinRedirects(t *testing.T) {
	here, elsewhere := servers.HTTPBin(t), servers.HTTPBin(t)
	c := newClient(t, here.URL, client.WithAuth(client.Bearer(secret.Static("canary"))))

	for _, kind := range []string{"redirect", "relative-redirect", "absolute-redirect"} {
		t.Run(kind, func(t *testing.T) {
			got, err := client.Get[echo](t.Context(), c, "/"+kind+"/5")
			require.NoError(t, err)
			require.Equal(t, []string{"Bearer canary"}, got.Headers["Authorization"], "every hop is on the client's origin")
		})
	}
	t.Run("C19 a loop ends and is not retried", func(t *testing.T) {
		_, err := client.Get[echo](t.Context(), c, "/redirect/50")
		require.ErrorIs(t, err, client.ErrRedirect)
		retried := 0
		for _, a := range callError(t, err).Attempts {
			if a.Reason == client.Retried {
				retried++
			}
		}
		require.Zero(t, retried)
	})
	for _, status := range []string{"301", "302", "303", "307", "308"} {
		t.Run("C14 another origin gets no credential after "+status, func(t *testing.T) {
			got, err := client.Call[echo](t.Context(), c, client.Request{
				Path: "/redirect-to", Query: url.Values{"url": {elsewhere.URL + "/anything"}, "status_code": {status}},
			})
			require.NoError(t, err)
			require.Contains(t, got.URL, elsewhere.Addr)
			require.Empty(t, got.Headers["Authorization"])
		})
		t.Run("C14 nor under an SDK after "+status, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
				here.URL+"/redirect-to?status_code="+status+"&url="+url.QueryEscape(elsewhere.URL+"/anything"), nil)
			require.NoError(t, err)
			req.Header.Set("Authorization", "Bearer the SDK's own canary")
			res, err := c.HTTPClient().Do(req)
			require.NoError(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.Contains(t, string(body), elsewhere.Addr)
			require.NotContains(t, string(body), "canary")
		})
	}
}

func TestHTTPBinAuth(t *testing.T) {
	bin := servers.HTTPBin(t)
	good := newClient(t, bin.URL, client.WithAuth(client.Basic("user", secret.Static("p:ss wörd"))))
	got, err := client.Get[struct{ Authorized bool }](t.Context(), good, "/basic-auth/user/"+client.PathEscape("p:ss wörd"))
	require.NoError(t, err)
	require.True(t, got.Authorized)

	wrong := newClient(t, bin.URL, client.WithAuth(client.Basic("user", secret.Static("wrong-canary"))))
	_, err = client.Get[client.None](t.Context(), wrong, "/basic-auth/user/pass")
	require.ErrorIs(t, err, client.ErrUnauthorized)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "wrong-canary") // X1

	bearer := newClient(t, bin.URL, client.WithAuth(client.Bearer(secret.Static("token-1"))))
	tok, err := client.Get[struct{ Token string }](t.Context(), bearer, "/bearer")
	require.NoError(t, err)
	require.Equal(t, "token-1", tok.Token)
	_, err = client.Get[client.None](t.Context(), newClient(t, bin.URL), "/bearer")
	require.ErrorIs(t, err, client.ErrUnauthorized)

	query := newClient(t, bin.URL, client.WithAuth(client.APIKeyQuery("key", secret.Static("q&k=1"))))
	e, err := client.Get[echo](t.Context(), query, "/anything")
	require.NoError(t, err)
	require.Equal(t, []string{"q&k=1"}, e.Args["key"])
}
