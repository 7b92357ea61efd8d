package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

func sse(body string) clienttest.Step {
	return clienttest.Status(200).Header("Content-Type", "text/event-stream; charset=utf-8").Body(body)
}

func TestEventsFollowTheStandard(t *testing.T) {
	type want struct{ typ, data, id string }
	for _, tc := range []struct {
		name, body string
		want       []want
	}{
		{"one", "data: a\n\n", []want{{"", "a", ""}}},
		{"crlf", "event: x\r\ndata: a\r\n\r\n", []want{{"x", "a", ""}}},
		{"cr", "data: a\r\rdata: b\r\r", []want{{"", "a", ""}, {"", "b", ""}}},
		{"lines", "data: a\ndata:b\ndata\n\n", []want{{"", "a\nb\n", ""}}},
		{"one space only", "data:  a\n\n", []want{{"", " a", ""}}},
		{"comment", ": hello\n\ndata: a\n:x\n\n", []want{{"", "a", ""}}},
		{"id persists", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", []want{{"", "a", "1"}, {"", "b", "1"}, {"", "c", ""}}},
		{"id with NUL", "id: 1\n\nid: a\x00b\ndata: a\n\n", []want{{"", "a", "1"}}},
		{"type without data", "event: x\n\ndata: a\n\n", []want{{"", "a", ""}}},
		{"mark", "\uFEFFdata: a\n\n", []want{{"", "a", ""}}},
		{"unknown field", "foo: bar\ndata: a\n\n", []want{{"", "a", ""}}},
		{"unfinished", "data: a\n\ndata: b\n", []want{{"", "a", ""}}},
		{"empty", "", nil},
		{"colon first", ":\ndata: x\n\n", []want{{"", "x", ""}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []want
			for ev, err := range client.Events(t.Context(), over(t, clienttest.NewTransport(t, sse(tc.body))), client.Request{Path: "/e"}) {
				require.NoError(t, err)
				got = append(got, want{ev.Type, string(ev.Data), ev.ID})
			}
			require.Equal(t, tc.want, got)
		})
	}
}

func TestC28_EventLimits(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 64<<20)
	srv := clienttest.NewServer(t, sse("data: "+big+"\n\n"))
	c := served(t, srv)
	n := 0
	for ev, err := range client.Events(t.Context(), c, client.Request{Path: "/e", MaxBody: 65 << 20}) {
		require.NoError(t, err)
		require.Len(t, ev.Data, len(big))
		n++
	}
	require.Equal(t, 1, n)
	err := drain(client.Events(t.Context(), c, client.Request{Path: "/e"}))
	require.ErrorIs(t, err, client.ErrTooLarge)
	asError(t, err)

	many := strings.Repeat("data: "+strings.Repeat("y", 1000)+"\n", 2000) + "\n"
	require.NoError(t, drain(client.Events(t.Context(), over(t, clienttest.NewTransport(t, sse(many))), client.Request{Path: "/e"})), "2 MB are well within the default of 16 MiB")
	err = drain(client.Events(t.Context(), over(t, clienttest.NewTransport(t, sse(many))), client.Request{Path: "/e", MaxBody: 1 << 20}))
	require.ErrorIs(t, err, client.ErrTooLarge, "the lines of one event count together")
}

// tracked counts open bodies.
type tracked struct {
	next http.RoundTripper
	open int
}

type trackedBody struct {
	io.ReadCloser
	t *tracked
}

func (b trackedBody) Close() error { b.t.open--; return b.ReadCloser.Close() }

func (t *tracked) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err == nil {
		t.open++
		resp.Body = trackedBody{resp.Body, t}
	}
	return resp, err
}

func TestC28_AConsumerThatStopsEarlyLeaksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := &tracked{next: dripping(time.Second, 1000, "data: x\n\n", "text/event-stream")}
		for range client.Events(t.Context(), plain(t, rt), client.Request{Path: "/e"}) {
			break
		}
		require.Zero(t, rt.open)
	}) // synctest fails the test if a goroutine or a timer is left
	srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			if _, err := io.WriteString(w, "data: x\n\n"); err != nil {
				return
			}
			if http.NewResponseController(w).Flush() != nil || r.Context().Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}))
	c := served(t, srv)
	for range 20 {
		for _, err := range client.Events(t.Context(), c, client.Request{Path: "/e"}) {
			require.NoError(t, err)
			break
		}
	}
}

func TestEventErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := drain(client.Events(t.Context(), over(t, clienttest.NewTransport(t, clienttest.JSON(200, `{}`))), client.Request{Path: "/e"}))
		require.ErrorIs(t, err, client.ErrDecode)
		err = drain(client.Events(t.Context(), over(t, clienttest.NewTransport(t, clienttest.JSON(404, `{"message":"gone"}`))), client.Request{Path: "/e"}))
		require.ErrorIs(t, err, client.ErrNotFound)
		require.Equal(t, "gone", asError(t, err).Message)
		rt := clienttest.NewTransport(t, clienttest.MustParse("503")[0], sse("data: a\n\n"))
		require.NoError(t, drain(client.Events(t.Context(), over(t, rt), client.Request{Path: "/e"})), "retried until the headers")
		require.Equal(t, "text/event-stream", rt.Last().Header.Get("Accept"))

		rt.Script(clienttest.Truncate(200, "data: a\n\ndata: b", 12).Header("Content-Type", "x"))
		broken := roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Request: r,
				Body: io.NopCloser(io.MultiReader(strings.NewReader("data: a\n\ndata: b"), readFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF })))}, nil
		})
		n := 0
		for _, e := range client.Events(t.Context(), plain(t, broken), client.Request{Path: "/e"}) {
			if e == nil {
				n++
			}
			err = e
		}
		require.Equal(t, 1, n)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a stream that breaks off is an error")

		silent := dripping(time.Hour, 1, "data: x\n\n", "text/event-stream")
		start := time.Now()
		err = drain(client.Events(t.Context(), plain(t, silent), client.Request{Path: "/e"}))
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Equal(t, 5*time.Minute, time.Since(start))

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err = drain(client.Events(ctx, plain(t, silent), client.Request{Path: "/e"}))
		require.ErrorIs(t, err, context.Canceled)
	})
}

// How a stream of events is asked for, and what comes instead of one.
func TestEventRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, sse("data: a\n\n"))
		for accept, h := range map[string]http.Header{
			"text/event-stream": {"X-Mine": {"1"}}, "application/x-ndjson": {"Accept": {"application/x-ndjson"}, "X-Mine": {"1"}},
		} {
			require.NoError(t, drain(client.Events(t.Context(), over(t, rt), client.Request{Path: "/e", Header: h})))
			require.Equal(t, []string{accept}, rt.Last().Header.Values("Accept"))
			require.Equal(t, "1", rt.Last().Header.Get("X-Mine"))
		}
		for _, status := range []int{300, 304, 404, 599} {
			labelled := clienttest.Status(status).Header("Content-Type", "text/event-stream")
			err := drain(client.Events(t.Context(), over(t, clienttest.NewTransport(t, labelled), client.WithRetry(retry.Never)), client.Request{Path: "/e"}))
			require.Equal(t, status, asError(t, err).Status)
			require.NotErrorIs(t, err, client.ErrDecode)
		}
		reset := errors.New("reset")
		err := drain(client.Events(t.Context(), plain(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, reset }), client.WithRetry(retry.Never)), client.Request{Path: "/e"}))
		require.ErrorIs(t, err, reset)

		start := time.Now()
		patient := plain(t, dripping(time.Hour, 1, "data: x\n\n", "text/event-stream"), client.WithIdleTimeout(client.NoTimeout))
		require.NoError(t, drain(client.Events(t.Context(), patient, client.Request{Path: "/e"})))
		require.GreaterOrEqual(t, time.Since(start), time.Hour, "no idle timeout is none")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = drain(client.Events(ctx, plain(t, rt), client.Request{Path: "/e"}))
		require.Equal(t, 1, strings.Count(err.Error(), "context canceled"))

		sent := rt.Count()
		err = drain(client.Events(t.Context(), over(t, rt), client.Request{Path: "/e", MaxBody: -1}))
		require.ErrorIs(t, err, client.ErrRequest)
		require.Equal(t, sent, rt.Count())
	})
}

type list struct {
	Data []int  `json:"data"`
	Next string `json:"next"`
}

func lists(total, size int) clienttest.Step {
	return clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		start, _ := strconv.Atoi(q.Get("cursor") + q.Get("offset"))
		var data []string
		for i := start; i < min(start+size, total); i++ {
			data = append(data, strconv.Itoa(i))
		}
		next := ""
		if start+size < total {
			next = strconv.Itoa(start + size)
			w.Header().Add("Link", `<`+base+`/items?cursor=0>; rel="first", <`+base+`/items?cursor=`+next+`&per_page=2>; title="a, \"b\"; rel=\"next\""; rel="last next"`)
		}
		_, _ = io.WriteString(w, `{"data":[`+strings.Join(data, ",")+`],"next":"`+next+`"}`)
	})
}

func TestPages(t *testing.T) {
	const total = 7
	for name, next := range map[string]func(client.Page[list]) (client.Request, bool){
		"cursor": client.NextCursor("cursor", func(l list) string { return l.Next }),
		"link":   client.NextLink[list],
		"offset": client.NextOffset("offset", func(l list) int { return len(l.Data) }),
	} {
		t.Run(name, func(t *testing.T) {
			rt := clienttest.NewTransport(t, lists(total, 2))
			first := client.Request{Path: "/items", Query: url.Values{"per_page": {"2"}}}
			var got []int
			for page, err := range client.Pages(t.Context(), over(t, rt), first, next) {
				require.NoError(t, err)
				got = append(got, page.Data...)
			}
			require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6}, got)
			require.Equal(t, url.Values{"per_page": {"2"}}, first.Query, "the first request is left alone")
			for _, r := range rt.Requests() {
				require.Contains(t, r.URL, "per_page=2")
			}
		})
	}
	t.Run("stop early", func(t *testing.T) {
		rt := clienttest.NewTransport(t, lists(total, 2))
		for range client.Pages(t.Context(), over(t, rt), client.Request{Path: "/items"}, client.NextLink[list]) {
			break
		}
		require.Equal(t, 1, rt.Count(), "pages are asked for as the loop goes")
	})
	t.Run("repeated cursor", func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"next":"same"}`))
		var last error
		for _, err := range client.Pages(t.Context(), over(t, rt), client.Request{Path: "/i"}, client.NextCursor("cursor", func(l list) string { return l.Next })) {
			last = err
		}
		require.ErrorIs(t, last, client.ErrDecode)
		require.Equal(t, 2, rt.Count())
	})
	t.Run("error", func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"next":"2"}`), clienttest.JSON(400, `{}`))
		var errs []error
		for _, err := range client.Pages(t.Context(), over(t, rt), client.Request{Path: "/i"}, client.NextCursor("cursor", func(l list) string { return l.Next })) {
			errs = append(errs, err)
		}
		require.Len(t, errs, 2)
		require.NoError(t, errs[0])
		require.ErrorIs(t, errs[1], client.ErrBadRequest)
	})
	t.Run("a link off the origins", func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`).Header("Link", `<https://evil.example.net/next>; rel=next`))
		var last error
		for _, err := range client.Pages(t.Context(), over(t, rt), client.Request{Path: "/i"}, client.NextLink[list]) {
			last = err
		}
		require.ErrorIs(t, last, client.ErrOrigin)
		require.Equal(t, 1, rt.Count())
	})
}

func TestPathsCannotEscapeTheBase(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
	c, err := client.New("https://api.example.com/v2/", client.WithTransport(rt))
	require.NoError(t, err)
	for path, want := range map[string]string{
		"": "/v2/", "/": "/v2/", "/a": "/v2/a", "a/b": "/v2/a/b", "/a%2Fb": "/v2/a%2Fb", "/a b": "/v2/a%20b", "/ä": "/v2/%C3%A4",
		"/" + client.PathEscape("../../x?y#z"): "", "/" + client.PathEscape("id/with?odd#chars"): "/v2/id%2Fwith%3Fodd%23chars",
	} {
		_, err := client.Get[client.None](t.Context(), c, path)
		if want == "" {
			require.ErrorIs(t, err, client.ErrRequest, path)
			continue
		}
		require.NoError(t, err, path)
		require.Equal(t, want, rt.Last().URL, path)
	}
	n := rt.Count()
	for _, path := range []string{
		"..", "/..", "/../x", "/a/../..", "/./a", "/%2e%2e/x", "/%2E%2e", "/a%2f..%2fb", "//evil.example.net/", `/\evil`, "/a%5cb", "/a?b", "/a#b", "/a%zz", "/a\nb", "/a%00b",
	} {
		_, err := client.Get[client.None](t.Context(), c, path)
		require.ErrorIs(t, err, client.ErrRequest, path)
	}
	require.Equal(t, n, rt.Count())
	for _, bad := range []string{"", "api.example.com", "ftp://x", "https://", "https:///x", "https://x?y", "https://x#y", "https://u@x", "https://x/../y", "://", "https://[::1", "https://a b", "mailto:x", "https:opaque"} {
		_, err := client.New(bad)
		require.ErrorIs(t, err, client.ErrConfig, bad)
	}
}

func TestMiddlewareOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		tag := func(name string) client.Middleware {
			return func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					note := name
					if r.Header.Get("Idempotency-Key") != "" {
						note += "+key"
					}
					if r.Header.Get("Authorization") != "" {
						note += "+auth"
					}
					order = append(order, note)
					return next.RoundTrip(r)
				})
			}
		}
		rt := clienttest.NewTransport(t, clienttest.MustParse("503, 200 {}")...)
		limit := limiterFunc(func() { order = append(order, "limit") })
		auth := authFunc(func(r *http.Request) { order = append(order, "auth"); r.Header.Set("Authorization", "x") })
		c := over(t, rt, client.WithProfile(keyed), client.WithAuth(auth), client.WithRateLimit(limit),
			client.WithCallMiddleware(tag("call1"), tag("call2")), client.WithAttemptMiddleware(tag("attempt1"), tag("attempt2")))
		_, err := client.Post[client.None](t.Context(), c, "/x", thing{})
		require.NoError(t, err)
		attempt := []string{"attempt1+key", "attempt2+key", "limit", "auth"}
		want := append([]string{"call1", "call2"}, append(attempt, attempt...)...)
		require.Equal(t, want, order)

		order = nil
		req, _ := http.NewRequest("POST", base+"/x", strings.NewReader("{}"))
		resp, err := c.HTTPClient().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want[:6], order, "under an SDK too")
	})
}

type limiterFunc func()

func (f limiterFunc) Wait(context.Context, string) error { f(); return nil }

type authFunc func(*http.Request)

func (f authFunc) Authorize(r *http.Request) error { f(r); return nil }

func TestMiddlewareThatMisbehaves(t *testing.T) {
	own := errors.New("mine")
	for name, mw := range map[string]client.Middleware{
		"own error": func(http.RoundTripper) http.RoundTripper {
			return roundTripper(func(*http.Request) (*http.Response, error) { return nil, own })
		},
		"nothing": func(http.RoundTripper) http.RoundTripper {
			return roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil })
		},
		"new context": func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				return next.RoundTrip(r.WithContext(context.Background()))
			})
		},
	} {
		for _, opt := range []client.Option{client.WithCallMiddleware(mw), client.WithAttemptMiddleware(mw)} {
			c, _ := scripted(t, `200 {"id":"a"}`, opt)
			_, err := client.Post[thing](t.Context(), c, "/x", thing{})
			if err != nil {
				asError(t, err)
			}
			if name == "own error" {
				require.ErrorIs(t, err, own)
			}
		}
	}
	_, err := client.New(base, client.WithCallMiddleware(nil))
	require.ErrorIs(t, err, client.ErrConfig)
}
