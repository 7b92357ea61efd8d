package webhook

import (
	"net/http"
	"net/url"
	"time"
)

// Request is one delivery as it was received. Verifiers neither modify it nor
// keep any part of it beyond the call. It may be verified by several goroutines
// at once as long as nobody writes to it.
type Request struct {
	// Method is the HTTP method; empty means POST.
	Method string
	// URL is the request's URL as received. Only schemes that sign it (Twilio) or
	// answer challenges in it (X, Braintree) look at it; it may be nil for
	// others.
	URL *url.URL
	// Header holds the request's headers under canonical keys, as net/http makes
	// them. Headers that come from elsewhere must be put in with Add: two headers
	// of one name must stay two, since a repeated signature is refused.
	Header http.Header
	// Body is the raw body: neither inflated, nor decoded, nor trimmed.
	Body []byte
	// ReceivedAt is when the delivery arrived. Where it is not zero it replaces
	// the verifier's clock, for deliveries that waited in a queue. It must come
	// from whoever received the request, never from the request itself.
	ReceivedAt time.Time
}

// FromHTTP returns the Request of r with the body that was read from it. It does
// not read r.Body. The header map is shared with r, not copied.
func FromHTTP(r *http.Request, body []byte) *Request {
	return &Request{Method: r.Method, URL: r.URL, Header: r.Header, Body: body}
}

func (r *Request) method() string {
	if r.Method == "" {
		return http.MethodPost
	}
	return r.Method
}
