package ratelimit

import (
	"log/slog"
	"time"
)

// Option changes a limiter at construction. An option that does not concern a
// kind of limiter changes nothing.
type Option func(*config)

type config struct {
	burst    int
	maxKeys  int
	location *time.Location
	pause    time.Duration
	stagger  time.Duration
	maxPause time.Duration
	state    *State
	logger   *slog.Logger
}

func apply(opts []Option) config {
	c := config{
		burst:    1,
		maxKeys:  DefaultMaxKeys,
		location: time.UTC,
		pause:    time.Second,
		stagger:  50 * time.Millisecond,
		maxPause: 24 * time.Hour,
	}
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// WithBurst lets n calls of one key go at once after a quiet time; for [PerSecond]
// and [PerMinute]. Without it calls are spaced evenly. With it a service that
// counts per period can see the rate plus n in one period. Less than 1 counts as 1.
func WithBurst(n int) Option {
	return func(c *config) { c.burst = max(n, 1) }
}

// DefaultMaxKeys is how many keys a limiter keeps apart without [WithMaxKeys]. A key
// costs about 250 bytes and its own length.
const DefaultMaxKeys = 100_000

// WithMaxKeys bounds how many keys a limiter keeps apart. Keys that have been idle
// for so long that their limiter is as good as new are dropped first. Where that
// does not make room, further keys share one limiter among them until it does, so
// that a flood of keys slows them down and never lets more through. Less than 1
// counts as 1.
func WithMaxKeys(n int) Option {
	return func(c *config) { c.maxKeys = max(n, 1) }
}

// WithLocation sets the time zone in which the periods of [Quota] begin. The default,
// also for nil, is UTC.
func WithLocation(loc *time.Location) Option {
	return func(c *config) {
		if loc != nil {
			c.location = loc
		}
	}
}

// WithPause sets how long a [Pacer] holds a key after a throttle that came without
// a time: d after the first, doubled with each one in a row up to a minute or d,
// whichever is longer. Without it 1 s. GitHub asks for a minute. Zero or less does
// not pause.
func WithPause(d time.Duration) Option {
	return func(c *config) { c.pause = max(d, 0) }
}

// WithStagger sets the gap that a [Pacer] leaves between calls when a key resumes
// after a pause. Without it 50 ms; where the service told its rate, the gap is at
// least what that rate allows. Zero or less leaves none.
func WithStagger(d time.Duration) Option {
	return func(c *config) { c.stagger = max(d, 0) }
}

// WithMaxPause bounds how long a [Pacer] believes a service that asks for quiet, so
// that one absurd header does not shut a key off for good: a single call then finds
// out whether it is over. Without it 24 h. It
// does not shorten what [RetryAfter] returns.
func WithMaxPause(d time.Duration) Option {
	return func(c *config) { c.maxPause = max(d, 0) }
}

// WithState lets what a [Pacer] or a [Quota] knows outlive the process. Nil is none.
func WithState(s *State) Option {
	return func(c *config) { c.state = s }
}

// WithLogger is where a [State] says that it cannot keep something. Without it, and for
// nil, that is [slog.Default].
func WithLogger(l *slog.Logger) Option {
	return func(c *config) { c.logger = l }
}
