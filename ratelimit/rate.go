package ratelimit

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// PerSecond returns a limiter of n calls per second for each key, evenly spaced
// unless [WithBurst] says otherwise. An n of zero or less, or NaN, lets nothing
// through: Wait fails at once with [ErrNever].
func PerSecond(n float64, opts ...Option) *Keyed {
	s := apply(opts)
	limit := rate.Limit(n)
	if !(n > 0) {
		limit = 0
	}
	most := s.burst
	if limit >= rate.Inf {
		limit, most = rate.Inf, maxWeight // and so is an infinity
	}
	k := new(Keyed)
	k.store.init(s.maxKeys, most, false, func() bucket { return newTokens(limit, s.burst) })
	return k
}

// PerMinute returns a limiter of n calls per minute for each key, evenly spaced
// unless [WithBurst] says otherwise; see [PerSecond].
func PerMinute(n float64, opts ...Option) *Keyed { return PerSecond(n/60, opts...) }

// tokens is a token bucket. It makes no reservations: those of package rate
// cannot be undone in full once others were made after them.
type tokens struct{ *rate.Limiter }

func newTokens(limit rate.Limit, burst int) tokens {
	if limit <= 0 {
		burst = 0
	}
	return tokens{rate.NewLimiter(limit, burst)}
}

func (t tokens) take(now time.Time, n int) bool { return t.AllowN(now, n) }

// give takes minus n tokens; package rate keeps the sum within the burst.
func (t tokens) give(now time.Time, n int) { t.AllowN(now, -n) }

func (t tokens) delay(now time.Time, ahead, n int) time.Duration {
	limit := t.Limit()
	if limit <= 0 {
		return math.MaxInt64
	}
	if limit == rate.Inf {
		return 0
	}
	missing := float64(ahead) + float64(n) - t.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	d := math.Ceil(missing / float64(limit) * float64(time.Second))
	if d >= math.MaxInt64-1 {
		return math.MaxInt64 - 1
	}
	return time.Duration(d) + 1 // never a hair too early
}

func (t tokens) idle(now time.Time) bool {
	return t.TokensAt(now) >= float64(t.Burst())
}

func (t tokens) successor(now time.Time) bucket {
	next := newTokens(t.Limit(), t.Burst())
	spent := math.Ceil(float64(t.Burst()) - t.TokensAt(now))
	next.AllowN(now, int(spent))
	return next
}
