package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
)

// through makes one request in each way that there is. Under HTTPClient the body can
// be opened again or not.
func through(t *testing.T, c *client.Client, method, path string, h http.Header, body string) map[string]error {
	t.Helper()
	sdk := func(getBody bool) error {
		req := newRequest(t, method, own+path, body)
		for name, values := range h {
			req.Header[name] = values
		}
		if body != "" {
			req.Header["content-type"] = []string{"text/x"}
		}
		if !getBody && body != "" {
			req.GetBody, req.Body, req.ContentLength = nil, io.NopCloser(strings.NewReader(body)), -1
		}
		resp, err := c.HTTPClient().Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	r := client.Request{Method: method, Path: path, Header: h}
	if body != "" {
		r.Body = client.Raw("text/x", []byte(body))
	}
	_, callErr := client.Call[client.None](t.Context(), c, r)
	resp, doErr := c.Do(t.Context(), r)
	if doErr == nil {
		doErr = resp.Body.Close()
	}
	return map[string]error{"Call": callErr, "Do": doErr, "HTTPClient": sdk(true), "HTTPClient, body of one reading": sdk(false)}
}

// C39: a 301 or 302 turns nothing but a POST into a GET. On the client's own origins
// the same method and body go on, whoever drives the redirects.
func TestC39_ARedirectTurnsNoWriteIntoARead(t *testing.T) {
	t.Parallel()
	same := client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper { return next })
	attempt := client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper { return next })
	for name, opts := range map[string][]client.Option{"plain": nil, "per call": {same}, "per attempt": {attempt}} {
		for _, status := range []int{301, 302} {
			for _, tc := range []struct{ method, body string }{
				{"DELETE", ""}, {"DELETE", "reason"}, {"PUT", "mine"}, {"PUT", ""}, {"PATCH", "mine"}, {"LOCK", "mine"}, {"OPTIONS", ""}, {"GET", "search"}, {"GET", ""}, {"HEAD", ""},
			} {
				t.Run(fmt.Sprint(name, " ", status, " ", tc.method, " ", tc.body), func(t *testing.T) {
					w := &wire{routes: map[string]http.HandlerFunc{own + "/a": to(status, "/b/"), own + "/b/": to(status, "/c")}}
					for way, err := range through(t, w.on(t, opts...), tc.method, "/a", nil, tc.body) {
						require.NoError(t, err, way)
					}
					require.Len(t, w.seen, 12)
					for _, s := range w.seen {
						require.Equal(t, tc.method, s.method, s.url)
						require.Equal(t, tc.body, s.body, s.url)
						require.Equal(t, "Bearer canary-secret", s.auth())
						if tc.body != "" {
							require.Equal(t, "text/x", s.contentType())
						}
					}
				})
			}
		}
	}
}

// C39: where the same write must not go, it is an error, and not a GET.
func TestC39_AWriteIsNotRedirectedElsewhere(t *testing.T) {
	for _, location := range []string{foreign + "/b", "http://api.example.com/b", own + ":8443/b"} {
		for _, status := range []int{301, 302} {
			for _, tc := range []struct{ method, body string }{{"DELETE", ""}, {"PUT", "mine"}, {"PATCH", "mine"}, {"LOCK", ""}, {"GET", "search"}} {
				w := &wire{routes: map[string]http.HandlerFunc{own + "/a": to(status, location)}}
				for way, err := range through(t, w.on(t), tc.method, "/a", nil, tc.body) {
					require.ErrorIs(t, err, client.ErrRedirect, way)
					require.ErrorContains(t, err, tc.method)
				}
				require.Len(t, w.seen, 4, "nothing went there")
			}
		}
	}
	// A read without a body has nothing to lose, and a chain that came back is foreign.
	w := &wire{routes: map[string]http.HandlerFunc{own + "/a": to(302, foreign+"/b"), own + "/x": to(307, foreign+"/y"), foreign + "/y": to(302, own+"/z")}}
	for way, err := range through(t, w.on(t), "GET", "/a", nil, "") {
		require.NoError(t, err, way)
	}
	for way, err := range through(t, w.on(t), "DELETE", "/x", nil, "") {
		require.ErrorIs(t, err, client.ErrRedirect, way)
	}
	// So has one whose body of unknown length is empty, as SDKs make them.
	for _, status := range []int{301, 302, 307} {
		for _, location := range []string{foreign + "/b", "http://api.example.com/b"} {
			w := &wire{routes: map[string]http.HandlerFunc{own + "/a": to(status, location)}}
			req := newRequest(t, "GET", own+"/a", "")
			req.Body = io.NopCloser(strings.NewReader(""))
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil }
			resp, err := w.on(t).HTTPClient().Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, location, w.last().url)
		}
	}
}

// C39: a body that is gone is no reason to send something else.
func TestC39_RedirectedWriteWhoseBodyIsGone(t *testing.T) {
	for _, status := range []int{301, 302} {
		w := &wire{routes: map[string]http.HandlerFunc{own + "/a": to(status, "/b")}}
		c := w.on(t, client.WithReadAhead(4))
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/a", Body: client.Stream("text/x", strings.NewReader("too long"), -1)})
		require.Equal(t, status, asError(t, err).Status)
		req := newRequest(t, "PUT", own+"/a", "too long")
		req.GetBody = nil
		_, err = c.HTTPClient().Do(req)
		require.ErrorIs(t, err, client.ErrRedirect)
		require.Len(t, w.seen, 2)
		for _, s := range w.seen {
			require.Equal(t, "PUT", s.method)
		}

		opens := 0
		req = newRequest(t, "PUT", own+"/a", "twice")
		req.GetBody = func() (io.ReadCloser, error) { opens++; return nil, errors.New("gone") }
		_, err = c.HTTPClient().Do(req)
		require.ErrorIs(t, err, client.ErrRequest)
		require.Equal(t, 1, opens)
	}
}

// C39, RFC 9110 §15.4: a POST that meets a 301 or 302, and anything that meets a 303,
// goes on as a GET; what 307 and 308 lead to stays what it is.
func TestC39_WhatBecomesAGET(t *testing.T) {
	for _, tc := range []struct {
		status       int
		method, want string
	}{
		{301, "POST", "GET"}, {302, "POST", "GET"}, {303, "POST", "GET"}, {303, "PUT", "GET"}, {303, "DELETE", "GET"}, {303, "HEAD", "HEAD"},
		{307, "POST", "POST"}, {308, "PUT", "PUT"}, {308, "DELETE", "DELETE"},
	} {
		w := &wire{routes: map[string]http.HandlerFunc{own + "/a": to(tc.status, "/b")}}
		body := "in"
		if tc.method == "HEAD" {
			body = ""
		}
		req := newRequest(t, tc.method, own+"/a", body)
		resp, err := w.on(t).HTTPClient().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		_, err = client.Call[client.None](t.Context(), w.on(t), client.Request{Method: tc.method, Path: "/a", Body: client.Raw("text/x", []byte(body))})
		require.NoError(t, err)
		for _, i := range []int{1, 3} {
			require.Equal(t, tc.want, w.seen[i].method, "%d %s", tc.status, tc.method)
			require.Equal(t, tc.want == tc.method, w.seen[i].body == body, "%d %s", tc.status, tc.method)
		}
	}
}

// A CheckRedirect that takes the method over gets it; resp.Request is what was sent.
func TestRedirectedWriteUnderACheckRedirect(t *testing.T) {
	w := &wire{routes: map[string]http.HandlerFunc{own + "/a": to(301, "/b")}}
	for method, want := range map[string]string{"PUT": "PUT", "GET": "PUT", "POST": "POST"} {
		hc := w.on(t).HTTPClient()
		hc.CheckRedirect = func(req *http.Request, _ []*http.Request) error { req.Method = method; return nil }
		resp, err := hc.Do(newRequest(t, "PUT", own+"/a", "mine"))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, w.last().method)
		require.Equal(t, want, resp.Request.Method)
		require.Equal(t, want == "PUT", w.last().body == "mine")
	}
}

// C22: a write that was redirected with its method was not done where it was sent
// first.
func TestC22_EffectOfARepeatedWrite(t *testing.T) {
	for status, want := range map[int]client.Effect{301: client.Rejected, 302: client.Rejected, 303: client.MaybeApplied} {
		w := &wire{routes: map[string]http.HandlerFunc{own + "/a": to(status, "/b"), own + "/b": to(404, "")}}
		_, err := client.Call[client.None](t.Context(), w.on(t), client.Request{Method: "DELETE", Path: "/a"})
		require.ErrorIs(t, err, client.ErrNotFound)
		require.Equal(t, want, asError(t, err).Effect, status)
	}
}

// C39: what narrows a request goes wherever the request goes.
func TestC39_PreconditionsTravel(t *testing.T) {
	const date = "Thu, 26 Nov 2026 01:00:00 GMT"
	narrow := http.Header{
		"If-Match": {`"v1"`}, "If-None-Match": {"*"}, "If-Modified-Since": {date}, "If-Unmodified-Since": {date}, "If-Range": {`"v1"`}, "Range": {"bytes=100-"},
		"If": {"(<urn:uuid:1>)"}, "If-Schedule-Tag-Match": {`"s"`}, "X-Goog-If-Generation-Match": {"0"}, "X-Amz-Copy-Source-If-Match": {`"v1"`},
		"X-If-Unmodified-Since-Version": {"4"}, "Prefer": {"handling=strict"}, "Depth": {"0"}, "Overwrite": {"F"}, "X-Dry-Run": {"true"}, "X-Http-Method-Override": {"GET"},
		"Upload-Offset": {"10"}, "Content-Digest": {"sha-256=:x:"}, "Max-Forwards": {"1"},
	}
	for _, location := range []string{own + "/b", foreign + "/b"} {
		for status, methods := range map[int][]string{307: {"PUT", "POST", "GET", "DELETE"}, 302: {"GET", "HEAD"}, 303: {"GET"}} {
			for _, method := range methods {
				w := &wire{routes: map[string]http.HandlerFunc{own + "/a": to(status, location)}}
				body := ""
				if method == "PUT" || method == "POST" {
					body = "mine"
				}
				h := narrow.Clone()
				h["Cookie"] = []string{"of-the-sdk"}
				for name, err := range through(t, w.on(t), method, "/a", h, body) {
					if name == "HTTPClient, body of one reading" {
						continue // http.Client hands the redirect itself back
					}
					require.NoError(t, err, name)
				}
				for _, s := range w.seen {
					for name, values := range narrow {
						require.Equal(t, values, s.header[name], "%s %s: %s", s.method, s.url, name)
					}
					if strings.HasPrefix(s.url, foreign) {
						require.Empty(t, s.header["Cookie"])
						require.Empty(t, s.auth())
					}
				}
			}
		}
	}
	// In the spelling of an SDK too.
	w := &wire{routes: map[string]http.HandlerFunc{own + "/a": to(307, foreign+"/b")}}
	req := newRequest(t, "PUT", own+"/a", "mine")
	for name, values := range narrow {
		req.Header[strings.ToLower(name)] = values
	}
	resp, err := w.on(t).HTTPClient().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	for name, values := range narrow {
		require.Equal(t, values, w.last().header[strings.ToLower(name)], name)
	}
}

// A body that was read ahead has a length on the next hop too.
func TestC39_ABodyThatWasReadAheadKeepsItsLength(t *testing.T) {
	srv := clienttest.NewServer(t)
	lengths := make(chan int64, 2)
	srv.Script(clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		lengths <- r.ContentLength
		if r.URL.Path == "/x" {
			http.Redirect(w, r, "/y", http.StatusFound)
		}
	}))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL+"/x", io.NopCloser(strings.NewReader("hello")))
	require.NoError(t, err)
	resp, err := served(t, srv).HTTPClient().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.EqualValues(t, 5, <-lengths)
	require.EqualValues(t, 5, <-lengths)
	require.Equal(t, "hello", string(srv.Last().Body))
}

// A redirect that per-attempt middleware answers by itself, with nothing sent
// before it, is followed like any other.
func TestARedirectOfMiddlewaresOwnIsFollowed(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"id":"a"}`))
	c := over(t, rt, client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.URL.Path != "/x" {
				return next.RoundTrip(req)
			}
			return &http.Response{StatusCode: 307, Header: http.Header{"Location": {"/y"}}, Body: http.NoBody, Request: req}, nil
		})
	}))
	resp, err := c.HTTPClient().Get(base + "/x")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, 1, rt.Count())
	require.Equal(t, "/y", rt.Last().URL)
}
