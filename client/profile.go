package client

import (
	"net/http"
	"net/url"
	"time"
)

// Profile is what a service does its own way, as data. The zero Profile is a
// service that follows the RFCs: it honours no idempotency key, sends no hint,
// and throttles with 429. A Profile is read only; packages under providers
// export one each.
type Profile struct {
	// Name is how errors and logs call the service.
	Name string

	// BaseURL is used where New is given none.
	BaseURL string

	// Origins are further origins ("https://files.example.com") to which the
	// credential may go, beside the base URL's. They do not apply once the base
	// URL is overridden.
	Origins []string

	// OriginMatch, if set, admits further origins. It sees every URL that is not
	// in Origins; it must check scheme and port too. As Origins, it does not
	// apply once the base URL is overridden.
	OriginMatch func(*url.URL) bool

	// Header is sent with every request that does not set the same name, such
	// as the API version.
	Header http.Header

	// Query is sent with every request that is made by its Path and does not have the
	// same names in its own Query, such as the API version. See [WithQuery].
	Query url.Values

	// IdempotencyHeader names the header in which the service honours an
	// idempotency key, "" if it honours none.
	IdempotencyHeader string

	// IdempotencyMethods are the methods on which it does. Nil is POST and PATCH.
	IdempotencyMethods []string

	// NewIdempotencyKey makes the key of a call that its caller has given none. Nil
	// makes a random UUID (RFC 9562 §5.4) in lower case. Two calls under one key are one
	// to the service: a key must be as unlikely to come twice as a UUID is. One that is
	// blank or holds a control character is the call's error, before anything is sent.
	// It must be safe for concurrent use.
	NewIdempotencyKey func() string

	// RequestIDHeaders name the headers that carry the service's request ID, the
	// first one present wins. Nil is Request-Id and X-Request-Id.
	RequestIDHeaders []string

	// Hint reads the service's own advice on retrying. Nil is no advice.
	Hint func(status int, h http.Header) Hint

	// HintPermits lets a Hint of Retry also repeat what the rule would not: a
	// write without an idempotency key. Set it only where the service documents
	// that its hint means that nothing was done.
	HintPermits bool

	// Throttled reports whether an answer means "too many requests" in the
	// service's own way, beside 429. body is at most 64 KiB.
	Throttled func(status int, h http.Header, body []byte) bool

	// InProgress reports whether an answer means that a request with the same
	// idempotency key is still running: it is then waited for and asked again under
	// that key. It sees answers of status 400 and above to requests with such a key,
	// and up to 64 KiB of their body. It must be false for a key that was used with
	// other content. Nil reads what draft-ietf-httpapi-idempotency-key-header proposes.
	InProgress func(status int, h http.Header, body []byte) bool

	// ThrottleWait is waited, at least, after a throttle that does not say for
	// how long; 0 leaves it to the policy.
	ThrottleWait time.Duration

	// DecodeError reads the service's error body. Nil reads the common shapes,
	// RFC 9457 among them.
	DecodeError func(status int, h http.Header, body []byte) ErrorDetail
}

// Hint is a service's advice on retrying a request.
type Hint int

const (
	NoHint    Hint = iota // the service says nothing
	Retry                 // trying again may help
	DontRetry             // trying again will not help
)

// ErrorDetail is what an error body says.
type ErrorDetail struct {
	Code, Type, Message, RequestID string
}

// HintHeader returns a Profile.Hint that reads "true" and "false" in a header,
// such as Stripe-Should-Retry.
func HintHeader(name string) func(int, http.Header) Hint {
	name = http.CanonicalHeaderKey(name)
	return func(_ int, h http.Header) Hint {
		switch h.Get(name) {
		case "true":
			return Retry
		case "false":
			return DontRetry
		}
		return NoHint
	}
}
