package peers

import (
	"net/http"

	"github.com/standpipe-go/standpipe/compare"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

func standpipeReceiver(service string, s compare.Sender, scheme func(secret.Source, ...webhook.Option) (*webhook.Scheme, error)) compare.Receiver {
	return compare.Receiver{
		Subject: compare.Subject{Name: "Standpipe, " + service, Module: standpipe,
			Settings: "the scheme for " + service + " with the secrets, and `webhook.VerifyHTTP`; all defaults."},
		Sender: s, ReadsBody: true,
		Open: func(secrets ...string) (compare.Accept, error) {
			v, err := scheme(secret.Static(secrets...))
			if err != nil {
				return nil, err
			}
			return func(r *http.Request) error {
				_, _, err := webhook.VerifyHTTP(v, r)
				return err
			}, nil
		},
	}
}
