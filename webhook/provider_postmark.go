package webhook

import "github.com/standpipe-go/standpipe/secret"

// Postmark verifies Postmark's webhooks by the Basic authentication configured on
// them: the source yields "user:password" ("Webhooks overview", Postmark docs).
// Postmark signs nothing; where a custom header is configured on the webhook
// instead, use [PostmarkHeader]. Options: [WithClock], [WithMaxBody].
func Postmark(credentials secret.Source, opts ...Option) (*Scheme, error) {
	return newPostmark(traits{split: splitJSON[postmarkEnvelope]}, credentials, opts)
}

// PostmarkInbound is [Postmark] for the inbound stream, whose mails with
// attachments are large: 30 MiB by default. Its events are of the type "Inbound".
func PostmarkInbound(credentials secret.Source, opts ...Option) (*Scheme, error) {
	return newPostmark(traits{split: splitJSON[postmarkInbound], maxBody: inboundMaxBody, types: only("Inbound")}, credentials, opts)
}

// inboundMaxBody holds a mail with its attachments.
const inboundMaxBody = 30 << 20

// PostmarkHeader is [Postmark] for webhooks that carry a secret in a custom header
// instead of Basic authentication.
func PostmarkHeader(header string, tokens secret.Source, opts ...Option) (*Scheme, error) {
	return newToken(tokenSpec{
		provider: "postmark", header: header, traits: traits{split: splitJSON[postmarkEnvelope]},
	}, tokens, opts)
}

func newPostmark(t traits, credentials secret.Source, opts []Option) (*Scheme, error) {
	return newToken(tokenSpec{
		provider: "postmark", header: "Authorization", basic: true, traits: t,
	}, credentials, opts)
}

// Deliveries, opens and clicks of one mail share its MessageID, so that it
// identifies none of them.
type postmarkEnvelope struct {
	Type      jsonText `json:"RecordType"`
	BouncedAt jsonTime
	Delivered jsonTime `json:"DeliveredAt"`
	Received  jsonTime `json:"ReceivedAt"`
	ChangedAt jsonTime
}

func (e postmarkEnvelope) event() Raw {
	raw := Raw{Type: string(e.Type)}
	for _, at := range []jsonTime{e.BouncedAt, e.Delivered, e.Received, e.ChangedAt} {
		if !at.IsZero() {
			raw.Time = at.Time
		}
	}
	return raw
}

type postmarkInbound struct{ MessageID jsonText }

func (e postmarkInbound) event() Raw { return Raw{ID: string(e.MessageID), Type: "Inbound"} }
