package ratelimit_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// call waits, and has the service answer after 10 ms.
func call(t *testing.T, p *ratelimit.Pacer, key string, status int, pairs ...string) {
	t.Helper()
	if err := p.Wait(t.Context(), key); err != nil {
		t.Errorf("wait: %v", err)
		return
	}
	time.Sleep(10 * time.Millisecond)
	p.Observe(key, status, header(pairs...), false)
}

// C17: a 429 on key A does not delay key B.
func TestC17_ThrottleOnOneKeyDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		call(t, p, "A", 429, "Retry-After", "30")
		start := time.Now()
		call(t, p, "B", 200)
		requireNear(t, 10*time.Millisecond, time.Since(start))
		require.Zero(t, p.Delay("B"))
		call(t, p, "A", 200)
		require.GreaterOrEqual(t, time.Since(start), 30*time.Second)
		require.LessOrEqual(t, time.Since(start), 31*time.Second+20*time.Millisecond)
	})
}

// C17: concurrent calls on A pause together and resume staggered.
func TestC17_PauseTogetherResumeStaggered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		const n = 40
		var wg sync.WaitGroup
		for range 3 { // in flight together, throttled together
			wg.Go(func() { call(t, p, "A", 429, "Retry-After", "5") })
		}
		wg.Wait()
		start := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		var order []int
		for i := range n {
			wg.Go(func() {
				if err := p.Wait(t.Context(), "A"); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				at, order = append(at, time.Since(start)), append(order, i)
			})
			synctest.Wait()
		}
		wg.Wait()
		require.True(t, slices.IsSorted(order), "in the order of arrival")
		require.GreaterOrEqual(t, at[0], 5*time.Second, "nobody early")
		require.LessOrEqual(t, at[0], 5500*time.Millisecond)
		for i := 1; i < n; i++ {
			require.GreaterOrEqual(t, at[i]-at[i-1], 10*time.Millisecond, "one after another")
			require.LessOrEqual(t, at[i]-at[i-1], 51*time.Millisecond)
		}
		require.Less(t, at[n-1]-at[n-2], at[1]-at[0], "and ever faster")
	})
}

func TestWithoutStaggerAllResumeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer(ratelimit.WithStagger(0))
		call(t, p, "A", 429, "Retry-After", "5")
		start := time.Now()
		for range 20 {
			require.NoError(t, p.Wait(t.Context(), "A"))
		}
		require.LessOrEqual(t, time.Since(start), 5500*time.Millisecond)
	})
}

// C29: told that nothing is left, the client waits before a 429 and not after.
func TestC29_SlowsBeforeTheThrottle(t *testing.T) {
	noonEpoch := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
	for name, tt := range map[string]struct {
		header func() []string
		wait   time.Duration
	}{
		"IETF": {func() []string {
			return []string{"RateLimit", `"default";r=0;t=30`, "RateLimit-Policy", `"default";q=100;w=60`}
		}, 30 * time.Second},
		"IETF, window": {func() []string {
			return []string{"RateLimit", `"default";r=0`, "RateLimit-Policy", `"default";q=100;w=60`}
		}, time.Minute},
		"Resend": {func() []string {
			return []string{"ratelimit-limit", "2", "ratelimit-remaining", "0", "ratelimit-reset", "1"}
		}, time.Second},
		"GitHub": {func() []string {
			return []string{"X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", noonEpoch(20 * time.Minute)}
		}, 20 * time.Minute},
		"X": {func() []string {
			return []string{"x-rate-limit-limit", "900", "x-rate-limit-remaining", "0", "x-rate-limit-reset", noonEpoch(15 * time.Minute)}
		}, 15 * time.Minute},
		"OpenAI refills": {func() []string {
			return []string{"x-ratelimit-limit-requests", "60", "x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests", "1m0s"}
		}, time.Second},
		"OpenAI tokens": {func() []string {
			return []string{"x-ratelimit-limit-tokens", "1000", "x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "20s"}
		}, 2 * time.Second},
		"Sentry, all":                {func() []string { return []string{"X-Sentry-Rate-Limits", "60::organization"} }, time.Minute},
		"nothing left of one of two": {func() []string { return []string{"RateLimit", `"a";r=9;t=5, "b";r=0;t=40`} }, 40 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := ratelimit.NewPacer()
				call(t, p, "k", 200, tt.header()...)
				start := time.Now()
				require.NoError(t, p.Wait(t.Context(), "k"))
				require.GreaterOrEqual(t, time.Since(start), tt.wait-time.Second-tick, "epoch seconds are rounded down")
				require.LessOrEqual(t, time.Since(start), tt.wait+time.Second+tick)
				require.Positive(t, time.Since(start))
			})
		})
	}
}

// server counts in fixed windows, as Resend does, and must never have to refuse.
type server struct {
	quota  int
	window time.Duration
	mu     sync.Mutex
	used   int
	end    time.Time
	refuse int
}

func (s *server) answer() (int, http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); !now.Before(s.end) {
		s.used, s.end = 0, now.Add(s.window)
	}
	left := strconv.Itoa(int(math.Ceil(time.Until(s.end).Seconds())))
	if s.used == s.quota {
		s.refuse++
		return 429, header("Retry-After", left, "RateLimit-Limit", strconv.Itoa(s.quota), "RateLimit-Remaining", "0", "RateLimit-Reset", left)
	}
	s.used++
	return 200, header("RateLimit-Limit", strconv.Itoa(s.quota), "RateLimit-Remaining", strconv.Itoa(s.quota-s.used), "RateLimit-Reset", left)
}

// C29: once the limits are known, 100 concurrent callers cause no 429 at all,
// though answers overtake each other.
func TestC29_ConcurrentCallersCauseNoThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := ratelimit.NewPacer(), &server{quota: 5, window: 2 * time.Second}
		send := func(latency time.Duration) {
			if err := p.Wait(t.Context(), "k"); err != nil {
				t.Error(err)
				return
			}
			status, h := s.answer()
			time.Sleep(latency)
			p.Observe("k", status, h, false)
		}
		send(30 * time.Millisecond)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() { send(time.Duration(5+(i*37)%90) * time.Millisecond) })
		}
		wg.Wait()
		require.Zero(t, s.refuse)
		require.LessOrEqual(t, time.Since(start), 85*time.Second, "and do not crawl: the service would take 40 s")
	})
}

// C29: the last tenth of a quota is spread out.
func TestC29_LastTenthIsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		call(t, p, "k", 200, "RateLimit-Limit", "1000", "RateLimit-Remaining", "101", "RateLimit-Reset", "20")
		start := time.Now()
		call(t, p, "k", 200, "RateLimit-Limit", "1000", "RateLimit-Remaining", "100", "RateLimit-Reset", "20")
		requireNear(t, 10*time.Millisecond, time.Since(start))
		for i := range 20 {
			call(t, p, "k", 200, "RateLimit-Limit", "1000", "RateLimit-Remaining", strconv.Itoa(99-i), "RateLimit-Reset", "20")
		}
		require.Greater(t, time.Since(start), 3500*time.Millisecond)
		require.Less(t, time.Since(start), 6*time.Second)
	})
}

// C29: throttles that name no time.
func TestC29_ThrottleWithoutATime(t *testing.T) {
	for name, tt := range map[string]struct {
		opts []ratelimit.Option
		want []time.Duration
	}{
		"default":  {nil, seconds(1, 2, 4, 8, 16, 32, 60, 60)},
		"a minute": {[]ratelimit.Option{ratelimit.WithPause(time.Minute)}, seconds(60, 60)},
		"longer":   {[]ratelimit.Option{ratelimit.WithPause(time.Hour)}, seconds(3600, 3600)},
		"none":     {[]ratelimit.Option{ratelimit.WithPause(0)}, seconds(0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := ratelimit.NewPacer(tt.opts...)
				throttle := func() {
					require.NoError(t, p.Wait(t.Context(), "k"))
					p.Observe("k", http.StatusForbidden, nil, true) // what the profile calls a throttle
				}
				throttle()
				for i, want := range tt.want {
					start := time.Now()
					throttle()
					require.GreaterOrEqual(t, time.Since(start), want, "pause %d", i)
					require.LessOrEqual(t, time.Since(start), want+min(want/10, time.Second)+50*time.Millisecond, "pause %d", i)
				}
				require.NoError(t, p.Wait(t.Context(), "k"))
				p.Observe("k", 200, nil, false)
				throttle()
				require.LessOrEqual(t, p.Delay("k"), tt.want[0]+min(tt.want[0]/10, time.Second), "a success starts over")
			})
		})
	}
}

func TestThrottlesInFlightTogetherCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { call(t, p, "k", 429) })
		}
		wg.Wait()
		require.LessOrEqual(t, p.Delay("k"), 1100*time.Millisecond)
		require.Positive(t, p.Delay("k"))
	})
}

func TestWhatDoesNotPause(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		h      http.Header
	}{
		"Retry-After of a poll":     {http.StatusAccepted, header("Retry-After", "30")},
		"Retry-After of a redirect": {http.StatusFound, header("Retry-After", "30")},
		"a 503 without a time":      {http.StatusServiceUnavailable, nil},
		"a 429 that says now":       {http.StatusTooManyRequests, header("Retry-After", "0")},
		"no response":               {0, nil},
		"a limit on one category":   {200, header("X-Sentry-Rate-Limits", "60:transaction:organization")},
		"plenty left":               {200, header("RateLimit", `"a";r=50;t=30`, "RateLimit-Policy", `"a";q=100;w=60`)},
		"nothing left, no reset":    {200, header("RateLimit-Remaining", "0")},
		"nothing left, reset now":   {200, header("RateLimit-Remaining", "0", "RateLimit-Reset", "0")},
		"garbage":                   {200, header("RateLimit-Remaining", "zero", "RateLimit-Reset", "never", "Retry-After", "NaN")},
	} {
		p := ratelimit.NewPacer()
		require.NoError(t, p.Wait(t.Context(), "k"))
		p.Observe("k", tt.status, tt.h, false)
		require.Zero(t, p.Delay("k"), name)
	}
}

func TestRetryAfterOn503Pauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		call(t, p, "k", 503, "Retry-After", "7")
		require.GreaterOrEqual(t, p.Delay("k"), 7*time.Second)
		call(t, p, "s", 429, "X-Sentry-Rate-Limits", "9:error:organization", "Retry-After", "3")
		require.GreaterOrEqual(t, p.Delay("s"), 9*time.Second, "the longer")
	})
}

// C2: an absurd time is believed for a day, and is never nothing.
func TestC2_AbsurdPauseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		call(t, p, "k", 429, "Retry-After", "9223372037")
		require.GreaterOrEqual(t, p.Delay("k"), 24*time.Hour)
		require.LessOrEqual(t, p.Delay("k"), 24*time.Hour+time.Second)
		short := ratelimit.NewPacer(ratelimit.WithMaxPause(time.Minute))
		call(t, short, "k", 200, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "86400")
		require.LessOrEqual(t, short.Delay("k"), time.Minute)
		require.Positive(t, short.Delay("k"))
	})
}

// C16: fails at once, typed, and takes nothing.
func TestC16_PacerFailsAtOnceAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		call(t, p, "k", 429, "Retry-After", "30")
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 29*time.Second)
		defer cancel()
		err := p.Wait(ctx, "k")
		require.ErrorIs(t, err, ratelimit.ErrDeadline)
		e, ok := errors.AsType[*ratelimit.Error](err)
		require.True(t, ok)
		require.GreaterOrEqual(t, e.Wait, 30*time.Second)
		require.Zero(t, time.Since(start))
	})
}

// A call that was not sent counts for nothing.
func TestPacerReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		call(t, p, "k", 200, "RateLimit-Limit", "5", "RateLimit-Remaining", "1", "RateLimit-Reset", "60")
		require.NoError(t, p.Wait(t.Context(), "k"))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, p.Wait(ctx, "k"), ratelimit.ErrDeadline, "the last one is in flight")
		p.Return("k")
		require.Zero(t, p.Delay("k"))
		require.NoError(t, p.Wait(t.Context(), "k"))
	})
}

// C17: those who waited for a window to end resume one after another, also where
// it was only reckoned to be used up.
func TestC17_ResumeStaggeredAfterAWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		call(t, p, "k", 200, "RateLimit-Limit", "500", "RateLimit-Remaining", "1", "RateLimit-Reset", "10")
		require.NoError(t, p.Wait(t.Context(), "k")) // the last one, and long in coming back
		start := time.Now()
		var last time.Duration
		for i := range 10 {
			require.NoError(t, p.Wait(t.Context(), "k"))
			at := time.Since(start)
			if i == 0 {
				require.GreaterOrEqual(t, at, 9900*time.Millisecond)
			} else {
				require.GreaterOrEqual(t, at-last, 30*time.Millisecond)
			}
			last = at
		}
	})
}

func TestPacerFollowsSixteenLimitsOfAKey(t *testing.T) {
	t.Parallel()
	for filler, held := range map[int]bool{15: true, 16: false} {
		p, h := ratelimit.NewPacer(), http.Header{}
		for i := range filler {
			h.Add("RateLimit", `"p`+strconv.Itoa(i)+`";r=9;t=9`)
		}
		h.Add("RateLimit", `"last";r=0;t=9`)
		require.NoError(t, p.Wait(t.Context(), "k"))
		p.Observe("k", 200, h, false)
		require.Equal(t, held, p.Delay("k") > 0, "%d before it", filler)
	}
}

func TestPacerStateIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer(ratelimit.WithMaxKeys(10))
		for i := range 1000 {
			call(t, p, strconv.Itoa(i), 200, "RateLimit", `"a`+strconv.Itoa(i)+`";r=5;t=1`)
		}
		many := http.Header{}
		for i := range 1000 {
			many.Add("RateLimit", `"p`+strconv.Itoa(i)+`";r=1;t=9`)
		}
		require.NoError(t, p.Wait(t.Context(), "k"))
		p.Observe("k", 200, many, false)
		start := time.Now()
		require.NoError(t, p.Wait(t.Context(), "k"))
		require.LessOrEqual(t, time.Since(start), 10*time.Second)
	})
}

// C29: an answer that says nothing uses up one call, of what calls use up.
func TestC29_AnAnswerThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		p.Observe("k", 200, header("RateLimit", `"size";r=1;t=60`, "RateLimit-Policy", `"size";q=9;qu="content-bytes"`), false)
		p.Observe("k", 200, nil, false)
		require.Zero(t, p.Delay("k"), "bytes are not calls")

		p = ratelimit.NewPacer()
		p.Observe("k", 200, header("RateLimit-Remaining", "1", "RateLimit-Reset", "60"), false)
		require.Zero(t, p.Delay("k"))
		p.Observe("k", 200, nil, false)
		require.Equal(t, time.Minute, p.Delay("k"), "that was the last")
		p.Observe("k", 200, nil, false)
		require.Equal(t, time.Minute, p.Delay("k"))

		p = ratelimit.NewPacer()
		p.Observe("k", 200, header("RateLimit-Remaining", "1", "RateLimit-Reset", "60"), false)
		p.Observe("k", 200, nil, false)
		p.Observe("k", 200, nil, false)
		require.Equal(t, time.Minute, p.Delay("k"), "less than nothing is nothing")
	})
}

// C29: what is in flight when a window ends was counted in it.
func TestC29_ANewWindowBeginsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		p.Observe("k", 200, header("RateLimit-Limit", "2", "RateLimit-Remaining", "2", "RateLimit-Reset", "60"), false)
		for range 2 {
			require.NoError(t, p.Wait(t.Context(), "k"))
		}
		time.Sleep(time.Minute)
		start := time.Now()
		for range 2 {
			require.NoError(t, p.Wait(t.Context(), "k"))
		}
		require.Less(t, time.Since(start), time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		require.Error(t, p.Wait(ctx, "k"), "and has no more than it had")
	})
}

// C29: a quota that fills evenly lets one call through in the time in which one comes
// back.
func TestC29_AGradualQuotaLetsThroughOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		p.Observe("k", 200, header("X-RateLimit-Limit-Requests", "60", "X-RateLimit-Remaining-Requests", "0", "X-RateLimit-Reset-Requests", "60s"), false)
		for range 3 {
			require.Equal(t, time.Second, p.Delay("k"), "to look does not change it")
		}
		time.Sleep(time.Second - 1)
		require.LessOrEqual(t, p.Delay("k"), 20*time.Millisecond)
		start := time.Now()
		for i := range 5 {
			require.NoError(t, p.Wait(t.Context(), "k"))
			require.InDelta(t, float64(i)*float64(time.Second), float64(time.Since(start)), float64(200*time.Millisecond))
			p.Observe("k", 200, header("X-RateLimit-Limit-Requests", "60", "X-RateLimit-Remaining-Requests", "0", "X-RateLimit-Reset-Requests", "60s"), false)
		}
	})
}

// The gap after a pause narrows to a tenth of a millisecond, and then there is none.
func TestTheGapNarrowsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer(ratelimit.WithStagger(103_225 * time.Nanosecond))
		call(t, p, "k", 429, "Retry-After", "1")
		time.Sleep(time.Minute)
		for _, want := range []time.Duration{103_225, 100_000, 0} {
			require.NoError(t, p.Wait(t.Context(), "k"))
			require.Equal(t, want, p.Delay("k"))
			time.Sleep(want)
		}
	})
}

// Of the categories of Sentry's header those are read that ParseLimits would return,
// whoever reads it.
func TestC38_APacerReadsNoMoreThanIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for categories, paused := range map[int]bool{63: true, 64: false} {
			p := ratelimit.NewPacer()
			call(t, p, "k", 200, "X-Sentry-Rate-Limits", "60:"+strings.Repeat("error;", categories))
			require.Equal(t, paused, p.Delay("k") > 0, categories)
		}
	})
}
