package client_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/costtest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

// closing counts how often a body was closed.
type closing struct {
	io.Reader
	n atomic.Int32
}

func (c *closing) Close() error { c.n.Add(1); return nil }

// C8
func TestC8_GetBodyMeansNothingIsBuffered(t *testing.T) {
	first := make(chan byte, 1)
	release := make(chan struct{})
	srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {}))
	_ = srv
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		var p [1]byte
		if _, err := io.ReadFull(r.Body, p[:]); err != nil {
			return nil, err
		}
		first <- p[0]
		rest, err := io.ReadAll(r.Body)
		if err != nil || string(rest) != "est" {
			return nil, errors.New("body lost")
		}
		_ = r.Body.Close()
		return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
	})
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("t"), readFunc(func([]byte) (int, error) {
			<-release
			return 0, io.EOF
		}), strings.NewReader("est"))), nil
	}
	done := make(chan error, 1)
	go func() {
		_, err := client.Call[client.None](t.Context(), plain(t, rt), client.Request{Method: "PUT", Path: "/x", Body: client.Open("text/plain", open, -1)})
		done <- err
	}()
	require.Equal(t, byte('t'), <-first, "the service sees byte 1 before the source has ended")
	close(release)
	require.NoError(t, <-done)
}

// C8
func TestC8_ReadAheadReplaysWhatFits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, tc := range []struct {
			size, want int
			reason     client.Reason
		}{
			{10, 2, client.Succeeded},
			{client.DefaultReadAhead, 2, client.Succeeded},
			{client.DefaultReadAhead + 1, 1, client.BodyNotReplayed},
		} {
			lengths := []int64{}
			rt := clienttest.NewTransport(t, clienttest.Status(503), clienttest.JSON(200, `{}`))
			c := over(t, rt, client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					lengths = append(lengths, r.ContentLength)
					return next.RoundTrip(r)
				})
			}))
			var ledger client.Ledger
			body := &closing{Reader: strings.NewReader(strings.Repeat("x", tc.size))}
			req, _ := http.NewRequestWithContext(client.WithLedger(t.Context(), &ledger), "PUT", base+"/x", body)
			require.Nil(t, req.GetBody)
			resp, err := c.HTTPClient().Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			list := ledger.Attempts()
			require.Len(t, list, tc.want)
			require.Equal(t, tc.reason, list[len(list)-1].Reason)
			for _, r := range rt.Requests() {
				require.Len(t, r.Body, tc.size)
			}
			if tc.want == 2 {
				require.Equal(t, []int64{int64(tc.size), int64(tc.size)}, lengths, "the length is known now")
			}
			require.EqualValues(t, 1, body.n.Load())
		}
	})
}

// C8
func TestC8_NothingIsReadAheadWhereNoRetryIsPossible(t *testing.T) {
	first := make(chan byte, 1)
	release := make(chan struct{})
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		var p [1]byte
		_, _ = io.ReadFull(r.Body, p[:])
		first <- p[0]
		_, _ = io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
	})
	done := make(chan error, 1)
	go func() {
		body := io.MultiReader(strings.NewReader("x"), readFunc(func([]byte) (int, error) { <-release; return 0, io.EOF }))
		_, err := client.Call[client.None](t.Context(), plain(t, rt, client.WithRetry(retry.Never)),
			client.Request{Method: "PUT", Path: "/x", Body: client.Stream("text/plain", body, -1)})
		done <- err
	}()
	require.Equal(t, byte('x'), <-first)
	close(release)
	require.NoError(t, <-done)
}

// C8
func TestC8_SourceThatBlocksDoesNotOutliveTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		c, rt := scripted(t, "200 {}")
		start := time.Now()
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Stream("text/plain", r, -1), Timeout: 3 * time.Second})
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Equal(t, client.MaybeApplied, asError(t, err).Effect, "it was sent as it came")
		require.LessOrEqual(t, rt.Count(), 1)
		_, err = w.Write([]byte("x"))
		require.Error(t, err, "the source has been closed")
	})
}

// C8: who has given up is not waited for, and is told what was under way.
func TestC8_ACallGivenUpWhileItsBodyIsReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := io.Pipe()
		c, rt := scripted(t, "200 {}")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		_, err := client.Call[client.None](ctx, c, client.Request{Method: "PUT", Path: "/x", Body: client.Stream("text/plain", r, -1)})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "while the request body was read")
		require.Zero(t, rt.Count())
	})
}

// C9
func TestC9_RequestIsNotMutatedAndItsBodyIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, opts := range map[string][]client.Option{
			"plain":       nil,
			"key":         {client.WithProfile(keyed)},
			"limiter":     {client.WithRateLimit(ratelimit.PerMinute(1e-9))},
			"breaker":     {client.WithBreaker(client.Breaker{Failures: 1})},
			"bad auth":    {client.WithAuth(mover{})},
			"no retry":    {client.WithRetry(retry.Never)},
			"middleware":  {client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper { return next })},
			"call middle": {client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper { return next })},
		} {
			for _, getBody := range []bool{false, true} {
				rt := clienttest.NewTransport(t, clienttest.Status(503))
				c := over(t, rt, opts...)
				for range 2 {
					body := &closing{Reader: strings.NewReader("hello")}
					req, _ := http.NewRequestWithContext(t.Context(), "POST", base+"/x?a=b", body)
					req.Header.Set("X-Own", "1")
					opened := []*closing{body}
					if getBody {
						req.GetBody = func() (io.ReadCloser, error) {
							b := &closing{Reader: strings.NewReader("hello")}
							opened = append(opened, b)
							return b, nil
						}
					}
					before := req.Clone(req.Context())
					resp, err := c.HTTPClient().Transport.RoundTrip(req)
					if err == nil {
						require.NoError(t, resp.Body.Close())
					}
					require.Equal(t, before.Header, req.Header, name)
					require.Equal(t, before.URL, req.URL, name)
					require.Equal(t, before.ContentLength, req.ContentLength, name)
					require.Same(t, body, req.Body, name)
					for _, b := range opened {
						require.NotZero(t, b.n.Load(), "%s: a body was left open", name)
					}
				}
			}
		}
	})
}

func gzipped(n int) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	zero := make([]byte, 1<<20)
	for range 16 {
		_, _ = w.Write(zero)
	}
	_ = w.Close()
	return bytes.Repeat(b.Bytes(), n/16) // one after the other, they are one (RFC 1952 section 2.2)
}

func TestC21_DecompressedBytesCount(t *testing.T) {
	bomb := gzipped(256) // 256 MiB in a quarter of one
	for _, status := range []int{200, 400} {
		srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write(bomb)
		}))
		c := served(t, srv, client.WithMaxBody(1<<20))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := client.Get[thing](t.Context(), c, "/x")
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20), "a gzip bomb costs bounded memory")
		require.Equal(t, 1, srv.Count(), "and is not retried")
		if status == 200 {
			require.ErrorIs(t, err, client.ErrTooLarge)
		} else {
			require.ErrorIs(t, err, client.ErrBadRequest)
		}
	}
}

func TestC21_LimitsAreExactAndStreamsAreNotCut(t *testing.T) {
	body := `{"id":"` + strings.Repeat("x", 100) + `"}`
	size := int64(len(body))
	for _, known := range []bool{true, false} {
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}
			if known {
				resp.ContentLength = size
			}
			return resp, nil
		})
		_, err := client.Call[thing](t.Context(), plain(t, rt), client.Request{Path: "/x", MaxBody: size})
		require.NoError(t, err)
		_, err = client.Call[thing](t.Context(), plain(t, rt), client.Request{Path: "/x", MaxBody: size - 1})
		require.ErrorIs(t, err, client.ErrTooLarge)
		require.Len(t, asError(t, err).Attempts, 1)

		c := plain(t, rt)
		resp, err := c.Do(t.Context(), client.Request{Path: "/x"})
		require.NoError(t, err)
		all, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.EqualValues(t, size, len(all), "a streamed download is not cut")

		resp, err = c.Do(t.Context(), client.Request{Path: "/x", MaxBody: size - 1})
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, client.ErrTooLarge, "unless a limit was asked for")
		require.NoError(t, resp.Body.Close())

		resp, err = c.Do(t.Context(), client.Request{Path: "/x", MaxBody: size})
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
}

// C24
func TestC24_ConcurrentBodiesNeverMix(t *testing.T) {
	t.Parallel()
	calls := 100_000
	switch {
	case testing.Short():
		calls = 20_000
	case costtest.Race: // where a buffer that is used twice is seen as such
		calls = 1_000_000
	}
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		status := 200
		if r.Header.Get("Traceparent") == "" && data[len(data)-2]%16 == 0 {
			status = 400
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, ContentLength: int64(len(data)), Body: io.NopCloser(bytes.NewReader(data))}, nil
	})
	c := plain(t, rt, client.WithPacing(nil))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for {
				n := int(next.Add(1))
				if n > calls {
					return
				}
				in := thing{ID: strings.Repeat("x", n%97), N: n}
				got, err := client.Post[thing](t.Context(), c, "/x", in)
				var e *client.Error
				if errors.As(err, &e) {
					if err := e.DecodeBody(&got); err != nil {
						t.Error(err)
						return
					}
				}
				if got != in {
					t.Errorf("sent %+v, got %+v", in, got)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestBodies(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
	c := over(t, rt)
	send := func(body any) (clienttest.Recorded, error) {
		_, err := client.Post[client.None](t.Context(), c, "/x", body)
		if err != nil {
			return clienttest.Recorded{}, err
		}
		return rt.Last(), nil
	}
	r, err := send(thing{ID: "a"})
	require.NoError(t, err)
	require.Equal(t, "application/json", r.Header.Get("Content-Type"))
	require.JSONEq(t, `{"id":"a"}`, string(r.Body))

	r, err = send(client.Form(url.Values{"a": {"1 2"}, "b": {"&"}}))
	require.NoError(t, err)
	require.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
	require.Equal(t, "a=1+2&b=%26", string(r.Body))

	r, err = send(client.Raw("text/csv", []byte("a,b")))
	require.NoError(t, err)
	require.Equal(t, "text/csv", r.Header.Get("Content-Type"))
	require.Equal(t, "a,b", string(r.Body))

	r, err = send(client.Multipart(
		client.Part{Name: "purpose", Value: "test"},
		client.Part{Name: "file", FileName: `a"b.txt`, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("content")), nil }},
	))
	require.NoError(t, err)
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(t, err)
	form, err := multipart.NewReader(bytes.NewReader(r.Body), params["boundary"]).ReadForm(1 << 20)
	require.NoError(t, err)
	require.Equal(t, []string{"test"}, form.Value["purpose"])
	require.Equal(t, "application/octet-stream", form.File["file"][0].Header.Get("Content-Type"))

	var nilThing *thing
	for name, bad := range map[string]any{
		"nil pointer":       nilThing,
		"nil map":           map[string]string(nil),
		"channel":           make(chan int),
		"function in field": struct{ F func() }{func() {}},
		"bytes":             []byte("{}"),
		"string":            "{}",
		"reader":            strings.NewReader("{}"),
		"values":            url.Values{},
		"nil stream":        client.Stream("a/b", nil, -1),
		"nil open":          client.Open("a/b", nil, -1),
		"nil body":          client.Body(nil),
		"nameless part":     client.Multipart(client.Part{Value: "x"}),
		"part with CRLF":    client.Multipart(client.Part{Name: "a\r\nb"}),
	} {
		_, err := send(bad)
		if name == "nil body" {
			require.NoError(t, err, "an untyped nil is no body")
			continue
		}
		require.ErrorIs(t, err, client.ErrRequest, name)
		require.Equal(t, client.NeverSent, asError(t, err).Effect, name)
	}
}

func TestMultipartIsReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		rt := clienttest.NewTransport(t, clienttest.MustParse("429 Retry-After=1, 200 {}")...)
		_, err := client.Post[client.None](t.Context(), over(t, rt), "/x", client.Multipart(client.Part{Name: "f", FileName: "f", Open: func() (io.ReadCloser, error) {
			opens++
			return io.NopCloser(strings.NewReader("content")), nil
		}}))
		require.NoError(t, err)
		require.Equal(t, 2, opens)
		seen := rt.Requests()
		require.Equal(t, seen[0].Body, seen[1].Body)
	})
}

func TestResults(t *testing.T) {
	for _, tc := range []struct {
		name string
		step clienttest.Step
		want error
		say  string
	}{
		{"html 200", clienttest.Status(200).Header("Content-Type", "text/html").Body("<html>secret</html>"), client.ErrDecode, "text/html"},
		{"broken json", clienttest.JSON(200, `{"id":`), client.ErrDecode, "do not fit"},
		{"other json", clienttest.JSON(200, `{"id":7}`), client.ErrDecode, "do not fit"},
		{"empty 204", clienttest.Status(204), client.ErrEmptyBody, "None"},
		{"empty 200", clienttest.Status(200), client.ErrEmptyBody, "None"},
		{"html 502", clienttest.Status(502).Header("Content-Type", "text/html").Body("<html>secret</html>"), client.ErrUnavailable, "502"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := over(t, clienttest.NewTransport(t, tc.step), client.WithRetry(retry.Never))
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.ErrorIs(t, err, tc.want)
			require.Contains(t, err.Error(), tc.say)
			require.NotContains(t, err.Error(), "secret")
		})
	}
	c := over(t, clienttest.NewTransport(t, clienttest.Status(204)))
	require.NoError(t, client.Delete(t.Context(), c, "/x"))
	c = over(t, clienttest.NewTransport(t, clienttest.Text(200, "raw")))
	raw, err := client.Get[[]byte](t.Context(), c, "/x")
	require.NoError(t, err)
	require.Equal(t, "raw", string(raw))
}

// C32: who asks for a limit gets it wherever the body is read, but for an event
// stream, which has one for each event.
func TestC32_ALimitThatWasAskedForHoldsEverywhere(t *testing.T) {
	const body = "data: 0123456789\n\n"
	for _, tc := range []struct {
		name        string
		contentType string
		status      int
		opts        []client.Option
		request     int64 // MaxBody of Do
		do, sdk     bool  // whether the body is cut
	}{
		{name: "nobody asked", contentType: "text/plain", status: 200},
		{name: "the default by its zero", contentType: "text/plain", status: 200, opts: []client.Option{client.WithMaxBody(0)}},
		{name: "too long", contentType: "text/plain", status: 200, opts: []client.Option{client.WithMaxBody(int64(len(body)) - 1)}, do: true, sdk: true},
		{name: "to the byte", contentType: "text/plain", status: 200, opts: []client.Option{client.WithMaxBody(int64(len(body)))}},
		{name: "an error", contentType: "text/plain", status: 404, opts: []client.Option{client.WithMaxBody(5)}, do: true, sdk: true},
		{name: "without any timeout", contentType: "text/plain", status: 200, do: true, sdk: true,
			opts: []client.Option{client.WithMaxBody(5), client.WithTimeout(client.NoTimeout), client.WithAttemptTimeout(client.NoTimeout), client.WithIdleTimeout(client.NoTimeout)}},
		{name: "raised by the request", contentType: "text/plain", status: 200, opts: []client.Option{client.WithMaxBody(5)}, request: 100, sdk: true},
		{name: "asked by the request", contentType: "text/plain", status: 200, request: 5, do: true},
		{name: "events", contentType: "text/event-stream", status: 200, opts: []client.Option{client.WithMaxBody(5)}},
	} {
		for _, middleware := range []bool{false, true} {
			opts := tc.opts
			if middleware {
				opts = append(slices.Clip(opts), client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) { return next.RoundTrip(r) })
				}))
			}
			c := plain(t, clienttest.NewTransport(t, clienttest.Status(tc.status).Header("Content-Type", tc.contentType).Body(body)), opts...)
			read := func(resp *http.Response, err error) error {
				require.NoError(t, err, tc.name)
				got, err := io.ReadAll(resp.Body)
				require.NoError(t, resp.Body.Close())
				require.LessOrEqual(t, len(got), len(body))
				return err
			}
			check := func(cut bool, err error, where string) {
				if cut {
					require.ErrorIs(t, err, client.ErrTooLarge, "%s, %s", tc.name, where)
				} else {
					require.NoError(t, err, "%s, %s", tc.name, where)
				}
			}
			check(tc.do, read(c.Do(t.Context(), client.Request{Path: "/x", MaxBody: tc.request})), "Do")
			check(tc.sdk, read(c.HTTPClient().Get(base+"/x")), "HTTPClient")
		}
	}
	c := plain(t, clienttest.NewTransport(t, sse("data: 0123456789\n\ndata: 0123456789\n\n")), client.WithMaxBody(20))
	require.NoError(t, drain(client.Events(t.Context(), c, client.Request{Path: "/e"})))
}

// A request that declares trailers goes out as it came, in chunks.
func TestC8_TrailersAreKept(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.Status(204))
	got := make(chan string, 1)
	srv.Script(clienttest.Handle(func(w http.ResponseWriter, r *http.Request) { got <- r.Trailer.Get("X-Checksum") }))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL, io.NopCloser(strings.NewReader("hello")))
	require.NoError(t, err)
	req.ContentLength = -1
	req.Trailer = http.Header{"X-Checksum": {"abc"}}
	resp, err := served(t, srv).HTTPClient().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "abc", <-got)
}

func TestAMultipartBodyOfKnownLengthSaysSo(t *testing.T) {
	file := func(content string) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }
	}
	for name, tc := range map[string]struct {
		parts []client.Part
		known bool
	}{
		"no part":                 {nil, true},
		"fields":                  {[]client.Part{{Name: "name", Value: "a card"}, {Name: "é\"", Value: "ü", ContentType: "text/plain"}}, true},
		"a file of known size":    {[]client.Part{{Name: "f", FileName: "a.txt", Open: file("content"), Size: 7}, {Name: "g", Value: "x"}}, true},
		"a file of unknown size":  {[]client.Part{{Name: "g", Value: "x"}, {Name: "f", FileName: "a.txt", Open: file("content")}}, false},
		"a value beside its Open": {[]client.Part{{Name: "f", Value: "unused", Open: file("content"), Size: 7}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil || tc.known && r.ContentLength != int64(len(body)) || !tc.known && r.ContentLength >= 0 {
					w.WriteHeader(http.StatusLengthRequired)
				}
			}))
			_, err := client.Post[client.None](t.Context(), served(t, srv), "/cards", client.Multipart(tc.parts...))
			require.NoError(t, err)
			if len(tc.parts) == 0 {
				return
			}
			_, params, err := mime.ParseMediaType(srv.Last().Header.Get("Content-Type"))
			require.NoError(t, err)
			form, err := multipart.NewReader(bytes.NewReader(srv.Last().Body), params["boundary"]).ReadForm(1 << 20)
			require.NoError(t, err)
			require.Len(t, form.Value, len(tc.parts)-len(form.File))
		})
	}
	for _, size := range []int64{6, 8} {
		srv := clienttest.NewServer(t)
		_, err := client.Post[client.None](t.Context(), served(t, srv), "/cards", client.Multipart(client.Part{Name: "f", Open: file("content"), Size: size}))
		require.Error(t, err)
		require.Contains(t, err.Error(), "7", "of %d", size)
	}
	for _, p := range []client.Part{{Name: "f", Open: file(""), Size: -1}, {Name: "f", Value: "x", Size: 1}} {
		_, err := client.Post[client.None](t.Context(), over(t, clienttest.NewTransport(t)), "/cards", client.Multipart(p))
		require.ErrorIs(t, err, client.ErrRequest)
		require.ErrorContains(t, err, `the Size of part "f"`)
	}
}

func TestC6_TheKeyThatIsMadeIsAUUID(t *testing.T) {
	rt := clienttest.NewTransport(t)
	c := over(t, rt, client.WithIdempotencyHeader("Idempotency-Key"))
	seen := map[string]bool{}
	for range 100 {
		_, err := client.Post[client.None](t.Context(), c, "/x", nil)
		require.NoError(t, err)
		made := rt.Last().Header.Get("Idempotency-Key")
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, made)
		require.False(t, seen[made])
		seen[made] = true
	}
}

// C21: a limit that a calculation has made negative is no limit lifted.
func TestC21_ANegativeLimitIsAnError(t *testing.T) {
	c, rt := scripted(t, "200 {}")
	_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x", MaxBody: -1})
	require.ErrorIs(t, err, client.ErrRequest)
	_, err = c.Do(t.Context(), client.Request{Path: "/x", MaxBody: -1}) //nolint:bodyclose // there is none
	require.ErrorIs(t, err, client.ErrRequest)
	require.ErrorContains(t, err, "MaxBody")
	require.Zero(t, rt.Count())
}

// C26: a request body that is not of the length that was given is an error, never a
// request that a service would read past, or wait for the end of.
func TestC26_ABodyOfAnotherLengthThanGivenIsNotSent(t *testing.T) {
	for _, tc := range []struct {
		body  string
		given int64
		bad   bool
	}{
		{"abc", 3, false}, {"abc", 2, true}, {"abc", 1, true}, {"abc", 4, true}, {"", 1, true}, {"abc", -1, false},
	} {
		srv := clienttest.NewServer(t, clienttest.Status(200))
		c := served(t, srv)
		for _, method := range []string{"PUT", "POST"} {
			before := srv.Count()
			_, err := client.Call[client.None](t.Context(), c, client.Request{Method: method, Path: "/x",
				Body: client.Stream("text/plain", strings.NewReader(tc.body), tc.given)})
			if !tc.bad {
				require.NoError(t, err, "%+v", tc)
				require.Equal(t, tc.body, string(srv.Last().Body))
				continue
			}
			require.ErrorIs(t, err, client.ErrRequest, "%+v", tc)
			require.ErrorContains(t, err, "length")
			require.Equal(t, client.NeverSent, asError(t, err).Effect)
			require.Equal(t, before, srv.Count())

			req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+"/x", io.NopCloser(strings.NewReader(tc.body)))
			require.NoError(t, err)
			req.ContentLength = tc.given
			_, err = c.HTTPClient().Do(req) //nolint:bodyclose // there is none
			require.ErrorIs(t, err, client.ErrRequest, "%+v", tc)
			require.Equal(t, before, srv.Count())
		}
	}
}

// C26: middleware that unpacks a body may leave its old length behind: what is longer
// than its Content-Length is whole, what is shorter was cut off.
func TestC26_AResponseBodyOfAnotherLengthThanItsHeader(t *testing.T) {
	for _, tc := range []struct {
		length int64
		whole  bool
	}{{5, true}, {12, true}, {-1, true}, {13, false}} {
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: tc.length, Header: http.Header{"Content-Type": {"application/json"}},
				Body: io.NopCloser(strings.NewReader(`{"id":"abc"}`)), Request: r}, nil
		})
		c, err := client.New(base, client.WithTransport(rt), client.WithRetry(retry.Never))
		require.NoError(t, err)
		got, err := client.Get[thing](t.Context(), c, "/x")
		if tc.whole {
			require.NoError(t, err)
			require.Equal(t, "abc", got.ID)
			continue
		}
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NotErrorIs(t, err, client.ErrDecode)
	}
}

// A multipart body that is closed before it was read to its end leaves no goroutine,
// and opens nothing more.
func TestAMultipartBodyThatIsClosedEarly(t *testing.T) {
	for _, read := range []int{0, 1, 200} {
		synctest.Test(t, func(t *testing.T) {
			opened := 0
			part := client.Part{Name: "f", FileName: "f", Open: func() (io.ReadCloser, error) {
				opened++
				return io.NopCloser(strings.NewReader("x")), nil
			}}
			parts := []client.Part{part}
			if read > 100 {
				parts = []client.Part{{Name: "v", Value: strings.Repeat("v", 1000)}, part}
			}
			c, _ := scripted(t, "200", client.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
				_, _ = io.ReadFull(r.Body, make([]byte, read))
				_ = r.Body.Close()
				return nil, io.ErrClosedPipe
			})), client.WithRetry(retry.Never))
			_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", Body: client.Multipart(parts...)})
			require.Error(t, err)
			synctest.Wait()
			require.Zero(t, opened, read)
		})
	}
}
