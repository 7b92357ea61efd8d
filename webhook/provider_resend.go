package webhook

import "github.com/standpipe-go/standpipe/secret"

// Resend verifies Resend's webhooks, which Svix sends; see [Svix] for the scheme
// and the options ("Verify webhooks requests", Resend docs).
func Resend(secrets secret.Source, opts ...Option) (*Scheme, error) {
	spec := svixSpec("resend")
	spec.split = splitJSON[resendEnvelope]
	spec.wrong["re_"] = "an API key"
	return newHMAC(spec, secrets, opts)
}

type resendEnvelope struct {
	Type jsonText `json:"type"`
	Time jsonTime `json:"created_at"`
}

func (e resendEnvelope) event() Raw { return Raw{Type: string(e.Type), Time: e.Time.Time} }
