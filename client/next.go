package client

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/retry"
)

// What happens after an attempt is a pure function of the rules and the facts: there
// is no I/O here, no lock, no clock and no randomness, and a table can exhaust it.
// The package comment says the same in words.

// rules hold for all attempts of a hop.
type rules struct {
	maxWait     time.Duration // the longest wait that the service may ask for
	attempts    int32         // of the policy, the first one included
	repeatable  bool          // what may have been applied may be repeated (C5, C6)
	replayable  bool          // the body can be sent again (C8)
	hintPermits bool          // a hint widens what is repeatable
}

// outcome is how an attempt ended.
type outcome uint8

const (
	answered  outcome = iota // with a response
	neverSent                // nothing reached the service in full
	broken                   // sent, or maybe, and lost to a fault that may pass
	fatal                    // lost to what no repetition cures
	ended                    // with the caller's context, or the call's deadline
)

// facts are what is known of an attempt that is over, and of what the next one would
// have to wait for.
type facts struct {
	number    int // as the policy counts: 1 is the first
	outcome   outcome
	status    int  // 0 without a response
	throttled bool // the service says that there were too many requests
	running   bool // another request with the same idempotency key is still running
	misused   bool // the idempotency key itself is what is wrong
	failed    bool // the profile finds an error in what has the status of a success
	renewed   bool // a 401, for which the credential has just been renewed
	hint      Hint

	advice

	// The rest costs something to find out. It is asked for what is to be tried again
	// as far as the above goes.
	forbidden bool          // by the policy's Retryable
	delay     time.Duration // the backoff, or what was asked and a little more
	limits    time.Duration // until the limiter and the pacer would let a request through
	open      time.Duration // until the circuit breaker would
	left      time.Duration // until the deadline, if it is
	bounded   bool          // by one
}

// advice is how long the service asks to wait.
type advice struct {
	asked time.Duration
	told  bool // that it asks
}

// decision is what is made of them.
type decision struct {
	again  bool
	reason Reason
	wait   time.Duration
	cost   int // for the retry budget, which may still say no
}

// next decides what happens after an attempt.
func next(r *rules, f *facts) decision {
	if f.renewed && f.outcome == answered && r.replayable {
		return decision{again: true, reason: Reauthorized}
	}
	reason := eligible(r, f)
	switch {
	case reason != Retried:
	case f.number >= int(r.attempts):
		reason = LastAttempt
	case !r.replayable:
		reason = BodyNotReplayed
	case f.forbidden:
		reason = PolicyForbids
	case f.told && f.asked > r.maxWait:
		reason = WaitTooLong
	case f.bounded && f.delay >= f.left:
		reason = WaitPastDeadline
	case f.bounded && f.limits >= f.left:
		reason = LimitPastDeadline
	case f.open > f.delay: // it is asked before the limits are waited for
		reason = CircuitOpen
	case f.throttled || f.running:
		return decision{true, Retried, f.delay, retry.ThrottleCost}
	default:
		return decision{true, Retried, f.delay, retry.RetryCost}
	}
	return decision{reason: reason}
}

// eligible is the rule on what may be repeated at all (C5), before the policy, the
// body, the waits and the budget are looked at.
func eligible(r *rules, f *facts) Reason {
	switch f.outcome {
	case ended:
		return ContextEnded
	case fatal:
		return NotRetryable
	case neverSent:
		return Retried
	case broken:
		return ifRepeatable(r)
	}
	switch {
	case f.status < 300 && !f.throttled && !f.failed:
		return Succeeded
	case f.hint == DontRetry, f.hint == NotThrottled:
		return HintForbids
	case f.running && r.repeatable:
		return Retried
	case f.hint == Retry && f.misused:
		return NotRetryable
	case f.hint == Retry && r.hintPermits:
		return Retried
	case f.hint != Retry && !f.throttled && !retryableStatus(f.status):
		return NotRetryable
	case f.status == http.StatusTooEarly || f.throttled && f.status < 500:
		return Retried
	}
	return ifRepeatable(r)
}

func ifRepeatable(r *rules) Reason {
	if r.repeatable {
		return Retried
	}
	return NotIdempotent
}

// retryableStatus names the statuses that trying again may cure.
func retryableStatus(status int) bool {
	switch status {
	case 408, 425, 429, 500, 502, 503, 504:
		return true
	}
	return false
}
