package ratelimit_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

var (
	search = ratelimit.Route{Method: "GET", Path: "/search"}
	spent  = header("X-RateLimit-Limit", "10", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "3600", "X-RateLimit-Resource", "search")
)

// routeDelay returns how long a call of r is held up by what is known of r alone.
func routeDelay(t *testing.T, p *ratelimit.Pacer, key string, r ratelimit.Route) time.Duration {
	t.Helper()
	start := time.Now()
	require.NoError(t, p.WaitRoute(t.Context(), key, r))
	p.ReturnRoute(key, r)
	return time.Since(start)
}

// C35: 256 routes of a key are followed; one that holds calls back is not given up for
// another.
func TestC35_RoutesAreBounded(t *testing.T) {
	route := func(i int) ratelimit.Route { return ratelimit.Route{Method: "GET", Path: fmt.Sprint("/", i)} }
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		for i := range 257 {
			p.ObserveRoute("k", route(i), 200, spent, false)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for i := range 256 {
			require.ErrorIs(t, p.WaitRoute(ctx, "k", route(i)), ratelimit.ErrDeadline)
		}
		require.NoError(t, p.WaitRoute(ctx, "k", route(256)), "there was no room")
		p.ObserveRoute("other", route(256), 200, spent, false)
		require.ErrorIs(t, p.WaitRoute(ctx, "other", route(256)), ratelimit.ErrDeadline, "another key has its own")
		require.Zero(t, p.Delay("k"))
		require.False(t, p.Idle("k"))
		time.Sleep(time.Hour)
		p.ObserveRoute("k", route(256), 200, spent, false)
		require.ErrorIs(t, p.WaitRoute(t.Context(), "k", route(256)), nil)
	})
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		plenty := header("X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "4000", "X-RateLimit-Reset", "3600", "X-RateLimit-Resource", "core")
		for i := range 10_000 {
			p.ObserveRoute("k", route(i), 200, plenty, false)
		}
		p.ObserveRoute("k", search, 200, spent, false)
		require.Greater(t, routeDelay(t, p, "k", search), 59*time.Minute, "what holds nothing back makes room")
	})
}

// C35: what a route was told is forgotten when it is over, with the key.
func TestC35_RoutesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		require.NoError(t, p.WaitRoute(t.Context(), "k", search))
		p.ReturnRoute("k", search)
		require.True(t, p.Idle("k"), "to ask leaves nothing behind")
		p.ObserveRoute("k", search, 200, nil, false)
		p.ObserveRoute("k", search, 404, header("Retry-After", "60"), false)
		require.True(t, p.Idle("k"))
		p.ObserveRoute("k", search, 503, header("Retry-After", "60"), false)
		require.False(t, p.Idle("k"))
		require.GreaterOrEqual(t, routeDelay(t, p, "k", search), time.Minute)
		require.True(t, p.Idle("k"))

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, p.WaitRoute(ctx, "k", search), context.Canceled)
	})
	p := ratelimit.NewPacer()
	require.NoError(t, p.Wait(t.Context(), "k"))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if p.WaitRoute(context.Background(), "k", search) != nil {
			t.Fatal("held up")
		}
		p.ObserveRoute("k", search, 200, nil, false)
		p.ReturnRoute("k", search)
	}))
}

// C35: concurrent calls of a route do not outrun what it has left, and calls that were
// not sent do not count.
func TestC35_ARouteCountsWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		three := header("X-RateLimit-Limit", "10", "X-RateLimit-Remaining", "3", "X-RateLimit-Reset", "60", "X-RateLimit-Resource", "search")
		p.ObserveRoute("k", search, 200, three, false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 3 {
			require.NoError(t, p.WaitRoute(ctx, "k", search))
		}
		require.Error(t, p.WaitRoute(ctx, "k", search))
		p.ReturnRoute("k", search)
		require.NoError(t, p.WaitRoute(t.Context(), "k", search), "one was not sent")
	})
}

// C35: whatever is asked for, a pause ends after 24 hours, with one call that finds out.
func TestC35_APauseEndsWithOneProbe(t *testing.T) {
	day := 24 * time.Hour
	for name, h := range map[string]http.Header{
		"a Retry-After":                header("Retry-After", "864000"),
		"one that overflows":           header("Retry-After", "9999999999999999999999"),
		"a limit":                      header("RateLimit-Remaining", "0", "RateLimit-Reset", "864000"),
		"a limit with its quota":       header("RateLimit-Limit", "5", "RateLimit-Remaining", "0", "RateLimit-Reset", "864000"),
		"a limit and a pause together": header("Retry-After", "864000", "RateLimit-Remaining", "0", "RateLimit-Reset", "864000"),
	} {
		for _, outcome := range []string{"over", "not over", "failed", "never sent"} {
			t.Run(name+", "+outcome, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := ratelimit.NewPacer()
					start := time.Now()
					p.Observe("k", 429, h, true)
					require.NoError(t, p.Wait(t.Context(), "k"))
					require.LessOrEqual(t, time.Since(start), day, "never longer")
					require.Greater(t, time.Since(start), day-time.Second)
					require.False(t, p.Idle("k"))

					var wg sync.WaitGroup
					var mu sync.Mutex
					through := 0
					ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
					defer cancel()
					for range 20 {
						wg.Go(func() {
							if p.Wait(ctx, "k") == nil {
								mu.Lock()
								defer mu.Unlock()
								through++
								if outcome != "over" { // the next that is to find out
									p.Observe("k", 429, h, true)
								}
							}
						})
					}
					time.Sleep(30 * time.Second)
					require.Zero(t, through, "the others wait for what comes of it")
					switch outcome {
					case "over":
						p.Observe("k", 200, nil, false)
					case "not over":
						p.Observe("k", 429, h, true)
					case "failed":
						p.Observe("k", 0, nil, false)
					case "never sent":
						p.Return("k")
					}
					wg.Wait()
					require.Equal(t, map[string]int{"over": 20, "not over": 0, "failed": 1, "never sent": 1}[outcome], through)
				})
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		p.Observe("k", 429, header("Retry-After", "86400"), true)
		time.Sleep(day)
		require.NoError(t, p.Wait(t.Context(), "k"))
		require.NoError(t, p.Wait(t.Context(), "k"), "a pause that lasted as long as was asked needs no probe")

		p = ratelimit.NewPacer()
		p.Observe("k", 429, header("Retry-After", "864000"), true)
		time.Sleep(day)
		require.NoError(t, p.Wait(t.Context(), "k"))
		start := time.Now()
		require.NoError(t, p.Wait(t.Context(), "k"))
		require.Greater(t, time.Since(start), time.Minute, "a probe that is never heard of again")
		require.Less(t, time.Since(start), 2*time.Minute, "does not hold the key for good")

		p = ratelimit.NewPacer(ratelimit.WithMaxPause(0))
		p.Observe("k", 429, header("Retry-After", "864000"), true)
		require.Zero(t, p.Delay("k"))
		require.True(t, p.Idle("k"))

		p = ratelimit.NewPacer()
		p.Observe("k", 429, header("Retry-After", "864000"), true)
		time.Sleep(2*day - time.Second)
		require.False(t, p.Idle("k"))
		time.Sleep(2 * time.Second)
		require.True(t, p.Idle("k"), "what nobody asked about for as long again is forgotten")
	})
}

// C35: a throttle with Sentry's categories is the route's; without one it is the key's.
func TestC35_SentrysCategories(t *testing.T) {
	for name, tc := range map[string]struct {
		field      string
		throttled  bool
		key, route time.Duration
	}{
		"a category":             {"60:error:organization", true, 0, time.Minute},
		"none":                   {"60::organization", true, time.Minute, 0},
		"a category is foretold": {"60:error:organization", false, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := ratelimit.NewPacer()
			status := http.StatusOK
			if tc.throttled {
				status = http.StatusTooManyRequests
			}
			p.ObserveRoute("k", search, status, header("X-Sentry-Rate-Limits", tc.field), tc.throttled)
			require.InDelta(t, tc.key.Seconds(), p.Delay("k").Seconds(), 1, name)
			require.InDelta(t, tc.route.Seconds(), p.DelayRoute("k", search).Seconds(), 1, name)
			require.Zero(t, p.DelayRoute("k", ratelimit.Route{Method: "GET", Path: "/other"}), name)
		})
	}
}
