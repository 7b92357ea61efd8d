package webhook

import (
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// Shopify verifies the base64 HMAC-SHA256 of the body under the app's client
// secret, in the header X-Shopify-Hmac-SHA256 of webhooks ("Deliver webhooks
// through HTTPS") or Shopify-Hmac-SHA256 of events ("Verify Events deliveries",
// Shopify docs). Options: [WithClock], [WithMaxBody].
//
// Neither time nor topic, shop or identifiers are signed; the receipt marks their
// headers untrusted.
func Shopify(clientSecrets secret.Source, opts ...Option) (*Scheme, error) {
	return newHMAC(hmacSpec{
		HMACConfig: HMACConfig{
			Provider: "shopify", Scheme: "hmac-sha256",
			Layout: Layout{
				SignatureHeader: "X-Shopify-Hmac-Sha256",
				Encoding:        Base64,
				IDHeader:        "X-Shopify-Webhook-Id",
				TypeHeader:      "X-Shopify-Topic",
			},
		},
		families: []headerFamily{{signature: "Shopify-Hmac-Sha256", id: "Shopify-Webhook-Id", typ: "Shopify-Topic"}},
		traits: traits{
			ack: 5 * time.Second, split: splitShopify,
			untrusted: []string{
				"X-Shopify-Topic", "X-Shopify-Webhook-Id", "X-Shopify-Event-Id", "X-Shopify-Shop-Domain",
				"X-Shopify-Api-Version", "X-Shopify-Triggered-At", "X-Shopify-Sub-Topic", "X-Shopify-Name",
				"Shopify-Topic", "Shopify-Webhook-Id", "Shopify-Event-Id", "Shopify-Shop-Domain",
				"Shopify-Api-Version", "Shopify-Triggered-At",
			},
		},
		wrong: wrongKinds{"shpat_": "an access token", "shpua_": "an access token", "shppa_": "a private app password"},
	}, clientSecrets, opts)
}

func splitShopify(r *Request, rec Receipt) ([]Raw, error) {
	raw := whole(r, rec)
	prefix := "X-"
	if len(r.Header["X-Shopify-Hmac-Sha256"]) == 0 {
		prefix = ""
	}
	raw.APIVersion = first(r.Header, prefix+"Shopify-Api-Version")
	if at, ok := parseDate(first(r.Header, prefix+"Shopify-Triggered-At")); ok {
		raw.Time = at
	}
	return []Raw{raw}, nil
}
