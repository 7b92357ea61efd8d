package ratelimit_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// weighing is a limiter from elsewhere that knows of weights.
type weighing struct {
	foreign
	weights, given []int
}

func (w *weighing) WaitN(_ context.Context, _ string, n int) error {
	w.weights = append(w.weights, n)
	return w.err
}
func (w *weighing) ReturnN(_ string, n int) { w.given = append(w.given, n) }

// failing is a limiter from elsewhere that refuses, or panics, after so many tokens.
type failing struct {
	returning
	after int
	blow  bool
}

func (f *failing) Wait(ctx context.Context, key string) error {
	if f.waits == f.after {
		if f.blow {
			panic("mine")
		}
		return errors.New("no more")
	}
	return f.returning.Wait(ctx, key)
}

type watching struct{ returning }

func (*watching) Observe(string, int, http.Header, bool) {}

// C16: a call that costs several tokens takes them together, at the moment when all are
// there.
func TestC16_AWeightIsTakenTogether(t *testing.T) {
	for name, tt := range map[string]struct {
		limit func() ratelimit.Limiter
		at    []time.Duration // of calls that take 3, 1, 5, 2
	}{
		"a rate":   {func() ratelimit.Limiter { return ratelimit.PerSecond(1, ratelimit.WithBurst(5)) }, seconds(0, 0, 4, 6)},
		"a quota":  {func() ratelimit.Limiter { return ratelimit.Quota(5, ratelimit.Hour) }, seconds(0, 0, 3600, 7200)},
		"no limit": {func() ratelimit.Limiter { return ratelimit.PerSecond(math.Inf(1)) }, seconds(0, 0, 0, 0)},
		"all": {func() ratelimit.Limiter {
			return ratelimit.All(ratelimit.PerSecond(1, ratelimit.WithBurst(5)), ratelimit.PerSecond(100, ratelimit.WithBurst(50)))
		}, seconds(0, 0, 4, 6)},
		"shared": {func() ratelimit.Limiter { return ratelimit.Together(ratelimit.PerSecond(1, ratelimit.WithBurst(5))) }, seconds(0, 0, 4, 6)},
		"mixed": {func() ratelimit.Limiter {
			return ratelimit.All(&foreign{}, ratelimit.PerSecond(1, ratelimit.WithBurst(5)))
		}, seconds(0, 0, 4, 6)},
		"a pacer":   {func() ratelimit.Limiter { return ratelimit.NewPacer() }, seconds(0, 0, 0, 0)},
		"none":      {func() ratelimit.Limiter { return ratelimit.All() }, seconds(0, 0, 0, 0)},
		"elsewhere": {func() ratelimit.Limiter { return ratelimit.Together(&foreign{}) }, seconds(0, 0, 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := tt.limit()
				weighted := limit.(ratelimit.Weighted)
				start := time.Now()
				for i, n := range []int{3, 1, 5, 2} {
					want := tt.at[i] - time.Since(start)
					if tells, ok := limit.(interface {
						DelayN(string, int) time.Duration
					}); ok {
						requireNear(t, max(want, 0), tells.DelayN("k", n), "call %d", i)
					}
					require.NoError(t, weighted.WaitN(t.Context(), "k", n))
					requireNear(t, tt.at[i], time.Since(start), "call %d", i)
				}
				weighted.ReturnN("k", 2)
				require.NoError(t, ratelimit.WaitN(t.Context(), limit, "k", 2))
				requireNear(t, tt.at[3], time.Since(start), "what was given back is there")
			})
		})
	}
}

// C16: no wait would help a call that takes more than there ever is: it fails at once,
// and takes nothing.
func TestC16_AWeightBeyondTheLimitFailsAtOnce(t *testing.T) {
	for name, limit := range map[string]func() ratelimit.Limiter{
		"a rate":   func() ratelimit.Limiter { return ratelimit.PerSecond(1, ratelimit.WithBurst(5)) },
		"a quota":  func() ratelimit.Limiter { return ratelimit.Quota(5, ratelimit.Hour) },
		"nothing":  func() ratelimit.Limiter { return ratelimit.PerSecond(0, ratelimit.WithBurst(5)) },
		"no quota": func() ratelimit.Limiter { return ratelimit.Quota(0, ratelimit.Hour) },
		"all": func() ratelimit.Limiter {
			return ratelimit.All(ratelimit.PerSecond(9, ratelimit.WithBurst(9)), ratelimit.Quota(5, ratelimit.Hour))
		},
		"all, but": func() ratelimit.Limiter {
			return ratelimit.All(ratelimit.Quota(5, ratelimit.Hour), ratelimit.PerSecond(9, ratelimit.WithBurst(9)))
		},
		"nested":    func() ratelimit.Limiter { return ratelimit.All(ratelimit.All(ratelimit.Quota(5, ratelimit.Hour))) },
		"shared":    func() ratelimit.Limiter { return ratelimit.Together(ratelimit.Quota(5, ratelimit.Hour)) },
		"mixed":     func() ratelimit.Limiter { return ratelimit.All(&foreign{}, ratelimit.Quota(5, ratelimit.Hour)) },
		"elsewhere": func() ratelimit.Limiter { return ratelimit.All(&foreign{}) },
		"one alone": func() ratelimit.Limiter { return &foreign{} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := limit()
				for _, n := range []int{6, 17, 1 << 30, math.MaxInt} {
					if _, alone := limit.(*foreign); n == 6 && (alone || name == "elsewhere") {
						continue
					}
					err := ratelimit.WaitN(t.Context(), limit, "k", n)
					require.ErrorIs(t, err, ratelimit.ErrNever, n)
					require.NotErrorIs(t, err, ratelimit.ErrDeadline)
					var typed *ratelimit.Error
					require.ErrorAs(t, err, &typed)
					if tells, ok := limit.(interface {
						DelayN(string, int) time.Duration
					}); ok && name != "elsewhere" {
						require.EqualValues(t, int64(math.MaxInt64), tells.DelayN("k", n))
					}
				}
				if name == "nothing" || name == "no quota" {
					return
				}
				start := time.Now()
				require.NoError(t, ratelimit.WaitN(t.Context(), limit, "k", 5))
				require.Zero(t, time.Since(start))
			})
		})
	}
	err := ratelimit.WaitN(t.Context(), ratelimit.PerSecond(1, ratelimit.WithBurst(5)), "k", 6)
	require.EqualError(t, err, "ratelimit: wait: the call takes 6 tokens at once, of which there are never more than 5")
}

// A weight that a calculation has turned into nothing counts as one, and nothing is
// given back for it.
func TestAWeightOfNothingCountsAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, limit := range map[string]ratelimit.Limiter{
			"a rate": ratelimit.PerMinute(1), "all": ratelimit.All(ratelimit.PerMinute(1)), "shared": ratelimit.Together(ratelimit.PerMinute(1)),
			"mixed": ratelimit.All(&foreign{}, ratelimit.PerMinute(1)),
		} {
			weighted := limit.(ratelimit.Weighted)
			for i, n := range []int{0, -5, math.MinInt} {
				start := time.Now()
				require.NoError(t, weighted.WaitN(t.Context(), "k", n))
				if i > 0 {
					requireNear(t, time.Minute, time.Since(start), name)
				}
				weighted.ReturnN("k", n)
			}
		}
	})
}

// Heavy and light calls go in the order of arrival, and a heavy one that gives up costs
// those behind nothing.
func TestWeightsWaitInTheOrderOfArrival(t *testing.T) {
	for name, make := range map[string]func() ratelimit.Limiter{
		"a rate": func() ratelimit.Limiter { return ratelimit.PerSecond(1, ratelimit.WithBurst(4)) },
		"all": func() ratelimit.Limiter {
			return ratelimit.All(ratelimit.PerSecond(1, ratelimit.WithBurst(4)), ratelimit.NewPacer())
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := make()
				require.NoError(t, ratelimit.WaitN(t.Context(), limit, "k", 4))
				start := time.Now()
				var mu sync.Mutex
				at := map[int]time.Duration{}
				given, giveUp := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				for i, n := range []int{4, 3, 1, 2} {
					ctx := t.Context()
					if i == 1 {
						ctx = given
					}
					wg.Go(func() {
						err := ratelimit.WaitN(ctx, limit, "k", n)
						mu.Lock()
						defer mu.Unlock()
						if err == nil {
							at[i] = time.Since(start)
						}
					})
					synctest.Wait()
				}
				requireNear(t, 11*time.Second, limit.(ratelimit.Delayer).Delay("k"), "4+3+1+2 in front")
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				require.ErrorIs(t, limit.Wait(ctx, "k"), ratelimit.ErrDeadline)
				time.Sleep(time.Second)
				giveUp()
				wg.Wait()
				require.Len(t, at, 3)
				requireNear(t, 4*time.Second, at[0])
				requireNear(t, 5*time.Second, at[2])
				requireNear(t, 7*time.Second, at[3])
			})
		})
	}
}

// A limiter from elsewhere is asked together where it knows of weights, else one by
// one; what fails half way is given back.
func TestWeightsOfLimitersFromElsewhere(t *testing.T) {
	ctx := t.Context()
	w := &weighing{}
	require.NoError(t, ratelimit.WaitN(ctx, w, "k", 100))
	require.NoError(t, ratelimit.All(w).(ratelimit.Weighted).WaitN(ctx, "k", 7))
	require.NoError(t, ratelimit.WaitN(ctx, w, "k", 1))
	require.Equal(t, []int{100, 7}, w.weights)
	require.Equal(t, 1, w.waits)
	ratelimit.ReturnN(w, "k", 9)
	ratelimit.ReturnN(ratelimit.Together(w), "k", 8)
	require.Equal(t, []int{9, 8}, w.given)

	r := &returning{}
	require.NoError(t, ratelimit.WaitN(ctx, r, "k", 16))
	require.Equal(t, 16, r.waits)
	ratelimit.ReturnN(r, "k", 16)
	require.Equal(t, 16, r.gave)
	ratelimit.ReturnN(r, "k", 0)
	ratelimit.ReturnN(r, "k", -1)
	require.Equal(t, 16, r.gave)
	ratelimit.ReturnN(&foreign{}, "k", 3)

	p := &watching{}
	require.NoError(t, ratelimit.WaitN(ctx, p, "k", 1000))
	require.Equal(t, 1, p.waits, "a pacer counts calls")
	ratelimit.ReturnN(p, "k", 1000)
	require.Equal(t, 1, p.gave)

	for _, blow := range []bool{false, true} {
		f := &failing{after: 3, blow: blow}
		require.Error(t, ratelimit.WaitN(ctx, f, "k", 5))
		require.Equal(t, 3, f.gave)
		first, second := &returning{}, &failing{after: 2, blow: blow}
		require.Error(t, ratelimit.All(first, second).(ratelimit.Weighted).WaitN(ctx, "k", 4))
		require.Equal(t, 4, first.gave, "of the one before, everything")
		require.Equal(t, 2, second.gave)
	}

	last := &returning{}
	done, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, ratelimit.All(last, ratelimit.PerSecond(9, ratelimit.WithBurst(9))).(ratelimit.Weighted).WaitN(done, "k", 2), context.Canceled)
	require.Equal(t, last.waits, last.gave)
}

// What is given back is there for whoever waits first, at once.
func TestATokenGivenBackIsSeenAtOnce(t *testing.T) {
	for name, limit := range map[string]func() ratelimit.Limiter{
		"a rate": func() ratelimit.Limiter { return ratelimit.PerMinute(1) },
		"all":    func() ratelimit.Limiter { return ratelimit.All(ratelimit.PerMinute(1), ratelimit.NewPacer()) },
		"mixed":  func() ratelimit.Limiter { return ratelimit.All(ratelimit.PerMinute(1), &foreign{}) },
		"shared": func() ratelimit.Limiter { return ratelimit.Together(ratelimit.PerMinute(1)) },
	} {
		synctest.Test(t, func(t *testing.T) {
			limit := limit()
			require.NoError(t, limit.Wait(t.Context(), "k"))
			start := time.Now()
			done := make(chan error, 1)
			go func() { done <- limit.Wait(t.Context(), "k") }()
			time.Sleep(time.Second)
			limit.(ratelimit.Returner).Return("k")
			require.NoError(t, <-done)
			require.Equal(t, time.Second, time.Since(start), name)
		})
	}
}

// A weight is in the caller's units, and is never more than there can be, or than is
// waited for.
func TestAWeightBeyondWhatTheServiceTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer(ratelimit.WithStagger(0))
		p.Observe("full", 200, header("X-RateLimit-Limit", "1000", "X-RateLimit-Remaining", "1000", "X-RateLimit-Reset", "60"), false)
		require.Zero(t, p.DelayN("full", 5000), "all of it is left")
		p.Observe("gradual", 200, header("X-RateLimit-Limit-Requests", "60", "X-RateLimit-Remaining-Requests", "50", "X-RateLimit-Reset-Requests", "10s"), false)
		require.Zero(t, p.DelayN("gradual", 55), "the room is made call by call")
	})
}

// A call that the service counts as several waits until the quota has so many left
// beside what is in flight.
func TestAPacerCountsTheWeightOfWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer(ratelimit.WithStagger(0))
		told := func(remaining string) {
			p.Observe("k", 200, header("X-RateLimit-Limit", "1000", "X-RateLimit-Remaining", remaining, "X-RateLimit-Reset", "60"), false)
		}
		require.NoError(t, p.Wait(t.Context(), "k"))
		told("500")
		start := time.Now()
		require.NoError(t, p.WaitN(t.Context(), "k", 300))
		require.Zero(t, time.Since(start))
		require.Positive(t, p.DelayN("k", 201))
		require.LessOrEqual(t, p.DelayN("k", 201), 20*time.Millisecond, "what is in flight may leave room")
		require.Zero(t, p.DelayN("k", 200))
		requireNear(t, time.Minute, p.DelayN("k", 501), "there is not so much left, whatever comes of it")
		requireNear(t, time.Minute, p.DelayN("k", 5000), "more than there ever is: the whole of it")
		p.ReturnN("k", 299)
		require.Zero(t, p.DelayN("k", 499))
		told("200")
		require.Zero(t, p.DelayN("k", 200))
		requireNear(t, time.Minute, p.DelayN("k", 201))
		require.NoError(t, p.WaitN(t.Context(), "k", 5000))
		requireNear(t, time.Minute, time.Since(start))
	})
}
