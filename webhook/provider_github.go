package webhook

import (
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// GitHub verifies the X-Hub-Signature-256 header: "sha256=" and the hex
// HMAC-SHA256 of the body ("Validating webhook deliveries", GitHub docs).
// Options: [WithClock], [WithMaxBody] (25 MiB).
//
// Both content types of a hook work, JSON and form. The body tells which it is,
// never the Content-Type, which is not signed.
//
// Neither time nor X-GitHub-Event nor X-GitHub-Delivery is signed: whoever holds
// one genuine delivery can send it again under another event name or identifier,
// so the receipt marks them untrusted. GitHub does not deliver again by itself
// after a failure: ask for it through the API ("Redeliver a delivery for a
// repository webhook").
//
// Stricter than go-github, which reports success when neither secret nor
// signature is there, and takes the algorithm from the header's own prefix, SHA-1
// and SHA-512 included: which algorithm counts is not the sender's choice.
func GitHub(secrets secret.Source, opts ...Option) (*Scheme, error) {
	return newHMAC(hmacSpec{
		HMACConfig: HMACConfig{
			Provider: "github", Scheme: "sha256",
			Layout: Layout{
				SignatureHeader: "X-Hub-Signature-256",
				Prefix:          "sha256=",
				IDHeader:        "X-Github-Delivery",
				TypeHeader:      "X-Github-Event",
			},
		},
		traits: traits{
			maxBody: 25 << 20, ack: 10 * time.Second, split: splitGitHub,
			unsignedHint: "GitHub signs only if the hook has a secret",
			untrusted: []string{
				"X-Github-Event", "X-Github-Delivery", "X-Github-Hook-Id",
				"X-Github-Hook-Installation-Target-Id", "X-Github-Hook-Installation-Target-Type",
			},
		},
		wrong: wrongKinds{
			"ghp_": "a personal access token", "github_pat_": "a personal access token",
			"gho_": "an OAuth token", "ghs_": "an installation token",
			"-----BEGIN": "a private key",
		},
	}, secrets, opts)
}

// splitGitHub takes the payload out of its form field where the hook's content
// type is application/x-www-form-urlencoded. Which of the two it is the body
// tells: an object, or a form with the field payload and no other.
func splitGitHub(r *Request, rec Receipt) ([]Raw, error) {
	raw := whole(r, rec)
	if looksLikeObject(r.Body) {
		return []Raw{raw}, nil
	}
	payload, ok := onlyField(r.Body, "payload")
	if raw.Payload = []byte(payload); !ok || !looksLikeObject(raw.Payload) {
		return nil, &Error{Reason: ErrPayload, Detail: "the body is neither a JSON object nor a form with one in the field payload"}
	}
	return []Raw{raw}, nil
}
