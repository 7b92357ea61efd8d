package webhook

import "github.com/standpipe-go/standpipe/secret"

// Cloudflare verifies the webhooks of Cloudflare Notifications by the secret that
// they carry in the header cf-webhook-auth ("Configure webhooks", Cloudflare
// docs). The body is not signed. Events of R2 go to Queues and have no webhook.
// Options: [WithClock], [WithMaxBody].
func Cloudflare(secrets secret.Source, opts ...Option) (*Scheme, error) {
	return newToken(tokenSpec{
		provider: "cloudflare", header: "Cf-Webhook-Auth",
		traits: traits{split: splitLoose[cloudflareEnvelope]},
	}, secrets, opts)
}

type cloudflareEnvelope struct {
	Type jsonText `json:"alert_type"`
	Time jsonTime `json:"ts"`
}

func (e cloudflareEnvelope) event() Raw { return Raw{Type: string(e.Type), Time: e.Time.Time} }
