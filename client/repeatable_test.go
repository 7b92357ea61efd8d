package client_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
)

// C5: a write that may be made twice, as the caller or the profile says, is retried as a
// PUT is; no other is.
func TestC5_RepeatableWrites(t *testing.T) {
	search := client.Profile{Name: "store", Repeatable: func(r *http.Request) bool {
		return r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/search") && r.Header.Get("Authorization") == ""
	}}
	for name, tc := range map[string]struct {
		req     client.Request
		profile client.Profile
		want    []client.Reason
	}{
		"as it is":       {req: client.Request{Path: "/x"}, want: []client.Reason{client.NotIdempotent}},
		"of the call":    {req: client.Request{Path: "/x", Repeatable: true}, want: []client.Reason{client.Retried, client.Succeeded}},
		"of the profile": {req: client.Request{Path: "/v1/search"}, profile: search, want: []client.Reason{client.Retried, client.Succeeded}},
		"another path":   {req: client.Request{Path: "/v1/orders"}, profile: search, want: []client.Reason{client.NotIdempotent}},
	} {
		for _, step := range []string{"503", "reset"} {
			synctest.Test(t, func(t *testing.T) {
				c, _ := scripted(t, step+", 200 {}", client.WithProfile(tc.profile))
				var meta client.Meta
				tc.req.Method, tc.req.Body, tc.req.Meta = "POST", thing{}, &meta
				_, err := client.Call[client.None](t.Context(), c, tc.req)
				require.Equal(t, tc.want, reasons(meta.Attempts), "%s, %s", name, step)
				require.Equal(t, len(tc.want) == 1, err != nil, name)
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "503, 200 {}", client.WithProfile(search))
		resp, err := c.HTTPClient().Post(base+"/v1/search", "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 2, rt.Count(), "under an SDK too")
	})
}

func TestC37_APanicInRepeatableIsTheCallsError(t *testing.T) {
	c, rt := scripted(t, "200", client.WithProfile(client.Profile{Repeatable: func(*http.Request) bool { panic("x") }}))
	_, err := client.Post[client.None](t.Context(), c, "/x", thing{})
	var p *client.PanicError
	require.ErrorAs(t, err, &p)
	require.Zero(t, rt.Count())
}

// C12
func TestC12_AttemptTimeoutOfACall(t *testing.T) {
	for name, tc := range map[string]struct {
		given time.Duration
		want  time.Duration
	}{
		"the client's": {0, 3 * time.Second},
		"its own":      {7 * time.Second, 7 * time.Second},
		"none":         {client.NoTimeout, client.DefaultTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := scripted(t, "hang", client.WithAttemptTimeout(3*time.Second), client.WithRetry(retry.Never))
			start := time.Now()
			_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x", AttemptTimeout: tc.given})
			require.ErrorIs(t, err, client.ErrTimeout, name)
			require.Equal(t, tc.want, time.Since(start), name)
		})
	}
	c, rt := scripted(t, "200")
	_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x", AttemptTimeout: -2})
	require.ErrorIs(t, err, client.ErrRequest)
	require.ErrorContains(t, err, "AttemptTimeout")
	require.Zero(t, rt.Count())
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type step struct{ sent, total int64 }
		var steps []step
		progress := func(sent, total int64) { steps = append(steps, step{sent, total}) }
		c := plain(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r.Body}, make([]byte, 4))
				_ = r.Body.Close()
				if err != nil {
					return nil, err
				}
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}))
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Raw("a/b", []byte("0123456789")), Progress: progress})
		require.NoError(t, err)
		require.Equal(t, []step{{4, 10}, {8, 10}, {10, 10}}, steps)

		steps = nil
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(make([]byte, 5))), nil }
		_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Open("a/b", open, -1), Progress: progress})
		require.NoError(t, err)
		require.Equal(t, []step{{4, -1}, {5, -1}}, steps)

		steps = nil
		_, err = client.Call[client.None](t.Context(), c, client.Request{Path: "/x", Progress: progress})
		require.NoError(t, err)
		require.Empty(t, steps, "without a body there is none")

		_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Raw("a/b", []byte("x")),
			Progress: func(int64, int64) { panic("x") }})
		var p *client.PanicError
		require.ErrorAs(t, err, &p, "a panic in it is the call's error")
		require.Len(t, asError(t, err).Attempts, 1)
	})
}
