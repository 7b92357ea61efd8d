package webhook

import (
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// Datadog verifies the webhooks of Datadog's integration by a secret in a custom
// header of your choice ("Webhooks", Datadog docs). The body is not signed. Its
// form is yours too: with the fields id ("$ID") and event_type ("$EVENT_TYPE")
// the events have an identifier and a type. Options: [WithClock], [WithMaxBody].
func Datadog(header string, tokens secret.Source, opts ...Option) (*Scheme, error) {
	return newToken(tokenSpec{
		provider: "datadog", header: header,
		traits: traits{ack: 15 * time.Second, split: splitLoose[datadogEnvelope]},
	}, tokens, opts)
}

type datadogEnvelope struct {
	ID   jsonText `json:"id"`
	Type jsonText `json:"event_type"`
	Time jsonTime `json:"date"`
}

func (e datadogEnvelope) event() Raw {
	return Raw{ID: string(e.ID), Type: string(e.Type), Time: e.Time.Time}
}
