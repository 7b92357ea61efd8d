package webhook

import (
	"context"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// Sentry verifies the hex HMAC-SHA256 of the body under the integration's client
// secret, in the header Sentry-Hook-Signature of webhooks or Sentry-App-Signature
// of requests by UI components ("Integration Platform: Webhooks", Sentry docs).
// Options: [WithClock], [WithMaxBody].
//
// Neither Sentry-Hook-Timestamp nor Sentry-Hook-Resource nor Request-ID is
// signed; the receipt marks them untrusted, and the time is not held to any
// tolerance, which would only seem to protect. Sentry waits one second for the
// response: put the event into a queue.
//
// A select component asks for its options by GET. What is signed then is the empty
// body, the same each time, and nothing of the query: the signature proves that
// somebody has once seen such a request, and no more. [Scheme.Challenge] answers it
// with an empty list, and it is never an event. Whoever serves options asks
// [VerifyHTTP] and responds with nothing that a stranger may not know. A POST without
// a body, which that one signature would cover, is refused.
func Sentry(clientSecrets secret.Source, opts ...Option) (*Scheme, error) {
	s, err := newHMAC(hmacSpec{
		HMACConfig: HMACConfig{
			Provider: "sentry", Scheme: "hmac-sha256",
			Layout: Layout{
				SignatureHeader: "Sentry-Hook-Signature",
				IDHeader:        "Request-Id",
				TypeHeader:      "Sentry-Hook-Resource",
			},
		},
		families: []headerFamily{{signature: "Sentry-App-Signature", id: "Request-Id"}},
		traits: traits{
			ack: time.Second, split: splitSentry,
			methods: []string{http.MethodGet}, deliver: []string{http.MethodGet},
			untrusted: []string{"Sentry-Hook-Resource", "Sentry-Hook-Timestamp", "Request-Id"},
		},
		wrong: wrongKinds{"sntrys_": "an organization token", "sntryu_": "a user token", "https://": "a DSN"},
		admit: admitSentry,
	}, clientSecrets, opts)
	if err != nil {
		return nil, err
	}
	s.challenge = func(ctx context.Context, r *Request, now time.Time) (*Answer, bool, error) {
		if r.method() != http.MethodGet {
			return nil, false, nil
		}
		if _, err := s.verify(ctx, r, now); err != nil {
			return nil, true, err
		}
		return jsonAnswer([]byte("[]")), true, nil
	}
	return s, nil
}

// admitSentry keeps the one signature over nothing to the requests that carry
// nothing.
func admitSentry(r *Request) error {
	switch get, empty := r.method() == http.MethodGet, len(r.Body) == 0; {
	case get && !empty:
		return &Error{Reason: ErrMethod, Detail: "a delivery with a body does not come as GET"}
	case !get && empty:
		return &Error{Reason: ErrMalformed, Detail: "the body is empty"}
	}
	return nil
}

func splitSentry(r *Request, rec Receipt) ([]Raw, error) {
	if r.method() == http.MethodGet {
		return nil, nil
	}
	return []Raw{whole(r, rec)}, nil
}
