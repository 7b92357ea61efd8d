package ratelimit_test

import (
	"context"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// clocked is a limiter from elsewhere that can tell how long its wait is.
type clocked struct {
	foreign
	delay time.Duration
}

func (t *clocked) Delay(string) time.Duration {
	if t.delay < 0 {
		panic("mine")
	}
	return t.delay
}

// Every limiter of this package tells the wait, and takes nothing by telling.
func TestDelayTellsTheWaitAndTakesNothing(t *testing.T) {
	paced := func(seconds string) *ratelimit.Pacer {
		p := ratelimit.NewPacer(ratelimit.WithStagger(0))
		p.Observe("k", 429, http.Header{"Retry-After": {seconds}}, false)
		return p
	}
	for name, tt := range map[string]struct {
		limit func() ratelimit.Limiter
		takes int
		min   time.Duration
		max   time.Duration
	}{
		"a rate, unused":          {func() ratelimit.Limiter { return ratelimit.PerMinute(1) }, 0, 0, 0},
		"a rate":                  {func() ratelimit.Limiter { return ratelimit.PerMinute(1) }, 1, time.Minute, time.Minute + tick},
		"a burst":                 {func() ratelimit.Limiter { return ratelimit.PerMinute(1, ratelimit.WithBurst(2)) }, 1, 0, 0},
		"a rate of nothing":       {func() ratelimit.Limiter { return ratelimit.PerMinute(0) }, 0, math.MaxInt64, math.MaxInt64},
		"a quota":                 {func() ratelimit.Limiter { return ratelimit.Quota(1, ratelimit.Hour) }, 1, time.Hour, time.Hour},
		"a quota of nothing":      {func() ratelimit.Limiter { return ratelimit.Quota(0, ratelimit.Hour) }, 0, math.MaxInt64, math.MaxInt64},
		"a pacer":                 {func() ratelimit.Limiter { return paced("30") }, 0, 30 * time.Second, 31 * time.Second},
		"all":                     {func() ratelimit.Limiter { return ratelimit.All(ratelimit.PerSecond(1), paced("30")) }, 0, 30 * time.Second, 31 * time.Second},
		"none":                    {func() ratelimit.Limiter { return ratelimit.All() }, 1, 0, 0},
		"shared":                  {func() ratelimit.Limiter { return ratelimit.Together(ratelimit.PerMinute(1)) }, 1, time.Minute, time.Minute + tick},
		"elsewhere":               {func() ratelimit.Limiter { return ratelimit.All(&foreign{}, ratelimit.PerMinute(1)) }, 1, time.Minute, time.Minute + tick},
		"elsewhere, telling":      {func() ratelimit.Limiter { return ratelimit.All(&clocked{delay: time.Hour}, ratelimit.PerMinute(1)) }, 1, time.Hour, time.Hour},
		"elsewhere, panicking":    {func() ratelimit.Limiter { return ratelimit.All(&clocked{delay: -1}, ratelimit.PerMinute(1)) }, 1, time.Minute, time.Minute + tick},
		"elsewhere, shared":       {func() ratelimit.Limiter { return ratelimit.Together(&clocked{delay: time.Hour}) }, 0, time.Hour, time.Hour},
		"elsewhere, shared, mute": {func() ratelimit.Limiter { return ratelimit.Together(&foreign{}) }, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := tt.limit()
				tells, ok := limit.(ratelimit.Delayer)
				require.True(t, ok)
				for range tt.takes {
					require.NoError(t, limit.Wait(t.Context(), "k"))
				}
				for range 3 {
					require.GreaterOrEqual(t, tells.Delay("k"), tt.min)
					require.LessOrEqual(t, tells.Delay("k"), tt.max)
				}
				if tt.max == math.MaxInt64 {
					return
				}
				start := time.Now()
				if _, elsewhere := limit.(interface{ Idle(string) bool }); elsewhere && tt.max < time.Hour {
					require.NoError(t, limit.Wait(t.Context(), "k"))
					require.LessOrEqual(t, time.Since(start), tt.max+tick, "the questions took no token")
				}
			})
		})
	}
}

func TestDelayCountsTheQueueInFront(t *testing.T) {
	for name, limit := range map[string]func() ratelimit.Limiter{
		"a rate": func() ratelimit.Limiter { return ratelimit.PerMinute(1) },
		"all":    func() ratelimit.Limiter { return ratelimit.All(ratelimit.PerMinute(1), ratelimit.PerSecond(100)) },
		"shared": func() ratelimit.Limiter { return ratelimit.Together(ratelimit.PerMinute(1)) },
		"mixed":  func() ratelimit.Limiter { return ratelimit.All(&foreign{}, ratelimit.PerMinute(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := limit()
				tells := limit.(ratelimit.Delayer)
				require.NoError(t, limit.Wait(t.Context(), "k"))
				ctx, cancel := context.WithCancel(t.Context())
				for i := range 3 {
					go func() { _ = limit.Wait(ctx, "k") }()
					synctest.Wait()
					requireNear(t, time.Duration(i+2)*time.Minute, tells.Delay("k"))
				}
				time.Sleep(time.Minute + tick)
				requireNear(t, 3*time.Minute, tells.Delay("k"), "one has gone")
				cancel()
				synctest.Wait()
				requireNear(t, time.Minute, tells.Delay("k"), "and the others have left")
			})
		})
	}
}

// To ask about a key does not begin to keep it apart, and a key without room of its
// own is told of the limiter that it would share.
func TestDelayKeepsNoKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerMinute(1, ratelimit.WithMaxKeys(1))
		require.Zero(t, limit.Delay("a"))
		require.Zero(t, limit.Len())
		require.True(t, limit.Allow("a"))
		require.True(t, limit.Allow("b"), "by the limiter of those without room")
		requireNear(t, time.Minute, limit.Delay("c"))
		require.Equal(t, 1, limit.Len())
	})
}

func TestDelayRouteTellsOfTheRouteAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer(ratelimit.WithStagger(0))
		slow, fast := ratelimit.Route{Method: "GET", Path: "/slow"}, ratelimit.Route{Method: "GET", Path: "/fast"}
		require.Zero(t, p.DelayRoute("k", slow))
		p.ObserveRoute("k", slow, 503, http.Header{"Retry-After": {"30"}}, false)
		require.GreaterOrEqual(t, p.DelayRoute("k", slow), 30*time.Second)
		require.Zero(t, p.DelayRoute("k", fast))
		require.Zero(t, p.DelayRoute("other", slow))
		require.Zero(t, p.Delay("k"))

		done := make(chan error, 1)
		go func() { done <- p.WaitRoute(t.Context(), "k", slow) }()
		synctest.Wait()
		require.GreaterOrEqual(t, p.DelayRoute("k", slow), 30*time.Second)
		require.NoError(t, <-done)
		require.Zero(t, p.DelayRoute("k", slow))
	})
}
