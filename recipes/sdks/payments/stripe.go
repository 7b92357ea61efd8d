package main

import (
	"net/http"

	"github.com/stripe/stripe-go/v86"

	"github.com/standpipe-go/standpipe/client"
	profile "github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
)

// newStripe puts stripe-go v86 on the stack. What is particular to Stripe is the
// adapter's profile, but for the API's version, which is this SDK's own.
// MaxNetworkRetries of 0 switches the SDK's retries off: the stack knows Stripe's keys
// and its hint, and keeps a budget.
func newStripe(key secret.Source, opts ...client.Option) (*stripe.Client, error) {
	p := profile.Profile
	p.Header = http.Header{"Stripe-Version": {stripe.APIVersion}}
	p.Origins = []string{stripe.ConnectURL, stripe.UploadsURL, stripe.MeterEventsURL}
	c, err := client.New("", append([]client.Option{client.WithProfile(p), client.WithAuth(client.Bearer(key))}, opts...)...)
	if err != nil {
		return nil, err
	}
	return stripe.NewClient("sk_set_by_the_stack", stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		HTTPClient:        c.HTTPClient(),
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	}))), nil
}
