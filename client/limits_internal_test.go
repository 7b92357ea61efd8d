package client

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

type muteLimiter struct{}

func (muteLimiter) Wait(context.Context, string) error { return nil }

type panickyLimiter struct{ muteLimiter }

func (panickyLimiter) Delay(string) time.Duration { panic("mine") }

type negativeLimiter struct{ muteLimiter }

func (negativeLimiter) Delay(string) time.Duration { return -time.Hour }

// C13, C16: what the limits would ask of the next attempt is known before it.
func TestLimitsDelayIsTheLongestOfLimiterPacerAndRoute(t *testing.T) {
	taken := func(l *ratelimit.Keyed) *ratelimit.Keyed {
		l.Allow("k")
		return l
	}
	route := ratelimit.Route{Method: "GET", Path: "/x"}
	pacer := func(status int, seconds string) *ratelimit.Pacer {
		p := ratelimit.NewPacer(ratelimit.WithStagger(0))
		p.ObserveRoute("k", route, status, http.Header{"Retry-After": {seconds}}, status == 429)
		return p
	}
	const s = time.Second
	for name, tt := range map[string]struct {
		opts     func() []Option
		min, max time.Duration
	}{
		"nothing":              {func() []Option { return nil }, 0, 0},
		"no pacing":            {func() []Option { return []Option{WithPacing(nil)} }, 0, 0},
		"a limiter":            {func() []Option { return []Option{WithRateLimit(taken(ratelimit.PerSecond(.1)))} }, 9 * s, 11 * s},
		"a limiter of nothing": {func() []Option { return []Option{WithRateLimit(ratelimit.PerSecond(0))} }, math.MaxInt64, math.MaxInt64},
		"a pacer":              {func() []Option { return []Option{WithPacing(pacer(429, "30"))} }, 30 * s, 31 * s},
		"a route":              {func() []Option { return []Option{WithPacing(pacer(503, "30"))} }, 30 * s, 31 * s},
		"limiter and route": {func() []Option {
			return []Option{WithRateLimit(taken(ratelimit.PerMinute(1))), WithPacing(pacer(503, "30"))}
		}, 59 * s, 61 * s},
		"route and limiter": {func() []Option {
			return []Option{WithRateLimit(taken(ratelimit.PerSecond(.1))), WithPacing(pacer(503, "30"))}
		}, 30 * s, 31 * s},
		"another's, mute":      {func() []Option { return []Option{WithRateLimit(muteLimiter{}), WithPacing(nil)} }, 0, 0},
		"another's, panicking": {func() []Option { return []Option{WithRateLimit(panickyLimiter{}), WithPacing(nil)} }, 0, 0},
		"another's, negative":  {func() []Option { return []Option{WithRateLimit(negativeLimiter{}), WithPacing(nil)} }, 0, 0},
		"panicking, and a route": {
			func() []Option { return []Option{WithRateLimit(panickyLimiter{}), WithPacing(pacer(503, "30"))} }, 30 * s, 31 * s,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := New("https://api.example.com", tt.opts()...)
				require.NoError(t, err)
				x := newHop(c, t.Context(), 0)
				defer x.clock.stop()
				a := x.newAttempt()
				a.host, a.key = c.home, "k"
				a.spec = &spec{method: "GET", url: &url.URL{Scheme: "https", Host: "api.example.com", Path: "/x"}}
				for range 2 {
					require.GreaterOrEqual(t, a.limitsDelay(), tt.min)
					require.LessOrEqual(t, a.limitsDelay(), tt.max)
				}
			})
		})
	}
}

// The client's own pacer is not asked until the host has spoken of limits, as it is
// not for an attempt.
func TestLimitsDelayAsksTheOwnPacerOnceTheHostSpokeOfLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New("https://api.example.com")
		require.NoError(t, err)
		x := newHop(c, t.Context(), 0)
		defer x.clock.stop()
		a := x.newAttempt()
		a.host, a.key = c.home, c.homeKey
		a.spec = &spec{method: "GET", url: &url.URL{Scheme: "https", Host: "api.example.com", Path: "/x"}}
		c.cfg.pacer.Observe(c.homeKey, 429, http.Header{"Retry-After": {"30"}}, true)
		require.Zero(t, a.limitsDelay())
		c.home.paced.Store(true)
		require.GreaterOrEqual(t, a.limitsDelay(), 30*time.Second)
	})
}

// What was sent before the host first spoke of limits took nothing, whatever it weighs,
// and gives nothing back.
func TestAnAttemptThatTookNothingGivesNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New("https://api.example.com")
		require.NoError(t, err)
		x := newHop(c, t.Context(), 0)
		defer x.clock.stop()
		x.out.weight, x.host = 100, c.home
		a := x.newAttempt()
		a.host, a.key = c.home, c.homeKey
		a.spec = &spec{method: "GET", url: &url.URL{Scheme: "https", Host: "api.example.com", Path: "/x"}}
		pacer := c.cfg.pacer.(*ratelimit.Pacer)
		require.NoError(t, pacer.WaitN(t.Context(), c.homeKey, 300))
		told := http.Header{"X-Ratelimit-Limit": {"1000"}, "X-Ratelimit-Remaining": {"500"}, "X-Ratelimit-Reset": {"60"}}
		a.observe(&tally{sent: 1}, &verdict{facts: facts{status: 200}}, &http.Response{StatusCode: 200, Header: told})
		require.Zero(t, pacer.DelayN(c.homeKey, 200))
		require.Positive(t, pacer.DelayN(c.homeKey, 202), "the other's 300 are in flight still")
	})
}
