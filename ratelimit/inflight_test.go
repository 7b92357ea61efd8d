package ratelimit_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// releasing is a limiter from elsewhere that counts calls under way, and takes no token
// back.
type releasing struct {
	foreign
	released int
	blow     bool
}

func (r *releasing) Release(string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.released++
	if r.blow {
		panic("mine")
	}
}

func TestInFlightBoundsTheCallsUnderWay(t *testing.T) {
	for name, limit := range map[string]func() ratelimit.Limiter{
		"alone": func() ratelimit.Limiter { return ratelimit.InFlight(2) },
		"all": func() ratelimit.Limiter {
			return ratelimit.All(ratelimit.InFlight(2), ratelimit.PerSecond(1, ratelimit.WithBurst(99)), ratelimit.NewPacer(ratelimit.WithStagger(0)))
		},
		"nested": func() ratelimit.Limiter {
			return ratelimit.All(ratelimit.All(ratelimit.InFlight(2)), ratelimit.NewPacer())
		},
		"shared": func() ratelimit.Limiter { return ratelimit.Together(ratelimit.InFlight(2)) },
		"all of shared": func() ratelimit.Limiter {
			return ratelimit.All(ratelimit.Together(ratelimit.InFlight(2)), ratelimit.InFlight(9))
		},
		"mixed": func() ratelimit.Limiter { return ratelimit.All(ratelimit.InFlight(2), &foreign{}) },
		"shared mixed": func() ratelimit.Limiter {
			return ratelimit.Together(ratelimit.All(ratelimit.InFlight(2), &releasing{}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := limit()
				held := limit.(ratelimit.Releaser)
				start := time.Now()
				var mu sync.Mutex
				var order []int
				for i := range 6 {
					go func() {
						if limit.Wait(t.Context(), "k") == nil {
							mu.Lock()
							order = append(order, i)
							mu.Unlock()
						}
					}()
					synctest.Wait()
				}
				require.Equal(t, []int{0, 1}, order)
				require.Positive(t, limit.(ratelimit.Delayer).Delay("k"))
				for n := 3; n <= 6; n++ {
					held.Release("k")
					synctest.Wait()
					require.Len(t, order, n)
				}
				require.Equal(t, []int{0, 1, 2, 3, 4, 5}, order, "in the order of arrival")
				require.Zero(t, time.Since(start), "a release is seen at once")
				limit.(ratelimit.Returner).Return("k")
				require.Zero(t, limit.(ratelimit.Delayer).Delay("k"), "a call that was not made has ended too")
				held.Release("k")
				for range 2 {
					require.NoError(t, limit.Wait(t.Context(), "k"))
				}
				require.Zero(t, time.Since(start))
			})
		})
	}
}

func TestInFlightKeepsKeysApart(t *testing.T) {
	s := ratelimit.InFlight(1)
	require.True(t, s.Allow("a"))
	require.False(t, s.Allow("a"))
	require.True(t, s.Allow("b"))
	require.False(t, s.Idle("a"))
	require.True(t, s.Idle("c"))
	require.Equal(t, 2, s.Len())
	s.Release("a")
	require.True(t, s.Idle("a"))
	require.True(t, s.Allow("a"))
	s.Release("c")
	require.Equal(t, 2, s.Len(), "what was never taken is not kept")
	for range 5 {
		s.Release("b")
	}
	require.True(t, s.Allow("b"))
	require.False(t, s.Allow("b"), "a release too many makes no room")
	s.ReturnN("b", 0)
	require.False(t, s.Allow("b"))
	s.ReturnN("b", 7)
	require.True(t, s.Allow("b"))
	require.False(t, s.Allow("b"), "a call is one, whatever it weighs")
}

// C16: who gives up, or cannot wait, holds nothing.
func TestC16_InFlightTakesNothingWhenItFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ratelimit.InFlight(1)
		require.NoError(t, s.WaitN(t.Context(), "k", 50))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		require.ErrorIs(t, s.Wait(ctx, "k"), ratelimit.ErrDeadline)
		require.InDelta(t, time.Second, time.Since(start), float64(50*time.Millisecond))
		soon, cancelSoon := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancelSoon()
		at := time.Now()
		require.ErrorIs(t, s.Wait(soon, "k"), ratelimit.ErrDeadline)
		require.Zero(t, time.Since(at))
		gone, leave := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Wait(gone, "k") }()
		synctest.Wait()
		leave()
		require.ErrorIs(t, <-done, context.Canceled)
		s.Release("k")
		require.True(t, s.Idle("k"))
		require.True(t, s.Allow("k"))
	})
	for _, n := range []int{0, -1} {
		s := ratelimit.InFlight(n)
		require.ErrorIs(t, s.Wait(t.Context(), "k"), ratelimit.ErrNever)
		require.ErrorIs(t, ratelimit.All(s).Wait(t.Context(), "k"), ratelimit.ErrNever)
	}
}

// A slot that is released elsewhere is seen in a moment.
func TestInFlightSharedByTwoLimiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ratelimit.InFlight(1)
		one, other := ratelimit.All(s, ratelimit.PerSecond(1e9)), ratelimit.All(s)
		require.NoError(t, one.Wait(t.Context(), "k"))
		done := make(chan error, 1)
		go func() { done <- other.Wait(t.Context(), "k") }()
		time.Sleep(time.Second)
		s.Release("k")
		start := time.Now()
		require.NoError(t, <-done)
		require.LessOrEqual(t, time.Since(start), 20*time.Millisecond)
	})
}

// Slots that are free now will not be once those in front have taken them.
func TestInFlightTellsOfThoseInFront(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.All(ratelimit.InFlight(1), ratelimit.PerSecond(200))
		require.NoError(t, limit.Wait(t.Context(), "k"))
		limit.(ratelimit.Releaser).Release("k")
		done := make(chan error, 1)
		go func() { done <- limit.Wait(t.Context(), "k") }()
		synctest.Wait()
		require.Equal(t, 20*time.Millisecond, limit.(ratelimit.Delayer).Delay("k"))
		require.NoError(t, <-done)
	})
}

// Only what counts calls under way is to hear of their end.
func TestAllIsAReleaserWhereOneIs(t *testing.T) {
	for name, tt := range map[string]struct {
		l    ratelimit.Limiter
		want bool
	}{
		"rates":                    {ratelimit.All(ratelimit.PerSecond(1), ratelimit.NewPacer()), false},
		"slots":                    {ratelimit.All(ratelimit.InFlight(1), ratelimit.NewPacer()), true},
		"slots below":              {ratelimit.All(ratelimit.All(ratelimit.Together(ratelimit.InFlight(1)))), true},
		"shared rates":             {ratelimit.Together(ratelimit.PerSecond(1)), false},
		"shared slots":             {ratelimit.Together(ratelimit.InFlight(1)), true},
		"elsewhere":                {ratelimit.All(&foreign{}), false},
		"elsewhere, slots":         {ratelimit.All(&releasing{}), true},
		"elsewhere, shared":        {ratelimit.Together(&foreign{}), false},
		"elsewhere, shared, slots": {ratelimit.Together(&releasing{}), true},
	} {
		_, got := tt.l.(ratelimit.Releaser)
		require.Equal(t, tt.want, got, name)
		_, weighted := tt.l.(ratelimit.Weighted)
		_, delays := tt.l.(ratelimit.Delayer)
		_, idles := tt.l.(interface{ Idle(string) bool })
		_, returns := tt.l.(ratelimit.Returner)
		require.True(t, weighted && delays && idles && returns, name)
	}
}

// A limiter from elsewhere hears of every call's end once, also of one that came to
// nothing, and whatever another does.
func TestReleasersFromElsewhere(t *testing.T) {
	first, second := &releasing{}, &failing{}
	require.Error(t, ratelimit.All(first, second).Wait(t.Context(), "k"))
	require.Equal(t, 1, first.released)
	require.Error(t, ratelimit.WaitN(t.Context(), ratelimit.All(first, second), "k", 5))
	require.Equal(t, 2, first.waits, "a call is one call")
	require.Equal(t, 2, first.released)

	blows, after := &releasing{blow: true}, ratelimit.InFlight(1)
	both := ratelimit.All(blows, after)
	require.NoError(t, both.Wait(t.Context(), "k"))
	require.PanicsWithValue(t, "mine", func() { both.(ratelimit.Releaser).Release("k") })
	require.True(t, after.Idle("k"))
	ratelimit.Together(first).(ratelimit.Releaser).Release("k")
	require.Equal(t, 3, first.released)
}

// However many keys there are, none has more calls under way than it may, and none
// loses a slot for good.
func TestInFlightWithMoreKeysThanRoom(t *testing.T) {
	const most, room, keys = 3, 4, 40
	s := ratelimit.InFlight(most, ratelimit.WithMaxKeys(room))
	rng := rand.New(rand.NewPCG(1, 2))
	under := map[string]int{}
	var open []string
	peak := 0
	for range 200_000 {
		key := strconv.Itoa(rng.IntN(keys))
		if rng.IntN(2) == 0 && s.Allow(key) {
			under[key]++
			open = append(open, key)
			require.LessOrEqual(t, under[key], most)
		} else if len(open) > 0 && rng.IntN(2) == 0 {
			i := rng.IntN(len(open))
			s.Release(open[i])
			under[open[i]]--
			open[i] = open[len(open)-1]
			open = open[:len(open)-1]
		}
		peak = max(peak, len(open))
		require.LessOrEqual(t, s.Len(), room)
	}
	require.Greater(t, peak, most, "keys are kept apart as far as there is room")
	require.LessOrEqual(t, peak, most*(room+1))
	for _, key := range open {
		s.Release(key)
	}
	for i := range keys {
		key := strconv.Itoa(i)
		require.True(t, s.Idle(key))
		for range most {
			require.True(t, s.Allow(key), key)
		}
		require.False(t, s.Allow(key))
		for range most {
			s.Release(key)
		}
	}
}

// L1
func TestInFlightUnderLoad(t *testing.T) {
	s := ratelimit.InFlight(3, ratelimit.WithMaxKeys(2))
	limit := ratelimit.All(s, ratelimit.Together(ratelimit.InFlight(7)))
	var under, all [8]atomic.Int32
	var wg sync.WaitGroup
	for g := range 40 {
		wg.Go(func() {
			key := g % len(under)
			for range 50 {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				if err := limit.Wait(ctx, strconv.Itoa(key)); err != nil {
					t.Error(err)
				}
				cancel()
				if under[key].Add(1) > 3 || all[0].Add(1) > 7 {
					t.Error("too many")
				}
				all[0].Add(-1)
				under[key].Add(-1)
				limit.(ratelimit.Releaser).Release(strconv.Itoa(key))
			}
		})
	}
	wg.Wait()
	for i := range under {
		require.True(t, s.Idle(strconv.Itoa(i)))
	}
}
