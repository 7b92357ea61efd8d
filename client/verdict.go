package client

import (
	"errors"
	"math"
	"net/http"
	"time"
)

// verdict is what is made of an attempt: what is known of it, and what was decided.
type verdict struct {
	facts
	decision
	err     error // nil where there is a response
	unsent  bool  // nothing of it was handed to the transport
	gone    bool  // the caller's context is over
	never   bool  // it is certain that nothing reached the service in full
	attempt Attempt
}

// worked reports whether the attempt has brought what was asked for.
func (v *verdict) worked() bool {
	return v.err == nil && v.status < http.StatusBadRequest && !v.throttled && !v.failed
}

// concluded is the attempt as the outcome of a call that has begun then.
func (v *verdict) concluded(began time.Time) concluded {
	failed := v.failed || v.throttled && v.status != 0 && v.status < 300
	c := concluded{number: int32(v.attempt.Number), throttled: v.throttled, failed: failed}
	switch {
	case v.reason == LimitPastDeadline && v.limits < math.MaxInt64:
		c.again = time.Since(began) + v.limits
	case v.reason == CircuitOpen:
		c.again = time.Since(began) + v.open
	}
	return c
}

// turnedAway reports whether the stack itself has stopped the attempt, or the caller
// while it waited to be let through. A limiter that panics has decided nothing (C37).
func (v *verdict) turnedAway() bool {
	var panicked *PanicError
	return v.unsent && !errors.As(v.err, &panicked) && (v.outcome == ended || errors.Is(v.err, ErrRateLimited) || errors.Is(v.err, ErrCircuitOpen))
}

// effect is what a write may have done, by what this attempt has shown.
func (v *verdict) effect(method string) Effect {
	switch {
	case safeMethod(method):
		return NoEffect
	case v.status == 0 && v.never:
		return NeverSent
	case v.running:
		return MaybeApplied // by the one that is
	case v.throttled && v.status >= 200 && v.status < 300:
		return Rejected
	case v.status == http.StatusRequestTimeout || v.status >= 500 && v.status != http.StatusNotImplemented:
		return MaybeApplied
	case v.status > http.StatusSeeOther, redirectStatus(v.status) && keepsRequest(v.status, method):
		return Rejected
	}
	// No response, a success that could not be read, or one whose result is elsewhere.
	return MaybeApplied
}

// health is the attempt as the breaker sees it.
func (v *verdict) health() health {
	switch {
	case v.status >= 500 && v.status != http.StatusNotImplemented:
		return failing
	case v.status != 0:
		return healthy
	case v.gone, v.unsent, errors.Is(v.err, ErrTooLarge):
		return unknown
	}
	return failing
}
