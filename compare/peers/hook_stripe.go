package peers

import (
	"net/http"

	stripe "github.com/stripe/stripe-go/v85/webhook"

	"github.com/standpipe-go/standpipe/compare"
)

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
