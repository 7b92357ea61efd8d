package webhook

import (
	"strings"

	"github.com/standpipe-go/standpipe/secret"
)

// Stripe verifies the Stripe-Signature header: "t=…,v1=…", hex HMAC-SHA256 of
// "{timestamp}.{body}" under the endpoint's signing secret, whose prefix "whsec_"
// is part of the key ("Verify webhook signatures manually", Stripe docs). Any API
// version verifies, and thin events too; [Raw].Object tells the envelopes apart.
// Options: [WithTolerance] (5 minutes), [WithClock], [WithMaxBody].
//
// Stricter than stripe-go and stripe-node, which take a second t= (the last one
// counts) and any time in the future: a header with two t= has no single meaning
// and Stripe never sends it, and a future time makes a captured delivery valid
// for longer than the tolerance. v0 signatures are ignored by all.
func Stripe(secrets secret.Source, opts ...Option) (*Scheme, error) {
	return newHMAC(hmacSpec{
		HMACConfig: HMACConfig{
			Provider: "stripe", Scheme: "v1",
			Layout: Layout{
				SignatureHeader: "Stripe-Signature",
				Fields:          &Fields{Signature: "v1", Timestamp: "t"},
				Signed:          "{timestamp}.{body}",
			},
		},
		traits: traits{
			split: splitJSON[stripeEnvelope], mismatchHint: stripeHint,
			kinds: true, volatile: []string{"pending_webhooks"},
			objects: objectRule{
				path: []string{"data", "object"}, typ: "type",
				in:      func(object string) bool { return !strings.HasPrefix(object, "v2.") }, // thin events
				members: []string{"id", "object", "type", "created", "api_version", "livemode", "account", "pending_webhooks", "request", "context"},
			},
		},
		wrong: wrongKinds{
			"sk_": "an API key", "rk_": "a restricted API key", "pk_": "a publishable key",
			"whpk_": "a public key", "we_": "the endpoint's identifier",
		},
	}, secrets, opts)
}

type stripeEnvelope struct {
	ID      jsonText `json:"id"`
	Object  jsonText `json:"object"`
	Type    jsonText `json:"type"`
	Created jsonTime `json:"created"`
	Version jsonText `json:"api_version"`
}

func (e stripeEnvelope) event() Raw {
	return Raw{ID: string(e.ID), Object: string(e.Object), Type: string(e.Type), Time: e.Created.Time, APIVersion: string(e.Version)}
}
