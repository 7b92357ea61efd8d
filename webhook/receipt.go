package webhook

import "time"

// Receipt is what a verifier established about a delivery. It is meaningful only
// when the error beside it is nil.
type Receipt struct {
	// Provider is the provider's name in lower case, such as "stripe".
	Provider string
	// Scheme is the provider's own name for what verified, such as "v1",
	// "sha256", "v1a" or "sns-v2".
	Scheme string
	// KeyID says which configured key matched: a certificate's or JWK's own
	// identifier, or the position in the source ("key 1" is the newest). It is
	// never derived from the key's text.
	KeyID string
	// EventID identifies the delivery for deduplication, where the scheme has a
	// header for it or reads the body anyway; otherwise it is empty and Split
	// finds it in the payload. It is safe to act on only if EventIDSigned.
	EventID       string
	EventIDSigned bool
	// EventType is the kind of event, under the same terms.
	EventType       string
	EventTypeSigned bool
	// SignedAt is the time that the signature covers, in UTC; zero where the
	// scheme signs none.
	SignedAt time.Time
	// Untrusted names the delivered headers that carry meaning in this scheme but
	// are not covered by its signature, in canonical form. Callers must not
	// modify it.
	Untrusted []string
}

// Raw is one event of a verified delivery.
type Raw struct {
	// ID is the provider's identifier of the event; empty if it has none.
	// IDSigned tells whether the signature covers it.
	ID       string
	IDSigned bool
	// Type is the provider's name for the kind of event, such as "invoice.paid"
	// or "push"; empty if it has none.
	Type       string
	TypeSigned bool
	// Object is the kind of envelope where a provider has several, such as
	// Stripe's "event" and "v2.core.event"; otherwise empty.
	Object string
	// Time is when the event happened according to the payload, in UTC; zero if
	// the payload does not say.
	Time time.Time
	// APIVersion is the version the payload is rendered in; empty if the payload
	// does not say.
	APIVersion string
	// Payload holds the event's own bytes: a part of the body where that is
	// possible, so callers that keep it beyond the body's life copy it.
	Payload []byte
}
