package ratelimit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// foreign is a limiter from elsewhere, such as one in Redis.
type foreign struct {
	mu          sync.Mutex
	waits, gave int
	err         error
}

func (f *foreign) Wait(context.Context, string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waits++
	return f.err
}

type returning struct{ foreign }

func (r *returning) Return(string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gave++
}

// C16: all or none.
func TestC16_AllTakesFromAllOrNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fast, slow := ratelimit.PerMinute(60, ratelimit.Burst(3)), ratelimit.Quota(1, ratelimit.Day)
		both := ratelimit.All(fast, slow)
		require.NoError(t, both.Wait(t.Context(), "k"))
		start := time.Now()
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			require.ErrorIs(t, both.Wait(ctx, "k"), ratelimit.ErrDeadline)
			cancel()
		}
		require.Zero(t, time.Since(start))
		require.True(t, fast.Allow("k"))
		require.True(t, fast.Allow("k"), "the refused took none of the faster one's")
		require.False(t, fast.Allow("k"))
	})
}

// Tokens of the faster limiter do not pile up while the slower is waited for.
func TestAllHoldsEveryRateAtTheMomentOfTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := ratelimit.All(ratelimit.PerSecond(2), ratelimit.Quota(3, ratelimit.Hour))
		start := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		var wg sync.WaitGroup
		for range 7 {
			wg.Go(func() {
				if err := both.Wait(t.Context(), "k"); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Since(start))
			})
			synctest.Wait()
		}
		wg.Wait()
		for i, want := range []time.Duration{0, 500 * time.Millisecond, time.Second,
			time.Hour, time.Hour + 500*time.Millisecond, time.Hour + time.Second, 2 * time.Hour} {
			requireNear(t, want, at[i], "call %d", i)
		}
	})
}

func TestAllCancelGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rate := ratelimit.PerSecond(1)
		both := ratelimit.All(rate, ratelimit.Quota(100, ratelimit.Day))
		require.NoError(t, both.Wait(t.Context(), "k"))
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if err := both.Wait(ctx, "k"); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		time.Sleep(500 * time.Millisecond)
		cancel()
		wg.Wait()
		require.NoError(t, both.Wait(t.Context(), "k"))
		requireNear(t, time.Second, time.Since(start))
		both.(ratelimit.Returner).Return("k")
		require.True(t, rate.Allow("k"))
	})
}

func TestAllWithLimitersFromElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet, giving, own := new(foreign), new(returning), ratelimit.PerMinute(1)
		limit := ratelimit.All(giving, own, quiet)
		require.NoError(t, limit.Wait(t.Context(), "k"))
		require.Equal(t, []int{1, 1}, []int{quiet.waits, giving.waits})

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, limit.Wait(ctx, "k"), ratelimit.ErrDeadline)
		require.Equal(t, []int{1, 1}, []int{quiet.waits, giving.waits}, "not asked in vain")

		limit.(ratelimit.Returner).Return("k")
		require.Equal(t, 1, giving.gave)
		require.True(t, own.Allow("k"))
		own.Return("k")

		down := errors.New("redis is down")
		quiet.err = down
		err := limit.Wait(t.Context(), "k")
		require.ErrorIs(t, err, down)
		_, ok := errors.AsType[*ratelimit.Error](err)
		require.True(t, ok, "typed, whoever refused")
		require.Equal(t, 2, giving.gave, "given back by the one that can")
		require.True(t, own.Allow("k"), "and nothing taken from our own")
	})
}

func TestAllNestsAndDropsRepetitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rate, f := ratelimit.PerMinute(1), new(foreign)
		limit := ratelimit.All(nil, rate, ratelimit.All(f, ratelimit.Quota(5, ratelimit.Day)), rate)
		require.NoError(t, limit.Wait(t.Context(), "k"))
		require.Equal(t, 1, f.waits, "a nested foreign limiter is not skipped")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, limit.Wait(ctx, "k"), ratelimit.ErrDeadline)

		require.NoError(t, ratelimit.All().Wait(t.Context(), "k"))
		ended, stop := context.WithCancel(t.Context())
		stop()
		require.ErrorIs(t, ratelimit.All().Wait(ended, "k"), context.Canceled)
	})
}

func TestAllOfAKeyNeverSeenNever(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, ratelimit.All(ratelimit.PerSecond(5), ratelimit.PerSecond(0)).Wait(t.Context(), "k"), ratelimit.ErrNever)
}

func TestSharedCountsAllKeysTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := ratelimit.Shared(ratelimit.PerSecond(1, ratelimit.Burst(2)))
		require.NoError(t, shared.Wait(t.Context(), "a"))
		require.NoError(t, shared.Wait(t.Context(), "b"))
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, shared.Wait(ctx, "c"), ratelimit.ErrDeadline)
		shared.(ratelimit.Returner).Return("a")
		require.NoError(t, shared.Wait(ctx, "c"))

		f := new(returning)
		other := ratelimit.Shared(f)
		require.NoError(t, other.Wait(t.Context(), "a"))
		other.(ratelimit.Returner).Return("a")
		require.Equal(t, []int{1, 1}, []int{f.waits, f.gave})
		ratelimit.Shared(new(foreign)).(ratelimit.Returner).Return("a")
	})
}

// Two ways to one bucket of one token can never both be had: what the first took
// goes back.
func TestAllPutsBackWhatItTookBeforeARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := ratelimit.PerMinute(1)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, ratelimit.All(one, ratelimit.Shared(one)).Wait(ctx, ""), ratelimit.ErrDeadline)
		require.True(t, one.Allow(""))
	})
}

type blowingLimiter struct{}

func (blowingLimiter) Wait(context.Context, string) error { panic("canary") }

// C37: a limiter from elsewhere that panics refuses its call, and the others get
// their tokens back.
func TestC37_APanicInALimiter(t *testing.T) {
	before, own := new(returning), ratelimit.PerMinute(1)
	l := ratelimit.All(before, blowingLimiter{}, own)
	err := l.Wait(t.Context(), "k")
	require.ErrorContains(t, err, "the limiter panicked with a string")
	require.NotContains(t, err.Error(), "canary")
	require.Equal(t, 1, before.gave)
	require.True(t, own.Allow("k"))
}
