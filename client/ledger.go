package client

import (
	"context"
	"sync"
	"time"
)

// Attempt is one line of a call's ledger: what was sent, what came of it, and
// why it was or was not tried again.
type Attempt struct {
	Number    int           // 1 for the first
	Start     time.Time     // when the attempt began, after any wait for it
	Duration  time.Duration // until the response's headers, the decoded body or the failure
	Status    int           // 0 where there was no response
	Err       error         // nil where there was a response, but for a 401 whose renewal failed
	RequestID string        // the service's own, "" where it gave none
	LimitWait time.Duration // before it, for the limiter and the pacer; in whole milliseconds
	TokenWait time.Duration // before it, for the credential; in whole milliseconds
	Wait      time.Duration // until the next attempt, beside its own waits; 0 for the last
	Reason    Reason        // what was decided after it
}

// Reason says why an attempt was or was not tried again.
type Reason string

// The reasons, in the order in which they are looked at.
const (
	Succeeded         Reason = "succeeded"
	Retried           Reason = "retried"
	Reauthorized      Reason = "retried with a refreshed credential"
	NotRetryable      Reason = "not retried: the outcome is final"
	NotIdempotent     Reason = "not retried: the method is not idempotent and the request has no idempotency key that the service honours"
	HintForbids       Reason = "not retried: the service's hint forbids it"
	PolicyForbids     Reason = "not retried: the policy forbids it"
	LastAttempt       Reason = "not retried: it was the last attempt"
	BodyNotReplayed   Reason = "not retried: the request body cannot be sent again"
	WaitTooLong       Reason = "not retried: the service asks to wait longer than the policy allows"
	WaitPastDeadline  Reason = "not retried: the wait would pass the deadline"
	LimitPastDeadline Reason = "not retried: the rate limit's wait would pass the deadline"
	CircuitOpen       Reason = "not retried: the circuit breaker is open"
	BudgetEmpty       Reason = "not retried: the retry budget is empty"
	ContextEnded      Reason = "not retried: the context ended"
)

// Ledger collects the attempts of the calls made under a context, see
// [WithLedger]. The zero Ledger is empty and ready; it is safe for concurrent
// use and must not be copied.
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
