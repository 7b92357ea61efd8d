package webhooktest

import (
	"encoding/hex"
	"strings"
)

// Stripe signs like Stripe: Stripe-Signature with t and one v1 for each secret,
// the newest first. A secret is used as it is, "whsec_" included. The event's
// identifier and type are in the body. Source: "Verify webhook signatures
// manually", docs.stripe.com.
func Stripe(secret string, rolled ...string) *Signer {
	secrets := append([]string{secret}, rolled...)
	return &Signer{provider: "stripe", sign: func(d *delivery) error {
		if err := notBlank(secrets...); err != nil {
			return err
		}
		fields := []string{"t=" + d.timestamp()}
		for _, s := range secrets {
			fields = append(fields, "v1="+hex.EncodeToString(hmacSHA256([]byte(s), d.timestamp(), ".", string(d.body))))
		}
		d.set("Stripe-Signature", strings.Join(fields, ","))
		d.setDefault("Content-Type", "application/json; charset=utf-8")
		d.setDefault("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
		return nil
	}}
}
