package peers

import (
	"io"
	"net/http"

	"github.com/standpipe-go/standpipe/compare"
	"github.com/standpipe-go/standpipe/webhook"
)

// Receivers are the libraries that verify webhooks, and beside each Standpipe for the
// same service.
func Receivers() []compare.Receiver {
	return []compare.Receiver{
		standpipeReceiver("Standard Webhooks", compare.StandardWebhooks("Webhook"), webhook.StandardWebhooks),
		standardWebhooks(), svixWebhooks(),
		standpipeReceiver("GitHub", compare.GitHub(), webhook.GitHub),
		goGitHub(), goPlayground(),
		standpipeReceiver("Stripe", compare.Stripe(), webhook.Stripe),
		stripeGo(),
	}
}

// handed is a receiver that is handed the body, for one secret.
func handed(subject compare.Subject, s compare.Sender, open func(secret string) (func(body []byte, h http.Header) error, error)) compare.Receiver {
	return compare.Receiver{Subject: subject, Sender: s, Open: func(secrets ...string) (compare.Accept, error) {
		if len(secrets) > 1 {
			return nil, compare.ErrNotCovered
		}
		verify, err := open(secrets[0])
		if err != nil {
			return nil, err
		}
		return func(r *http.Request) error {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			return verify(body, r.Header)
		}, nil
	}}
}
