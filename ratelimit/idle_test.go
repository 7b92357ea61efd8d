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

type idler interface {
	ratelimit.Limiter
	Idle(key string) bool
}

type telling struct{ idle bool }

func (telling) Wait(context.Context, string) error { return nil }
func (l telling) Idle(string) bool                 { return l.idle }

// C36: a key is idle once nothing is known of it that a new one would not know.
func TestC36_IdleKeys(t *testing.T) {
	for name, tt := range map[string]struct {
		l      ratelimit.Limiter
		resume time.Duration // after a call; 0 is at once
	}{
		"a rate":                        {ratelimit.PerSecond(1), time.Second},
		"a quota":                       {ratelimit.Quota(5, ratelimit.Hour), time.Hour},
		"both":                          {ratelimit.All(ratelimit.PerSecond(1), ratelimit.Quota(5, ratelimit.Hour)), time.Hour},
		"together":                      {ratelimit.Together(ratelimit.PerSecond(1)), 0},
		"together, from elsewhere":      {ratelimit.Together(telling{}), 0},
		"with one from elsewhere":       {ratelimit.All(ratelimit.PerSecond(1), telling{true}), time.Second},
		"of one that is never idle":     {ratelimit.All(ratelimit.PerSecond(1), telling{}), -1},
		"of one that cannot tell":       {ratelimit.All(ratelimit.PerSecond(1), silent{}), -1},
		"nothing":                       {ratelimit.All(), 0},
		"a rate of all and of each":     {ratelimit.All(ratelimit.PerSecond(1), ratelimit.Together(ratelimit.PerMinute(1))), time.Second},
		"full, for want of room":        {ratelimit.PerSecond(1, ratelimit.WithMaxKeys(1)), time.Second},
		"a pacer with calls on the way": {ratelimit.NewPacer(), time.Minute + time.Nanosecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := tt.l.(idler)
				if tt.resume < 0 {
					require.False(t, l.Idle("k"))
					return
				}
				require.True(t, l.Idle("k"), "never seen")
				require.NoError(t, l.Wait(t.Context(), "k"))
				require.Equal(t, tt.resume == 0, l.Idle("k"))
				if tt.resume > 0 {
					time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(tt.resume)) - 1)
					require.False(t, l.Idle("k"))
					time.Sleep(2 * time.Nanosecond)
					require.True(t, l.Idle("k"))
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		require.NoError(t, p.Wait(t.Context(), "k"))
		p.Observe("k", 200, nil, false)
		require.True(t, p.Idle("k"), "the call has been answered")
		p.Observe("k", 429, http.Header{"Retry-After": {"60"}}, true)
		require.False(t, p.Idle("k"), "a pause")
		require.True(t, p.Idle("other"))
		time.Sleep(62 * time.Second)
		require.True(t, p.Idle("k"))

		l := ratelimit.PerSecond(1, ratelimit.WithMaxKeys(1))
		require.NoError(t, l.Wait(t.Context(), "a"))
		require.True(t, l.Idle("b"), "nobody has used the room that is shared")
		require.NoError(t, l.Wait(t.Context(), "b"))
		require.False(t, l.Idle("c"), "c would find it used")
	})
}

type silent struct{}

func (silent) Wait(context.Context, string) error { return nil }
