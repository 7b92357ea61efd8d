package webhooktest

import "encoding/hex"

// Paddle signs like Paddle Billing: Paddle-Signature with ts and one h1 for each
// secret, the newest first. Source: "Verify webhook signatures",
// developer.paddle.com.
func Paddle(secret string, rolled ...string) *Signer {
	secrets := append([]string{secret}, rolled...)
	return &Signer{provider: "paddle", sign: func(d *delivery) error {
		if err := notBlank(secrets...); err != nil {
			return err
		}
		value := "ts=" + d.timestamp()
		for _, s := range secrets {
			value += ";h1=" + hex.EncodeToString(hmacSHA256([]byte(s), d.timestamp(), ":", string(d.body)))
		}
		d.set("Paddle-Signature", value)
		d.setDefault("Content-Type", "application/json")
		d.setDefault("User-Agent", "Paddle")
		return nil
	}}
}
