package webhook

import (
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// Svix verifies what Svix sends: Standard Webhooks under the headers svix-id,
// svix-timestamp and svix-signature, or under the unbranded webhook-* names when
// the first are missing ("Verifying webhooks manually", Svix docs). Options:
// [WithTolerance] (5 minutes), [WithClock], [WithMaxBody], [WithRawSecret].
//
// Stricter than svix-webhooks for Go in the same two points as
// [StandardWebhooks].
func Svix(secrets secret.Source, opts ...Option) (*Scheme, error) {
	return newHMAC(svixSpec("svix"), secrets, opts)
}

func svixSpec(provider string) hmacSpec {
	spec := standardSpec(provider)
	unbranded := headerFamily{spec.SignatureHeader, spec.TimestampHeader, spec.IDHeader, ""}
	spec.SignatureHeader, spec.TimestampHeader, spec.IDHeader = "Svix-Signature", "Svix-Timestamp", "Svix-Id"
	spec.families = []headerFamily{unbranded}
	spec.ack = 15 * time.Second
	spec.akin = append(spec.akin, "svix")
	return spec
}
