package ratelimit_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// within waits for d at most, and reports whether the call may go out. One that may
// not is told at once.
func within(t *testing.T, p *ratelimit.Pacer, d time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	start := time.Now()
	err := p.Wait(ctx, "k")
	if err != nil {
		require.ErrorIs(t, err, ratelimit.ErrDeadline)
		require.Zero(t, time.Since(start))
	}
	return err == nil
}

// C16: what a call behind another one waits for, told before it waits: the pause,
// the gap after it, and the window where what is left is not enough for both.
func TestC16_APacersLineAgainstTheDeadline(t *testing.T) {
	for name, tc := range map[string]struct {
		h     http.Header
		fits  time.Duration
		short time.Duration
	}{
		"a pause and a gap": {header("Retry-After", "5"), 7500 * time.Millisecond, 5900 * time.Millisecond},
		"a window": {header("Retry-After", "5", "X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "60"),
			62 * time.Second, 30 * time.Second},
		"a quota that fills gradually": {header("Retry-After", "5", "X-RateLimit-Limit-Requests", "100", "X-RateLimit-Remaining-Requests", "1", "X-RateLimit-Reset-Requests", "60s"),
			7500 * time.Millisecond, 5900 * time.Millisecond},
		"a window that is used up": {header("X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "60"),
			62 * time.Second, 60500 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := ratelimit.NewPacer(ratelimit.WithStagger(time.Second))
			p.Observe("k", 429, tc.h, true)
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { _ = p.Wait(ctx, "k") })
			synctest.Wait()
			require.False(t, within(t, p, tc.short), name)
			wg.Go(func() {
				if !within(t, p, tc.fits) {
					t.Errorf("%s: %v is not enough", name, tc.fits)
				}
			})
			synctest.Wait()
			cancel()
			wg.Wait()
		})
	}
}

// C29: a quota is spread over its last tenth, the tenth call included, unless it
// counts something other than calls; and what is in flight counts.
func TestC29_WhenAQuotaIsSpread(t *testing.T) {
	for name, tc := range map[string]struct {
		h    http.Header
		want time.Duration
	}{
		"the last tenth":      {header("X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "10", "X-RateLimit-Reset", "5.5"), 500 * time.Millisecond},
		"by a second at most": {header("X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "10", "X-RateLimit-Reset", "50"), time.Second},
		"before it":           {header("X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "11", "X-RateLimit-Reset", "5.5"), 0},
		"tokens":              {header("X-RateLimit-Limit-Tokens", "100", "X-RateLimit-Remaining-Tokens", "5", "X-RateLimit-Reset-Tokens", "60s"), 0},
		"the last one":        {header("X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "60"), 20 * time.Millisecond},
		"all but the last":    {header("X-RateLimit-Remaining", "2", "X-RateLimit-Reset", "60"), 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := ratelimit.NewPacer()
			call(t, p, "k", 200)
			p.Observe("k", 200, tc.h, false)
			require.Zero(t, p.Delay("k"), name)
			require.NoError(t, p.Wait(t.Context(), "k"))
			require.Equal(t, tc.want, p.Delay("k"), name)
		})
	}
}

// C29: what sets back the growth of pauses after throttles that named no time.
func TestC29_WhatEndsARowOfThrottles(t *testing.T) {
	for name, tc := range map[string]struct {
		after  time.Duration
		status int
		h      http.Header
		want   time.Duration
	}{
		"a success":                    {2 * time.Second, 200, nil, time.Second},
		"a refusal":                    {2 * time.Second, 404, nil, time.Second},
		"the last that is no failure":  {2 * time.Second, 499, nil, time.Second},
		"a failure":                    {2 * time.Second, 500, nil, 2 * time.Second},
		"another failure":              {2 * time.Second, 502, nil, 2 * time.Second},
		"no response":                  {2 * time.Second, 0, nil, 2 * time.Second},
		"a success from before":        {time.Millisecond, 200, nil, 2 * time.Second},
		"a throttle that names a time": {2 * time.Second, 429, header("Retry-After", "1"), 2 * time.Second},
		"a quota that is used up":      {2 * time.Second, 429, header("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1"), 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := ratelimit.NewPacer()
			p.Observe("k", 429, nil, true)
			time.Sleep(tc.after)
			p.Observe("k", tc.status, tc.h, false)
			time.Sleep(5 * time.Second)
			p.Observe("k", 429, nil, true)
			require.GreaterOrEqual(t, p.Delay("k"), tc.want, name)
			require.Less(t, p.Delay("k"), tc.want+time.Second, name)
		})
	}
}

// What asks for no pause leaves nothing behind: neither a gap nor a mark.
func TestAPauseOfNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		opt ratelimit.Option
		h   http.Header
	}{
		"at once":    {ratelimit.WithMaxKeys(1), header("Retry-After", "0")},
		"no pause":   {ratelimit.WithPause(0), nil},
		"never long": {ratelimit.WithMaxPause(0), header("Retry-After", "10")},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := ratelimit.NewPacer(tc.opt)
			p.Observe("k", 429, tc.h, true)
			require.True(t, p.Idle("k"), name)
			require.NoError(t, p.Wait(t.Context(), "k"))
			require.Zero(t, p.Delay("k"), name)
		})
	}
}

// A limit of nothing at all is believed until its reset, and not beyond.
func TestAQuotaOfNothingIsOverAtItsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		p.Observe("k", 200, header("X-RateLimit-Limit", "0", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "5"), false)
		require.Equal(t, 5*time.Second, p.Delay("k"))
		time.Sleep(5 * time.Second)
		require.Zero(t, p.Delay("k"))
	})
}

// The call that is to find out whether a pause is over holds up the others while it
// may be answered, and is the only one only where the pause was cut short.
func TestTheProbeThatEndsAPause(t *testing.T) {
	const pause = 10 * time.Second
	begin := func(retryAfter string) *ratelimit.Pacer {
		p := ratelimit.NewPacer(ratelimit.WithMaxPause(pause), ratelimit.WithStagger(0))
		p.Observe("k", 429, header("Retry-After", retryAfter), true)
		time.Sleep(pause)
		require.Zero(t, p.Delay("k"), "nothing is in flight")
		return p
	}
	synctest.Test(t, func(t *testing.T) {
		p := begin("3600")
		require.NoError(t, p.Wait(t.Context(), "k"))
		require.NotZero(t, p.Delay("k"))
		time.Sleep(time.Minute)
		require.NotZero(t, p.Delay("k"))
		time.Sleep(time.Nanosecond)
		require.Zero(t, p.Delay("k"), "it is lost")
	})
	synctest.Test(t, func(t *testing.T) {
		p := begin("3600")
		call(t, p, "k", 200)
		require.NoError(t, p.Wait(t.Context(), "k"))
		require.Zero(t, p.Delay("k"), "it is over")
	})
	synctest.Test(t, func(t *testing.T) {
		p := begin("10")
		require.NoError(t, p.Wait(t.Context(), "k"))
		require.Zero(t, p.Delay("k"), "it was not cut")
	})
	synctest.Test(t, func(t *testing.T) {
		p := begin("3600")
		time.Sleep(pause - 1)
		require.False(t, p.Idle("k"))
		time.Sleep(time.Nanosecond)
		require.True(t, p.Idle("k"))
	})
}

// Calls that were never observed are in flight for a minute.
func TestCallsThatAreLost(t *testing.T) {
	for after, want := range map[time.Duration]time.Duration{time.Minute: 20 * time.Millisecond, time.Minute + 1: 0} {
		synctest.Test(t, func(t *testing.T) {
			p := ratelimit.NewPacer()
			for range 3 {
				require.NoError(t, p.Wait(t.Context(), "k"))
			}
			time.Sleep(after)
			p.Observe("k", 200, header("X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "60"), false)
			require.Equal(t, want, p.Delay("k"))
		})
	}
}

// A pause that is long by itself does not grow beyond what a Duration holds.
func TestALongPauseDoesNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lifetime = 150 * 365 * 24 * time.Hour
		p := ratelimit.NewPacer(ratelimit.WithPause(lifetime), ratelimit.WithMaxPause(lifetime))
		for range 2 {
			p.Observe("k", 429, nil, true)
			require.Equal(t, lifetime, p.Delay("k"))
			time.Sleep(lifetime)
		}
	})
}

func TestAPacerDoesNotWaitForACallThatHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, ratelimit.NewPacer().Wait(ctx, "k"), context.Canceled)
}

func TestInforms(t *testing.T) {
	for name, want := range map[string]bool{
		"": false, "Te": false, "Age": false, "Date": false, "Retry-After": false, "X-R": false, "X-Request-Id": false,
		"Ratelimit": true, "Ratelimit-Reset": true, "X-Ratelimit-Remaining": true, "X-Rate-Limit-Reset": true, "X-Sentry-Rate-Limits": true,
	} {
		require.Equal(t, want, ratelimit.Informs(http.Header{name: {"1"}}), name)
	}
	require.False(t, ratelimit.Informs(nil))
}

// C29: answers overtake each other by two seconds at most: what is told later than that,
// or of another window, counts.
func TestC29_WhatIsNoOlderAnswer(t *testing.T) {
	for name, tc := range map[string]struct {
		after time.Duration
		reset string
		want  time.Duration
	}{
		"an older answer":   {time.Second, "59", 20 * time.Millisecond},
		"a later one":       {3 * time.Second, "57", 0},
		"of another window": {time.Second, "90", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := ratelimit.NewPacer()
			p.Observe("k", 200, header("X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "60"), false)
			time.Sleep(tc.after)
			p.Observe("k", 200, header("X-RateLimit-Remaining", "9", "X-RateLimit-Reset", tc.reset), false)
			require.NoError(t, p.Wait(t.Context(), "k"))
			require.Equal(t, tc.want, p.Delay("k"), name)
		})
	}
}

// C29: a limit that is told to be whole again holds up nobody any more.
func TestC29_ALimitThatIsWholeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		p.Observe("k", 200, header("X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "60"), false)
		p.Observe("k", 200, header("X-RateLimit-Remaining", "5", "X-RateLimit-Reset", "0"), false)
		require.NoError(t, p.Wait(t.Context(), "k"))
		require.Zero(t, p.Delay("k"))
	})
}

// A limit of which only the whole is told holds up nobody.
func TestALimitWithoutWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		p.Observe("k", 200, header("X-RateLimit-Limit", "10", "X-RateLimit-Reset", "60"), false)
		require.Zero(t, p.Delay("k"))
		require.NoError(t, p.Wait(t.Context(), "k"))
		require.Zero(t, p.Delay("k"))
	})
}

// C29: a gradual quota makes room after the same time, however often it is told to be
// used up.
func TestC29_AGradualQuotaIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		empty := header("X-RateLimit-Limit-Requests", "100", "X-RateLimit-Remaining-Requests", "0", "X-RateLimit-Reset-Requests", "60s")
		p.Observe("k", 200, empty, false)
		require.Equal(t, 600*time.Millisecond, p.Delay("k"))
		require.Equal(t, 600*time.Millisecond, p.Delay("k"), "to ask changes nothing")
		time.Sleep(300 * time.Millisecond)
		p.Observe("k", 200, empty, false)
		require.Equal(t, 300*time.Millisecond, p.Delay("k"))
	})
}
