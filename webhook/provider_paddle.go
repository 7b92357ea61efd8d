package webhook

import (
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// Paddle verifies the Paddle-Signature header of Paddle Billing: "ts=…;h1=…", hex
// HMAC-SHA256 of "{timestamp}:{body}" under the notification destination's secret
// key ("Verify webhook signatures", Paddle docs). Options: [WithTolerance] (5
// minutes; Paddle suggests 5 seconds, which a retry or a clock easily exceeds),
// [WithClock], [WithMaxBody].
//
// While a secret is rotated there are several h1, and any of them counts.
// paddle-go-sdk refuses such a header and paddle-node-sdk looks at the last h1
// only, so that both drop genuine deliveries then. paddle-node-sdk takes times in
// the future and paddle-go-sdk checks none; here both directions are held to the
// tolerance.
func Paddle(secrets secret.Source, opts ...Option) (*Scheme, error) {
	return newHMAC(hmacSpec{
		HMACConfig: HMACConfig{
			Provider: "paddle", Scheme: "h1",
			Layout: Layout{
				SignatureHeader: "Paddle-Signature",
				Fields:          &Fields{Separator: ";", Signature: "h1", Timestamp: "ts"},
				Signed:          "{timestamp}:{body}",
			},
		},
		traits: traits{
			ack: 5 * time.Second, split: splitJSON[paddleEnvelope],
			volatile: []string{"notification_id"}, // a replay is a notification of its own
			objects: objectRule{
				path: []string{"data"}, typ: "event_type",
				members: []string{"event_id", "event_type", "occurred_at", "notification_id"},
			},
		},
		wrong: wrongKinds{
			"pdl_live_apikey_": "an API key", "pdl_sdbx_apikey_": "a sandbox API key",
			"ntfset_": "the destination's identifier",
		},
	}, secrets, opts)
}

type paddleEnvelope struct {
	ID   jsonText `json:"event_id"`
	Type jsonText `json:"event_type"`
	Time jsonTime `json:"occurred_at"`
}

func (e paddleEnvelope) event() Raw {
	return Raw{ID: string(e.ID), Type: string(e.Type), Time: e.Time.Time}
}
