package webhook

import (
	"context"
	"errors"
)

// Guard remembers which events were handled, so that an event that is delivered
// again is acknowledged without being run again. Every provider delivers at
// least once, and now and then more.
//
// Use [NewMemoryGuard] in a single process; when there are several, use package inbox,
// or implement Guard on what they share. A handler claims each event before it
// runs it, and then either commits the claim, when the event was handled, or
// releases it, so that a failed handler does not suppress the redelivery. This
// keeps repetitions away; it does not make a handler's effects exactly-once,
// since a process can die between the effect and the commit.
//
// Implementations are safe for concurrent use: of several concurrent claims of
// one key that has an identifier exactly one is [Claimed]. A claim
// that is neither committed nor released, because its process died, must lapse by
// itself.
type Guard interface {
	// Claim asks to run the event. An error means that the guard cannot tell;
	// the event is then not run and the response is 503.
	Claim(ctx context.Context, key GuardKey) (Claim, error)
	// Commit records that a claimed event was handled. It must also be recorded
	// where the claim has lapsed meanwhile.
	Commit(ctx context.Context, c Claim) error
	// Release gives a claim up. A claim that has lapsed and was taken by
	// another is left alone.
	Release(ctx context.Context, c Claim) error
}

// GuardKey says which event it is. Two events are the same if Endpoint, ID and
// Index are equal and, unless IDSigned, Body as well: whoever holds one
// captured delivery can send it under any unsigned identifier, so by itself
// such an identifier must not make an event disappear. A signed identifier
// counts without the body, since providers render the same event anew for a
// retry (Stripe's pending_webhooks). Events without an ID are never the same,
// since two alerts may well be equal to the letter: each is [Claimed], and one
// whose Body and Index were seen before is a Suspect.
type GuardKey struct {
	// Endpoint names the mount; see [WithEndpoint].
	Endpoint string
	// ID is the event's identifier, empty if it has none; IDSigned tells
	// whether the signature covers it.
	ID       string
	IDSigned bool
	// Body is the SHA-256 of what was signed, which for a GET of Twilio is the
	// URL, or of the event's payload where the event of a batch has an identifier
	// of its own. Empty is set if there was nothing. Both are left zero where
	// IDSigned.
	Body  [32]byte
	Empty bool
	// Index is the position in the delivery of an event that has no identifier
	// of its own; otherwise 0.
	Index int
}

// Claim is what a guard says of an event.
type Claim struct {
	Key   GuardKey
	State ClaimState
	// Suspect is set where the identifier is not signed and the same content was
	// seen at the endpoint under another identifier, or the identifier with other
	// content, and where an event without an identifier was seen before. It is for
	// the event's Suspect field and no reason to refuse the claim.
	Suspect bool
	// Token tells this claim from a later one of the same key. It is the
	// guard's own.
	Token string
}

// ClaimState is what became of a claim.
type ClaimState int

const (
	// Claimed: the caller runs the event and then commits or releases.
	Claimed ClaimState = iota + 1
	// InFlight: another delivery of the same event is running at the moment.
	// The handler responds 503 with Retry-After, so that the provider sends
	// again: by then the other has been committed, and is acknowledged, or has
	// failed, and is run. Waiting instead would tie up a connection for what
	// the provider repeats anyway.
	InFlight
	// Handled: the event was handled before. The handler acknowledges it.
	Handled
)

// WithDeduplication skips events that g has recorded as handled. Without it every
// delivery is run, and in a batch that failed in part the whole batch is run
// again. Events that have no identifier, in the payload or a header, are run each
// time, and marked [Event].Suspect when g has seen their like. Events that are only
// acknowledged, because no function is there for them, and [Respond] do not use it.
// Together with [WithQueue] it is applied when an event is taken up from the queue,
// not when it is put there.
//
// It is not the default because it also suppresses the second run when somebody
// presses "resend" at the provider for an event that was handled.
func WithDeduplication(g Guard) HandlerOption {
	return func(c *handlerConfig) error {
		if g == nil {
			return errors.New("WithDeduplication: the guard is nil")
		}
		c.guard = g
		return nil
	}
}
