package retry

import (
	"math"
	"math/rand/v2"
	"time"
)

// Backoff returns the wait after attempt number attempt failed; the first
// attempt is 1, and a smaller number counts as 1. A Backoff keeps no state, is
// safe for concurrent use, never returns a negative wait and never overflows.
// The wait of a Backoff from elsewhere counts as zero where it is negative.
type Backoff func(attempt int) time.Duration

// Exponential waits base, 2·base, 4·base and so on, up to limit. A limit of zero
// or less is none: the wait then grows up to the longest [time.Duration] and
// stays there. A base of zero or less never waits.
//
// Without jitter, callers that failed together come back together; prefer
// [FullJitter] where there is more than one caller.
func Exponential(base, limit time.Duration) Backoff {
	return func(attempt int) time.Duration { return exponential(base, limit, attempt) }
}

// FullJitter waits a time drawn evenly from zero up to and including what
// [Exponential] would wait: the spread that clears contention fastest (see
// "Exponential Backoff And Jitter" on the AWS Architecture Blog). There is no
// floor: a wait can be zero.
func FullJitter(base, limit time.Duration) Backoff {
	return func(attempt int) time.Duration { return upTo(exponential(base, limit, attempt)) }
}

// Constant waits d after every attempt; a d of zero or less never waits.
func Constant(d time.Duration) Backoff {
	d = max(d, 0)
	return func(int) time.Duration { return d }
}

// Above returns a wait for someone who was told to wait d: d and up to a tenth
// of it more, so that callers who were told the same do not return at the same
// instant. It is never shorter than d, and zero for a d of zero or less.
func Above(d time.Duration) time.Duration {
	d = max(d, 0)
	return d + min(upTo(d/10), math.MaxInt64-d)
}

func exponential(base, limit time.Duration, attempt int) time.Duration {
	base = max(base, 0)
	if limit <= 0 {
		limit = math.MaxInt64
	}
	shift := max(attempt, 1) - 1
	if base > limit>>shift { // which a shift beyond the last bit makes 0
		return limit
	}
	return base << shift
}

// upTo draws evenly from [0, d]; d is not negative.
func upTo(d time.Duration) time.Duration {
	return rand.N(min(d, math.MaxInt64-1) + 1)
}
