package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// tick is how far from the exact time a call may go out: rounding in the bucket.
const tick = time.Millisecond

func requireNear(t *testing.T, want, got time.Duration, msg ...any) {
	t.Helper()
	require.GreaterOrEqual(t, got, want-tick, msg...)
	require.LessOrEqual(t, got, want+tick, msg...)
}

func TestRateSpacesCallsEvenly(t *testing.T) {
	for name, tt := range map[string]struct {
		limit *ratelimit.Keyed
		at    []time.Duration
	}{
		"per second":     {ratelimit.PerSecond(4), seconds(0, .25, .5, .75, 1)},
		"per minute":     {ratelimit.PerMinute(30), seconds(0, 2, 4, 6)},
		"slower than it": {ratelimit.PerSecond(0.1), seconds(0, 10, 20)},
		"burst":          {ratelimit.PerSecond(2, ratelimit.WithBurst(3)), seconds(0, 0, 0, .5, 1)},
		"burst below 1":  {ratelimit.PerSecond(2, ratelimit.WithBurst(-4)), seconds(0, .5)},
		"no limit":       {ratelimit.PerSecond(math.Inf(1)), seconds(0, 0, 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				for i, want := range tt.at {
					require.NoError(t, tt.limit.Wait(t.Context(), "k"))
					requireNear(t, want, time.Since(start), "call %d", i)
				}
			})
		})
	}
}

func seconds(s ...float64) []time.Duration {
	out := make([]time.Duration, len(s))
	for i := range s {
		out[i] = time.Duration(s[i] * float64(time.Second))
	}
	return out
}

func TestEachKeyHasItsOwnLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerMinute(1)
		start := time.Now()
		for i := range 1000 {
			require.NoError(t, limit.Wait(t.Context(), strconv.Itoa(i)))
		}
		require.Zero(t, time.Since(start))
		require.False(t, limit.Allow("7"))
		require.True(t, limit.Allow("other"))
	})
}

func TestLimitThatLetsNothingThroughFailsAtOnce(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]*ratelimit.Keyed{
		"zero": ratelimit.PerSecond(0), "negative": ratelimit.PerSecond(-1), "NaN": ratelimit.PerMinute(math.NaN()),
		"with a burst": ratelimit.PerSecond(0, ratelimit.WithBurst(10)),
		"no quota":     ratelimit.Quota(0, ratelimit.Day), "negative quota": ratelimit.Quota(-1, ratelimit.Day), "no period": ratelimit.Quota(5, 0),
	} {
		require.False(t, limit.Allow("k"), name)
		err := limit.Wait(t.Context(), "k")
		require.ErrorIs(t, err, ratelimit.ErrNever, name)
		e, ok := errors.AsType[*ratelimit.Error](err)
		require.True(t, ok)
		require.EqualError(t, e, "ratelimit: wait: the limit lets nothing through")
	}
}

// C16: a wait that would pass the deadline fails at once and gives the token back.
func TestC16_DeadlineFailsAtOnceAndTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerMinute(6)
		require.NoError(t, limit.Wait(t.Context(), "secret-key"))
		start := time.Now()
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
			err := limit.Wait(ctx, "secret-key")
			cancel()
			require.ErrorIs(t, err, ratelimit.ErrDeadline)
			require.NotErrorIs(t, err, context.DeadlineExceeded, "it has not passed")
			e, ok := errors.AsType[*ratelimit.Error](err)
			require.True(t, ok)
			requireNear(t, 10*time.Second, e.Wait)
			require.NotContains(t, err.Error(), "secret-key")
		}
		require.Zero(t, time.Since(start))
		require.NoError(t, limit.Wait(t.Context(), "secret-key"))
		requireNear(t, 10*time.Second, time.Since(start), "the refused took nothing")
	})
}

// C16: cancelling gives the token back, wherever in the line.
func TestC16_CancelGivesTheTokenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerSecond(1)
		require.True(t, limit.Allow("k"))
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 100 { // x/time/rate would leave the limiter 99 s in debt
			wg.Go(func() {
				err := limit.Wait(ctx, "k")
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
			synctest.Wait()
		}
		var last time.Duration
		wg.Go(func() {
			if err := limit.Wait(t.Context(), "k"); err != nil {
				t.Error(err)
			}
			last = time.Since(start)
		})
		synctest.Wait()
		time.Sleep(500 * time.Millisecond)
		cancel()
		wg.Wait()
		requireNear(t, time.Second, last, "who waits behind moves up")
	})
}

// C16: those in line are counted in, so that who cannot make it need not try.
func TestC16_LineIsCountedAgainstTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerSecond(1)
		require.True(t, limit.Allow("k"))
		start := time.Now()
		var mu sync.Mutex
		var order []int
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				if err := limit.Wait(t.Context(), "k"); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i)
			})
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond)
		defer cancel()
		err := limit.Wait(ctx, "k")
		require.ErrorIs(t, err, ratelimit.ErrDeadline)
		e, _ := errors.AsType[*ratelimit.Error](err)
		requireNear(t, 6*time.Second, e.Wait)
		require.Zero(t, time.Since(start))
		require.False(t, limit.Allow("k"), "Allow does not jump the line")
		wg.Wait()
		require.Equal(t, []int{0, 1, 2, 3, 4}, order, "first come, first served")
		requireNear(t, 5*time.Second, time.Since(start))
	})
}

func TestWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		limit := ratelimit.PerSecond(1)
		err := limit.Wait(ctx, "k")
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, cause)
		_, ok := errors.AsType[*ratelimit.Error](err)
		require.True(t, ok)
		require.True(t, limit.Allow("k"), "an ended context takes no token")
	})
}

func TestReturnGivesBackOneToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, limit := range map[string]*ratelimit.Keyed{"rate": ratelimit.PerMinute(1, ratelimit.WithBurst(2)), "quota": ratelimit.Quota(2, ratelimit.Day)} {
			require.True(t, limit.Allow("k"), name)
			require.True(t, limit.Allow("k"), name)
			require.False(t, limit.Allow("k"), name)
			limit.Return("k")
			require.True(t, limit.Allow("k"), name)
			require.False(t, limit.Allow("k"), name)
			for range 50 {
				limit.Return("k")
			}
			require.True(t, limit.Allow("k"), name)
			require.True(t, limit.Allow("k"), name)
			require.False(t, limit.Allow("k"), "%s: never above the burst", name)
		}
	})
}

func TestReturnWakesNobodyLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerSecond(1)
		require.True(t, limit.Allow("k"))
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := limit.Wait(t.Context(), "k"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		time.Sleep(300 * time.Millisecond)
		limit.Return("k")
		wg.Wait()
		require.LessOrEqual(t, time.Since(start), time.Second+tick)
	})
}

// The rate holds in any window, whatever the callers do.
func TestRateHoldsUnderConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerSecond(100, ratelimit.WithBurst(5))
		start := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				for j := range 40 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+(i*j)%4000)*time.Millisecond)
					err := limit.Wait(ctx, "k")
					cancel()
					if err != nil {
						time.Sleep(time.Duration(i+j) * time.Millisecond)
						continue
					}
					mu.Lock()
					at = append(at, time.Since(start))
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		require.Greater(t, len(at), 200)
		for i := range at {
			n := 0
			for j := i; j < len(at) && at[j]-at[i] < time.Second; j++ {
				n++
			}
			require.LessOrEqual(t, n, 105)
		}
	})
}

func TestMillionKeysStayBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("allocates for a million keys")
	}
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerSecond(1000)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range 1_000_000 {
			if i%1000 == 0 {
				time.Sleep(time.Millisecond)
			}
			require.True(t, limit.Allow("host-"+strconv.Itoa(i)+".example.com"))
		}
		require.LessOrEqual(t, limit.Len(), 20_000, "a thousand keys a millisecond are idle a millisecond later")
		runtime.GC()
		runtime.ReadMemStats(&after)
		require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(16<<20))
		runtime.KeepAlive(limit)
	})
}

func TestMaxKeysBoundsKeysThatAreNotIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerMinute(1, ratelimit.WithMaxKeys(10_000))
		allowed := 0
		for i := range 1_000_000 {
			if limit.Allow(strconv.Itoa(i)) {
				allowed++
			}
		}
		require.LessOrEqual(t, limit.Len(), 10_000)
		require.GreaterOrEqual(t, allowed, 9_000)
		require.LessOrEqual(t, allowed, 10_000+64, "the rest share a limiter for each shard")

		time.Sleep(2 * time.Minute)
		for i := range 5_000 {
			require.True(t, limit.Allow("later-"+strconv.Itoa(i)), "idle keys made room")
		}
	})
}

// Forgetting a key never lets more through: neither at the bound nor below.
func TestEvictionNeverGrantsExtra(t *testing.T) {
	for _, maxKeys := range []int{1, 8, 300} {
		t.Run(fmt.Sprint(maxKeys), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const perMinute, burst = 6, 3
				limit := ratelimit.PerMinute(perMinute, ratelimit.WithBurst(burst), ratelimit.WithMaxKeys(maxKeys))
				granted := 0
				start := time.Now()
				for i := range 3000 {
					if limit.Allow("watched") {
						granted++
					}
					for j := range 10 { // noise that fills and frees the table
						limit.Allow(strconv.Itoa(i*10 + j))
					}
					time.Sleep(100 * time.Millisecond)
				}
				minutes := time.Since(start).Minutes()
				require.LessOrEqual(t, granted, burst+int(minutes*perMinute)+1)
				require.LessOrEqual(t, limit.Len(), max(maxKeys, 1))
			})
		})
	}
}

func TestEvictionForgetsNoQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.Quota(1, ratelimit.Hour, ratelimit.WithMaxKeys(1))
		require.True(t, limit.Allow("a"))
		for i := range 100 {
			limit.Allow(strconv.Itoa(i))
			time.Sleep(time.Second)
		}
		require.False(t, limit.Allow("a"))
	})
}

// A key that shared a limiter for want of room does not start afresh when there
// is room again.
func TestKeyFromTheOverflowKeepsItsDebt(t *testing.T) {
	for name, limit := range map[string]func() *ratelimit.Keyed{
		"rate":  func() *ratelimit.Keyed { return ratelimit.PerMinute(1, ratelimit.WithMaxKeys(1)) },
		"quota": func() *ratelimit.Keyed { return ratelimit.Quota(1, ratelimit.Hour, ratelimit.WithMaxKeys(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := limit()
				require.True(t, l.Allow("owner"))
				time.Sleep(50 * time.Second)
				require.True(t, l.Allow("guest"))
				l.Return("owner") // is idle now, and gives up its place
				require.False(t, l.Allow("guest"))
				require.Equal(t, 1, l.Len())
				time.Sleep(11 * time.Second)
				require.False(t, l.Allow("guest"))
			})
		})
	}
}

// A bucket that someone waits for is kept, though it be full, and is the waiter's.
func TestReturnedTokenIsTheWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerSecond(1, ratelimit.WithMaxKeys(1))
		require.True(t, limit.Allow("k"))
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := limit.Wait(t.Context(), "k"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		limit.Return("k")
		require.False(t, limit.Allow("k"), "Allow does not take it away")
		require.True(t, limit.Allow("other"))
		require.False(t, limit.Allow("k"), "nor is the bucket replaced by a fresh one")
		wg.Wait()
	})
}

// A rate so low that its wait overflows is never too soon, and one that is unlimited
// waits for nothing.
func TestExtremeRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, n := range []float64{1e-12, math.SmallestNonzeroFloat64} {
			limit := ratelimit.PerSecond(n)
			require.True(t, limit.Allow("k"))
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			err := limit.Wait(ctx, "k")
			cancel()
			require.ErrorIs(t, err, ratelimit.ErrDeadline, n)
			var e *ratelimit.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, time.Duration(math.MaxInt64-1), e.Wait)
		}
		start, both := time.Now(), ratelimit.All(ratelimit.PerSecond(math.Inf(1)), ratelimit.PerMinute(math.Inf(1)))
		for range 100 {
			require.NoError(t, both.Wait(t.Context(), "k"))
		}
		require.Zero(t, time.Since(start))
	})
}

// Who leaves the middle of the line lets nobody past those ahead.
func TestLeavingTheMiddleOfTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerSecond(1)
		require.True(t, limit.Allow("k"))
		var mu sync.Mutex
		var order []string
		var wg sync.WaitGroup
		middle, leave := context.WithCancel(t.Context())
		for name, ctx := range slices.All([]context.Context{t.Context(), middle, t.Context()}) {
			wg.Go(func() {
				if limit.Wait(ctx, "k") == nil {
					mu.Lock()
					defer mu.Unlock()
					order = append(order, strconv.Itoa(name))
				}
			})
			synctest.Wait()
		}
		limit.Return("k")
		leave()
		synctest.Wait()
		mu.Lock()
		require.Equal(t, []string{"0"}, order, "the one ahead has the token that came back")
		mu.Unlock()
		wg.Wait()
		require.Equal(t, []string{"0", "2"}, order)
	})
}

func TestWaitersOnSharedOverflowAreServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.PerSecond(10, ratelimit.WithMaxKeys(1))
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if err := limit.Wait(t.Context(), strconv.Itoa(i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.LessOrEqual(t, time.Since(start), 2*time.Second)
		require.GreaterOrEqual(t, time.Since(start), 1700*time.Millisecond)
	})
}

func TestLimitersDoNotAllocateWithoutAWait(t *testing.T) {
	ctx := t.Context()
	rate := ratelimit.PerSecond(1e9, ratelimit.WithBurst(1e9))
	quota := ratelimit.Quota(1e9, ratelimit.Month)
	all := ratelimit.All(rate, quota, ratelimit.Together(ratelimit.PerSecond(1e9, ratelimit.WithBurst(1e9))))
	pacer := ratelimit.NewPacer()
	quiet, told := header("Content-Type", "application/json"), header("RateLimit-Limit", "100000", "RateLimit-Remaining", "90000", "RateLimit-Reset", "60")
	for name, f := range map[string]func(){
		"Allow":      func() { rate.Allow("k") },
		"Wait":       func() { _ = rate.Wait(ctx, "k") },
		"quota":      func() { _ = quota.Wait(ctx, "k") },
		"all":        func() { _ = all.Wait(ctx, "k") },
		"pacer":      func() { _ = pacer.Wait(ctx, "k"); pacer.Observe("k", 200, quiet, false) },
		"pacer told": func() { _ = pacer.Wait(ctx, "told"); pacer.Observe("told", 200, told, false) },
	} {
		f()
		require.Zero(t, testing.AllocsPerRun(200, f), name)
	}
}

// L1: hammering every limiter at once, for the race detector.
func TestConcurrentUseOfEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rate := ratelimit.PerSecond(500, ratelimit.WithMaxKeys(50))
		quota := ratelimit.Quota(100_000, ratelimit.Hour)
		shared := ratelimit.Together(ratelimit.PerSecond(2000, ratelimit.WithBurst(10)))
		pacer := ratelimit.NewPacer(ratelimit.WithMaxKeys(50))
		all := ratelimit.All(rate, quota, shared, pacer)
		var passed atomic.Int64
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				for j := range 50 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+(i+j)%50)*10*time.Millisecond)
					key := strconv.Itoa((i * j) % 200)
					switch err := all.Wait(ctx, key); {
					case err != nil:
						rate.Allow(key)
					case j%7 == 0:
						all.(ratelimit.Returner).Return(key)
					case j%11 == 0:
						pacer.Observe(key, 429, header("Retry-After", "0.05"), true)
					default:
						passed.Add(1)
						pacer.Observe(key, 200, header("RateLimit-Remaining", strconv.Itoa(j), "RateLimit-Reset", "1"), false)
					}
					cancel()
				}
			})
		}
		wg.Wait()
		require.Positive(t, passed.Load())
	})
}
