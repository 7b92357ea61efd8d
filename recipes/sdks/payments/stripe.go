package main

import (
	"github.com/stripe/stripe-go/v86"

	"github.com/standpipe-go/standpipe/client"
	adapter "github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
)

// newStripe puts stripe-go v86 on the stack, as the adapter has it for any major version.
// MaxNetworkRetries of 0 switches the SDK's retries off: the stack knows Stripe's
// idempotency keys and its hint, and keeps a budget.
func newStripe(key secret.Source, opts ...client.Option) (*stripe.Client, error) {
	hc, err := adapter.HTTPClient(key, opts...)
	if err != nil {
		return nil, err
	}
	return stripe.NewClient("sk_set_by_the_stack", stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		HTTPClient:        hc,
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	}))), nil
}
