package client

import (
	"net/http"
	"net/url"
	"time"
)

// Profile is what a service does its own way, as data. The zero Profile is a
// service that follows the RFCs: it supports no idempotency key, sends no hint,
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

	// IdempotencyHeader names the header in which the service takes an
	// idempotency key, "" if it supports none.
	IdempotencyHeader string

	// IdempotencyMethods are the methods on which it does. Nil is POST and PATCH.
	IdempotencyMethods []string

	// TakesIdempotencyKey reports whether it does for a request of these methods, where
	// it supports keys for some operations only. It sees the request without the
	// credential and must not read its body. Nil is all of them.
	TakesIdempotencyKey func(*http.Request) bool

	// Repeatable reports whether a request does the same when it is made twice,
	// although neither its method nor a header says so, as a search by POST does: it is
	// then retried as a PUT is. It sees the request without the credential and must not
	// read its body. Nil is none.
	Repeatable func(*http.Request) bool

	// NewIdempotencyKey makes the key of a call that its caller has given none. Nil
	// makes a random UUID (RFC 9562 §5.4) in lower case. Two calls under one key are one
	// to the service: a key must be as unlikely to come twice as a UUID is. One that is
	// blank or holds a control character is the call's error, before anything is sent.
	// It must be safe for concurrent use.
	NewIdempotencyKey func() string

	// LiveKeys are how keys begin that act on more than a test account: "sk_live_". They
	// are refused where a test has asked for clienttest.NoStrayRequests.
	LiveKeys []string

	// RequestIDHeaders name the headers that carry the service's request ID, the
	// first one present wins. Nil is Request-Id and X-Request-Id.
	RequestIDHeaders []string

	// Hint reads the service's own advice on retrying in a header. Nil is no advice.
	Hint func(status int, h http.Header) Hint

	// HintBody reads it in the body too, of which it sees up to 64 KiB. It is asked
	// where Hint has none. Where it is set, an error's JSON or XML body is looked at, for
	// a second at most, before a response is handed on under Do and HTTPClient.
	HintBody func(status int, h http.Header, body []byte) Hint

	// HintPermits lets a Hint of Retry also repeat what the rule would not: a
	// write without an idempotency key. Set it only where the service documents
	// that its hint means that nothing was done.
	HintPermits bool

	// Unauthorized reports whether a response of 400 or above, or one that Failed calls
	// an error, says that the credential is not valid, or not any more, where the status
	// is another than 401: a [Challenger] is then asked as after a 401. It sees up to
	// 64 KiB of the body.
	Unauthorized func(status int, h http.Header, body []byte) bool

	// Throttled reports whether a response means "too many requests" in the
	// service's own way, beside 429. It sees statuses of 400 and above, and successes as
	// LookInSuccess says. body is at most 64 KiB.
	Throttled func(status int, h http.Header, body []byte) bool

	// Failed reports whether what has the status of a success (2xx) is an error, as with
	// GraphQL, or Slack's "ok": false. Call then returns an *Error, with what DecodeError
	// reads in the body. body is at most 64 KiB.
	Failed func(status int, h http.Header, body []byte) bool

	// LookInSuccess lets Throttled and Failed see successes under Do and HTTPClient too:
	// up to 64 KiB of a JSON or XML body are then read, for a second at most, before the
	// response is handed on. In Call they always see them.
	LookInSuccess bool

	// InProgress reports whether a response means that a request with the same
	// idempotency key is still running: it is then waited for and asked again under
	// that key. It sees responses of status 400 and above, and what Failed calls an
	// error, to requests with such a key and to those that are [Request.Repeatable],
	// whose body may hold one, and up to 64 KiB of the response's body. It must be false
	// for a key that was used with other content. Nil reads what
	// draft-ietf-httpapi-idempotency-key-header proposes.
	InProgress func(status int, h http.Header, body []byte) bool

	// ThrottleWait is waited, at least, after a throttle that does not say for
	// how long; 0 leaves it to the policy.
	ThrottleWait time.Duration

	// LimitKey names the limit of the service that a request counts against, where it
	// keeps several for one caller: GitHub's resource ("search" for /search/issues), X's
	// endpoint, Slack's method. A limit that is used up, and a throttle, then hold up
	// what counts against the same one and nothing else; a [WithRateLimit] counts each by
	// itself. "" is a limit like any other. It is asked once per redirect hop, sees the
	// request before the stack adds the credential, and must not read the body, change
	// the request or return a secret. Names should be few: a client tells any number
	// apart, within the bounds of its limiter and pacer, but beyond 256 it no longer
	// forgets who has called. Nil is one limit for all. [WithLimitKey] replaces it.
	LimitKey func(*http.Request) string

	// Route names the route of a request that is made without one, as an SDK's are:
	// "/v1/customers/{id}". Errors, logs and observers show it in place of the path. It
	// sees a request to one of the client's origins, its URL's path without that of the
	// base URL, and must not keep it. "" names none. [Operations.Route] is one. Nil names
	// none.
	Route func(*http.Request) string

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

	// NotThrottled says that a 429 is no throttle, but a quota that is paid for, say: it
	// is not retried, and slows nobody down.
	NotThrottled
)

// ErrorDetail is what an error body says.
type ErrorDetail struct {
	Code, Type, Message, RequestID string

	// Status is the status that stands for what the body says, where the response has
	// another: 404 for a "not found" inside a 200. The sentinels of this package go by
	// it. 0 is the response's own.
	Status int

	// Err is a sentinel of the adapter's that the error is to match beside them, for a
	// failure that callers treat in a way of its own. It becomes [Error.Err], unless that
	// says why a credential could not be renewed, and its text the end of the error's. It
	// must hold nothing of what the service said. Nil is none.
	Err error
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
