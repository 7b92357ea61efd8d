package webhook

import (
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// Sentry verifies the hex HMAC-SHA256 of the body under the integration's client
// secret, in the header Sentry-Hook-Signature of webhooks or Sentry-App-Signature
// of requests by UI components ("Integration Platform: Webhooks", Sentry docs).
// Options: [Clock], [MaxBody].
//
// Neither Sentry-Hook-Timestamp nor Sentry-Hook-Resource nor Request-ID is
// signed; the receipt marks them untrusted, and the time is not held to any
// tolerance, which would only seem to protect. Sentry waits one second for the
// answer: put the event into a queue.
func Sentry(clientSecrets secret.Source, opts ...Option) (*Scheme, error) {
	return newHMAC(hmacSpec{
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
			ack:       time.Second,
			untrusted: []string{"Sentry-Hook-Resource", "Sentry-Hook-Timestamp", "Request-Id"},
		},
		wrong: wrongKinds{"sntrys_": "an organization token", "sntryu_": "a user token", "https://": "a DSN"},
	}, clientSecrets, opts)
}
