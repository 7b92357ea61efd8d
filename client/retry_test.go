package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

func TestC1_RetryAfterBeyondDeadlineReturnsTheResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, `503 Retry-After=120 Request-Id=req_1 {"error":{"code":"down","message":"maintenance"}}`)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		_, err := client.Get[thing](ctx, c, "/v1/x")
		require.Zero(t, time.Since(start))
		e := asError(t, err)
		require.Equal(t, 503, e.Status)
		require.Equal(t, "req_1", e.RequestID)
		require.Equal(t, "down", e.Code)
		require.Equal(t, "maintenance", e.Message)
		require.Equal(t, start.Add(120*time.Second), e.RetryAt)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 1, rt.Count())

		c, _ = scripted(t, `503 Retry-After=20 {"error":"x"}`)
		_, err = client.Get[thing](ctx, c, "/v1/x")
		require.Equal(t, []client.Reason{client.WaitPastDeadline}, reasons(asError(t, err).Attempts))
		require.Zero(t, time.Since(start))
	})
}

// C1: when it may be tried again is told through per-call middleware too, by whatever
// headers say it.
func TestC1_RetryAtThroughMiddleware(t *testing.T) {
	through := client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper { return next })
	limit := clienttest.Status(429).Header("X-RateLimit-Remaining", "0").Header("X-RateLimit-Reset", "30")
	for name, step := range map[string]clienttest.Step{
		"Retry-After": clienttest.Status(429).Header("Retry-After", "30"), "a limit": limit,
		"a limit by epoch": clienttest.Status(429).Header("X-RateLimit-Remaining", "0").Header("X-RateLimit-Reset", "946684830"),
		"a limit, dated":   limit.Header("Date", "Sat, 01 Jan 2000 00:00:00 GMT"),
	} {
		synctest.Test(t, func(t *testing.T) {
			c := plain(t, clienttest.NewTransport(t, step), client.WithRetry(retry.Never), through)
			_, err := client.Get[client.None](t.Context(), c, "/x")
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok, name)
			require.NotContains(t, err.Error(), "panicked")
			require.Equal(t, 30*time.Second, time.Until(e.RetryAt), "%s: %v", name, err)
		})
	}
}

func TestC1_RoundTripperGetsTheResponseToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, `503 Retry-After=30 {"error":"x"}`)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", base+"/v1/x", nil)
		resp, err := c.HTTPClient().Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, `{"error":"x"}`, string(body))
		require.Equal(t, 503, resp.StatusCode)
	})
}

func TestC2_OverflowingRetryAfterStops(t *testing.T) {
	for _, v := range []string{"9223372037", "9223372036854775807", "99999999999999999999999"} {
		t.Run(v, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, rt := scripted(t, `503 Retry-After=`+v)
				start := time.Now()
				_, err := client.Get[thing](t.Context(), c, "/v1/x")
				require.Equal(t, 1, rt.Count())
				require.Zero(t, time.Since(start))
				require.Equal(t, []client.Reason{client.WaitTooLong}, reasons(asError(t, err).Attempts))
			})
		})
	}
}

func TestC3_RetryAfterFormsAreObeyed(t *testing.T) {
	date := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		header http.Header
		low    time.Duration
		high   time.Duration
	}{
		{"seconds", http.Header{"Retry-After": {"2"}}, 2 * time.Second, 2200 * time.Millisecond},
		{"fraction", http.Header{"Retry-After": {"1.5"}}, 1500 * time.Millisecond, 1650 * time.Millisecond},
		{"milliseconds", http.Header{"Retry-After-Ms": {"250"}}, 250 * time.Millisecond, 275 * time.Millisecond},
		{"x-ms", http.Header{"X-Ms-Retry-After-Ms": {"300"}}, 300 * time.Millisecond, 330 * time.Millisecond},
		{"date against Date", http.Header{"Date": {date.Format(http.TimeFormat)}, "Retry-After": {date.Add(5 * time.Second).Format(http.TimeFormat)}}, 5 * time.Second, 5500 * time.Millisecond},
		{"rfc850", http.Header{"Date": {date.Format(http.TimeFormat)}, "Retry-After": {date.Add(5 * time.Second).Format("Monday, 02-Jan-06 15:04:05 GMT")}}, 5 * time.Second, 5500 * time.Millisecond},
		{"asctime", http.Header{"Date": {date.Format(http.TimeFormat)}, "Retry-After": {date.Add(5 * time.Second).Format(time.ANSIC)}}, 5 * time.Second, 5500 * time.Millisecond},
		{"negative", http.Header{"Retry-After": {"-1"}}, 10 * time.Second, 10 * time.Second},
		{"nan", http.Header{"Retry-After": {"NaN"}}, 10 * time.Second, 10 * time.Second},
		{"garbage", http.Header{"Retry-After": {"soon"}}, 10 * time.Second, 10 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
					for k, v := range tc.header {
						w.Header()[k] = v
					}
					w.WriteHeader(503)
				}), clienttest.JSON(200, `{"id":"a"}`))
				c := over(t, rt, client.WithRetry(retry.Policy{Backoff: retry.Constant(10 * time.Second)}))
				start := time.Now()
				_, err := client.Get[thing](t.Context(), c, "/v1/x")
				require.NoError(t, err)
				require.GreaterOrEqual(t, time.Since(start), tc.low)
				require.LessOrEqual(t, time.Since(start), tc.high)
			})
		})
	}
}

func TestC4_RetryAfterAboveTheCapStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, `429 Retry-After=61`)
		start := time.Now()
		_, err := client.Get[thing](t.Context(), c, "/v1/x")
		require.Equal(t, 1, rt.Count())
		require.Zero(t, time.Since(start))
		e := asError(t, err)
		require.ErrorIs(t, err, client.ErrRateLimited)
		require.Equal(t, []client.Reason{client.WaitTooLong}, reasons(e.Attempts))
		require.Equal(t, start.Add(61*time.Second), e.RetryAt)

		c, rt = scripted(t, `429 Retry-After=60, 200 {"id":"a"}`)
		_, err = client.Get[thing](t.Context(), c, "/v1/x")
		require.NoError(t, err)
		require.Equal(t, 2, rt.Count())
		require.GreaterOrEqual(t, time.Since(start), time.Minute, "never early")
		require.LessOrEqual(t, time.Since(start), 66*time.Second, "a tenth of jitter above at most")
	})
}

// keyed is a profile whose service honours a key.
var keyed = client.Profile{Name: "example", IdempotencyHeader: "Idempotency-Key"}

func TestC5_WhatMayBeRetried(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	hint := client.Profile{Name: "hints", Hint: client.HintHeader("X-Should-Retry")}
	permits := hint
	permits.HintPermits = true
	for _, tc := range []struct {
		name    string
		method  string
		script  string
		fail    error
		profile client.Profile
		want    int
		reason  client.Reason
	}{
		{"GET 503", "GET", "503, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"HEAD 502", "HEAD", "502, 200", nil, client.Profile{}, 2, client.Succeeded},
		{"PUT 503", "PUT", "503, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"DELETE 504", "DELETE", "504, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"GET 408", "GET", "408, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"GET 501", "GET", "501, 200 {}", nil, client.Profile{}, 1, client.NotRetryable},
		{"GET 404", "GET", "404, 200 {}", nil, client.Profile{}, 1, client.NotRetryable},
		{"GET reset", "GET", "reset, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"POST 503", "POST", "503, 200 {}", nil, client.Profile{}, 1, client.NotIdempotent},
		{"POST 408", "POST", "408, 200 {}", nil, client.Profile{}, 1, client.NotIdempotent},
		{"POST 500", "POST", "500, 200 {}", nil, client.Profile{}, 1, client.NotIdempotent},
		{"PATCH 503", "PATCH", "503, 200 {}", nil, client.Profile{}, 1, client.NotIdempotent},
		{"POST reset", "POST", "reset, 200 {}", nil, client.Profile{}, 1, client.NotIdempotent},
		{"POST 429", "POST", "429 Retry-After=1, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"POST 425", "POST", "425, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"POST dial", "POST", "200 {}", dial, client.Profile{}, 2, client.Succeeded},
		{"GET 500", "GET", "500, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"GET 504", "GET", "504, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"GET 505", "GET", "505, 200 {}", nil, client.Profile{}, 1, client.NotRetryable},
		{"GET 300", "GET", "300, 200 {}", nil, client.Profile{}, 1, client.NotRetryable},
		{"GET 299", "GET", "299, 200 {}", nil, client.Profile{}, 1, client.Succeeded},
		{"OPTIONS 503", "OPTIONS", "503, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"no method 503", "", "503, 200 {}", nil, client.Profile{}, 2, client.Succeeded},
		{"an own method 503", "PURGE", "503, 200 {}", nil, client.Profile{}, 1, client.NotIdempotent},
		{"hint forbids 429", "POST", "429 X-Should-Retry=false, 200 {}", nil, permits, 1, client.HintForbids},
		{"hint does not permit POST 409", "POST", "409 X-Should-Retry=true, 200 {}", nil, hint, 1, client.NotIdempotent},
		{"no hint", "GET", "409 X-Should-Retry=perhaps, 200 {}", nil, permits, 1, client.NotRetryable},
		{"POST with key 503", "POST", "503, 200 {}", nil, keyed, 2, client.Succeeded},
		{"POST with key reset", "POST", "reset, 200 {}", nil, keyed, 2, client.Succeeded},
		{"hint forbids GET", "GET", "503 X-Should-Retry=false, 200 {}", nil, hint, 1, client.HintForbids},
		{"hint permits GET 409", "GET", "409 X-Should-Retry=true, 200 {}", nil, hint, 2, client.Succeeded},
		{"hint does not permit POST", "POST", "503 X-Should-Retry=true, 200 {}", nil, hint, 1, client.NotIdempotent},
		{"hint permits POST by profile", "POST", "503 X-Should-Retry=true, 200 {}", nil, permits, 2, client.Succeeded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := clienttest.NewTransport(t, clienttest.MustParse(tc.script)...)
				var attempts int
				once := tc.fail
				flaky := func(next http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) {
						attempts++
						if once != nil {
							err := once
							once = nil
							return nil, err
						}
						return next.RoundTrip(r)
					})
				}
				c := over(t, rt, client.WithProfile(tc.profile), client.WithAttemptMiddleware(flaky))
				var body any
				if tc.method != "GET" && tc.method != "HEAD" {
					body = thing{ID: "in"}
				}
				var ledger client.Ledger
				_, err := client.Call[client.None](client.WithLedger(t.Context(), &ledger), c, client.Request{Method: tc.method, Path: "/x", Body: body})
				require.Equal(t, tc.want, attempts)
				list := ledger.Attempts()
				require.Len(t, list, tc.want)
				require.Equal(t, tc.reason, list[len(list)-1].Reason)
				require.Equal(t, tc.reason == client.Succeeded, err == nil, "%v", err)
				for _, r := range rt.Requests() {
					if body != nil {
						require.JSONEq(t, `{"id":"in"}`, string(r.Body))
					}
				}
			})
		})
	}
}

// C5: a failure that is also a throttle is a failure: the service may have done it.
func TestC5_AThrottledFailureIsAFailure(t *testing.T) {
	busy := client.Profile{Throttled: func(status int, _ http.Header, _ []byte) bool { return status == 403 || status >= 500 }}
	for _, tc := range []struct {
		method string
		status int
		want   client.Reason
	}{
		{"POST", 500, client.NotIdempotent},
		{"POST", 502, client.NotIdempotent},
		{"PATCH", 503, client.NotIdempotent},
		{"POST", 599, client.NotIdempotent},
		{"POST", 403, client.LastAttempt},
		{"POST", 429, client.LastAttempt},
		{"PUT", 503, client.LastAttempt},
		{"GET", 501, client.LastAttempt},
	} {
		synctest.Test(t, func(t *testing.T) {
			rt := clienttest.NewTransport(t, clienttest.Status(tc.status))
			c := over(t, rt, client.WithProfile(busy), client.WithRetry(retry.Policy{MaxAttempts: 2}))
			_, err := client.Call[client.None](t.Context(), c, client.Request{Method: tc.method, Path: "/x"})
			e := asError(t, err)
			require.ErrorIs(t, err, client.ErrRateLimited)
			require.Equal(t, tc.want, e.Attempts[len(e.Attempts)-1].Reason, "%s %d", tc.method, tc.status)
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestC5_OnlyWithABodyThatCanBeReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "503, 200 {}", client.WithReadAhead(4))
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x",
			Body: client.Stream("text/plain", strings.NewReader("longer than four"), -1)})
		e := asError(t, err)
		require.Equal(t, []client.Reason{client.BodyNotReplayed}, reasons(e.Attempts))
		require.Contains(t, err.Error(), "cannot be sent again")
		require.Equal(t, 1, rt.Count())
		require.Equal(t, "longer than four", string(rt.Last().Body))
	})
}

func TestC7_MethodPolicyHoldsWithoutAResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for method, want := range map[string]int{"GET": 3, "POST": 1, "": 3} {
			c, rt := scripted(t, "reset")
			_, err := client.Call[client.None](t.Context(), c, client.Request{Method: method, Path: "/x"})
			require.ErrorIs(t, err, clienttest.ErrReset)
			require.Equal(t, want, rt.Count(), method)
		}
	})
}

func TestC13_Exhaustion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const script = `503 {"n":1}, 502 {"n":2}, 500 {"n":3}, 200 {}`
		c, rt := scripted(t, script)
		resp, err := c.HTTPClient().Get(base + "/x")
		require.NoError(t, err)
		body, _ := io.ReadAll(resp.Body)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 500, resp.StatusCode)
		require.Equal(t, `{"n":3}`, string(body))
		require.Equal(t, 3, rt.Count())

		c, _ = scripted(t, script)
		_, err = client.Get[thing](t.Context(), c, "/x")
		e := asError(t, err)
		require.Equal(t, 500, e.Status)
		require.ErrorIs(t, err, client.ErrUnavailable)
		require.Equal(t, []client.Reason{client.Retried, client.Retried, client.LastAttempt}, reasons(e.Attempts))
		var d struct{ N int }
		require.NoError(t, e.DecodeBody(&d))
		require.Equal(t, 3, d.N)
	})
}

func TestC13_ContextEndsDuringAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "503 Retry-After=30 Request-Id=r1")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		start := time.Now()
		_, err := client.Get[thing](ctx, c, "/x")
		require.Equal(t, 5*time.Second, time.Since(start))
		require.ErrorIs(t, err, context.Canceled)
		e := asError(t, err)
		require.Equal(t, 503, e.Status)
		require.Equal(t, "r1", e.RequestID)
		require.Equal(t, 1, rt.Count())

		rt.Script(clienttest.Reset())
		c2, err := c.With(client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Minute)}))
		require.NoError(t, err)
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		_, err = client.Get[thing](ctx, c2, "/x")
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, clienttest.ErrReset, "the last attempt's error unwraps too")
	})
}

func TestC18_BudgetHoldsInAnOutage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("10,000 calls")
	}
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.Status(503))
		c := over(t, rt)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				for range 100 {
					_, err := client.Get[thing](t.Context(), c, "/x")
					if !errors.Is(err, client.ErrUnavailable) {
						t.Errorf("unexpected error: %v", err)
					}
				}
			})
		}
		wg.Wait()
		require.GreaterOrEqual(t, rt.Count(), 10_000)
		require.LessOrEqual(t, rt.Count(), 11_000)
	})
}

func TestC18_BudgetIsLookedAtBeforeTheWaitAndRefills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := retry.NewBudget(retry.RetryCost)
		c, rt := scripted(t, "503 Retry-After=1", client.WithRetry(retry.Policy{Budget: budget}))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.Equal(t, []client.Reason{client.Retried, client.BudgetEmpty}, reasons(asError(t, err).Attempts))

		start := time.Now()
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.Zero(t, time.Since(start), "an empty budget is seen before the wait")
		require.Equal(t, 503, asError(t, err).Status, "the original error comes back")

		rt.Script(clienttest.JSON(200, `{}`))
		for range retry.RetryCost {
			budget.Deposit(retry.SuccessGain)
		}
		rt.Script(clienttest.MustParse("503, 200 {}")...)
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
	})
}

func TestC18_SuccessRefillsTheClientsOwnBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "503", client.WithRetry(retry.Policy{MaxAttempts: 1000, Backoff: retry.Constant(0)}))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.Error(t, err)
		spent := rt.Count()
		require.Equal(t, retry.DefaultBudget/retry.RetryCost+1, spent)
		rt.Script(clienttest.JSON(200, `{}`))
		for range retry.RetryCost {
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.NoError(t, err)
		}
		rt.Script(clienttest.MustParse("503, 200 {}")...)
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err, "fourteen successes pay for one retry")
	})
}

func TestC19_WhatIsNeverRetried(t *testing.T) {
	for name, failure := range map[string]error{
		"x509 authority":   x509.UnknownAuthorityError{},
		"x509 hostname":    fmt.Errorf("wrapped: %w", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}),
		"tls verification": &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Cert: &x509.Certificate{}}},
		"tls record":       tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			c, err := client.New(base, client.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) {
				n++
				return nil, failure
			})))
			require.NoError(t, err)
			_, err = client.Get[thing](t.Context(), c, "/x")
			require.ErrorIs(t, err, failure)
			require.Equal(t, 1, n)
		})
	}
	t.Run("canceled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, "hang", client.WithBreaker(client.Breaker{Failures: 1}))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			_, err := client.Get[thing](ctx, c, "/x")
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, 1, rt.Count())
			rt.Script(clienttest.JSON(200, "{}"))
			_, err = client.Get[thing](t.Context(), c, "/x")
			require.NoError(t, err, "a cancelled call does not open the breaker")
		})
	})
	t.Run("scheme", func(t *testing.T) {
		c, rt := scripted(t, "200 {}")
		_, err := c.HTTPClient().Get("ftp://example.com/x")
		require.ErrorIs(t, err, client.ErrRequest)
		require.Zero(t, rt.Count())
	})
	t.Run("redirect loop", func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.Redirect(302, base+"/x"))
		c := over(t, rt)
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrRedirect)
		require.Equal(t, client.DefaultMaxRedirects+1, rt.Count(), "each hop once")
	})
}

func TestC22_EffectTellsWhatMayHaveHappened(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for _, tc := range []struct {
		name, method, script string
		fail                 error
		want                 client.Effect
	}{
		{"get", "GET", "500", nil, client.NoEffect},
		{"rejected", "POST", "402", nil, client.Rejected},
		{"throttled", "POST", "429 Retry-After=100", nil, client.Rejected},
		{"failure", "POST", "500", nil, client.MaybeApplied},
		{"request timeout", "POST", "408", nil, client.MaybeApplied},
		{"not implemented", "POST", "501", nil, client.Rejected},
		{"head", "HEAD", "500", nil, client.NoEffect},
		{"failure of an own kind", "POST", "599", nil, client.MaybeApplied},
		{"client error at its end", "POST", "499", nil, client.Rejected},
		{"unreadable success", "POST", "200 [1]", nil, client.MaybeApplied},
		{"multiple choices", "POST", "300", nil, client.MaybeApplied},
		{"result elsewhere", "PUT", "303", nil, client.MaybeApplied},
		{"not modified", "PUT", "304", nil, client.Rejected},
		{"found nowhere, a post", "POST", "302", nil, client.MaybeApplied},
		{"found nowhere, a put", "PUT", "302", nil, client.Rejected},
		{"moved nowhere, a post", "POST", "301", nil, client.MaybeApplied},
		{"to be sent nowhere", "POST", "307", nil, client.Rejected},
		{"reset", "POST", "reset", nil, client.MaybeApplied},
		{"refused", "POST", "200 {}", dial, client.NeverSent},
		{"maybe, then rejected", "PUT", "reset, 409", nil, client.MaybeApplied},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := clienttest.NewTransport(t, clienttest.MustParse(tc.script)...)
				c := over(t, rt, client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) {
						if tc.fail != nil {
							return nil, tc.fail
						}
						return next.RoundTrip(r)
					})
				}))
				_, err := client.Call[thing](t.Context(), c, client.Request{Method: tc.method, Path: "/x", Body: thing{}})
				require.Equal(t, tc.want, asError(t, err).Effect)
			})
		})
	}
	t.Run("unreachable server", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		c, err := client.New("http://"+l.Addr().String(), client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
		require.NoError(t, err)
		_, err = client.Post[client.None](t.Context(), c, "/x", thing{})
		e := asError(t, err)
		require.Equal(t, client.NeverSent, e.Effect)
		require.Len(t, e.Attempts, 3, "what was never sent is retried, a POST too")
	})
	t.Run("sent and broken off", func(t *testing.T) {
		srv := clienttest.NewServer(t, clienttest.Reset())
		_, err := client.Post[client.None](t.Context(), served(t, srv), "/x", thing{})
		require.Equal(t, client.MaybeApplied, asError(t, err).Effect)
		require.Equal(t, 1, srv.Count())
	})
}

func TestC23_LedgerShowsEveryAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const script = `429 Retry-After=2 Request-Id=r1, reset, 200 Request-Id=r3 {"id":"a"}`
		c, _ := scripted(t, script)
		var meta client.Meta
		var ledger client.Ledger
		_, err := client.Call[thing](client.WithLedger(t.Context(), &ledger), c, client.Request{Path: "/x", Meta: &meta})
		require.NoError(t, err)
		list := meta.Attempts
		require.Equal(t, list, ledger.Attempts())
		require.Equal(t, []client.Reason{client.Retried, client.Retried, client.Succeeded}, reasons(list))
		require.Equal(t, []int{1, 2, 3}, []int{list[0].Number, list[1].Number, list[2].Number})
		require.Equal(t, []int{429, 0, 200}, []int{list[0].Status, list[1].Status, list[2].Status})
		require.Equal(t, []string{"r1", "", "r3"}, []string{list[0].RequestID, list[1].RequestID, list[2].RequestID})
		require.GreaterOrEqual(t, list[0].Wait, 2*time.Second)
		require.ErrorIs(t, list[1].Err, clienttest.ErrReset)
		require.Equal(t, list[0].Wait, list[1].Start.Sub(list[0].Start))

		c, _ = scripted(t, script)
		ledger = client.Ledger{}
		req, _ := http.NewRequestWithContext(client.WithLedger(t.Context(), &ledger), "GET", base+"/x", nil)
		resp, err := c.HTTPClient().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Len(t, ledger.Attempts(), 3, "under an SDK too")
	})
}

// slowBody comes three seconds after its headers, as what it holds and with err.
type slowBody struct {
	text io.Reader
	err  error
}

func (b slowBody) Read(p []byte) (int, error) {
	n, err := b.text.Read(p)
	if err == io.EOF {
		time.Sleep(3 * time.Second)
		err = b.err
	}
	return n, err
}

// C23: an attempt that was answered took until its headers came, one that failed
// until it did.
func TestC23_HowLongAnAttemptTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for want, end := range map[time.Duration]error{time.Second: io.EOF, 4 * time.Second: errors.New("broken")} {
			rt := roundTripper(func(r *http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				return &http.Response{StatusCode: 200, ContentLength: -1, Request: r, Body: io.NopCloser(slowBody{strings.NewReader(`{"id":"a"}`), end})}, nil
			})
			c, err := client.New(base, client.WithTransport(rt), client.WithRetry(retry.Never))
			require.NoError(t, err)
			var meta client.Meta
			_, err = client.Call[thing](t.Context(), c, client.Request{Path: "/x", Meta: &meta})
			require.Equal(t, end == io.EOF, err == nil, "%v", err)
			require.Equal(t, want, meta.Attempts[0].Duration)
		}
	})
}

// The policy's functions see the response's error, whether the call decodes or not.
func TestThePolicyIsToldTheStatus(t *testing.T) {
	for name, call := range map[string]func(context.Context, *client.Client) error{
		"Call": func(ctx context.Context, c *client.Client) error {
			_, err := client.Call[client.None](ctx, c, client.Request{Path: "/x"})
			return err
		},
		"Do": func(ctx context.Context, c *client.Client) error {
			resp, err := c.Do(ctx, client.Request{Path: "/x"})
			if err != nil {
				return err
			}
			return resp.Body.Close()
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			var told []error
			c, _ := scripted(t, "503, 200 {}", client.WithRetry(retry.Policy{Notify: func(_ context.Context, a retry.Attempt) { told = append(told, a.Err) }}))
			require.NoError(t, call(t.Context(), c), name)
			require.Len(t, told, 1, name)
			require.Equal(t, 503, asError(t, told[0]).Status, name)
		})
	}
}
