package peers

import (
	"io"
	"net/http"

	"github.com/google/go-github/v93/github"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	stripe "github.com/stripe/stripe-go/v85/webhook"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/standpipe-go/standpipe/compare"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// Receivers are the libraries that verify webhooks, and beside each Standpipe for the
// same service.
func Receivers() []compare.Receiver {
	return []compare.Receiver{
		standpipeReceiver("Standard Webhooks", compare.StandardWebhooks("Webhook"), webhook.StandardWebhooks),
		standardWebhooks(), svixWebhooks(),
		standpipeReceiver("GitHub", compare.GitHub(), webhook.GitHub),
		goGitHub(),
		standpipeReceiver("Stripe", compare.Stripe(), webhook.Stripe),
		stripeGo(),
	}
}

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

func standardWebhooks() compare.Receiver {
	return handed(compare.Subject{Name: "standard-webhooks", Module: "github.com/standard-webhooks/standard-webhooks/libraries",
		Settings: "`NewWebhook(secret)` and `Verify`."}, compare.StandardWebhooks("Webhook"),
		func(secret string) (func([]byte, http.Header) error, error) {
			w, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				return nil, err
			}
			return w.Verify, nil
		})
}

func svixWebhooks() compare.Receiver {
	return handed(compare.Subject{Name: "svix", Module: "github.com/svix/svix-webhooks",
		Settings: "`NewWebhook(secret)` and `Verify`."}, compare.StandardWebhooks("Svix"),
		func(secret string) (func([]byte, http.Header) error, error) {
			w, err := svix.NewWebhook(secret)
			if err != nil {
				return nil, err
			}
			return w.Verify, nil
		})
}

func stripeGo() compare.Receiver {
	return handed(compare.Subject{Name: "stripe-go", Module: "github.com/stripe/stripe-go/v85",
		Settings: "`webhook.ConstructEventWithOptions` with its default tolerance, `IgnoreAPIVersionMismatch`."}, compare.Stripe(),
		func(secret string) (func([]byte, http.Header) error, error) {
			return func(body []byte, h http.Header) error {
				_, err := stripe.ConstructEventWithOptions(body, h.Get("Stripe-Signature"), secret,
					stripe.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
				return err
			}, nil
		})
}

func goGitHub() compare.Receiver {
	return compare.Receiver{
		Subject: compare.Subject{Name: "go-github", Module: "github.com/google/go-github/v93", Settings: "`github.ValidatePayload(r, secret)`."},
		Sender:  compare.GitHub(), ReadsBody: true,
		Open: func(secrets ...string) (compare.Accept, error) {
			if len(secrets) > 1 {
				return nil, compare.ErrNotCovered
			}
			return func(r *http.Request) error {
				_, err := github.ValidatePayload(r, []byte(secrets[0]))
				return err
			}, nil
		},
	}
}
