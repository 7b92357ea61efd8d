package onredis

import (
	"context"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// A token of a quota that nobody took in time goes back before a call is refused for
// want of it: a process that stood still finds out by that call.
func TestTheLastTokenOfAQuotaIsNotForgotten(t *testing.T) {
	t.Parallel()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr(), MaxRetries: -1})
	defer rdb.Close()
	l, err := NewLimiter(rdb, LimiterConfig{Limits: []Limit{Quota(1, ratelimit.Month)}, Timeout: 20 * time.Second})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, l.Wait(ctx, "k"))
	a, err := l.lane("k")
	require.NoError(t, err)
	for range 2 { // once where it was refused nothing yet
		func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.pool, a.recent = append(a.pool, a.recent...), nil
			for i := range a.pool {
				a.pool[i].until = time.Now()
			}
		}()
		require.NoError(t, l.Wait(ctx, "k"))
		require.ErrorIs(t, l.Wait(ctx, "k"), ratelimit.ErrDeadline)
	}
	func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.recent, a.asking = nil, true // its turn is over, and Redis is being asked
	}()
	l.Return("k")
	require.Zero(t, l.Delay("k"))
	func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.asking = false
		a.step()
	}()
	require.NoError(t, l.Wait(ctx, "k"))
	l.leave(a)
	require.NoError(t, l.Close(t.Context()))
}

// C16: who needs several tokens is not served by the one that is here, and hears at once
// that the rest comes too late. The one is another's then.
func TestC16_OneTokenIsNotSeveral(t *testing.T) {
	t.Parallel()
	for name, more := range map[string][]Limit{
		"a rate":                nil,
		"a rate beside a quota": {Quota(2, ratelimit.Month)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := limiterOf(t, append(more, Rate(3, time.Hour).Burst(2))...)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			require.NoError(t, l.WaitN(ctx, "k", 2))
			l.Return("k")
			for range 2 { // the first asks Redis, the second need not
				require.ErrorIs(t, l.WaitN(ctx, "k", 2), ratelimit.ErrDeadline)
			}
			require.Greater(t, l.DelayN("k", 2), time.Minute)
			require.Zero(t, l.Delay("k"))
			require.NoError(t, l.Wait(ctx, "k"))
		})
	}
}

// Where calls are counted, what is reserved is the right to one call of that weight.
func TestWhoIsServedByWhatIsReserved(t *testing.T) {
	t.Parallel()
	now := time.Now()
	refused := now.Add(time.Hour)
	for name, tc := range map[string]struct {
		limits     []Limit
		weights    []int // of what is reserved
		inFront, n int
		served     bool
	}{
		"one of two":                   {nil, []int{1, 1}, 0, 1, true},
		"two of two":                   {nil, []int{1, 1}, 0, 2, true},
		"three of two":                 {nil, []int{1, 1}, 0, 3, false},
		"one behind one":               {nil, []int{1, 1}, 1, 1, true},
		"two behind one":               {nil, []int{1, 1}, 1, 2, false},
		"a call that is lighter":       {[]Limit{InFlight(9)}, []int{3}, 0, 1, true},
		"a call of that weight":        {[]Limit{InFlight(9)}, []int{3}, 0, 3, true},
		"a call that is heavier":       {[]Limit{InFlight(9)}, []int{1, 1, 1}, 0, 2, false},
		"a call behind one":            {[]Limit{InFlight(9)}, []int{1, 3}, 1, 3, true},
		"a heavier call behind one":    {[]Limit{InFlight(9)}, []int{3, 1}, 1, 3, false},
		"a call and nothing is left":   {[]Limit{InFlight(9)}, []int{1}, 1, 1, false},
		"and nothing is reserved":      {nil, nil, 0, 1, false},
		"and nothing, of a heavy call": {nil, nil, 0, 5, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := limiterOf(t, append(tc.limits, Rate(20, time.Hour).Burst(10))...)
			a := newLane(l, "k")
			a.heavy, a.denied = 1, refused
			for _, w := range tc.weights {
				a.pool = append(a.pool, token{at: now, until: refused, n: w})
			}
			want := refused
			if tc.served {
				want = now
			}
			require.Equal(t, want, a.ahead(now, tc.inFront, tc.inFront, tc.n))
			if tc.inFront == 0 {
				require.Equal(t, tc.served, a.covered(tc.n) > 0)
			}
		})
	}
}

// Who needs several tokens has those that are reserved here together with those that
// Redis has left, whichever came first: the refusal or what is reserved.
func TestReservedTokensCountForACallOfSeveral(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]bool{"returned, then asked for": false, "refused, then returned": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := limiterOf(t, Quota(3, ratelimit.Month))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			require.NoError(t, l.WaitN(ctx, "k", 2))
			if refused {
				require.ErrorIs(t, l.WaitN(ctx, "k", 2), ratelimit.ErrDeadline)
			}
			l.Return("k")
			require.NoError(t, l.WaitN(ctx, "k", 2))
			require.ErrorIs(t, l.Wait(ctx, "k"), ratelimit.ErrDeadline)
		})
	}
	t.Run("of a batch of a rate", func(t *testing.T) {
		t.Parallel()
		l := limiterOf(t, Rate(20, time.Hour).Burst(10))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		a, err := l.lane("k")
		require.NoError(t, err)
		defer l.leave(a)
		a.mu.Lock()
		a.batch, a.last = 2, time.Now() // which the next call doubles
		a.mu.Unlock()
		require.NoError(t, l.Wait(ctx, "k"))
		a.mu.Lock()
		require.Len(t, a.pool, 3)
		a.mu.Unlock()
		require.NoError(t, l.WaitN(ctx, "k", 9))
		require.ErrorIs(t, l.Wait(ctx, "k"), ratelimit.ErrDeadline)
	})
}

func limiterOf(t *testing.T, limits ...Limit) *Limiter {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr(), MaxRetries: -1})
	l, err := NewLimiter(rdb, LimiterConfig{Limits: limits, Timeout: 20 * time.Second})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, l.Close(context.WithoutCancel(t.Context())))
		require.NoError(t, rdb.Close())
	})
	return l
}
