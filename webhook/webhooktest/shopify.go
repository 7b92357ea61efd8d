package webhooktest

import "encoding/base64"

// Shopify signs like Shopify, in the X-Shopify-… headers. The topic is
// "orders/create" unless [Signer.WithEvent] names another, the shop
// "example.myshopify.com". Source: "Deliver webhooks through HTTPS", shopify.dev.
func Shopify(clientSecret string) *Signer { return shopify(clientSecret, "X-Shopify-") }

// ShopifyUnprefixed is [Shopify] with the newer header names, which lack the
// "X-".
func ShopifyUnprefixed(clientSecret string) *Signer { return shopify(clientSecret, "Shopify-") }

func shopify(clientSecret, prefix string) *Signer {
	return &Signer{provider: "shopify", sign: func(d *delivery) error {
		if err := notBlank(clientSecret); err != nil {
			return err
		}
		d.set(prefix+"Hmac-Sha256", base64.StdEncoding.EncodeToString(hmacSHA256([]byte(clientSecret), string(d.body))))
		d.set(prefix+"Topic", d.eventOr("orders/create"))
		d.set(prefix+"Webhook-Id", d.idOr(newUUID))
		d.setDefault(prefix+"Event-Id", newUUID())
		d.setDefault(prefix+"Shop-Domain", "example.myshopify.com")
		d.setDefault(prefix+"Api-Version", "2026-01")
		d.setDefault(prefix+"Triggered-At", d.now.UTC().Format("2006-01-02T15:04:05.000000000Z"))
		d.setDefault("Content-Type", "application/json")
		d.setDefault("User-Agent", "Shopify-Captain-Hook")
		return nil
	}}
}
