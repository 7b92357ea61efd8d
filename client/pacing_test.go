package client_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
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

// paced returns a client with a pacer over the script.
func paced(t *testing.T, script string, opts ...client.Option) (*client.Client, *clienttest.Transport) {
	t.Helper()
	return scripted(t, script, append([]client.Option{client.WithPacing(ratelimit.NewPacer()), client.WithRetry(retry.Never)}, opts...)...)
}

// wait makes a call and returns how long it was held up.
func wait(t *testing.T, c *client.Client, method, path string) time.Duration {
	t.Helper()
	start := time.Now()
	_, _ = client.Call[client.None](t.Context(), c, client.Request{Method: method, Path: path, Timeout: 48 * time.Hour})
	return time.Since(start)
}

// C35: what is not about this caller, or not about now, holds up nobody.
func TestC35_LimitsThatPaceNobody(t *testing.T) {
	const spent = " X-RateLimit-Limit=60 X-RateLimit-Remaining=0 X-RateLimit-Reset=1800"
	for name, tt := range map[string]struct {
		script string
		held   bool
	}{
		"an answer of the service":       {"200" + spent + " {}", true},
		"Age":                            {"200 Age=1200" + spent + " {}", false},
		"Age, padded":                    {"200 Age=0007" + spent + " {}", false},
		"Age of nothing":                 {"200 Age=0" + spent + " {}", true},
		"Age that is none":               {"200 Age=x" + spent + " {}", true},
		"X-From-Cache":                   {"200 X-From-Cache=1" + spent + " {}", false},
		"X-From-Cache says no":           {"200 X-From-Cache=0" + spent + " {}", true},
		"a 401":                          {"401" + spent, false},
		"a 403":                          {"403" + spent, true},
		"a 304 of a cache":               {"304 Age=5" + spent, false},
		"a 429":                          {"429" + spent, true},
		"a 429 of a cache":               {"429 Age=9 Retry-After=1800", false},
		"a pause that a cache remembers": {"503 X-From-Cache=1 Retry-After=1800", false},
		"Sentry's, of a cache":           {"200 Age=1 X-Sentry-Rate-Limits=1800:: {}", false},
		"Sentry's":                       {"200 X-Sentry-Rate-Limits=1800:: {}", true},
		"the IETF's, of a 401":           {`401 RateLimit="a";r=0;t=1800`, false},
		"the IETF's":                     {`200 RateLimit="a";r=0;t=1800 {}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, opts := range [][]client.Option{nil, {client.WithPacing(nil)}} {
					c, rt := paced(t, tt.script, opts...)
					require.Zero(t, wait(t, c, "GET", "/x"))
					rt.Script(clienttest.JSON(200, "{}"))
					held := wait(t, c, "GET", "/x")
					require.Equal(t, tt.held && opts == nil, held > 29*time.Minute, held)
				}
			})
		})
	}
}

// C35: an answer whose Date is over a minute behind the origin's newest is an old one.
func TestC35_AnOldDate(t *testing.T) {
	for name, tt := range map[string]struct {
		newest, this time.Duration
		held         bool
	}{
		"the same":                 {0, 0, true},
		"a minute behind":          {0, -time.Minute, true},
		"more than a minute":       {0, -61 * time.Second, false},
		"newer":                    {-time.Hour, 0, true},
		"both old":                 {-time.Hour, -time.Hour, true},
		"behind an old one":        {-time.Hour, -62 * time.Minute, false},
		"a clock that is ahead":    {23 * time.Hour, 23 * time.Hour, true},
		"behind one that is ahead": {23 * time.Hour, 0, false},
		"behind an absurd one":     {25 * time.Hour, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
				rt := clienttest.NewTransport(t,
					clienttest.JSON(200, "{}").Header("Date", at(tt.newest)),
					clienttest.JSON(200, "{}").Header("Date", at(tt.this)).Header("X-RateLimit-Remaining", "0").Header("X-RateLimit-Reset", "1800"),
					clienttest.JSON(200, "{}"))
				c := over(t, rt, client.WithPacing(ratelimit.NewPacer()))
				require.Zero(t, wait(t, c, "GET", "/a"))
				user, err := c.With(client.WithAuth(client.Bearer(secret.Static("user"))))
				require.NoError(t, err)
				require.Zero(t, wait(t, user, "GET", "/b"), "the origin's newest, whoever saw it")
				require.Equal(t, tt.held, wait(t, user, "GET", "/b") > 29*time.Minute)
			})
		})
	}
}

// C35: answers that tell nothing do not use up what is known to be left either.
func TestC35_ACacheUsesNothingUp(t *testing.T) {
	for _, how := range []string{"200 Age=3 {}", "401"} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := paced(t, "200 X-RateLimit-Limit=100 X-RateLimit-Remaining=20 X-RateLimit-Reset=1800 {}, "+how)
			for range 100 {
				require.Zero(t, wait(t, c, "GET", "/x"))
			}
			require.Equal(t, 100, rt.Count())
		})
	}
}

// C35: a throttle's own Retry-After counts for its call, whoever answered.
func TestC35_ARetryAfterCountsForItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, "429 Age=9 Retry-After=20, 200 {}", client.WithPacing(ratelimit.NewPacer()))
		require.GreaterOrEqual(t, wait(t, c, "GET", "/x"), 20*time.Second)
		require.Zero(t, wait(t, c, "GET", "/y"))
	})
}

// C35: what concerns one route holds up no other, unless the key says what the limit is
// of.
func TestC35_OneRouteHoldsUpNoOther(t *testing.T) {
	const left = " X-RateLimit-Limit=10 X-RateLimit-Reset=1800 X-RateLimit-Resource=search"
	perKey := client.WithLimitKey(func(*http.Request) string { return "search" })
	for name, tt := range map[string]struct {
		script      string
		opts        []client.Option
		route, rest bool // held up
	}{
		"a resource that is used up":       {"200 X-RateLimit-Remaining=0" + left + " {}", nil, true, false},
		"a 403 for it":                     {"403 X-RateLimit-Remaining=0" + left, []client.Option{client.WithProfile(client.Profile{Throttled: func(s int, _ http.Header, _ []byte) bool { return s == 403 }})}, true, false},
		"a 429 for it, with a Retry-After": {"429 X-RateLimit-Remaining=0 Retry-After=1800" + left, nil, true, false},
		"a 429 for something else":         {"429 X-RateLimit-Remaining=9 Retry-After=1800" + left, nil, true, true},
		"a resource with something left":   {"200 X-RateLimit-Remaining=9" + left + " {}", nil, false, false},
		"a limit without a name":           {"200 X-RateLimit-Remaining=0 X-RateLimit-Reset=1800 {}", nil, true, true},
		"under a key of its own":           {"200 X-RateLimit-Remaining=0" + left + " {}", []client.Option{perKey}, true, true},
		"a wait outside a throttle":        {"503 Retry-After=1800", nil, true, false},
		"the same under a key":             {"503 Retry-After=1800", []client.Option{perKey}, true, false},
		"advice on one request":            {"404 Retry-After=1800", nil, false, false},
		"a throttle":                       {"429 Retry-After=1800", nil, true, true},
		"Sentry's category":                {"429 X-Sentry-Rate-Limits=1800:error:key", nil, true, false},
		"Sentry's category, foretold":      {"200 X-Sentry-Rate-Limits=1800:error:key {}", nil, false, false},
		"all of Sentry's":                  {"429 X-Sentry-Rate-Limits=1800::key", nil, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, also := range [][]client.Option{nil, {client.WithRateLimit(ratelimit.PerSecond(1000))}} {
					c, rt := paced(t, tt.script, append(tt.opts, also...)...)
					_ = wait(t, c, "GET", "/search?q=1")
					_, _ = client.Call[client.None](t.Context(), c, client.Request{Path: "/search", Timeout: time.Hour})
					rt.Script(clienttest.JSON(200, "{}"))
					const long = 29 * time.Minute
					for _, other := range [][2]string{{"GET", "/user"}, {"POST", "/search"}, {"GET", "/search/x"}} {
						if !tt.rest {
							require.Less(t, wait(t, c, other[0], other[1]), long, other)
						}
					}
					require.Equal(t, tt.route || tt.rest, wait(t, c, "GET", "/search") > long)
					if tt.rest {
						continue
					}
					require.Less(t, wait(t, c, "GET", "/search"), time.Second, "and it is over")
				}
			})
		})
	}
}

// C35: GitHub names a resource in every answer: calls of one resource do not outrun
// what is left of it.
func TestC35_ANamedLimitSlowsBeforeA429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		left, refused, end := 10, 0, time.Now().Add(time.Minute)
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if !time.Now().Before(end) {
				left, end = 10, time.Now().Add(time.Minute)
			}
			if left--; left < 0 {
				refused++
				w.WriteHeader(429)
			}
			w.Header().Set("X-RateLimit-Limit", "10")
			w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(left, 0)))
			w.Header().Set("X-RateLimit-Reset", fmt.Sprint(end.Unix()))
			w.Header().Set("X-RateLimit-Resource", "code_search")
		}))
		c := over(t, rt, client.WithPacing(ratelimit.NewPacer()), client.WithRetry(retry.Never))
		_ = wait(t, c, "GET", "/search/code")
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() { _ = wait(t, c, "GET", "/search/code") })
		}
		wg.Wait()
		require.Zero(t, refused)
	})
}

// C35: tokens of a route that were not used are given back, and a wait for it takes
// none of the others'.
func TestC35_ARouteTakesNothingWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &counting{}
		c, rt := paced(t, "503 Retry-After=1800", client.WithRateLimit(l))
		_ = wait(t, c, "GET", "/x")
		require.Equal(t, 1, l.taken)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := client.Get[client.None](ctx, c, "/x")
		require.ErrorIs(t, err, client.ErrRateLimited)
		require.Zero(t, time.Since(start), "it fails at once")
		require.Equal(t, 1, l.taken)
		require.Equal(t, 1, rt.Count())
	})
}

// C1, C29: a throttle that names its end in its limits is waited for or returned like a
// Retry-After.
func TestC29_AThrottleThatNamesItsReset(t *testing.T) {
	for name, fields := range map[string]string{
		"Retry-After":            "Retry-After=%d",
		"X-RateLimit-Reset":      "X-RateLimit-Limit=5000 X-RateLimit-Remaining=0 X-RateLimit-Reset=%d",
		"without what is left":   "X-RateLimit-Reset=%d",
		"RateLimit-Reset":        "RateLimit-Limit=100 RateLimit-Remaining=0 RateLimit-Reset=%d",
		"RateLimit":              `RateLimit="default";r=0;t=%d`,
		"the longest of several": `RateLimit="burst";r=0;t=1 X-RateLimit-Remaining=0 X-RateLimit-Reset=%d RateLimit-Remaining=5 RateLimit-Reset=90000`,
		"Sentry's":               "X-Sentry-Rate-Limits=%d::key",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, policy := range []retry.Policy{{}, retry.Never} {
					c, rt := paced(t, fmt.Sprintf("429 "+fields+` X-Request-Id=req-7 {"message":"slow down"}`, 1800), client.WithRetry(policy))
					start := time.Now()
					_, err := client.Get[client.None](t.Context(), c, "/x")
					e := asError(t, err)
					require.ErrorIs(t, err, client.ErrRateLimited)
					require.Zero(t, time.Since(start), "at once")
					require.Equal(t, 429, e.Status)
					require.Equal(t, "slow down", e.Message)
					require.Equal(t, "req-7", e.RequestID)
					require.Equal(t, start.Add(30*time.Minute), e.RetryAt)
					require.Equal(t, 1, rt.Count())
				}
				c, _ := paced(t, fmt.Sprintf("429 "+fields+", 200 {}", 20), client.WithRetry(retry.Policy{}))
				start := time.Now()
				_, err := client.Get[client.None](t.Context(), c, "/x")
				require.NoError(t, err)
				require.GreaterOrEqual(t, time.Since(start), 20*time.Second, "what the policy allows is waited for")
				require.Less(t, time.Since(start), 25*time.Second)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		for name, fields := range map[string]string{
			"something is left":      "X-RateLimit-Remaining=7 X-RateLimit-Reset=1800",
			"it fills gradually":     "X-RateLimit-Remaining-Requests=0 X-RateLimit-Reset-Requests=1800s",
			"it has passed":          "X-RateLimit-Remaining=0 X-RateLimit-Reset=0",
			"it came from a cache":   "Age=5 X-RateLimit-Remaining=0 X-RateLimit-Reset=1800",
			"it says nothing at all": "X-Other=1",
		} {
			c, _ := scripted(t, "429 "+fields, client.WithRetry(retry.Never))
			_, err := client.Get[client.None](t.Context(), c, "/x")
			require.Zero(t, asError(t, err).RetryAt, name)
		}
		c, _ := scripted(t, "500 X-RateLimit-Remaining=0 X-RateLimit-Reset=1800", client.WithRetry(retry.Never))
		_, err := client.Get[client.None](t.Context(), c, "/x")
		require.Zero(t, asError(t, err).RetryAt, "a failure is no throttle")
	})
}

// C35: where nobody paces, the dates of answers that tell no limits make no throttle an
// old one.
func TestC35_WithoutPacingOnlyWhatTellsLimitsIsDated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
		rt := clienttest.NewTransport(t,
			clienttest.JSON(200, "{}").Header("Date", at(0)),
			clienttest.JSON(429, "{}").Header("Date", at(-2*time.Minute)).Header("X-RateLimit-Remaining", "0").Header("X-RateLimit-Reset", "20"),
			clienttest.JSON(200, "{}"))
		c := over(t, rt, client.WithPacing(nil))
		require.Zero(t, wait(t, c, "GET", "/a"))
		require.GreaterOrEqual(t, wait(t, c, "GET", "/b"), 20*time.Second)
	})
}
