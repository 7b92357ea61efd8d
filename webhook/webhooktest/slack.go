package webhooktest

import "encoding/hex"

// Slack signs like Slack: X-Slack-Signature over the version, the time and the
// body. A body that is not JSON is sent as a form, as slash commands and
// interactions are. The ownership challenge is a body like any other:
// {"type":"url_verification","challenge":"…"}. Source: "Verifying requests from
// Slack", docs.slack.dev.
func Slack(signingSecret string) *Signer {
	return &Signer{provider: "slack", sign: func(d *delivery) error {
		if err := notBlank(signingSecret); err != nil {
			return err
		}
		d.set("X-Slack-Request-Timestamp", d.timestamp())
		d.set("X-Slack-Signature", "v0="+hex.EncodeToString(hmacSHA256([]byte(signingSecret), "v0:", d.timestamp(), ":", string(d.body))))
		d.setDefault("Content-Type", jsonOrForm(d.body))
		d.setDefault("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
		return nil
	}}
}
