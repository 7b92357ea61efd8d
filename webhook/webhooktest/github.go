package webhooktest

import "encoding/hex"

// GitHub signs like GitHub: X-Hub-Signature-256, and beside it the SHA-1
// signature that GitHub still sends. X-GitHub-Event is "ping" unless
// [Signer.WithEvent] names another. Source: "Validating webhook deliveries",
// docs.github.com.
func GitHub(secret string) *Signer {
	return &Signer{provider: "github", sign: func(d *delivery) error {
		if err := notBlank(secret); err != nil {
			return err
		}
		d.set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(hmacSHA256([]byte(secret), string(d.body))))
		d.set("X-Hub-Signature", "sha1="+hex.EncodeToString(hmacSHA1([]byte(secret), string(d.body))))
		d.set("X-GitHub-Event", d.eventOr("ping"))
		d.set("X-GitHub-Delivery", d.idOr(newUUID))
		d.setDefault("X-GitHub-Hook-ID", "1")
		d.setDefault("Content-Type", "application/json")
		d.setDefault("User-Agent", "GitHub-Hookshot/044aadd")
		return nil
	}}
}
