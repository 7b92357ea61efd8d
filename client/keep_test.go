package client_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

// handed is a response body that counts how often it is closed, and whether it is read
// afterwards.
type handed struct {
	io.Reader
	closed, late atomic.Int32
}

func (b *handed) Read(p []byte) (int, error) {
	if b.closed.Load() > 0 {
		b.late.Add(1)
		return 0, errors.New("read after it was closed")
	}
	return b.Reader.Read(p)
}

func (b *handed) Close() error { b.closed.Add(1); return nil }

// failingService answers every request with a 503 of that body.
type failingService struct {
	header http.Header
	body   func(context.Context) io.Reader
	bodies []*handed
	asked  []time.Time
}

func (s *failingService) RoundTrip(r *http.Request) (*http.Response, error) {
	b := &handed{Reader: s.body(r.Context())}
	s.bodies, s.asked = append(s.bodies, b), append(s.asked, time.Now())
	h := s.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("X-Request-Id", "req_"+string(rune('0'+len(s.bodies))))
	return &http.Response{StatusCode: 503, Header: h, Body: b, ContentLength: -1, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}, nil
}

// nth is a limiter from elsewhere, which can tell nothing before it is asked: f decides
// about the request of that number.
type nth struct {
	n int
	f func(ctx context.Context, n int) error
}

func (l *nth) Wait(ctx context.Context, _ string) error {
	l.n++
	return l.f(ctx, l.n)
}

// C13: whatever refuses the next attempt, at once or late, the last response is the
// outcome, whole and as it came; the refusal is in the ledger and the retry's budget
// back.
func TestC13_WhatRefusesTheNextAttemptDoesNotCostTheLastResponse(t *testing.T) {
	const left = 10 * time.Second
	second := func(f func(context.Context) error) client.Option {
		return client.WithRateLimit(&nth{f: func(ctx context.Context, n int) error {
			if n < 2 {
				return nil
			}
			return f(ctx)
		}})
	}
	for name, tc := range map[string]struct {
		opt     func(c **client.Client) client.Option
		reasons []client.Reason
		refused error         // in the ledger's last line
		took    time.Duration // a backoff of 1 s where the refusal comes late
	}{
		"a limiter that can tell": {
			func(**client.Client) client.Option { return client.WithRateLimit(ratelimit.PerMinute(1)) },
			[]client.Reason{client.LimitPastDeadline}, nil, 0,
		},
		"a limiter that cannot": {
			func(**client.Client) client.Option {
				return second(func(context.Context) error { return errors.New("no quota left") })
			},
			[]client.Reason{client.Retried, client.NotRetryable}, client.ErrRateLimited, time.Second,
		},
		"a limiter that cannot, after a wait": {
			func(**client.Client) client.Option {
				return second(func(context.Context) error {
					time.Sleep(5 * time.Second)
					return ratelimit.ErrNever
				})
			},
			[]client.Reason{client.Retried, client.NotRetryable}, client.ErrRateLimited, 6 * time.Second,
		},
		"a breaker that this call has opened": {
			func(**client.Client) client.Option {
				return client.WithBreaker(client.Breaker{Failures: 1, Cooldown: 5 * time.Second})
			},
			[]client.Reason{client.CircuitOpen}, nil, 0,
		},
		"a breaker that others have opened meanwhile": {
			func(c **client.Client) client.Option {
				return client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Second), Notify: func(ctx context.Context, a retry.Attempt) {
					other, err := (*c).With(client.WithRetry(retry.Never))
					if err != nil {
						panic(err)
					}
					_, _ = client.Get[client.None](context.Background(), other, "/other")
				}})
			},
			[]client.Reason{client.Retried, client.NotRetryable}, client.ErrCircuitOpen, time.Second,
		},
	} {
		for size, body := range map[string]string{"nothing": "", "a little": "sorry", "more than is drained": strings.Repeat("sorry ", 50_000)} {
			t.Run(name+", "+size, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var c *client.Client
					s := &failingService{body: func(context.Context) io.Reader { return strings.NewReader(body) }}
					budget := retry.NewBudget(100)
					opts := []client.Option{client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Second), Budget: budget})}
					if strings.Contains(name, "others") {
						opts = append(opts, client.WithBreaker(client.Breaker{Failures: 2, Cooldown: time.Hour}))
						budget = nil
					}
					c = plain(t, s, append(opts, tc.opt(&c))...)
					var ledger client.Ledger
					ctx, cancel := context.WithTimeout(client.WithLedger(t.Context(), &ledger), left)
					defer cancel()
					began := time.Now()
					req, err := http.NewRequestWithContext(ctx, "GET", base+"/x", nil)
					require.NoError(t, err)
					resp, err := c.HTTPClient().Do(req)
					require.NoError(t, err)
					require.Equal(t, tc.took, time.Since(began))
					require.Equal(t, 503, resp.StatusCode)
					require.Equal(t, "req_1", resp.Header.Get("X-Request-Id"))
					got, err := io.ReadAll(resp.Body)
					require.NoError(t, err)
					require.Equal(t, body, string(got), "whole")
					require.NoError(t, resp.Body.Close())
					require.Positive(t, s.bodies[0].closed.Load())
					require.Equal(t, tc.reasons, reasons(ledger.Attempts())[:len(tc.reasons)])
					if tc.refused != nil {
						require.ErrorIs(t, last(ledger.Attempts()).Err, tc.refused)
					}
					if budget != nil {
						require.Equal(t, 100, budget.Tokens(), "what was not sent costs nothing")
					}
				})
			})
		}
	}
}

func last[T any](list []T) T { return list[len(list)-1] }

// C13: a Call gets the last response as its error, with all that was in it.
func TestC13_ACallKeepsWhatTheServiceSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &failingService{
			header: http.Header{"Content-Type": {"application/json"}, "Retry-After": {"2"}},
			body: func(context.Context) io.Reader {
				return strings.NewReader(`{"code":"overloaded","message":"come back"}`)
			},
		}
		budget := retry.NewBudget(100)
		limiter := &nth{f: func(_ context.Context, n int) error {
			if n == 1 {
				return nil
			}
			return errors.New("no quota left")
		}}
		c := plain(t, s, client.WithRateLimit(limiter), client.WithRetry(retry.Policy{Budget: budget}))
		began := time.Now()
		_, err := client.Get[thing](t.Context(), c, "/x")
		e := asError(t, err)
		require.Equal(t, 503, e.Status)
		require.Equal(t, "overloaded", e.Code)
		require.Equal(t, "come back", e.Message)
		require.Equal(t, "req_1", e.RequestID)
		require.NotErrorIs(t, err, client.ErrRateLimited, "it is the service that has failed")
		require.ErrorIs(t, err, client.ErrUnavailable)
		require.GreaterOrEqual(t, time.Since(began), 2*time.Second)
		require.Len(t, e.Attempts, 2)
		require.ErrorIs(t, e.Attempts[1].Err, client.ErrRateLimited)
		require.Equal(t, 100, budget.Tokens())

		// Where it is known before, it can be told when to come back.
		soon := plain(t, s, client.WithRateLimit(ratelimit.PerMinute(1)))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began = time.Now()
		_, err = client.Get[thing](ctx, soon, "/x")
		e = asError(t, err)
		require.Zero(t, time.Since(began))
		require.Equal(t, []client.Reason{client.LimitPastDeadline}, reasons(e.Attempts))
		require.Equal(t, began.Add(2*time.Second), e.RetryAt)
		require.ErrorContains(t, err, "the rate limit's wait would pass the deadline")
	})
}

// C13: the context's end while the next attempt waits for a limiter is told together
// with the last response.
func TestC13_TheContextEndsDuringTheLimitersWait(t *testing.T) {
	waits := func() client.Option {
		return client.WithRateLimit(&nth{f: func(ctx context.Context, n int) error {
			if n == 1 {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}})
	}
	for name, tc := range map[string]struct {
		opts []client.Option
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		"cancelled": {nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(9*time.Second, cancel)
			return ctx, cancel
		}, context.Canceled},
		"the context's deadline": {nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 9*time.Second)
		}, context.DeadlineExceeded},
		"the call's deadline": {[]client.Option{client.WithTimeout(9 * time.Second)}, context.WithCancel, context.DeadlineExceeded},
	} {
		for size, body := range map[string]string{"a little": "sorry", "more than is drained": strings.Repeat("sorry ", 50_000)} {
			t.Run(name+", "+size, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &failingService{body: func(context.Context) io.Reader { return strings.NewReader(body) }}
					budget := retry.NewBudget(100)
					c := plain(t, s, append(tc.opts, waits(), client.WithRetry(retry.Policy{Budget: budget}))...)
					ctx, cancel := tc.ctx(t.Context())
					defer cancel()
					began := time.Now()
					req, err := http.NewRequestWithContext(ctx, "GET", base+"/x", nil)
					require.NoError(t, err)
					_, err = c.HTTPClient().Do(req) //nolint:bodyclose // there is none
					require.ErrorIs(t, err, tc.want)
					require.Equal(t, 9*time.Second, time.Since(began))
					e := asError(t, err)
					require.Equal(t, 503, e.Status)
					require.Equal(t, "req_1", e.RequestID)
					require.Len(t, e.Attempts, 2)
					require.Equal(t, client.ContextEnded, e.Attempts[1].Reason)
					require.Equal(t, 100, budget.Tokens())
					require.EqualValues(t, 1, s.bodies[0].closed.Load(), "nobody else closes it")
					require.Zero(t, s.bodies[0].late.Load())
				})
			})
		}
	}
}

// C13: a limiter of one request a second for each call, as apps have one for each
// service, lets the first attempt through.
func TestC13_ALimiterThatIsTooSlowForARetry(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, "503", client.WithRateLimit(ratelimit.PerSecond(1)))
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, "GET", base, nil)
			require.NoError(t, err)
			resp, err := c.HTTPClient().Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, 503, resp.StatusCode)
			require.Equal(t, 1, rt.Count())
		})
	}
}

// C13: an open breaker is found out before a limit is waited for, as in an attempt.
func TestC13_ALimitsWaitDoesNotHideAnOpenBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "503", client.WithRateLimit(ratelimit.PerMinute(6)), client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Second)}),
			client.WithBreaker(client.Breaker{Failures: 1, Cooldown: 5 * time.Second}))
		began := time.Now()
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.Equal(t, []client.Reason{client.CircuitOpen}, reasons(asError(t, err).Attempts))
		require.Zero(t, time.Since(began))
		require.Equal(t, 1, rt.Count())
	})
}

// C13: what a response is kept for has been decided when the next attempt is let
// through. It does not hold on to a connection that this one may need.
func TestC13_AKeptResponseGivesItsConnectionUpForTheNextAttempt(t *testing.T) {
	var n atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) > 1 {
			return
		}
		w.WriteHeader(503)
		_, _ = io.WriteString(w, strings.Repeat("sorry ", 500_000))
	}))
	defer srv.Close()
	for name, do := range map[string]func(*client.Client) error{
		"Call": func(c *client.Client) error { _, err := client.Get[client.None](t.Context(), c, "/"); return err },
		"Do": func(c *client.Client) error {
			resp, err := c.Do(t.Context(), client.Request{})
			if err == nil {
				err = resp.Body.Close()
			}
			return err
		},
	} {
		n.Store(0)
		tr := &http.Transport{MaxConnsPerHost: 1}
		c, err := client.New(srv.URL, client.WithTransport(tr), client.WithTimeout(30*time.Second), client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
		require.NoError(t, err)
		require.NoError(t, do(c), name)
		c.CloseIdleConnections()
	}
}

// C13: the response is drained while the next attempt is waited for, and not before.
func TestC13_ASlowErrorBodyDoesNotLengthenTheWait(t *testing.T) {
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		left, wait, want time.Duration
	}{
		"a second":                 {2500 * ms, 1000 * ms, 1000 * ms},
		"less than is drained":     {2500 * ms, 400 * ms, 1000 * ms},
		"more":                     {10_000 * ms, 5000 * ms, 5000 * ms},
		"no time to drain it all":  {800 * ms, 200 * ms, 500 * ms},
		"no wait, and little time": {600 * ms, 0, 300 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := func(ctx context.Context) io.Reader { return &drip{100 * time.Millisecond, 1000, "sorry ", ctx} }
				s := &failingService{body: slow}
				c := plain(t, s, client.WithRetry(retry.Policy{Backoff: retry.Constant(tc.wait), MaxAttempts: 2}))
				ctx, cancel := context.WithTimeout(t.Context(), tc.left)
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, "GET", base, nil)
				require.NoError(t, err)
				resp, err := c.HTTPClient().Do(req)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Len(t, s.asked, 2)
				require.Equal(t, tc.want, s.asked[1].Sub(s.asked[0]))
			})
		})
	}
}

// A panic, or the end of the goroutine, in what the next attempt waits for leaves
// nothing of the kept response open.
func TestC13_AKeptResponseIsClosedWhenTheLimiterPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &failingService{body: func(context.Context) io.Reader { return strings.NewReader(strings.Repeat("sorry ", 50_000)) }}
		c := plain(t, s, client.WithRateLimit(&nth{f: func(_ context.Context, n int) error {
			if n > 1 {
				panic("mine")
			}
			return nil
		}}))
		req, err := http.NewRequestWithContext(t.Context(), "GET", base, nil)
		require.NoError(t, err)
		_, err = c.HTTPClient().Do(req) //nolint:bodyclose // there is none
		var panicked *client.PanicError
		require.ErrorAs(t, err, &panicked)
		require.EqualValues(t, 1, s.bodies[0].closed.Load())
	})
}

// The attempts after one that was kept have their own bodies, and each is closed.
func TestC13_EveryBodyIsClosedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, size := range []int{0, 5, 64 << 10, 64<<10 + 1, 300_000} {
			for name, do := range map[string]func(*client.Client) error{
				"Call": func(c *client.Client) error { _, err := client.Get[client.None](t.Context(), c, "/"); return err },
				"Do": func(c *client.Client) error {
					resp, err := c.Do(t.Context(), client.Request{})
					require.NoError(t, err)
					return resp.Body.Close()
				},
				"HTTPClient": func(c *client.Client) error {
					resp, err := c.HTTPClient().Get(base)
					require.NoError(t, err)
					return resp.Body.Close()
				},
			} {
				s := &failingService{body: func(context.Context) io.Reader { return strings.NewReader(strings.Repeat("x", size)) }}
				_ = do(plain(t, s))
				require.Len(t, s.bodies, 3)
				for i, b := range s.bodies {
					require.EqualValues(t, 1, b.closed.Load(), "%s: %d of %d bytes", name, i, size)
					require.Zero(t, b.late.Load(), name)
				}
			}
		}
	})
}

// C13: a response that is gone back to is what it was when it came: a throttle, a failure
// within a success, and as old as it is.
func TestC13_AResponseThatIsGoneBackToIsWhatItWas(t *testing.T) {
	const asked = 10 * time.Second
	profile := client.Profile{
		LookInSuccess: true,
		Failed:        func(_ int, _ http.Header, body []byte) bool { return strings.Contains(string(body), "busy") },
		Throttled: func(_ int, _ http.Header, body []byte) bool {
			return strings.Contains(string(body), "slow down")
		},
		HintBody: func(_ int, _ http.Header, body []byte) client.Hint {
			if strings.Contains(string(body), "busy") {
				return client.Retry
			}
			return client.NoHint
		},
	}
	same := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { return next.RoundTrip(r) })
	}
	ways := map[string]func(context.Context, *client.Client) error{
		"Call": func(ctx context.Context, c *client.Client) error {
			_, err := client.Get[map[string]any](ctx, c, "/x")
			return err
		},
		"Do": func(ctx context.Context, c *client.Client) error {
			return readAll(c.Do(ctx, client.Request{Path: "/x", CheckStatus: true}))
		},
	}
	for script, want := range map[string]struct {
		status  int
		retryAt time.Duration
		matches error
		text    string
	}{
		"429 Retry-After=10": {429, asked, client.ErrRateLimited, ""},
		"503 Retry-After=10": {503, asked, client.ErrUnavailable, ""},
		`403 Retry-After=10 {"error":{"message":"slow down"}}`: {403, asked, client.ErrRateLimited, "slow down"},
		`200 Retry-After=10 {"error":{"message":"slow down"}}`: {200, asked, client.ErrRateLimited, "slow down"},
		`200 {"error":{"message":"busy"}}`:                     {200, 0, nil, "busy"},
	} {
		for middleware, opt := range map[string]client.Option{
			"":                         client.WithReadAhead(1),
			", per-attempt middleware": client.WithAttemptMiddleware(same),
			", per-call middleware":    client.WithCallMiddleware(same),
		} {
			for way, call := range ways {
				t.Run(way+", "+script+middleware, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						began := time.Now()
						ended := 0
						o := observerFunc(func(_ context.Context, o client.Observation) {
							if e, ok := o.(client.CallEnded); ok {
								ended = e.Status
							}
						})
						c, _ := scripted(t, script, opt, client.WithProfile(profile), client.WithObserver(o),
							client.WithRateLimit(&nth{f: func(ctx context.Context, n int) error {
								if n < 2 {
									return nil
								}
								time.Sleep(time.Second)
								return errors.New("no more")
							}}))
						err := call(t.Context(), c)
						e := asError(t, err)
						require.Equal(t, want.status, e.Status)
						require.ErrorContains(t, err, want.text)
						require.Len(t, e.Attempts, 2)
						if want.matches != nil {
							require.ErrorIs(t, err, want.matches)
						}
						require.NotErrorIs(t, err, client.ErrForbidden)
						if want.retryAt > 0 {
							require.Equal(t, want.retryAt, e.RetryAt.Sub(began))
						}
						synctest.Wait()
						require.Equal(t, want.status, ended)
					})
				})
			}
		}
	}
}

// C13: where a limit or the breaker of the client's own refuses the next attempt, and the
// service has named no time, the error says when that would be let through.
func TestC13_WhoRefusesTheNextAttemptSaysWhenItMayBeMade(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		opts   []client.Option
		want   time.Duration
	}{
		"the pacer": {
			"503 RateLimit-Remaining=0 RateLimit-Reset=90",
			[]client.Option{client.WithPacing(ratelimit.NewPacer())}, 90 * time.Second,
		},
		"the service before the pacer": {
			"503 Retry-After=70 RateLimit-Remaining=0 RateLimit-Reset=90",
			[]client.Option{client.WithPacing(ratelimit.NewPacer())}, 70 * time.Second,
		},
		"the limiter": {"503", []client.Option{client.WithRateLimit(ratelimit.PerMinute(0.5))}, 2 * time.Minute},
		"a limiter that tells when it is asked": {
			"503",
			[]client.Option{client.WithRateLimit(&nth{f: func(_ context.Context, n int) error {
				if n < 2 {
					return nil
				}
				return &ratelimit.Error{Err: ratelimit.ErrDeadline, Wait: 3 * time.Minute}
			}}), client.WithRetry(retry.Policy{Backoff: retry.Constant(0)})}, 3 * time.Minute,
		},
		"a limit that never permits it": {"503", []client.Option{client.WithRateLimit(&never{})}, 0},
		"the breaker": {
			"503", []client.Option{client.WithBreaker(client.Breaker{Failures: 1, Cooldown: time.Minute})}, time.Minute,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			c, rt := scripted(t, tt.script, tt.opts...)
			_, err := client.Get[client.None](t.Context(), c, "/x")
			e := asError(t, err)
			require.Equal(t, 503, e.Status, name)
			require.Equal(t, 1, rt.Count(), name)
			if tt.want == 0 {
				require.Zero(t, e.RetryAt, name)
				return
			}
			require.Equal(t, tt.want, e.RetryAt.Sub(began).Round(time.Millisecond), name)
		})
	}
}

// never is a limiter of one call.
type never struct{ used bool }

func (l *never) Wait(context.Context, string) error { l.used = true; return nil }

func (l *never) Delay(string) time.Duration {
	if l.used {
		return math.MaxInt64
	}
	return 0
}

// A probe that is out ends when it ends: until then nobody knows when another may go.
func TestAnOpenBreakerNamesNoTimeThatHasPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, "503, after 20s 200", client.WithBreaker(client.Breaker{Failures: 1, Cooldown: 5 * time.Second}), client.WithRetry(retry.Never))
		get := func() error {
			_, err := client.Get[client.None](t.Context(), c, "/x")
			return err
		}
		require.ErrorIs(t, get(), client.ErrUnavailable)
		err := get()
		require.ErrorIs(t, err, client.ErrCircuitOpen)
		require.Equal(t, time.Now().Add(5*time.Second), asError(t, err).RetryAt)
		time.Sleep(6 * time.Second)
		probe := make(chan error, 1)
		go func() { probe <- get() }()
		synctest.Wait()
		err = get()
		require.ErrorIs(t, err, client.ErrCircuitOpen)
		require.Zero(t, asError(t, err).RetryAt)
		require.NoError(t, <-probe)
	})
}

// What a limit has turned away was not attempted.
func TestAttemptsThatWereNotMadeAreNotCounted(t *testing.T) {
	for permits, want := range map[int]string{
		1: "GET /x: 503 Service Unavailable", 2: "GET /x: 503 Service Unavailable (2 attempts)",
	} {
		synctest.Test(t, func(t *testing.T) {
			limiter := &nth{f: func(_ context.Context, n int) error {
				if n > permits {
					return errors.New("no quota left")
				}
				return nil
			}}
			c, _ := scripted(t, "503", client.WithRateLimit(limiter), client.WithRetry(retry.Policy{MaxAttempts: 5}))
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.EqualError(t, err, want)
		})
	}
}
