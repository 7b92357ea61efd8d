package bench

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// ownWebhookVerify is verification alone, with body and headers in hand: the Stripe
// scheme beside raw HMAC, and SendGrid's content under the generic ECDSA builder, since
// the group's body is not the array that SendGrid itself must send.
func ownWebhookVerify(c *webhookCase) []entry {
	ctx := context.Background()
	stripe, err := webhook.Stripe(secret.Static(hookSecret))
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(c.ecdsaKey)
	if err != nil {
		panic(err)
	}
	ecdsa, err := webhook.ECDSA(webhook.ECDSAConfig{Provider: "sendgrid", Layout: webhook.Layout{
		SignatureHeader: "Signature", TimestampHeader: "Timestamp", Encoding: webhook.Base64, Signed: "{timestamp}{body}",
	}}, secret.Static(base64.StdEncoding.EncodeToString(der)))
	if err != nil {
		panic(err)
	}
	r := &webhook.Request{Header: http.Header{"Stripe-Signature": {c.stripe}}, Body: c.body}
	er := &webhook.Request{Header: http.Header{"Signature": {c.ecdsaB64}, "Timestamp": {c.ts}}, Body: c.body}
	return []entry{
		{"verify/own", func() error {
			_, err := stripe.Verify(ctx, r)
			return err
		}},
		{"decode/own", func() error {
			rec, err := stripe.Verify(ctx, r)
			if err != nil {
				return err
			}
			events, err := stripe.Split(r, rec)
			if err != nil {
				return err
			}
			var ev rawEvent
			return json.Unmarshal(events[0].Payload, &ev)
		}},
		{"ecdsa/own", func() error {
			_, err := ecdsa.Verify(ctx, er)
			return err
		}},
	}
}
