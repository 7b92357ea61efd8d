package main

import (
	api "github.com/stripe/stripe-go/v76/client"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
)

// newStripe76 is stripe-go v76 as the adapter has it: stripe.Backends switches the SDK's
// retries off, since the stack knows Stripe's idempotency keys and its hint, and keeps a
// budget.
func newStripe76(key secret.Source, opts ...client.Option) (*api.API, error) {
	c, err := stripe.New(key, opts...)
	if err != nil {
		return nil, err
	}
	return c.SDK, nil
}
