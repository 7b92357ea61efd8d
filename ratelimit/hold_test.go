package ratelimit_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// C17, D7: a pause that was learned elsewhere holds its key as one that was learned
// here, calls resume one after another, and other keys go on.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer(ratelimit.WithStagger(50 * time.Millisecond))
		begin := time.Now()
		p.Hold("a", 10*time.Second)
		require.Equal(t, 10*time.Second, p.Paused("a"))
		p.Hold("a", time.Second) // the longer one stays
		p.Hold("a", 0)
		p.Hold("a", -time.Hour)
		require.Equal(t, 10*time.Second, p.Paused("a"))
		require.Zero(t, p.Paused("b"))
		require.NoError(t, p.Wait(t.Context(), "b"))
		require.Zero(t, time.Since(begin))
		require.False(t, p.Idle("a"))
		for _, at := range []time.Duration{10 * time.Second, 10*time.Second + 50*time.Millisecond} {
			require.NoError(t, p.Wait(t.Context(), "a"))
			require.InDelta(t, at, time.Since(begin), float64(2*time.Millisecond))
		}
		require.Zero(t, p.Paused("a"))
	})
}

// C35: no pause is longer than the longest, after which one call finds out.
func TestC35_HoldIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer(ratelimit.WithMaxPause(time.Hour))
		p.Hold("a", time.Hour+1)
		require.Equal(t, time.Hour, p.Paused("a"))
		time.Sleep(time.Hour)
		require.NoError(t, p.Wait(t.Context(), "a"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute/2)
		defer cancel()
		require.Error(t, p.Wait(ctx, "a"), "the others wait for what comes of the first")
		exact := ratelimit.NewPacer(ratelimit.WithMaxPause(time.Hour), ratelimit.WithStagger(0))
		exact.Hold("a", time.Hour)
		time.Sleep(time.Hour)
		require.NoError(t, exact.Wait(t.Context(), "a"))
		require.NoError(t, exact.Wait(t.Context(), "a"), "that long is believed")
		none := ratelimit.NewPacer(ratelimit.WithMaxPause(0))
		none.Hold("a", time.Hour)
		none.HoldRoute("a", ratelimit.Route{Path: "/"}, time.Hour)
		require.Zero(t, none.Paused("a")+none.PausedRoute("a", ratelimit.Route{Path: "/"}))
	})
}

// A route is held by itself.
func TestHoldRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		slow, other := ratelimit.Route{Method: "GET", Path: "/slow"}, ratelimit.Route{Method: "GET", Path: "/other"}
		require.Zero(t, p.PausedRoute("a", slow))
		p.HoldRoute("a", slow, time.Minute)
		p.HoldRoute("a", slow, time.Second)
		p.HoldRoute("a", slow, 0)
		p.HoldRoute("b", other, -1)
		require.Equal(t, time.Minute, p.PausedRoute("a", slow))
		require.Zero(t, p.PausedRoute("a", other)+p.PausedRoute("b", other)+p.Paused("a"))
		begin := time.Now()
		require.NoError(t, p.WaitRoute(t.Context(), "a", other))
		require.Zero(t, time.Since(begin))
		require.NoError(t, p.WaitRoute(t.Context(), "a", slow))
		require.Equal(t, time.Minute, time.Since(begin))
		for i := range 300 { // there is room for 256
			p.HoldRoute("c", ratelimit.Route{Path: "/" + time.Duration(i).String()}, time.Hour)
		}
		require.Zero(t, p.PausedRoute("c", ratelimit.Route{Path: "/" + time.Duration(299).String()}))
		require.Equal(t, time.Hour, p.PausedRoute("c", ratelimit.Route{Path: "/" + time.Duration(255).String()}))
	})
}

// Paused tells what a response asked for, and a quota that is used up, and not what
// merely spaces calls.
func TestPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			status int
			h      http.Header
			want   time.Duration
		}{
			"a throttle":        {429, http.Header{"Retry-After": {"60"}}, time.Minute},
			"a 503":             {503, http.Header{"Retry-After": {"60"}}, time.Minute},
			"a used up quota":   {200, http.Header{"X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"60"}}, time.Minute},
			"nearly used up":    {200, http.Header{"X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"1"}, "X-Ratelimit-Reset": {"60"}}, 0},
			"nothing":           {200, nil, 0},
			"a 503 that is all": {503, nil, 0},
		} {
			p := ratelimit.NewPacer()
			require.NoError(t, p.Wait(t.Context(), "k"))
			p.Observe("k", tt.status, tt.h, false)
			require.InDelta(t, tt.want, p.Paused("k"), float64(time.Second), name) // it is spread a little
			if tt.want == 0 {
				require.Zero(t, p.Paused("k"), name)
			}
		}
	})
}

// A calendar's periods, for those who count elsewhere.
func TestPeriodEnd(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	at := time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC) // 00:30 in Berlin, the day that summer time begins
	for _, tt := range []struct {
		per  ratelimit.Period
		loc  *time.Location
		want time.Time
	}{
		{ratelimit.Hour, nil, time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC)},
		{ratelimit.Day, nil, time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC)},
		{ratelimit.Month, nil, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)},
		{ratelimit.Day, berlin, time.Date(2026, 3, 29, 22, 0, 0, 0, time.UTC)}, // 23 hours long
		{ratelimit.Month, berlin, time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC)},
	} {
		require.True(t, tt.want.Equal(tt.per.End(at, tt.loc)), "%v", tt)
		require.True(t, tt.per.End(tt.want, tt.loc).After(tt.want), "the end is of the next period")
	}
}
