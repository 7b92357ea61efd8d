package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// explain names the provider in err, and adds a hint for whoever set the endpoint
// up. Cores know neither, and nothing is known of the endpoint of a caller's own
// scheme.
func (s *Scheme) explain(r *Request, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Reason: ErrUnavailable, Err: err}
	}
	e.Provider = s.provider
	if e.Hint == "" && !s.own {
		e.Hint = s.hint(r, e)
	}
	return e
}

func (s *Scheme) hint(r *Request, e *Error) string {
	switch e.Reason {
	case ErrMissing, ErrMalformed:
		if hint := bodyHint(r); hint != "" {
			return hint
		}
		if hint := s.headerHint(r.Header); hint != "" {
			return hint
		}
		if e.Reason == ErrMissing {
			return s.unsignedHint
		}
	case ErrMismatch:
		if hint := bodyHint(r); hint != "" {
			return hint
		}
		if s.mismatchHint != nil {
			return s.mismatchHint(r.Body)
		}
		return "each endpoint has a secret of its own: check that this is the one of this endpoint, and that no middleware changes the body"
	case ErrStale:
		if e.Skew != 0 {
			return fmt.Sprintf("it was signed %.0f s before the time of this clock: check the clock, or set ReceivedAt if the delivery waited in a queue", e.Skew.Seconds())
		}
	case ErrFuture:
		if e.Skew != 0 {
			return fmt.Sprintf("it was signed %.0f s after the time of this clock: check the clock", -e.Skew.Seconds())
		}
	}
	return ""
}

// bodyHint compares the body with what the sender says its length was.
func bodyHint(r *Request) string {
	length, err := strconv.Atoi(first(r.Header, "Content-Length"))
	switch {
	case err == nil && length > 0 && len(r.Body) == 0:
		return "the body is empty although " + strconv.Itoa(length) + " bytes were sent: a middleware has read it before"
	case err == nil && length != len(r.Body):
		return "the body has " + strconv.Itoa(len(r.Body)) + " bytes although " + strconv.Itoa(length) + " were sent: a middleware has changed it"
	case len(r.Body) == 0 && r.method() == http.MethodPost && len(r.Header["Transfer-Encoding"]) > 0:
		return "the body is empty: a middleware may have read it before"
	}
	return ""
}

// signatureHeaders are the marks by which deliveries of other providers are told.
// A header that several use is left out. A test holds that every scheme is here.
var signatureHeaders = []struct{ name, provider string }{
	{"Stripe-Signature", "stripe"},
	{"Paddle-Signature", "paddle"},
	{"X-Hub-Signature-256", "github"},
	{"X-Github-Event", "github"},
	{"X-Slack-Signature", "slack"},
	{"X-Twilio-Signature", "twilio"},
	{"X-Twilio-Email-Event-Webhook-Signature", "sendgrid"},
	{"X-Shopify-Hmac-Sha256", "shopify"},
	{"Shopify-Hmac-Sha256", "shopify"},
	{"X-Twitter-Webhooks-Signature", "x"},
	{"X-Twitter-Webhooks-Signature-Oauth2", "x"},
	{"Sentry-Hook-Signature", "sentry"},
	{"Sentry-App-Signature", "sentry"},
	{"X-Amz-Sns-Message-Type", "aws-sns"},
	{"Cf-Webhook-Auth", "cloudflare"},
	{"X-Goog-Channel-Id", "google-calendar"},
	{"Svix-Signature", "svix"},
	{"Webhook-Signature", "standard-webhooks"},
}

func (s *Scheme) headerHint(h http.Header) string {
	if first(h, "X-Amz-Sns-Rawdelivery") == "true" {
		return "raw message delivery is switched on for this SNS subscription, which sends messages without a signature: switch it off"
	}
	for _, mark := range signatureHeaders {
		if len(h[mark.name]) > 0 && mark.provider != s.provider && !slices.Contains(s.akin, mark.provider) {
			return "header " + mark.name + " is one of " + mark.provider + ": is this its endpoint?"
		}
	}
	for name := range h {
		if http.CanonicalHeaderKey(name) != name {
			return "the headers are not under canonical keys, such as " + shown(name) + ": put them in with http.Header.Add"
		}
	}
	return ""
}

// stripeHint tells test mode from live mode by what the delivery itself says,
// which is good enough for advice.
func stripeHint(body []byte) string {
	mode := ""
	switch {
	case bytes.Contains(body, []byte(`"livemode": false`)) || bytes.Contains(body, []byte(`"livemode":false`)):
		mode = "this is an event of test mode: the secret may be that of a live endpoint. "
	case bytes.Contains(body, []byte(`"livemode": true`)) || bytes.Contains(body, []byte(`"livemode":true`)):
		mode = "this is an event of live mode: the secret may be that of a test endpoint. "
	}
	return mode + "Each endpoint has a secret of its own, and so has `stripe listen`"
}
