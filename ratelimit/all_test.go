package ratelimit_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strconv"
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
		fast, slow := ratelimit.PerMinute(60, ratelimit.WithBurst(3)), ratelimit.Quota(1, ratelimit.Day)
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

// Tokens of the faster limiter do not pile up while the slower is waited for, however
// they are put together.
func TestAllHoldsEveryRateAtTheMomentOfTheCall(t *testing.T) {
	for name, both := range map[string]func() ratelimit.Limiter{
		"flat": func() ratelimit.Limiter {
			return ratelimit.All(ratelimit.PerSecond(2), ratelimit.Quota(3, ratelimit.Hour))
		},
		"nested": func() ratelimit.Limiter {
			return ratelimit.All(ratelimit.All(ratelimit.PerSecond(2)), ratelimit.Quota(3, ratelimit.Hour))
		},
		"shared": func() ratelimit.Limiter {
			return ratelimit.All(ratelimit.Together(ratelimit.PerSecond(2)), ratelimit.Quota(3, ratelimit.Hour))
		},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { holdsEveryRate(t, both()) }) })
	}
}

func holdsEveryRate(t *testing.T, both ratelimit.Limiter) {
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
}

// C16: who is ahead in the line counts against the deadline, whether or not somebody
// has left it.
func TestC16_AllCountsTheLineAgainstTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := ratelimit.All(ratelimit.PerSecond(1), ratelimit.Quota(100, ratelimit.Day))
		require.NoError(t, both.Wait(t.Context(), "k"))
		start := time.Now()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { require.NoError(t, both.Wait(t.Context(), "k")) })
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			require.ErrorIs(t, both.Wait(ctx, "k"), ratelimit.ErrDeadline)
			cancel()
			require.Zero(t, time.Since(start))
		}
		time.Sleep(1200 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, both.Wait(ctx, "k"), ratelimit.ErrDeadline, "the second is still ahead")
		requireNear(t, 1200*time.Millisecond, time.Since(start))
		wg.Wait()
	})
}

// C16: a refusal leaves no mark on a limiter that would have let the call through.
func TestC16_ARefusalByOneLeavesAPacerAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, quota := ratelimit.NewPacer(ratelimit.WithStagger(time.Second)), ratelimit.Quota(1, ratelimit.Day)
		require.True(t, quota.Allow("k"))
		call(t, pacer, "k", 429, "Retry-After", "1")
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, ratelimit.All(pacer, quota).Wait(ctx, "k"), ratelimit.ErrDeadline)
		require.Zero(t, pacer.Delay("k"))
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
		shared := ratelimit.Together(ratelimit.PerSecond(1, ratelimit.WithBurst(2)))
		require.NoError(t, shared.Wait(t.Context(), "a"))
		require.NoError(t, shared.Wait(t.Context(), "b"))
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, shared.Wait(ctx, "c"), ratelimit.ErrDeadline)
		shared.(ratelimit.Returner).Return("a")
		require.NoError(t, shared.Wait(ctx, "c"))

		f := new(returning)
		other := ratelimit.Together(f)
		require.NoError(t, other.Wait(t.Context(), "a"))
		other.(ratelimit.Returner).Return("a")
		require.Equal(t, []int{1, 1}, []int{f.waits, f.gave})
		ratelimit.Together(new(foreign)).(ratelimit.Returner).Return("a")
		down := errors.New("redis is down")
		for n := range 3 {
			require.ErrorIs(t, ratelimit.WaitN(t.Context(), ratelimit.Together(&foreign{err: down}), "a", n), down)
		}
	})
}

// Two ways to one bucket of one token can never both be had: what the first took
// goes back.
func TestAllPutsBackWhatItTookBeforeARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := ratelimit.PerMinute(1)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, ratelimit.All(one, ratelimit.Together(one)).Wait(ctx, ""), ratelimit.ErrDeadline)
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

// blowingReturn lets every call through and takes none back.
type blowingReturn struct{}

func (blowingReturn) Wait(context.Context, string) error { return nil }
func (blowingReturn) Return(string)                      { panic("canary") }

func TestC37_APanicInAReturn(t *testing.T) {
	t.Parallel()
	after, own := new(returning), ratelimit.PerMinute(1)
	err := ratelimit.All(blowingReturn{}, after, blowingLimiter{}, own).Wait(t.Context(), "k")
	require.ErrorContains(t, err, "the limiter panicked with a string")
	require.Equal(t, 1, after.gave)
	l := ratelimit.All(blowingReturn{}, after, own)
	require.NoError(t, l.Wait(t.Context(), "k"))
	l.(ratelimit.Returner).Return("k")
	require.Equal(t, 2, after.gave)
	require.True(t, own.Allow("k"), "its token is back too")
}

// cancelling is a limiter from elsewhere under which the call is given up.
type cancelling struct {
	returning
	cancel func()
}

func (c *cancelling) Wait(ctx context.Context, key string) error {
	c.cancel()
	return c.returning.Wait(ctx, key)
}

// C16: what became of the call while others were waited for.
func TestC16_ACallGivenUpBetweenTwoLimiters(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	other, own := &cancelling{cancel: cancel}, ratelimit.PerMinute(1)
	both := ratelimit.All(other, own)
	require.ErrorIs(t, both.Wait(ctx, "k"), context.Canceled)
	require.Equal(t, []int{1, 1}, []int{other.waits, other.gave})
	require.True(t, own.Allow("k"))
	require.ErrorIs(t, both.Wait(ctx, "k"), context.Canceled)
	require.Equal(t, 1, other.waits, "nobody is asked for a call that has ended")
}

func TestAllWaitsForItsOwnBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, both := time.Now(), ratelimit.All(new(foreign), ratelimit.PerSecond(1))
		for range 3 {
			require.NoError(t, both.Wait(t.Context(), "k"))
		}
		requireNear(t, 2*time.Second, time.Since(start))
	})
}

func TestARefusalFromElsewhereComesAsItIs(t *testing.T) {
	refusal := &ratelimit.Error{Wait: time.Hour, Err: errors.New("full")}
	require.Same(t, refusal, ratelimit.All(&foreign{err: refusal}).Wait(t.Context(), "k"))
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]*ratelimit.Error{
		"ratelimit: wait of 1.5s: the wait would pass the deadline": {Wait: 1500 * time.Millisecond, Err: ratelimit.ErrDeadline},
		"ratelimit: wait: context canceled":                         {Err: context.Canceled},
		"ratelimit: wait: the limit lets nothing through":           {Wait: math.MaxInt64, Err: ratelimit.ErrNever},
	} {
		require.EqualError(t, err, want)
	}
}

// live returns how many bytes are in use.
func live() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A key whose callers have gone leaves no line behind.
func TestLinesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys = 5000
		rate := ratelimit.PerSecond(1, ratelimit.WithMaxKeys(1))
		for name, l := range map[string]ratelimit.Limiter{"one": rate, "all": ratelimit.All(rate, ratelimit.Quota(10*keys, ratelimit.Day, ratelimit.WithMaxKeys(1)))} {
			before := live()
			for i := range keys {
				require.NoError(t, l.Wait(t.Context(), strconv.Itoa(i)))
			}
			require.Less(t, live(), before+keys*16, name)
			runtime.KeepAlive(l)
		}
	})
}

// waitFunc is a limiter that cannot be compared.
type waitFunc func(ctx context.Context, key string) error

func (f waitFunc) Wait(ctx context.Context, key string) error { return f(ctx, key) }

func TestAllOfWhatCannotBeCompared(t *testing.T) {
	t.Parallel()
	waits := 0
	f := waitFunc(func(context.Context, string) error { waits++; return nil })
	l := ratelimit.All(f, f, ratelimit.Together(f), ratelimit.Together(f))
	require.NoError(t, l.Wait(t.Context(), "k"))
	require.Equal(t, 4, waits, "none is known to be another's repetition")
}

// What one key gives back is there for those of another key who wait for the same tokens,
// and do not look before the period's end.
func TestTogetherGivesBackToAnyKey(t *testing.T) {
	t.Parallel()
	month := func() ratelimit.Limiter { return ratelimit.Together(ratelimit.Quota(1, ratelimit.Month)) }
	for name, l := range map[string]ratelimit.Limiter{
		"one": ratelimit.All(month(), ratelimit.PerSecond(100)), "nested": ratelimit.All(ratelimit.All(month()), ratelimit.PerSecond(100)),
		"with slots": ratelimit.All(ratelimit.All(month(), ratelimit.InFlight(9)), ratelimit.Together(ratelimit.InFlight(9))),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				require.NoError(t, l.Wait(t.Context(), "a"))
				waited := make(chan time.Duration, 1)
				begun := time.Now()
				go func() {
					_ = l.Wait(t.Context(), "b")
					waited <- time.Since(begun)
				}()
				time.Sleep(time.Minute)
				l.(ratelimit.Returner).Return("a")
				require.Less(t, <-waited, 2*time.Minute)
			})
		})
	}
}
