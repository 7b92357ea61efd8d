package client_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// seats counts how often slots are taken and given back.
type seats struct {
	slots                     *ratelimit.Slots
	taken, released, returned atomic.Int64
	blow                      atomic.Bool
	key                       atomic.Value
}

func (s *seats) Wait(ctx context.Context, key string) error {
	err := s.slots.Wait(ctx, key)
	if err == nil {
		s.taken.Add(1)
		s.key.Store(key)
	}
	return err
}

func (s *seats) Return(key string) {
	s.returned.Add(1)
	s.slots.Return(key)
}

func (s *seats) Release(key string) {
	s.released.Add(1)
	s.slots.Release(key)
	if s.blow.Load() {
		panic("mine")
	}
}

func (s *seats) settled(t *testing.T, name string) {
	t.Helper()
	require.Equal(t, s.taken.Load(), s.released.Load()+s.returned.Load(), "%s: every slot is given back once", name)
}

// C16: however a call ends, each of its requests gives its slot back exactly once, and
// never waits for its own.
func TestC16_EveryRequestGivesItsSlotBackOnce(t *testing.T) {
	const torn, events, large = "torn", "events", "large" // which a script cannot say
	steps := func(script string) (list []clienttest.Step) {
		first, rest, _ := strings.Cut(script, ", ")
		switch first {
		case large:
			list = append(list, clienttest.JSON(503, `"`+strings.Repeat("x", 1<<20)+`"`))
		case torn:
			list = append(list, clienttest.Truncate(200, `{"id":"x"}`, 2))
		case events:
			list = append(list, clienttest.Status(200).Header("Content-Type", "text/event-stream").Body("data: 1\n\ndata: 2\n\n"))
		default:
			return clienttest.MustParse(script)
		}
		if rest != "" {
			list = append(list, clienttest.MustParse(rest)...)
		}
		return list
	}
	get := func(c *client.Client, ctx context.Context) {
		_, _ = client.Get[thing](ctx, c, "/x")
	}
	do := func(then func(resp *http.Response, cancel func())) func(*client.Client, context.Context) {
		return func(c *client.Client, ctx context.Context) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			if resp, err := c.Do(ctx, client.Request{Path: "/x"}); err == nil {
				then(resp, cancel)
			}
		}
	}
	sdk := func(c *client.Client, ctx context.Context) {
		req, _ := http.NewRequestWithContext(ctx, "GET", base+"/x", nil)
		if resp, err := c.HTTPClient().Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}
	auth := func(f func(*http.Request)) []client.Option { return []client.Option{client.WithAuth(authFunc(f))} }
	through := func(m func(http.RoundTripper, *http.Request) (*http.Response, error)) []client.Option {
		return []client.Option{client.WithAttemptMiddleware(func(rt http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) { return m(rt, r) })
		})}
	}
	for name, tt := range map[string]struct {
		script string
		opts   []client.Option
		call   func(*client.Client, context.Context)
		taken  int64
		unsent int64
	}{
		"a success":                      {"200 {}", nil, get, 1, 0},
		"a success without a body":       {"204", nil, get, 1, 0},
		"an error":                       {"404 {}", nil, get, 1, 0},
		"retries":                        {`503 {"a":1}, 503, 200 {}`, nil, get, 3, 0},
		"a long error, retried":          {large + ", 200 {}", nil, get, 2, 0},
		"a long error, of a stream":      {large + ", 200 {}", nil, do(func(r *http.Response, _ func()) { _ = r.Body.Close() }), 2, 0},
		"a long error, of an SDK's":      {large + ", 200 {}", nil, sdk, 2, 0},
		"retries that come to nothing":   {"503 {}", nil, get, 3, 0},
		"a broken connection":            {"reset, 200 {}", nil, get, 2, 0},
		"a timeout":                      {"hang, 200 {}", []client.Option{client.WithAttemptTimeout(time.Second)}, get, 2, 0},
		"a body that breaks off":         {torn + ", 200 {}", nil, get, 2, 0},
		"a body that is too long":        {`200 {"id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`, []client.Option{client.WithMaxBody(8)}, get, 1, 0},
		"a redirect":                     {"302 Location=/y {}, 307 Location=/z, 200 {}", nil, get, 3, 0},
		"a redirect that is refused":     {"302 Location=ftp://x/ {}", nil, get, 1, 0},
		"a redirect of an SDK's":         {"302 Location=/y {}, 200 {}", nil, sdk, 2, 0},
		"an SDK's":                       {"503 {}, 200 {}", nil, sdk, 2, 0},
		"a stream read to its end":       {"200 {}", nil, do(func(r *http.Response, _ func()) { _, _ = io.ReadAll(r.Body) }), 1, 0},
		"a stream that is closed early":  {"200 {}", nil, do(func(r *http.Response, _ func()) { _ = r.Body.Close() }), 1, 0},
		"one that is closed twice":       {"200 {}", nil, do(func(r *http.Response, _ func()) { _, _ = io.ReadAll(r.Body); _ = r.Body.Close(); _ = r.Body.Close() }), 1, 0},
		"a stream that breaks off":       {torn, nil, do(func(r *http.Response, _ func()) { _, _ = io.ReadAll(r.Body) }), 1, 0},
		"a stream that is cancelled":     {"200 {}", nil, do(func(_ *http.Response, cancel func()) { cancel() }), 1, 0},
		"one without any bound":          {"200 {}", []client.Option{client.WithTimeout(client.NoTimeout), client.WithAttemptTimeout(client.NoTimeout), client.WithIdleTimeout(client.NoTimeout)}, do(func(_ *http.Response, cancel func()) { cancel() }), 1, 0},
		"a stream of an error":           {"404 {}", nil, do(func(r *http.Response, _ func()) { _ = r.Body.Close() }), 1, 0},
		"a credential that fails":        {"200 {}", []client.Option{client.WithAuth(client.Bearer(secret.Func(func(context.Context) ([]secret.Value, error) { return nil, errors.New("no") })))}, get, 1, 1},
		"a credential that panics":       {"200 {}", auth(func(*http.Request) { panic("mine") }), get, 1, 1},
		"a transport that panics":        {"200 {}", []client.Option{client.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) { panic("mine") }))}, get, 1, 0},
		"a transport that exits":         {"200 {}", []client.Option{client.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil }))}, get, 1, 0},
		"a transport without a response": {"200 {}", []client.Option{client.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil }))}, get, 1, 0},
		"a body that panics": {"200 {}", []client.Option{client.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: tornBody{}, Request: r}, nil
		}))}, get, 1, 0},
		"middleware that sends twice, one after the other": {"200 {}", through(func(rt http.RoundTripper, r *http.Request) (*http.Response, error) {
			resp, err := rt.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			_ = resp.Body.Close()
			return rt.RoundTrip(r)
		}), get, 2, 0},
		"middleware that drops a response": {"200 {}", through(func(rt http.RoundTripper, r *http.Request) (*http.Response, error) {
			_, _ = rt.RoundTrip(r)
			return nil, errors.New("no")
		}), func(c *client.Client, ctx context.Context) {
			_, _ = client.Call[thing](ctx, c, client.Request{Method: "POST", Path: "/x"})
		}, 1, 0},
		"middleware that panics with one in hand": {"200 {}", through(func(rt http.RoundTripper, r *http.Request) (*http.Response, error) {
			_, _ = rt.RoundTrip(r)
			panic("mine")
		}), get, 1, 0},
		"middleware of the call that answers itself": {"200 {}", []client.Option{client.WithCallMiddleware(func(rt http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				resp, err := rt.RoundTrip(r)
				if err == nil {
					_ = resp.Body.Close()
				}
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, err
			})
		})}, get, 1, 0},
		"a call that is cancelled": {"hang", nil, func(c *client.Client, ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			get(c, ctx)
		}, 1, 0},
		"an event stream that is left": {events, nil, func(c *client.Client, ctx context.Context) {
			for range client.Events(ctx, c, client.Request{Path: "/x"}) {
				break
			}
		}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &seats{slots: ratelimit.InFlight(1)}
				rt := clienttest.NewTransport(t, steps(tt.script)...)
				c := over(t, rt, append([]client.Option{client.WithRateLimit(l)}, tt.opts...)...)
				done, began := make(chan struct{}), time.Now()
				go func() {
					defer close(done)
					tt.call(c, t.Context())
				}()
				<-done
				require.Less(t, time.Since(began), 5*time.Second, "it has not waited for itself")
				synctest.Wait()
				require.Equal(t, tt.taken, l.taken.Load(), "%d requests", rt.Count())
				require.Equal(t, tt.unsent, l.returned.Load())
				l.settled(t, name)

				start := time.Now()
				ok, _ := scripted(t, "200 {}", client.WithRateLimit(l))
				_, err := client.Get[client.None](t.Context(), ok, "/x")
				require.NoError(t, err)
				require.Zero(t, time.Since(start), "nothing is held")
			})
		})
	}
}

type tornBody struct{}

func (tornBody) Read([]byte) (int, error) { panic("mine") }
func (tornBody) Close() error             { return nil }

// C16: no more calls are under way than may be, and those that wait go on as soon as
// one has ended.
func TestC16_CallsUnderWayAreBounded(t *testing.T) {
	for name, opts := range map[string][]client.Option{
		"alone": nil, "with a pacer": {client.WithPacing(ratelimit.NewPacer())},
		"with others": {client.WithRateLimit(ratelimit.All(ratelimit.InFlight(3), ratelimit.PerSecond(1, ratelimit.WithBurst(99)), ratelimit.Together(ratelimit.InFlight(50))))},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var under, peak atomic.Int64
				rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
					n := under.Add(1)
					for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
					}
					time.Sleep(time.Second)
					under.Add(-1)
					_, _ = io.WriteString(w, "{}")
				}))
				c := over(t, rt, append([]client.Option{client.WithRateLimit(ratelimit.InFlight(3))}, opts...)...)
				start := time.Now()
				var wg sync.WaitGroup
				for range 12 {
					wg.Go(func() {
						if _, err := client.Get[client.None](t.Context(), c, "/x"); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				require.EqualValues(t, 3, peak.Load())
				require.Equal(t, 4*time.Second, time.Since(start))
			})
		})
	}
}

// A stream holds its slot while it is open.
func TestAnOpenStreamHoldsItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, "200 {}", client.WithRateLimit(ratelimit.InFlight(1)))
		resp, err := c.Do(t.Context(), client.Request{Path: "/x"})
		require.NoError(t, err)
		start := time.Now()
		_, err = client.Call[client.None](t.Context(), c, client.Request{Path: "/x", Timeout: time.Minute})
		require.ErrorIs(t, err, client.ErrRateLimited)
		require.ErrorIs(t, err, ratelimit.ErrDeadline)
		require.Greater(t, time.Since(start), 50*time.Second)
		var one [1]byte
		_, err = resp.Body.Read(one[:])
		require.NoError(t, err)
		go func() {
			time.Sleep(5 * time.Second)
			_ = resp.Body.Close()
		}()
		start = time.Now()
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Equal(t, 5*time.Second, time.Since(start))
	})
}

// C16: what net/http repeats over HTTP/2 takes a token again, and not a second slot.
func TestC16_ARepeatDoesNotWaitForItsOwnSlot(t *testing.T) {
	for name, tt := range map[string]struct {
		codes []int
		quota int // with the one of the first call
		ok    bool
		taken int64
	}{
		"a repeat":              {[]int{refusedStream, answered}, 10, true, 3},
		"a repeat that fails":   {[]int{refusedStream, internalError, answered}, 10, true, 4},
		"a repeat that may not": {[]int{refusedStream, answered}, 2, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newResetting(t)
			l := &seats{slots: ratelimit.InFlight(1)}
			few := ratelimit.PerMinute(1e-3, ratelimit.WithBurst(tt.quota))
			c := overHTTP2(t, s, client.WithRateLimit(ratelimit.All(l, few)), client.WithTimeout(20*time.Second))
			s.script(tt.codes...)
			_, err := client.Get[client.None](t.Context(), c, "/x")
			require.Equal(t, tt.ok, err == nil, "%v", err)
			require.Eventually(t, func() bool { return l.taken.Load() == l.released.Load()+l.returned.Load() }, 30*time.Second, time.Millisecond)
			require.Equal(t, tt.taken, l.taken.Load()-l.returned.Load())
			require.True(t, l.slots.Allow(l.key.Load().(string)), "and nothing is held")
		})
	}
}

// A connection that was handed over is under way until it is closed.
func TestAnUpgradedConnectionHoldsItsSlot(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		line, _ := rw.ReadString('\n')
		_, _ = io.WriteString(conn, line)
	}))
	t.Cleanup(srv.Close)
	l := &seats{slots: ratelimit.InFlight(1)}
	c, err := client.New(srv.URL, client.WithRateLimit(l))
	require.NoError(t, err)
	resp, err := c.Do(t.Context(), client.Request{Header: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}}})
	require.NoError(t, err)
	conn, ok := resp.Body.(io.ReadWriteCloser)
	require.True(t, ok)
	_, err = io.WriteString(conn, "hello\n")
	require.NoError(t, err)
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "hello\n", line)
	require.Zero(t, l.released.Load(), "its peer has said all it had to say, and we may not have")
	require.NoError(t, conn.Close())
	_ = conn.Close()
	l.settled(t, "closed")
	require.EqualValues(t, 1, l.taken.Load())
}

// C37: a limiter that panics at a call's end is that call's error, and ends no process.
func TestC37_ALimiterThatPanicsAtACallsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &seats{slots: ratelimit.InFlight(1)}
		l.blow.Store(true)
		c, _ := scripted(t, "200 {}", client.WithRateLimit(l), client.WithRetry(retry.Never))
		var panicked *client.PanicError
		_, err := client.Get[client.None](t.Context(), c, "/x")
		require.ErrorAs(t, err, &panicked)

		resp, err := c.Do(t.Context(), client.Request{Path: "/x"})
		require.NoError(t, err)
		require.ErrorAs(t, resp.Body.Close(), &panicked)

		ctx, cancel := context.WithCancel(t.Context())
		_, err = c.Do(ctx, client.Request{Path: "/x"})
		require.NoError(t, err)
		cancel()
		synctest.Wait()
		l.settled(t, "all")
	})
}

// C16, C37: a response that middleware loses, to a panic of its own or by forgetting it,
// gives its slot back when the call ends, also where no timeout of any kind is set.
func TestC37_AResponseThatMiddlewareLosesHoldsNoSlot(t *testing.T) {
	lost := map[string]func() (*http.Response, error){
		"a panic":                  func() (*http.Response, error) { panic("mine") },
		"the end of its goroutine": func() (*http.Response, error) { runtime.Goexit(); return nil, nil },
		"an error":                 func() (*http.Response, error) { return nil, errors.New("mine") },
		"a response of its own": func() (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body("{}")}, nil
		},
		"neither response nor error": func() (*http.Response, error) { return nil, nil },
	}
	calls := map[string]func(context.Context, *client.Client) error{
		"Call": func(ctx context.Context, c *client.Client) error {
			_, err := client.Get[thing](ctx, c, "/x")
			return err
		},
		"Do": func(ctx context.Context, c *client.Client) error {
			return readAll(c.Do(ctx, client.Request{Path: "/x"}))
		},
		"HTTPClient": func(_ context.Context, c *client.Client) error {
			return readAll(c.HTTPClient().Get(base + "/x"))
		},
	}
	unbounded := []client.Option{client.WithTimeout(client.NoTimeout), client.WithAttemptTimeout(client.NoTimeout), client.WithIdleTimeout(client.NoTimeout)}
	for how, lose := range lost {
		for via, call := range calls {
			for bounds, opts := range map[string][]client.Option{"by default": nil, "without a timeout": unbounded} {
				t.Run(how+" "+via+" "+bounds, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						loses := true
						forgetful := func(next http.RoundTripper) http.RoundTripper {
							return roundTripper(func(r *http.Request) (*http.Response, error) {
								resp, err := next.RoundTrip(r)
								if loses {
									loses = false
									return lose()
								}
								return resp, err
							})
						}
						rt := roundTripper(func(r *http.Request) (*http.Response, error) {
							return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body("{}"), Request: r}, nil
						})
						s := &seats{slots: ratelimit.InFlight(1)}
						c := plain(t, rt, append([]client.Option{client.WithRateLimit(s), client.WithAttemptMiddleware(forgetful), client.WithRetry(retry.Never)}, opts...)...)
						var wg sync.WaitGroup
						wg.Go(func() { _ = call(t.Context(), c) })
						wg.Wait()
						ctx, cancel := context.WithTimeout(t.Context(), time.Second)
						defer cancel()
						_, err := client.Get[thing](ctx, c, "/x")
						require.NoError(t, err)
						synctest.Wait()
						s.settled(t, how)
					})
				})
			}
		}
	}
}

// blowingClose is a body without an end, whose Close panics.
type blowingClose struct{}

func (blowingClose) Read(p []byte) (int, error) { return len(p), nil }
func (blowingClose) Close() error               { panic("mine") }

// C16, C37: an attempt that has been let through gives its slot back also where it does
// not come as far as the transport, since the response before it cannot be closed.
func TestC37_AResponseThatCannotBeClosedHoldsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return &http.Response{StatusCode: 503, Header: http.Header{}, Body: blowingClose{}, ContentLength: -1, Request: r}, nil
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body("{}"), Request: r}, nil
		})
		s := &seats{slots: ratelimit.InFlight(1)}
		c := plain(t, rt, client.WithRateLimit(s), client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
		_, _ = c.Do(t.Context(), client.Request{Path: "/x"}) //nolint:bodyclose // it panics
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.Get[thing](ctx, c, "/x")
		require.NoError(t, err)
		synctest.Wait()
		s.settled(t, "close")
	})
}

// duplex is a body that could be written to.
type duplex struct{ io.Reader }

func (duplex) Write(p []byte) (int, error) { return len(p), nil }
func (duplex) Close() error                { return nil }

// A slot ends with the body, before anybody closes it; a response without one is as it
// came.
func TestASlotEndsWithTheBody(t *testing.T) {
	for name, body := range map[string]io.ReadCloser{
		"none": http.NoBody, "text": io.NopCloser(strings.NewReader("x")), "one that could be written to": duplex{strings.NewReader("x")},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &seats{slots: ratelimit.InFlight(1)}
			c, _ := scripted(t, "200", client.WithRateLimit(l), client.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, Request: r}, nil
			})))
			resp, err := c.Do(t.Context(), client.Request{Path: "/x"})
			require.NoError(t, err)
			if body == http.NoBody {
				require.Equal(t, http.NoBody, resp.Body)
			} else {
				require.Zero(t, l.released.Load(), name)
			}
			_, err = io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.EqualValues(t, 1, l.released.Load(), name)
			require.NoError(t, resp.Body.Close())
			l.settled(t, name)
		})
	}
}

// C13: a response that is kept while the next attempt is waited for does not hold the
// slot that this one needs.
func TestC13_WhatIsKeptIsNotUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := plain(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return &http.Response{StatusCode: 503, Header: http.Header{}, Request: r, ContentLength: -1,
					Body: io.NopCloser(strings.NewReader(strings.Repeat("x", 200<<10)))}, nil
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: http.NoBody}, nil
		}), client.WithRateLimit(ratelimit.InFlight(1)))
		resp, err := c.HTTPClient().Get(base + "/x")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode)
		require.Equal(t, 2, n)
	})
}
