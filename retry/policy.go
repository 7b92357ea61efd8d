package retry

import (
	"context"
	"errors"
	"time"
)

const (
	defaultAttempts  = 3
	defaultBase      = 200 * time.Millisecond
	defaultThrottled = time.Second
	defaultLimit     = 20 * time.Second
	defaultMaxWait   = 60 * time.Second
)

// Policy says whether, when and how often to try again. The zero Policy is the
// default one, see [Default]. A Policy is a value: copy and change it freely. Its
// functions must be safe for concurrent use.
type Policy struct {
	// MaxAttempts counts the first attempt too. 0 means 3. 1, or a negative number,
	// disables retries.
	MaxAttempts int

	// Backoff is the wait after a failure. Nil is FullJitter(200 ms, 20 s).
	Backoff Backoff

	// Throttled is the wait after the other side said to slow down without
	// saying for how long; package client uses it after a 429 and the like, and
	// [Do] does not. Nil is FullJitter(1 s, 20 s).
	Throttled Backoff

	// MaxWait bounds the wait that the other side may ask for ([After], or a
	// Retry-After header in package client). What is above it stops, and is
	// never cut down to fit. 0 is 60 s; a negative one permits no such wait.
	MaxWait time.Duration

	// Retryable reports whether an error is worth another attempt. Nil is every error:
	// a context.DeadlineExceeded is an attempt's own, or a timeout of package net or
	// net/http, while the caller's context goes on. An error marked [Permanent] and
	// context.Canceled are never retried, whatever it says. Package client has its own
	// rule about what is safe to repeat, which this one can narrow and not widen.
	Retryable func(error) bool

	// Budget bounds the retries of all operations that share it. Nil: [Do] uses
	// none; package client keeps one for each origin, which all copies of a client
	// share.
	Budget *Budget

	// NoBudget turns budgets off, also those that package client keeps.
	NoBudget bool

	// Notify, if set, is called before each wait.
	Notify func(context.Context, Attempt)
}

// Attempt describes a failed attempt that will be repeated.
type Attempt struct {
	Number int           // 1 for the first
	Err    error         // why it failed, without the marks of [After]
	Wait   time.Duration // until the next attempt
}

// Never is the policy of a single attempt. Treat it as a constant.
var Never = Policy{MaxAttempts: 1}

// Default returns the policy that the zero Policy stands for, spelled out: three
// attempts, full jitter over min(20 s, 200 ms · 2ⁿ⁻¹), over min(20 s, 1 s · 2ⁿ⁻¹)
// after a throttle, and waits of up to 60 s where the other side asks for one.
func Default() Policy {
	return Policy{
		MaxAttempts: defaultAttempts,
		Backoff:     FullJitter(defaultBase, defaultLimit),
		Throttled:   FullJitter(defaultThrottled, defaultLimit),
		MaxWait:     defaultMaxWait,
	}
}

// Attempts returns how many attempts p permits in all: at least 1.
func (p Policy) Attempts() int {
	if p.MaxAttempts == 0 {
		return defaultAttempts
	}
	return max(p.MaxAttempts, 1)
}

// Delay returns the wait after attempt number attempt, counted from 1, failed:
// by p.Throttled if throttled, else by p.Backoff. It is never negative.
func (p Policy) Delay(attempt int, throttled bool) time.Duration {
	attempt = max(attempt, 1)
	backoff, base := p.Backoff, defaultBase
	if throttled {
		backoff, base = p.Throttled, defaultThrottled
	}
	if backoff == nil {
		return upTo(exponential(base, defaultLimit, attempt))
	}
	return max(backoff(attempt), 0)
}

// WaitLimit returns the longest wait that the other side may ask for.
func (p Policy) WaitLimit() time.Duration {
	if p.MaxWait == 0 {
		return defaultMaxWait
	}
	return max(p.MaxWait, 0)
}

func (p Policy) budget() *Budget {
	if p.NoBudget {
		return nil
	}
	return p.Budget
}

func (p Policy) retryable(err error) bool {
	if isPermanent(err) || errors.Is(err, context.Canceled) {
		return false
	}
	return p.Retryable == nil || p.Retryable(bare(err))
}
