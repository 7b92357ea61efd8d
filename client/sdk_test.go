package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

// What an SDK gets from its http.Client is a url.Error: the stack's own error is
// in it, and what callers branch on is told through it.
func TestErrorsThroughAnSDK(t *testing.T) {
	for name, tc := range map[string]struct {
		script  string
		opts    []client.Option
		url     string
		want    error
		timeout bool
	}{
		"reset":    {script: "reset", want: clienttest.ErrReset},
		"attempt":  {script: "hang", opts: []client.Option{client.WithAttemptTimeout(time.Millisecond)}, want: client.ErrTimeout, timeout: true},
		"call":     {script: "hang", opts: []client.Option{client.WithTimeout(time.Millisecond)}, want: context.DeadlineExceeded, timeout: true},
		"breaker":  {script: "503", opts: []client.Option{client.WithBreaker(client.Breaker{Failures: 1})}, want: client.ErrCircuitOpen},
		"redirect": {script: "302 Location=https://evil.example.net/?k=" + url.QueryEscape(key), want: client.ErrRedirect},
		"scheme":   {script: "200", url: "ftp://api.example.com/x", want: client.ErrRequest},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := scripted(t, tc.script, append(tc.opts, client.WithRetry(retry.Never))...)
			hc := c.HTTPClient()
			if tc.url == "" {
				tc.url = base + "/x"
			}
			resp, err := hc.Get(tc.url)
			if name == "breaker" {
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				_, err = hc.Get(tc.url)
			}
			var outer *url.Error
			require.ErrorAs(t, err, &outer)
			require.ErrorIs(t, err, tc.want)
			e := asError(t, err)
			require.Equal(t, tc.timeout, e.Timeout())
			require.Equal(t, tc.timeout, outer.Timeout(), "as net.Error has it")
			require.NotContains(t, err.Error(), "canary")
		})
	}
}

// A body may be closed while another goroutine reads it, as http.Client's own.
func TestCloseDuringARead(t *testing.T) {
	for name, h := range map[string]string{"error": "500", "stream": "200"} {
		t.Run(name, func(t *testing.T) {
			started := make(chan struct{})
			srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
				if h == "500" {
					w.WriteHeader(500)
					_, _ = io.WriteString(w, strings.Repeat("x", client.DefaultMaxErrorBody+10))
				}
				_ = http.NewResponseController(w).Flush()
				close(started)
				<-r.Context().Done()
			}))
			resp, err := served(t, srv, client.WithRetry(retry.Never)).Do(t.Context(), client.Request{})
			require.NoError(t, err)
			<-started
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := io.Copy(io.Discard, resp.Body)
				if err == nil {
					t.Error("the body did not end well")
				}
			})
			require.NoError(t, resp.Body.Close())
			wg.Wait()
			require.NoError(t, resp.Body.Close(), "again")
		})
	}
}

// A transport may close a request body while it reads it.
func TestMultipartIsClosedDuringARead(t *testing.T) {
	var wg sync.WaitGroup
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		wg.Go(func() { _, _ = io.Copy(io.Discard, r.Body) })
		_ = r.Body.Close()
		return nil, errors.New("gone")
	})
	c, _ := scripted(t, "200", client.WithTransport(rt), client.WithRetry(retry.Never))
	for range 50 {
		_, err := client.Post[client.None](t.Context(), c, "/", client.Multipart(client.Part{Name: "a", Value: strings.Repeat("x", 1<<16)}))
		require.Error(t, err)
	}
	wg.Wait()
}

// A page that is asked for by a header is not the same page again.
func TestPagesByHeader(t *testing.T) {
	c, rt := scripted(t, `200 {"id":"1"}, 200 {"id":"2"}, 200 {}`)
	next := func(p client.Page[thing]) (client.Request, bool) {
		r := p.Request
		r.Header = http.Header{"X-Cursor": {p.Value.ID}}
		return r, p.Value.ID != ""
	}
	for _, err := range client.Pages(t.Context(), c, client.Request{Path: "/x"}, next) {
		require.NoError(t, err)
	}
	require.Equal(t, 3, rt.Count())
	require.Equal(t, "2", rt.Last().Header.Get("X-Cursor"))
}
