package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
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

// counted is a limiter and a pacer that only counts.
type counted struct{ waited, returned, observed atomic.Int64 }

func (c *counted) Wait(context.Context, string) error     { c.waited.Add(1); return nil }
func (c *counted) Return(string)                          { c.returned.Add(1) }
func (c *counted) Observe(string, int, http.Header, bool) { c.observed.Add(1) }
func (c *counted) settled() bool                          { return c.waited.Load() == c.returned.Load()+c.observed.Load() }

// Middleware that sends a request twice at once is told apart from one that
// sends it once: every token is accounted for, and the call ends as it should.
func TestHedgingMiddleware(t *testing.T) {
	for name, use := range map[string]func(...client.Middleware) client.Option{
		"per attempt": client.WithAttemptMiddleware, "per call": client.WithCallMiddleware,
	} {
		t.Run(name, func(t *testing.T) {
			pacer := &counted{}
			rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"id":"a"}`), clienttest.JSON(200, `{"id":"b"}`).After(time.Millisecond))
			c := over(t, rt, use(hedged), client.WithPacing(pacer), client.WithBreaker(client.Breaker{}), client.WithIdempotencyHeader("Idempotency-Key"))
			var ledger client.Ledger
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					got, err := client.Post[thing](client.WithLedger(context.Background(), &ledger), c, "/x", thing{N: 1})
					if err != nil || got.ID == "" {
						t.Errorf("%v %v", got, err)
					}
				})
			}
			wg.Wait()
			require.Eventually(t, pacer.settled, 30*time.Second, time.Millisecond, "every token is observed or returned")
		})
	}
}

// twiceAt sends a request a second time when the first is d old, and takes what comes
// first.
func twiceAt(d time.Duration) client.Middleware {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			responses := make(chan *http.Response, 2)
			send := func() {
				if resp, err := next.RoundTrip(r.Clone(r.Context())); err == nil {
					responses <- resp
				}
			}
			go send()
			time.AfterFunc(d, send)
			return <-responses, nil
		})
	}
}

// lateBody takes a while to be read.
type lateBody struct {
	takes time.Duration
	*strings.Reader
}

func (b *lateBody) Read(p []byte) (int, error) {
	time.Sleep(b.takes)
	b.takes = 0
	return b.Reader.Read(p)
}

func (b *lateBody) Close() error { return nil }

// C22: when a response came, and how long it took, is told of the one that was taken:
// not of a request that goes out, or comes back, while that one's body is read.
func TestC22_TimesAreThoseOfTheHedgeThatWon(t *testing.T) {
	for name, tc := range map[string]struct {
		second, loses time.Duration // when the second goes out, and how long it takes
	}{
		"the other comes back later": {time.Second, 5 * time.Second},
		"the other goes out later":   {4 * time.Second, 5 * time.Second},
		"both":                       {4 * time.Second, time.Second},
	} {
		for _, status := range []int{200, 429} {
			t.Run(name+" "+strconv.Itoa(status), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var n atomic.Int64
					rt := roundTripper(func(r *http.Request) (*http.Response, error) {
						takes := tc.loses
						if n.Add(1) == 1 {
							takes = 3 * time.Second
						}
						time.Sleep(takes)
						return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {"60"}}, Request: r, ContentLength: -1,
							Body: &lateBody{20 * time.Second, strings.NewReader("{}")}}, nil
					})
					c, err := client.New(base, client.WithTransport(rt), client.WithAttemptMiddleware(twiceAt(tc.second)), client.WithRetry(retry.Never),
						client.WithAttemptTimeout(client.NoTimeout), client.WithIdleTimeout(client.NoTimeout))
					require.NoError(t, err)
					var ledger client.Ledger
					began := time.Now()
					_, err = client.Get[thing](client.WithLedger(t.Context(), &ledger), c, "/x")
					line := ledger.Attempts()[0]
					require.Equal(t, began, line.Start)
					require.Equal(t, 3*time.Second, line.Duration)
					if status != 200 {
						require.Equal(t, began.Add(63*time.Second), asError(t, err).RetryAt)
					} else {
						require.NoError(t, err)
					}
					time.Sleep(time.Minute) // the other ends
				})
			})
		}
	}
}

// C12: a request that goes out, or comes back, after the response was taken does not
// end the bound of that one's body.
func TestC12_AHedgeThatLostDoesNotExcuseAStalledBody(t *testing.T) {
	for _, second := range []time.Duration{time.Second, 4 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var n atomic.Int64
			rt := roundTripper(func(r *http.Request) (*http.Response, error) {
				resp := &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, ContentLength: -1}
				if resp.Body = http.NoBody; n.Add(1) == 1 {
					resp.Body = &stalled{make(chan struct{})}
				}
				time.Sleep(3 * time.Second)
				return resp, nil
			})
			c, err := client.New(base, client.WithTransport(rt), client.WithAttemptMiddleware(twiceAt(second)), client.WithRetry(retry.Never),
				client.WithIdleTimeout(10*time.Second))
			require.NoError(t, err)
			began := time.Now()
			_, err = client.Get[thing](t.Context(), c, "/x")
			require.ErrorContains(t, err, "the response body stalled")
			require.Equal(t, 13*time.Second+moment, time.Since(began))
			time.Sleep(time.Minute)
		})
	}
}

// C12: of two requests one that fails does not end the bound of the other.
func TestC12_AHedgeThatFailsLeavesTheOthersBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			if n.Add(1) == 2 {
				return nil, errors.New("reset")
			}
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		})
		patient := func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				second := r.Clone(r.Context())
				time.AfterFunc(time.Second, func() { _, _ = next.RoundTrip(second) })
				return next.RoundTrip(r)
			})
		}
		c, err := client.New(base, client.WithTransport(rt), client.WithAttemptMiddleware(patient), client.WithRetry(retry.Never),
			client.WithTimeout(time.Hour), client.WithAttemptTimeout(5*time.Second))
		require.NoError(t, err)
		began := time.Now()
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Equal(t, 6*time.Second, time.Since(began), "5 s after the second was sent")
	})
}

// C22: middleware that responds from what it has and asks the service afterwards.
func TestC22_NothingTakesLessThanNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stale := func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				time.AfterFunc(3*time.Second, func() { _, _ = next.RoundTrip(r) })
				return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, ContentLength: -1,
					Body: &lateBody{5 * time.Second, strings.NewReader("{}")}}, nil
			})
		}
		c, _ := scripted(t, "200 {}", client.WithAttemptMiddleware(stale))
		var ledger client.Ledger
		began := time.Now()
		_, err := client.Get[thing](client.WithLedger(t.Context(), &ledger), c, "/x")
		require.NoError(t, err)
		require.Equal(t, began, ledger.Attempts()[0].Start)
		require.Zero(t, ledger.Attempts()[0].Duration)
	})
}

// X1: a credential that the caller or middleware has put on a request is taken out of
// what the service repeats of it, whatever middleware there is.
func TestX1_CallersAndMiddlewaresOwnCredentials(t *testing.T) {
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		said := r.Header.Get("X-Api-Key") + " " + r.Header.Get("Cookie") + " " + r.URL.Query().Get("api_key")
		body := `{"error":{"message":"not for ` + said + `","code":"` + said + `"}}`
		return &http.Response{StatusCode: 403, Header: http.Header{"X-Request-Id": {said}}, Request: r, ContentLength: -1,
			Body: io.NopCloser(strings.NewReader(body))}, nil
	})
	for name, use := range map[string]func(...client.Middleware) client.Option{
		"per attempt": client.WithAttemptMiddleware, "per call": client.WithCallMiddleware,
	} {
		t.Run(name, func(t *testing.T) {
			keyed := func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					r = r.Clone(r.Context())
					r.Header.Set("X-Api-Key", "canary-of-middleware")
					return next.RoundTrip(r)
				})
			}
			c, err := client.New(base, client.WithTransport(rt), use(keyed))
			require.NoError(t, err)
			var meta client.Meta
			_, err = client.Call[thing](t.Context(), c, client.Request{Path: "/x", Query: url.Values{"api_key": {"canary-of-a-query"}},
				Header: http.Header{"Cookie": {"session=canary-of-a-cookie"}}, Meta: &meta})
			e := asError(t, err)
			for _, text := range []string{err.Error(), e.RequestID, e.Message, e.Code, meta.RequestID} {
				require.NotContains(t, text, "canary")
			}
		})
	}
}

// X1: of requests that are sent at once, each with a credential of its own, what the
// service or the transport repeats is taken out of errors, whichever was sent last.
func TestX1_TheCredentialOfEachHedge(t *testing.T) {
	for name, respond := range map[string]func(r *http.Request) (*http.Response, error){
		"service": func(r *http.Request) (*http.Response, error) {
			body := `{"error":{"message":"not for ` + r.Header.Get("Authorization") + `"}}`
			return &http.Response{StatusCode: 400, Header: http.Header{"X-Request-Id": {r.Header.Get("Authorization")}}, Request: r,
				ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}, nil
		},
		"transport": func(r *http.Request) (*http.Response, error) {
			return nil, errors.New("cannot send " + r.Header.Get("Authorization"))
		},
		"redirect": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 307, Header: http.Header{"Location": {"/x?" + r.Header.Get("Authorization")}}, Request: r, Body: http.NoBody}, nil
		},
	} {
		for scope, use := range map[string]func(...client.Middleware) client.Option{
			"attempt": client.WithAttemptMiddleware, "call": client.WithCallMiddleware,
		} {
			t.Run(name+" "+scope, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var asked, sent atomic.Int64
					keys := secret.Func(func(context.Context) ([]secret.Value, error) {
						return []secret.Value{secret.New("canary-" + strconv.FormatInt(asked.Add(1), 10) + "-canary")}, nil
					})
					rt := roundTripper(func(r *http.Request) (*http.Response, error) {
						if sent.Add(1) == 1 {
							time.Sleep(2 * time.Second) // until the second has gone out
							return respond(r)
						}
						time.Sleep(time.Minute)
						return nil, io.ErrUnexpectedEOF
					})
					first := func(next http.RoundTripper) http.RoundTripper {
						return roundTripper(func(r *http.Request) (*http.Response, error) {
							second := r.Clone(r.Context())
							time.AfterFunc(time.Second, func() { _, _ = next.RoundTrip(second) })
							resp, err := next.RoundTrip(r)
							if err != nil {
								require.NotContains(t, err.Error(), "canary")
							}
							return resp, err
						})
					}
					c, err := client.New(base, client.WithTransport(rt), use(first), client.WithRetry(retry.Never), client.WithAuth(client.Bearer(keys)))
					require.NoError(t, err)
					_, err = client.Get[thing](t.Context(), c, "/x")
					require.Error(t, err)
					require.NotContains(t, err.Error(), "canary")
					require.NotContains(t, asError(t, err).RequestID, "canary")
					require.NotContains(t, asError(t, err).Message, "canary")
					time.Sleep(time.Hour)
				})
			})
		}
	}
}

// C5, C22: what one of several requests under an attempt may have done is not
// forgotten when another one never left.
func TestC22_HedgedWriteThatMayHaveBeenSent(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for name, second := range map[string]error{"dial": dial, "limit": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int64
				rt := roundTripper(func(r *http.Request) (*http.Response, error) {
					if n.Add(1) == 1 {
						return nil, io.ErrUnexpectedEOF
					}
					return nil, second
				})
				twice := func(next http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) {
						if resp, err := next.RoundTrip(r); err == nil {
							return resp, nil
						}
						again := r.Clone(r.Context())
						again.Body, _ = r.GetBody()
						return next.RoundTrip(again)
					})
				}
				opts := []client.Option{client.WithTransport(rt), client.WithAttemptMiddleware(twice)}
				if second == nil {
					opts = append(opts, client.WithRateLimit(ratelimit.Quota(1, ratelimit.Month)), client.WithTimeout(time.Second))
				}
				c, err := client.New(base, opts...)
				require.NoError(t, err)
				_, err = client.Post[thing](t.Context(), c, "/x", thing{N: 1})
				e := asError(t, err)
				require.Equal(t, client.MaybeApplied, e.Effect)
				require.Len(t, e.Attempts, 1, "a write that may have been applied is not repeated")
			})
		})
	}
}

// waits is a credential that is slow, and heeds its context.
type waits struct{ challenged atomic.Int64 }

func (w *waits) Authorize(r *http.Request) error {
	if r.URL.Path == "/slow" {
		<-r.Context().Done()
		return r.Context().Err()
	}
	r.Header.Set("Authorization", "Bearer x")
	return nil
}

func (w *waits) Challenge(r *http.Request, _ *http.Response) (bool, error) {
	w.challenged.Add(1)
	<-r.Context().Done()
	return false, context.Cause(r.Context())
}

// C15: a renewal that does not come ends with the call's deadline.
func TestC15_RenewalIsBoundedByTheCallsDeadline(t *testing.T) {
	for _, opts := range [][]client.Option{
		{client.WithTimeout(5 * time.Second)},
		{client.WithTimeout(5 * time.Second), client.WithAttemptTimeout(client.NoTimeout), client.WithIdleTimeout(client.NoTimeout)},
		{client.WithTimeout(5 * time.Second), client.WithAttemptTimeout(time.Second), client.WithIdleTimeout(time.Second)},
	} {
		synctest.Test(t, func(t *testing.T) {
			auth := &waits{}
			rt := clienttest.NewTransport(t, clienttest.JSON(401, `{"message":"expired"}`))
			start := time.Now()
			_, err := client.Get[thing](t.Context(), over(t, rt, append(opts, client.WithAuth(auth))...), "/x")
			require.ErrorIs(t, err, client.ErrUnauthorized)
			require.Equal(t, "expired", asError(t, err).Message)
			require.Equal(t, 5*time.Second, time.Since(start))
			require.EqualValues(t, 1, auth.challenged.Load())
		})
	}
}

// C16: a token refresh that takes until the deadline costs no quota and says
// nothing about the service's health.
func TestC16_SlowTokenRefreshBurnsNothing(t *testing.T) {
	for name, opts := range map[string][]client.Option{
		"own deadline": {client.WithTimeout(time.Second)}, "context": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pacer := &counted{}
				rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
				c := over(t, rt, append(opts, client.WithAuth(&waits{}), client.WithPacing(pacer), client.WithBreaker(client.Breaker{Failures: 1}))...)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				_, err := client.Get[thing](ctx, c, "/slow")
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.EqualValues(t, 1, pacer.returned.Load())
				require.Zero(t, rt.Count())
				_, err = client.Get[thing](t.Context(), c, "/x")
				require.NoError(t, err, "the breaker is closed")
			})
		})
	}
}

// C15: a header of the caller's own is nobody's to renew.
func TestC15_ExplicitHeaderIsNotRenewed(t *testing.T) {
	c, rt := scripted(t, "401")
	_, err := client.Call[thing](t.Context(), c, client.Request{Path: "/x", Header: http.Header{"Authorization": {"Bearer mine"}}})
	require.ErrorIs(t, err, client.ErrUnauthorized)
	require.Equal(t, 1, rt.Count())
}

// C18: a budget of the caller's own is filled and drawn like the client's.
func TestC18_SharedBudgetRefills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const full = 100
		budget := retry.NewBudget(full)
		c, rt := scripted(t, "503, 503, 200 {}", client.WithRetry(retry.Policy{Budget: budget}))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Equal(t, full-retry.RetryCost+retry.SuccessGain, budget.Tokens(), "the retry that failed is paid for")

		budget.Deposit(full)
		rt.Script(clienttest.Status(503))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Nanosecond, cancel)
		c, err = c.With(client.WithRetry(retry.Policy{Budget: budget, Backoff: retry.Constant(time.Second)}))
		require.NoError(t, err)
		_, err = client.Get[thing](ctx, c, "/x")
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, full, budget.Tokens(), "a retry that was not made is paid back")
	})
}

// C19: a cancellation that is not the call's own is not tried again either.
func TestC19_ForeignCancellationIsNotRetried(t *testing.T) {
	for name, opt := range map[string]client.Option{
		"auth":      client.WithAuth(client.Bearer(secret.Func(func(context.Context) ([]secret.Value, error) { return nil, context.Canceled }))),
		"transport": client.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) { return nil, context.Canceled })),
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := scripted(t, "200 {}", opt)
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.ErrorIs(t, err, context.Canceled)
			require.Len(t, asError(t, err).Attempts, 1)
		})
	}
}

// C23: an attempt that was stopped before it was sent has a time of its own, and
// each line of the log names its attempt.
func TestC23_NumbersAndTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		var fail atomic.Bool
		src := secret.Func(func(context.Context) ([]secret.Value, error) {
			if fail.Load() {
				return nil, errors.New("vault is sealed")
			}
			return []secret.Value{secret.New("k")}, nil
		})
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
			fail.Store(true)
			w.WriteHeader(503)
		}))
		c := over(t, rt, client.WithAuth(client.Bearer(src)), client.WithLogger(slog.New(slog.NewTextHandler(&logs, nil))),
			client.WithRetry(retry.Policy{Backoff: retry.Constant(10 * time.Second)}))
		start := time.Now()
		var ledger client.Ledger
		_, err := client.Get[thing](client.WithLedger(t.Context(), &ledger), c, "/x")
		e := asError(t, err)
		require.Len(t, e.Attempts, 2)
		require.Equal(t, e.Attempts, ledger.Attempts())
		require.Equal(t, start.Add(10*time.Second), e.Attempts[1].Start)
		require.Zero(t, e.Attempts[1].Duration)
		require.Contains(t, logs.String(), "attempt=1")
		require.Contains(t, logs.String(), "attempt=2")

		logs.Reset()
		fail.Store(false)
		n := 0
		rotating := secret.Func(func(context.Context) ([]secret.Value, error) {
			n++
			return []secret.Value{secret.New(strings.Repeat("k", n))}, nil
		})
		rt = clienttest.NewTransport(t, clienttest.Status(401), clienttest.JSON(200, `{}`))
		c = over(t, rt, client.WithAuth(client.Bearer(rotating)), client.WithLogger(slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		require.NotContains(t, logs.String(), "attempt=0")
		require.Contains(t, logs.String(), "attempt=2")
	})
}

// stalled is a body that says nothing until it is closed.
type stalled struct{ closed chan struct{} }

func (s *stalled) Read([]byte) (int, error) { <-s.closed; return 0, io.ErrClosedPipe }
func (s *stalled) Close() error {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	return nil
}

// C12: a body that middleware made up is bounded as any other.
func TestC12_MiddlewaresOwnBodyIsBounded(t *testing.T) {
	for name, use := range map[string]func(...client.Middleware) client.Option{
		"per attempt": client.WithAttemptMiddleware, "per call": client.WithCallMiddleware,
	} {
		for want, opt := range map[time.Duration]client.Option{
			7 * time.Second: client.WithIdleTimeout(7 * time.Second), 5 * time.Second: client.WithTimeout(5 * time.Second),
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cache := func(http.RoundTripper) http.RoundTripper {
						return roundTripper(func(r *http.Request) (*http.Response, error) {
							return &http.Response{StatusCode: 200, Header: http.Header{}, Body: &stalled{make(chan struct{})}, ContentLength: -1, Request: r}, nil
						})
					}
					c, _ := scripted(t, "200", opt, use(cache), client.WithRetry(retry.Never))
					start := time.Now()
					_, err := client.Get[thing](t.Context(), c, "/x")
					require.ErrorIs(t, err, client.ErrTimeout)
					require.Equal(t, want+moment, time.Since(start))
				})
			})
		}
	}
}

// C12: so is one that is streamed, at each read, and between two reads nobody closes it.
func TestC12_MiddlewaresOwnStreamIsBounded(t *testing.T) {
	asks := map[string]func(*testing.T, *client.Client) (*http.Response, error){
		"Do": func(t *testing.T, c *client.Client) (*http.Response, error) {
			return c.Do(t.Context(), client.Request{Path: "/x"})
		},
		"SDK": func(t *testing.T, c *client.Client) (*http.Response, error) { return c.HTTPClient().Get(base + "/x") },
	}
	for name, ask := range asks {
		for want, opt := range map[time.Duration]client.Option{
			7 * time.Second: client.WithIdleTimeout(7 * time.Second), 5 * time.Second: client.WithTimeout(5 * time.Second),
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					body := &stalled{make(chan struct{})}
					own := func(http.RoundTripper) http.RoundTripper {
						return roundTripper(func(r *http.Request) (*http.Response, error) {
							return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, ContentLength: -1, Request: r}, nil
						})
					}
					c, _ := scripted(t, "200", opt, client.WithAttemptMiddleware(own), client.WithRetry(retry.Never))
					resp, err := ask(t, c)
					require.NoError(t, err)
					start := time.Now()
					_, err = io.ReadAll(resp.Body)
					require.ErrorIs(t, err, client.ErrTimeout)
					require.Equal(t, want+moment, time.Since(start))
					require.NoError(t, resp.Body.Close())
				})
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var body *heedful
		own := func(http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				body = &heedful{r: r}
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, ContentLength: -1, Request: r}, nil
			})
		}
		ctx, cancel := context.WithCancel(t.Context())
		c, _ := scripted(t, "200", client.WithAttemptMiddleware(own), client.WithRetry(retry.Never))
		resp, err := c.Do(ctx, client.Request{Path: "/x"})
		require.NoError(t, err)
		cancel()
		time.Sleep(time.Minute)
		require.Zero(t, body.closes, "while nobody reads it")
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, context.Canceled)
		time.Sleep(time.Minute)
		require.Zero(t, body.closes, "it has heeded its context")
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 1, body.closes)
	})
}

// moment is how long a body has to end by itself with its attempt before it is closed.
const moment = 50 * time.Millisecond

// heedful is a body that blocks as long as its request lasts. It is not safe for use by
// several goroutines at once, as few bodies are.
type heedful struct {
	r             *http.Request
	reads, closes int
}

func (b *heedful) Read([]byte) (int, error) {
	b.reads++
	<-b.r.Context().Done()
	return 0, context.Cause(b.r.Context())
}

func (b *heedful) Close() error { b.closes++; b.reads++; return nil }

// C12: a body that heeds its context is left to end by itself, and closed once.
func TestC12_ABodyThatHeedsItsContextIsClosedOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		use  func(...client.Middleware) client.Option
		idle time.Duration
	}{
		"per attempt": {client.WithAttemptMiddleware, 7 * time.Second},
		"per call":    {client.WithCallMiddleware, 20 * time.Second}, // of which its request's context knows nothing
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var body *heedful
				own := func(http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) {
						body = &heedful{r: r}
						return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, ContentLength: -1, Request: r}, nil
					})
				}
				ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
				defer cancel()
				c, _ := scripted(t, "200", client.WithIdleTimeout(tc.idle), tc.use(own), client.WithRetry(retry.Never))
				_, err := client.Get[thing](ctx, c, "/x")
				require.Error(t, err)
				time.Sleep(time.Minute)
				require.Equal(t, 1, body.closes)
			})
		})
	}
}

// What a transport that heeds no context brings too late is used all the same, with
// middleware as without.
func TestLateResponsesAreReadWhole(t *testing.T) {
	pass := func(next http.RoundTripper) http.RoundTripper { return next }
	for _, opt := range []client.Option{client.WithMaxRedirects(3), client.WithAttemptMiddleware(pass)} {
		for status, want := range map[int]string{200: "", 404: `GET /x: 404 Not Found "hello"`} {
			synctest.Test(t, func(t *testing.T) {
				rt := roundTripper(func(r *http.Request) (*http.Response, error) {
					time.Sleep(6 * time.Second)
					return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, ContentLength: -1,
						Body: &morsels{context.Background(), strings.NewReader(`{"message":"hello"}`), io.EOF}}, nil
				})
				c, err := client.New(base, client.WithTransport(rt), opt, client.WithRetry(retry.Never), client.WithAttemptTimeout(5*time.Second))
				require.NoError(t, err)
				if _, err = client.Get[thing](t.Context(), c, "/x"); want == "" {
					require.NoError(t, err)
				} else {
					require.EqualError(t, err, want)
				}
			})
		}
	}
}

// A response of middleware's making may lack what net/http always sets.
func TestMiddlewareResponseWithoutABody(t *testing.T) {
	bare := func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 418}, nil })
	}
	c, _ := scripted(t, "200", client.WithCallMiddleware(bare))
	_, err := client.Get[thing](t.Context(), c, "/x")
	require.Equal(t, 418, asError(t, err).Status)
	resp, err := c.Do(t.Context(), client.Request{})
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	for _, err := range client.Events(t.Context(), c, client.Request{}) {
		require.Error(t, err)
	}
}

// Numbers at the edge mean what they say.
func TestExtremeLimits(t *testing.T) {
	c, rt := scripted(t, `200 {"id":"a"}`, client.WithMaxBody(math.MaxInt64), client.WithReadAhead(math.MaxInt64))
	got, err := client.Call[thing](t.Context(), c, client.Request{Method: "PUT", Body: client.Stream("text/plain", strings.NewReader("hello"), -1)})
	require.NoError(t, err)
	require.Equal(t, "a", got.ID)
	require.Equal(t, "hello", string(rt.Last().Body))
	_, err = client.Call[thing](t.Context(), c, client.Request{MaxBody: math.MaxInt64})
	require.NoError(t, err)

	c, _ = scripted(t, `200 {"id":"a"}`, client.WithMaxBody(0))
	_, err = client.Get[thing](t.Context(), c, "/")
	require.NoError(t, err, "0 is the default")

	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, "hang", client.WithAttemptTimeout(0), client.WithIdleTimeout(0), client.WithTimeout(0), client.WithRetry(retry.Never))
		start := time.Now()
		_, err := client.Get[thing](t.Context(), c, "/")
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Equal(t, client.DefaultAttemptTimeout, time.Since(start))
		c, _ = scripted(t, "hang", client.WithAttemptTimeout(client.NoTimeout), client.WithTimeout(0), client.WithRetry(retry.Never))
		start = time.Now()
		_, err = client.Get[thing](t.Context(), c, "/")
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Equal(t, client.DefaultTimeout, time.Since(start))
	})
}

// What nobody should do is an error and not a panic.
func TestZeroValues(t *testing.T) {
	var c client.Client
	_, err := client.Get[thing](t.Context(), &c, "/x")
	require.ErrorIs(t, err, client.ErrConfig)
	_, err = c.Do(t.Context(), client.Request{})
	require.ErrorIs(t, err, client.ErrConfig)
	for _, err := range client.Events(t.Context(), &c, client.Request{}) {
		require.ErrorIs(t, err, client.ErrConfig)
	}
	_, err = c.HTTPClient().Get(base)
	require.ErrorIs(t, err, client.ErrConfig)
	_, err = c.With()
	require.ErrorIs(t, err, client.ErrConfig)
	require.Empty(t, c.BaseURL())
	c.CloseIdleConnections()

	good, rt := scripted(t, "204")
	var none context.Context
	_, err = client.Call[client.None](none, good, client.Request{})
	require.ErrorIs(t, err, client.ErrRequest)
	require.Zero(t, rt.Count())
	_, err = client.Call[client.None](t.Context(), good, client.Request{})
	require.NoError(t, err)
	resp, err := good.HTTPClient().Transport.RoundTrip((&http.Request{URL: nil}).WithContext(t.Context()))
	require.ErrorIs(t, err, client.ErrRequest)
	require.Nil(t, resp)

	var e client.Error
	require.NotPanics(t, func() { _ = e.Error(); _ = e.Timeout() })
}

// wrapped is a Body of somebody else's making.
type wrapped struct{ client.Body }

func TestBodiesThatAreNotThere(t *testing.T) {
	c, rt := scripted(t, "204")
	none := func() (io.ReadCloser, error) { return nil, nil }
	for name, body := range map[string]client.Body{
		"open": client.Open("text/plain", none, -1), "part": client.Multipart(client.Part{Name: "f", FileName: "f", Open: none}),
	} {
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Body: body})
		require.Error(t, err, name)
	}
	var unmade *wrapped
	sent := rt.Count()
	refused := errors.New("locked")
	for say, body := range map[string]any{
		"nil reader": client.Stream("a/b", nil, -1), "a nil reader": client.Stream("a/b", (*strings.Reader)(nil), -1), "nil function": client.Open("a/b", nil, -1),
		"nil *client_test.wrapped": unmade, "nil *client_test.thing": (*thing)(nil),
		"body cannot be opened": client.Open("a/b", func() (io.ReadCloser, error) { return nil, refused }, -1),
	} {
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Body: body})
		require.ErrorIs(t, err, client.ErrRequest)
		require.ErrorContains(t, err, say)
		require.Equal(t, say == "body cannot be opened", errors.Is(err, refused))
	}
	require.Equal(t, sent, rt.Count())
	_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Body: client.Raw("", []byte("data"))})
	require.NoError(t, err)
	require.Equal(t, "data", string(rt.Last().Body), "a body without a type is a body")
	require.Empty(t, rt.Last().Header.Values("Content-Type"))

	// A body of no bytes says so, rather than being of a length that nobody knows.
	c, _ = scripted(t, "200", client.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		require.Equal(t, http.NoBody, r.Body)
		require.LessOrEqual(t, r.ContentLength, int64(0))
		return &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})))
	nothing := client.Open("text/plain", func() (io.ReadCloser, error) { return http.NoBody, nil }, -1)
	for _, body := range []client.Body{client.Raw("text/plain", nil), nothing} {
		_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Body: body})
		require.NoError(t, err)
	}
}

// C27: a server cannot make an error long.
func TestC27_TransportErrorsAreCut(t *testing.T) {
	rt := roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("malformed HTTP response " + strings.Repeat("x", 1<<20))
	})
	c, _ := scripted(t, "200", client.WithTransport(rt), client.WithRetry(retry.Never))
	_, err := client.Get[thing](t.Context(), c, "/x")
	require.Less(t, len(err.Error()), 2<<10)
}

// The relative target of a link counts from the page that has it (RFC 8288 §3.1).
func TestNextLinkIsRelativeToItsPage(t *testing.T) {
	rt := clienttest.NewTransport(t,
		clienttest.JSON(200, `{"id":"1"}`).Header("Link", `<?page=2>; rel="next"`),
		clienttest.JSON(200, `{"id":"2"}`).Header("Link", `<more/3>; rel=next`),
		clienttest.JSON(200, `{"id":"3"}`))
	c, err := client.New(base+"/v2", client.WithTransport(rt))
	require.NoError(t, err)
	for _, err := range client.Pages(t.Context(), c, client.Request{Path: "/things/list"}, client.NextLink[thing]) {
		require.NoError(t, err)
	}
	var urls []string
	for _, r := range rt.Requests() {
		urls = append(urls, r.URL)
	}
	require.Equal(t, []string{"/v2/things/list", "/v2/things/list?page=2", "/v2/things/more/3"}, urls)
}

// C15: of two requests that middleware sends at once the credential is judged by the one
// that was refused: a secret that was rotated between them is tried.
func TestC15_TheHedgeThatWasRefusedIsTheOneThatIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rotated atomic.Bool
		source := secret.Func(func(context.Context) ([]secret.Value, error) {
			if rotated.Load() {
				return []secret.Value{secret.New("the-new-key")}, nil
			}
			return []secret.Value{secret.New("the-old-key")}, nil
		})
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, ContentLength: -1, Body: io.NopCloser(strings.NewReader("{}"))}
			if r.Header.Get("Authorization") == "Bearer the-new-key" {
				time.Sleep(10 * time.Second)
				return resp, nil
			}
			rotated.Store(true)
			time.Sleep(3 * time.Second)
			resp.StatusCode = 401
			return resp, nil
		})
		c, err := client.New(base, client.WithTransport(rt), client.WithAttemptMiddleware(twiceAt(time.Second)), client.WithAuth(client.Bearer(source)))
		require.NoError(t, err)
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		time.Sleep(time.Minute) // the others end
	})
}

// slowPipe brings a byte in each piece of time, until it is closed.
type slowPipe struct {
	each   time.Duration
	left   int
	closed chan struct{}
}

func (s *slowPipe) Read(p []byte) (int, error) {
	if s.left--; s.left < 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(s.each):
		return copy(p, "x"), nil
	case <-s.closed:
		return 0, net.ErrClosed
	}
}

func (s *slowPipe) Close() error { close(s.closed); return nil }

// C12: what a transport that heeds no context brings after the attempt's time is used
// all the same, also through per-attempt middleware; a read that stalls ends.
func TestC12_AStreamThatCameTooLateIsUsed(t *testing.T) {
	for each, want := range map[time.Duration]error{time.Second: nil, time.Hour: client.ErrTimeout} {
		synctest.Test(t, func(t *testing.T) {
			late := roundTripper(func(r *http.Request) (*http.Response, error) {
				time.Sleep(client.DefaultAttemptTimeout + time.Second)
				return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Request: r, Body: &slowPipe{each, 3, make(chan struct{})}}, nil
			})
			c, _ := scripted(t, "200", client.WithTransport(late), passing(client.WithAttemptMiddleware, func(*http.Request) {}))
			resp, err := c.Do(t.Context(), client.Request{Path: "/x"})
			require.NoError(t, err)
			began := time.Now()
			_, err = io.ReadAll(resp.Body)
			require.ErrorIs(t, err, want)
			require.Equal(t, min(3*each, client.DefaultIdleTimeout), time.Since(began))
			require.NoError(t, resp.Body.Close())
		})
	}
}

// C15: of a request that middleware sends a second time as it is, what was sent last is
// what was refused: a secret that was rotated in between is not taken for untried.
func TestC15_OfARequestSentAgainTheLastWasRefused(t *testing.T) {
	var rotated atomic.Bool
	source := secret.Func(func(context.Context) ([]secret.Value, error) {
		if rotated.Load() {
			return []secret.Value{secret.New("the-new-key")}, nil
		}
		return []secret.Value{secret.New("the-old-key")}, nil
	})
	sent := 0
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		status := 401
		if sent++; sent == 1 {
			status = 503
			rotated.Store(true)
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, Body: http.NoBody}, nil
	})
	again := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err == nil && resp.StatusCode == 503 {
				return next.RoundTrip(r)
			}
			return resp, err
		})
	}
	c, err := client.New(base, client.WithTransport(rt), client.WithAttemptMiddleware(again), client.WithAuth(client.Bearer(source)))
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), c, "/x")
	require.Equal(t, 401, asError(t, err).Status)
	require.Equal(t, 2, sent)
}

// C12, C13: such a stream ends with the call all the same, whoever ends that, and also
// where no idle timeout would.
func TestC13_AStreamThatCameTooLateEndsWithTheCall(t *testing.T) {
	const came, end = client.DefaultAttemptTimeout + time.Second, client.DefaultAttemptTimeout + 3*time.Second
	late := roundTripper(func(r *http.Request) (*http.Response, error) {
		time.Sleep(came)
		return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Request: r, Body: &slowPipe{time.Hour, 3, make(chan struct{})}}, nil
	})
	for name, tc := range map[string]struct {
		until   func(context.Context) (context.Context, context.CancelFunc)
		timeout time.Duration
		want    error
	}{
		"the caller's": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(end, cancel)
			return ctx, cancel
		}, 0, context.Canceled},
		"the context's deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, end)
		}, 0, context.DeadlineExceeded},
		"the call's deadline": {context.WithCancel, end, client.ErrTimeout},
	} {
		for _, idle := range []time.Duration{client.DefaultIdleTimeout, -1} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, _ := scripted(t, "200", client.WithTransport(late), client.WithIdleTimeout(idle), passing(client.WithAttemptMiddleware, func(*http.Request) {}))
					began := time.Now()
					ctx, cancel := tc.until(t.Context())
					defer cancel()
					resp, err := c.Do(ctx, client.Request{Path: "/x", Timeout: tc.timeout})
					require.NoError(t, err)
					_, err = io.ReadAll(resp.Body)
					require.ErrorIs(t, err, tc.want)
					require.Equal(t, end+50*time.Millisecond, time.Since(began))
					require.NoError(t, resp.Body.Close())
				})
			})
		}
	}
}
