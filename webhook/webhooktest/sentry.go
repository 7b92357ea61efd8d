package webhooktest

import (
	"encoding/hex"
	"net/http"
)

// Sentry signs like Sentry's integration platform: Sentry-Hook-Signature over
// the body. Sentry-Hook-Resource is "issue" unless [Signer.WithEvent] names
// another. Source: "Webhooks", docs.sentry.io.
func Sentry(clientSecret string) *Signer {
	return &Signer{provider: "sentry", sign: func(d *delivery) error {
		if err := notBlank(clientSecret); err != nil {
			return err
		}
		d.set("Sentry-Hook-Signature", sentryMAC(clientSecret, d.body))
		d.set("Sentry-Hook-Resource", d.eventOr("issue"))
		d.set("Sentry-Hook-Timestamp", d.timestamp())
		d.set("Request-ID", d.idOr(newUUID))
		d.setDefault("Content-Type", "application/json")
		return nil
	}}
}

// SentryUI signs like Sentry's requests for UI components (select options, issue
// links), which carry Sentry-App-Signature. Without a body it is the GET by which a
// select component asks for its options; name its query with [Signer.WithURL].
// Source: "UI Components", docs.sentry.io.
func SentryUI(clientSecret string) *Signer {
	return &Signer{provider: "sentry", sign: func(d *delivery) error {
		if err := notBlank(clientSecret); err != nil {
			return err
		}
		d.set("Sentry-App-Signature", sentryMAC(clientSecret, d.body))
		d.set("Request-ID", d.idOr(newUUID))
		if len(d.body) == 0 {
			d.method = http.MethodGet
			return nil
		}
		d.setDefault("Content-Type", "application/json")
		return nil
	}}
}

func sentryMAC(clientSecret string, body []byte) string {
	return hex.EncodeToString(hmacSHA256([]byte(clientSecret), string(body)))
}
