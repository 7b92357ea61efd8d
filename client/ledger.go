package client

import (
	"context"
	"sync"
	"time"
)

// Attempt is one line of a call's ledger: what was sent, what came of it, and why it was
// or was not tried again. What the renewal of a credential has taken is part of the
// TokenWait of the attempt that it led to, else of the 401's own.
type Attempt struct {
	Number    int           // 1 for the first
	Start     time.Time     // when the attempt began, after any wait for it
	Duration  time.Duration // until the response's headers, or until it failed, in its body too
	Status    int           // 0 where there was no response
	Err       error         // nil where there was a response, but for a 401 whose renewal failed
	RequestID string        // the service's own, "" where it gave none
	LimitWait time.Duration // before it, for the limiter and the pacer; in whole milliseconds
	TokenWait time.Duration // before it, for the credential; in whole milliseconds
	Wait      time.Duration // until the next attempt, beside its own waits; 0 for the last
	Reason    Reason        // what was decided after it
}

// Reason says why an attempt was or was not tried again: a short code, fit for a log's
// field or a metric's label. [Reason.Text] says it in words.
type Reason string

// The reasons, in the order in which they are looked at. Only after Retried and
// Reauthorized was the request sent again.
const (
	Succeeded         Reason = "succeeded"
	Retried           Reason = "retried"
	Reauthorized      Reason = "reauthorized" // with a credential renewed after a 401
	NotRetryable      Reason = "not_retryable"
	NotIdempotent     Reason = "not_idempotent"
	HintForbids       Reason = "hint_forbids"
	PolicyForbids     Reason = "policy_forbids"
	LastAttempt       Reason = "last_attempt"
	BodyNotReplayed   Reason = "body_not_replayed"
	WaitTooLong       Reason = "wait_too_long"
	WaitPastDeadline  Reason = "wait_past_deadline"
	LimitPastDeadline Reason = "limit_past_deadline"
	CircuitOpen       Reason = "circuit_open"
	BudgetEmpty       Reason = "budget_empty"
	ContextEnded      Reason = "context_ended"
)

// Text returns the reason in words, or the code itself where it is none of this
// package.
func (r Reason) Text() string {
	switch r {
	case Reauthorized:
		return "retried with a renewed credential"
	case NotRetryable:
		return "not retried: the outcome is final"
	case NotIdempotent:
		return "not retried: the method is not idempotent, and there is no idempotency key that the service supports"
	case HintForbids:
		return "not retried: the service's hint forbids it"
	case PolicyForbids:
		return "not retried: the policy forbids it"
	case LastAttempt:
		return "not retried: it was the last attempt"
	case BodyNotReplayed:
		return "not retried: the request body cannot be sent again"
	case WaitTooLong:
		return "not retried: the service asks to wait longer than the policy allows"
	case WaitPastDeadline:
		return "not retried: the wait would pass the deadline"
	case LimitPastDeadline:
		return "not retried: the rate limit's wait would pass the deadline"
	case CircuitOpen:
		return "not retried: the circuit breaker is open"
	case BudgetEmpty:
		return "not retried: the retry budget is empty"
	case ContextEnded:
		return "not retried: the call had ended"
	}
	return string(r)
}

// Ledger collects the attempts of the calls made under a context, see [WithLedger]:
// each with its waits, and why it was tried again or not. The ledger of a single call
// is also in its error and in [Meta]; [WithLogger] writes it down, and [WithObserver]
// hands it on. None holds a credential, a query or a body. The zero Ledger is empty and
// ready; it is safe for concurrent use and must not be copied.
type Ledger struct {
	mu       sync.Mutex
	attempts []Attempt
}

// Attempts returns the attempts that have ended so far, in the order of their end.
func (l *Ledger) Attempts() []Attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Attempt(nil), l.attempts...)
}

// add adds a line. A nil Ledger keeps nothing.
func (l *Ledger) add(a Attempt) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts = append(l.attempts, a)
}

type ledgerKey struct{}

// WithLedger returns a context under which every call, also one that an SDK
// makes through [Client.HTTPClient], adds its attempts to l as they end, whether
// it succeeds or not.
func WithLedger(ctx context.Context, l *Ledger) context.Context {
	return context.WithValue(ctx, ledgerKey{}, l)
}
