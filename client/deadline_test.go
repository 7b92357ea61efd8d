package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

func TestC12_AttemptTimerBoundsTheHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.Hang(), clienttest.JSON(200, `{"id":"a"}`))
		c := over(t, rt, client.WithAttemptTimeout(10*time.Second), client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Second)}))
		start := time.Now()
		var meta client.Meta
		_, err := client.Call[thing](t.Context(), c, client.Request{Path: "/x", Meta: &meta})
		require.NoError(t, err)
		require.Equal(t, 11*time.Second, time.Since(start))
		require.ErrorIs(t, meta.Attempts[0].Err, client.ErrTimeout)
		require.Equal(t, 10*time.Second, meta.Attempts[0].Duration)

		rt.Script(clienttest.Hang())
		_, err = client.Post[thing](t.Context(), c, "/x", thing{})
		e := asError(t, err)
		require.ErrorIs(t, err, client.ErrTimeout)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "it was the attempt's, not the call's")
		require.Len(t, e.Attempts, 1, "an attempt's timeout is retried only as the rule permits")
		require.Equal(t, client.MaybeApplied, e.Effect)
		require.True(t, e.Timeout())
	})
}

func TestC12_AttemptTimerExcludesWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`).After(900*time.Millisecond))
		c := over(t, rt, client.WithAttemptTimeout(time.Second), client.WithRateLimit(ratelimit.PerMinute(1)))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err, "a minute's wait for the limiter is no part of the attempt")
	})
}

// drip sends a body bit by bit.
type drip struct {
	every time.Duration
	left  int
	chunk string
	ctx   context.Context
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	d.left--
	select {
	case <-time.After(d.every):
		return copy(p, d.chunk), nil
	case <-d.ctx.Done():
		return 0, context.Cause(d.ctx)
	}
}

func (d *drip) Close() error { return nil }

func dripping(every time.Duration, n int, chunk, contentType string) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {contentType}}, Request: r,
			ContentLength: -1, Body: &drip{every, n, chunk, r.Context()}}, nil
	}
}

func plain(t *testing.T, rt http.RoundTripper, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(base, append([]client.Option{client.WithTransport(rt)}, opts...)...)
	require.NoError(t, err)
	return c
}

func TestC12_StreamOutlivesItsHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const minutes = 10
		c := plain(t, dripping(15*time.Second, 4*minutes, "data: tick\n\n", "text/event-stream"))
		n := 0
		start := time.Now()
		for _, err := range client.Events(t.Context(), c, client.Request{Path: "/events"}) {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, 4*minutes, n)
		require.Equal(t, minutes*time.Minute, time.Since(start), "ten times the attempt's time, seven times the call's")

		resp, err := c.HTTPClient().Get(base + "/events")
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Len(t, body, 4*minutes*len("data: tick\n\n"), "under an SDK too")

		chunk := strings.Repeat("x", 20<<10)
		c = plain(t, dripping(15*time.Second, 4*minutes, chunk, "application/octet-stream"))
		resp, err = c.Do(t.Context(), client.Request{Path: "/download"})
		require.NoError(t, err)
		read, err := io.Copy(struct{ io.Writer }{io.Discard}, resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.EqualValues(t, read, 4*minutes*len(chunk), "over 1 KiB a second")
	})
}

func TestC12_IdleBodyIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := plain(t, dripping(61*time.Second, 2, "x", "application/octet-stream"))
		resp, err := c.Do(t.Context(), client.Request{Path: "/download"})
		require.NoError(t, err)
		start := time.Now()
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Equal(t, time.Minute, time.Since(start))
		require.NoError(t, resp.Body.Close())
	})
}

func TestC12_SlowConsumerIsNotIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := plain(t, dripping(time.Second, 3, "x", "application/octet-stream"))
		resp, err := c.Do(t.Context(), client.Request{Path: "/download"})
		require.NoError(t, err)
		var p [1]byte
		for range 3 {
			_, err := resp.Body.Read(p[:])
			require.NoError(t, err)
			time.Sleep(5 * time.Minute) // the consumer's own time
		}
		_, err = resp.Body.Read(p[:])
		require.ErrorIs(t, err, io.EOF)
		require.NoError(t, resp.Body.Close())
	})
}

func TestC12_AskedForDeadlineBoundsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := dripping(time.Second, 1000, "data: x\n\n", "text/event-stream")
		for name, open := range map[string]func() error{
			"context": func() error {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				return drain(client.Events(ctx, plain(t, rt), client.Request{Path: "/e"}))
			},
			"request": func() error {
				return drain(client.Events(t.Context(), plain(t, rt), client.Request{Path: "/e", Timeout: 10 * time.Second}))
			},
			"option": func() error {
				return drain(client.Events(t.Context(), plain(t, rt, client.WithTimeout(10*time.Second)), client.Request{Path: "/e"}))
			},
		} {
			start := time.Now()
			err := open()
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			require.Equal(t, 10*time.Second, time.Since(start), name)
		}
	})
}

func drain(events func(func(client.Event, error) bool)) (err error) {
	for _, e := range events {
		if e != nil {
			err = e
		}
	}
	return err
}

func TestC12_DefaultCallDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, "hang")
		start := time.Now()
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrTimeout)
		require.LessOrEqual(t, time.Since(start), client.DefaultTimeout)

		c = plain(t, dripping(time.Second, 1000, " ", "application/json"))
		start = time.Now()
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, client.DefaultTimeout, time.Since(start), "the body of a call is inside its deadline")

		resp, err := c.HTTPClient().Get(base + "/x")
		require.NoError(t, err)
		start = time.Now()
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, client.ErrTimeout)
		require.ErrorContains(t, err, "1 KiB a second")
		require.Equal(t, time.Minute+time.Second, time.Since(start), "an SDK's is bounded while it moves by a least rate")
		require.NoError(t, resp.Body.Close())

		c = plain(t, dripping(time.Second, 300, " ", "application/json"), client.WithTimeout(client.NoTimeout))
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
	})
}

// C12, C26: the default deadline bounds the wait for the response that a redirect leads
// to, whoever follows it and whatever body the redirect itself has.
func TestC12_ARedirectsBodyDoesNotLiftTheDefaultDeadline(t *testing.T) {
	ways := map[string]func(*testing.T, *client.Client) error{
		"Call": func(t *testing.T, c *client.Client) error {
			_, err := client.Get[client.None](t.Context(), c, "/x")
			return err
		},
		"Do": func(t *testing.T, c *client.Client) error {
			return readAll(c.Do(t.Context(), client.Request{Path: "/x"}))
		},
		"Events": func(t *testing.T, c *client.Client) error {
			return drain(client.Events(t.Context(), c, client.Request{Path: "/x"}))
		},
		"Download": func(t *testing.T, c *client.Client) error {
			_, err := client.Download(t.Context(), c, client.Request{Path: "/x"}, io.Discard)
			return err
		},
		"HTTPClient": func(t *testing.T, c *client.Client) error {
			return readAll(c.HTTPClient().Get(base + "/x"))
		},
	}
	through := client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper { return next })
	for way, call := range ways {
		for body, n := range map[string]int64{"": 0, "moved": 5, "moved in chunks": -1} {
			// The service says nothing there, or the credential does not come.
			for _, to := range []string{"/silent", "/slow"} {
				for name, opts := range map[string][]client.Option{"plain": nil, "middleware": {through}} {
					t.Run(way+" "+body+" "+to+" "+name, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							rt := roundTripper(func(r *http.Request) (*http.Response, error) {
								switch r.URL.Path {
								case "/x", "/y":
									next := map[string]string{"/x": "/y", "/y": to}[r.URL.Path]
									resp := &http.Response{StatusCode: 302, Header: http.Header{"Location": {next}}, Request: r, Body: http.NoBody, ContentLength: n}
									if n != 0 {
										resp.Body = io.NopCloser(strings.NewReader(body))
									}
									return resp, nil
								}
								select {
								case <-r.Context().Done():
									return nil, context.Cause(r.Context())
								case <-time.After(time.Hour):
									return nil, errors.New("the service gave up")
								}
							})
							opts := append([]client.Option{client.WithAuth(&waits{}), client.WithAttemptTimeout(client.NoTimeout), client.WithRetry(retry.Never)}, opts...)
							start := time.Now()
							err := call(t, plain(t, rt, opts...))
							require.ErrorIs(t, err, context.DeadlineExceeded)
							require.Equal(t, client.DefaultTimeout, time.Since(start))
						})
					})
				}
			}
		}
	}
}

// hostile is a transport to a server that writes whatever it likes, without a network.
func hostile(t *testing.T, serve func(net.Conn)) *http.Transport {
	t.Helper()
	tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
				serve(theirs)
			}
		}()
		return ours, nil
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// C26
func TestC26_HostileServers(t *testing.T) {
	endless := func(prefix, chunk string) func(net.Conn) {
		return func(c net.Conn) {
			_, err := io.WriteString(c, prefix)
			for err == nil {
				_, err = io.WriteString(c, chunk)
			}
		}
	}
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for _, tc := range []struct {
		name  string
		serve func(net.Conn)
		want  error
	}{
		{"endless headers", endless("HTTP/1.1 200 OK\r\n", "X-A: "+strings.Repeat("a", 1000)+"\r\n"), nil},
		{"endless body", endless(ok+"\r\n", strings.Repeat("x", 4096)), client.ErrTooLarge},
		{"endless chunks", endless(ok+"Transfer-Encoding: chunked\r\n\r\n", "1000\r\n"+strings.Repeat("x", 4096)+"\r\n"), client.ErrTooLarge},
		{"bad chunk", endless(ok+"Transfer-Encoding: chunked\r\n\r\n", "zz\r\n"), nil},
		{"endless error body", endless("HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n\r\n", strings.Repeat("x", 4096)), client.ErrBadRequest},
		{"slow drip", func(c net.Conn) {
			_, err := io.WriteString(c, ok+"\r\n")
			for err == nil {
				time.Sleep(10 * time.Millisecond)
				_, err = io.WriteString(c, " ")
			}
		}, context.DeadlineExceeded},
		{"slow headers", func(c net.Conn) {
			_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for err == nil {
				time.Sleep(10 * time.Millisecond)
				_, err = io.WriteString(c, "X-A: b\r\n")
			}
		}, client.ErrTimeout},
		{"garbage", endless("\x00\x01\x02 what\r\n\r\n", "?"), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := client.New("http://localhost", client.WithTransport(hostile(t, tc.serve)), client.WithMaxBody(1<<20), client.WithRetry(retry.Never))
				require.NoError(t, err)
				start := time.Now()
				_, err = client.Call[thing](t.Context(), c, client.Request{Path: "/x", Timeout: 2 * time.Second})
				require.Error(t, err)
				if tc.want != nil {
					require.ErrorIs(t, err, tc.want)
				}
				require.LessOrEqual(t, time.Since(start), 2*time.Second)
				require.Less(t, len(err.Error()), 4096)
				time.Sleep(time.Second) // so that the server sees the end too
			})
		})
	}
}

// C26
func TestC26_TruncatedBodyIsTheAttemptsFailure(t *testing.T) {
	for name, mk := range map[string]func(*testing.T) *client.Client{
		"in memory": func(t *testing.T) *client.Client {
			return over(t, clienttest.NewTransport(t, clienttest.Truncate(200, `{"id":"abc"}`, 5), clienttest.JSON(200, `{"id":"abc"}`)))
		},
		"on the wire": func(t *testing.T) *client.Client {
			return served(t, clienttest.NewServer(t, clienttest.Truncate(200, `{"id":"abc"}`, 5), clienttest.JSON(200, `{"id":"abc"}`)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := mk(t).With(client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
			require.NoError(t, err)
			var meta client.Meta
			got, err := client.Call[thing](t.Context(), c, client.Request{Path: "/x", Meta: &meta})
			require.NoError(t, err)
			require.Equal(t, "abc", got.ID)
			require.Len(t, meta.Attempts, 2)
			require.Equal(t, client.Retried, meta.Attempts[0].Reason)
			require.Equal(t, 200, meta.Attempts[0].Status)

			c = mk(t)
			_, err = client.Post[thing](t.Context(), c, "/x", thing{})
			e := asError(t, err)
			require.NotErrorIs(t, err, client.ErrDecode)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.Equal(t, client.MaybeApplied, e.Effect)
			require.Len(t, e.Attempts, 1, "a POST is not repeated for it")
		})
	}
}

// C10
func TestC10_RetriesUseOneConnectionAndDrainIsBounded(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.MustParse(`503 {"error":"a"}, 503 {"error":"b"}, 503 {"error":"c"}, 200 {}`)...)
	dials := 0
	tr := http.DefaultTransport.(*http.Transport).Clone()
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials++
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	c := served(t, srv, client.WithTransport(tr), client.WithRetry(retry.Policy{MaxAttempts: 4, Backoff: retry.Constant(0)}))
	_, err := client.Get[thing](t.Context(), c, "/x")
	require.NoError(t, err)
	require.Equal(t, 4, srv.Count())
	require.Equal(t, 1, dials)

	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := plain(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			n++
			if n == 2 {
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
			}
			return &http.Response{StatusCode: 503, Header: http.Header{}, Request: r, ContentLength: -1,
				Body: &drip{time.Second, 1 << 30, "x", r.Context()}}, nil
		}), client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
		start := time.Now()
		_, err := client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Equal(t, time.Second, time.Since(start), "the drain is bounded in time")

		n = 0
		read := 0
		c = plain(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			n++
			if n == 2 {
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
			}
			return &http.Response{StatusCode: 503, Header: http.Header{}, Request: r, ContentLength: -1,
				Body: io.NopCloser(readFunc(func(p []byte) (int, error) { read += len(p); return len(p), nil }))}, nil
		}), client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
		require.LessOrEqual(t, read, client.DefaultMaxErrorBody+4096, "and in bytes")
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// idleCounter counts calls of CloseIdleConnections.
type idleCounter struct {
	http.RoundTripper
	closed int
}

func (c *idleCounter) CloseIdleConnections() { c.closed++ }

// C11
func TestC11_FailuresDoNotCloseIdleConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := &idleCounter{RoundTripper: clienttest.NewTransport(t, clienttest.MustParse("reset, 503, hang")...)}
		c := plain(t, rt, client.WithAttemptTimeout(time.Second))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.Error(t, err)
		_, err = c.HTTPClient().Get(base + "/x")
		require.Error(t, err)
		require.Zero(t, rt.closed)
		c.CloseIdleConnections()
		require.Equal(t, 1, rt.closed, "only when asked")
		c.HTTPClient().CloseIdleConnections()
		require.Equal(t, 2, rt.closed, "as an SDK does")
	})
}

// What the transport itself calls a timeout is one.
func TestATransportsTimeoutIsATimeout(t *testing.T) {
	for name, cause := range map[string]error{
		"os":      os.ErrDeadlineExceeded,
		"dns":     &net.DNSError{Err: "i/o timeout", Name: "api.example.com", IsTimeout: true},
		"read":    &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded},
		"wrapped": fmt.Errorf("handshake: %w", os.ErrDeadlineExceeded),
	} {
		c := plain(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, cause }), client.WithRetry(retry.Never))
		_, err := client.Get[client.None](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrTimeout, name)
		require.True(t, asError(t, err).Timeout(), name)
	}
	c := plain(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, &net.DNSError{Err: "no such host"} }), client.WithRetry(retry.Never))
	_, err := client.Get[client.None](t.Context(), c, "/x")
	require.NotErrorIs(t, err, client.ErrTimeout)
}

func TestCallerDeadlineWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, "hang")
		cause := errors.New("request of ours was abandoned")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 3*time.Second, cause)
		defer cancel()
		start := time.Now()
		_, err := client.Get[thing](ctx, c, "/x")
		require.Equal(t, 3*time.Second, time.Since(start))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, cause)
		require.Equal(t, []client.Reason{client.ContextEnded}, reasons(asError(t, err).Attempts))
		require.Contains(t, fmt.Sprint(err), "GET /x")
	})
}

// C12: of a context's deadline and an explicit timeout the earlier one ends the call,
// however the timeout was given.
func TestC12_TheEarlierOfContextAndTimeoutEndsTheCall(t *testing.T) {
	for _, tc := range []struct {
		context, option, request time.Duration
		want                     time.Duration
	}{
		{context: 10 * time.Second, option: 3 * time.Second, want: 3 * time.Second},
		{context: 3 * time.Second, option: 10 * time.Second, want: 3 * time.Second},
		{context: 10 * time.Second, request: 3 * time.Second, want: 3 * time.Second},
		{context: 3 * time.Second, request: 10 * time.Second, want: 3 * time.Second},
		{option: 10 * time.Second, request: 3 * time.Second, want: 3 * time.Second},
		{option: 3 * time.Second, request: 10 * time.Second, want: 10 * time.Second},
		{context: 5 * time.Second, option: 3 * time.Second, request: 10 * time.Second, want: 5 * time.Second},
		{context: 200 * time.Second, want: 200 * time.Second},
		{option: client.NoTimeout, request: 3 * time.Second, want: 3 * time.Second},
		{option: client.NoTimeout, context: 3 * time.Second, want: 3 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := scripted(t, "hang", client.WithAttemptTimeout(client.NoTimeout), client.WithTimeout(tc.option))
			ctx := t.Context()
			if tc.context > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tc.context)
				defer cancel()
			}
			start := time.Now()
			_, err := client.Call[client.None](ctx, c, client.Request{Path: "/x", Timeout: tc.request})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, client.ErrTimeout)
			require.Equal(t, tc.want, time.Since(start), "%+v", tc)
		})
	}
}

// C12: no wait is begun that would pass the earlier one.
func TestC12_NoWaitPassesTheEarlierOfContextAndTimeout(t *testing.T) {
	for _, option := range []time.Duration{0, time.Minute, client.NoTimeout} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, "503 Retry-After=20", client.WithTimeout(option))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			start := time.Now()
			_, err := client.Call[client.None](ctx, c, client.Request{Path: "/x"})
			require.Equal(t, []client.Reason{client.WaitPastDeadline}, reasons(asError(t, err).Attempts))
			require.Zero(t, time.Since(start))
			require.Equal(t, 1, rt.Count())
		})
	}
}

// C12: a timeout that a calculation has made negative is over; it is none that lifts
// every bound. As an option it is a mistake that is found at construction.
func TestC12_ANegativeTimeoutLiftsNoBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "200 {}")
		for _, d := range []time.Duration{-1, -time.Millisecond, -time.Hour, math.MinInt64} {
			start := time.Now()
			_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", Timeout: d})
			require.ErrorIs(t, err, client.ErrTimeout)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "Request.Timeout")
			require.Equal(t, client.NeverSent, asError(t, err).Effect)
			_, err = c.Do(t.Context(), client.Request{Path: "/x", Timeout: d}) //nolint:bodyclose // there is none
			require.ErrorIs(t, err, client.ErrTimeout)
			for _, err := range client.Events(t.Context(), c, client.Request{Path: "/x", Timeout: d}) {
				require.ErrorIs(t, err, client.ErrTimeout)
			}
			require.Zero(t, time.Since(start))
		}
		require.Zero(t, rt.Count())
		for name, o := range map[string]func(time.Duration) client.Option{
			"Timeout": client.WithTimeout, "AttemptTimeout": client.WithAttemptTimeout, "IdleTimeout": client.WithIdleTimeout,
		} {
			_, err := client.New(base, o(-time.Millisecond))
			require.ErrorIs(t, err, client.ErrConfig)
			require.ErrorContains(t, err, name)
			_, err = c.With(o(math.MinInt64))
			require.ErrorIs(t, err, client.ErrConfig)
			_, err = client.New(base, o(client.NoTimeout))
			require.NoError(t, err)
		}
	})
}

// stuck yields a byte, and then nothing until it is closed.
type stuck struct {
	first  bool
	closed chan struct{}
	once   sync.Once
}

func (s *stuck) Read(p []byte) (int, error) {
	if !s.first {
		s.first = true
		return copy(p, "x"), nil
	}
	<-s.closed
	return 0, io.ErrClosedPipe
}

func (s *stuck) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// C26: a request body that blocks holds the call no longer than its deadline, in
// either protocol.
func TestC26_ARequestBodyThatBlocksDoesNotOutliveTheDeadline(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprint("HTTP/2 ", http2), func(t *testing.T) {
			t.Parallel() // it waits for a deadline
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
			}))
			srv.EnableHTTP2 = http2
			srv.StartTLS()
			tr := srv.Client().Transport.(*http.Transport)
			c, err := client.New(srv.URL, client.WithTransport(tr), client.WithTimeout(100*time.Millisecond))
			require.NoError(t, err)
			open := func() (io.ReadCloser, error) { return &stuck{closed: make(chan struct{})}, nil }
			_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Open("text/plain", open, -1)})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			body, _ := open()
			req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+"/x", body)
			require.NoError(t, err)
			req.GetBody = open
			_, err = c.HTTPClient().Do(req) //nolint:bodyclose // there is none
			require.ErrorIs(t, err, context.DeadlineExceeded)
			tr.CloseIdleConnections()
			srv.Close()
		})
	}
}

// idling is a body that brings neither a byte nor its end.
type idling struct{}

func (idling) Read([]byte) (int, error) { return 0, nil }

// C26: nor does one that brings nothing without blocking, which the idle timeout would
// take for one that moves.
func TestC26_ARequestBodyThatBringsNothingEnds(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
		}))
		srv.EnableHTTP2 = http2
		srv.StartTLS()
		tr := srv.Client().Transport.(*http.Transport)
		c, err := client.New(srv.URL, client.WithTransport(tr), client.WithRetry(retry.Never))
		require.NoError(t, err)
		_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", Body: client.Stream("text/plain", idling{}, -1)})
		require.ErrorIs(t, err, io.ErrNoProgress)
		require.ErrorIs(t, err, client.ErrRequest)
		tr.CloseIdleConnections()
		srv.Close()
	}
}

// deaf is a body that blocks, and whose Close ends no read.
type deaf struct{ free chan struct{} }

func (d deaf) Read([]byte) (int, error) {
	<-d.free
	return 0, io.EOF
}

// C26: nor does one that goes on blocking when it has been closed.
func TestC26_ARequestBodyThatIgnoresItsCloseDoesNotOutliveTheDeadline(t *testing.T) {
	t.Parallel()
	for _, policy := range []retry.Policy{retry.Never, {}} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprint(policy.Attempts(), " attempts, HTTP/2 ", http2), func(t *testing.T) {
				t.Parallel() // it waits for a deadline
				srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
				}))
				srv.EnableHTTP2 = http2
				srv.StartTLS()
				tr := srv.Client().Transport.(*http.Transport)
				c, err := client.New(srv.URL, client.WithTransport(tr), client.WithTimeout(300*time.Millisecond), client.WithRetry(policy))
				require.NoError(t, err)
				// The deadline is to pass in the body, and not in the handshake.
				resp, err := srv.Client().Get(srv.URL)
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				source := deaf{make(chan struct{})}
				late := time.AfterFunc(30*time.Second, func() { close(source.free) })
				_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", Body: client.Stream("text/plain", source, -1)})
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.True(t, late.Stop(), "the call waited for its source")
				close(source.free)
				tr.CloseIdleConnections()
				srv.Close()
			})
		}
	}
}

// miscounting is a body that claims more bytes than it was asked for.
type miscounting struct{ by int }

func (m miscounting) Read(p []byte) (int, error) { return len(p) + m.by, nil }

// C37: a body whose Read counts wrong ends its call, and no process.
func TestC37_ARequestBodyThatMiscounts(t *testing.T) {
	for _, policy := range []retry.Policy{retry.Never, {}} {
		for _, by := range []int{1, 1 << 20, -1 << 20} {
			c, err := client.New(base, client.WithTransport(&swallowing{}), client.WithRetry(policy))
			require.NoError(t, err)
			_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", Body: client.Stream("text/plain", miscounting{by}, -1)})
			require.ErrorIs(t, err, client.ErrRequest)
			require.ErrorContains(t, err, "the request body counts")
		}
	}
}
