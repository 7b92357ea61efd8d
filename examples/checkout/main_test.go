package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `The buyer presses the button. Stripe fails once:
    Stripe is asked under the key checkout/6735/1
    Stripe is asked under the key checkout/6735/1
    the buyer is sent to https://checkout.stripe.com/c/pay/cs_test_1
The buyer has paid. Stripe says so twice:
    order 6735 is fulfilled
    the shop responds with 200
    the shop responds with 200
`, out.String())
}

func TestLive(t *testing.T) {
	fake := stripetest.New()
	to := client.WithTransport(fake.Transport())
	var out bytes.Buffer
	t.Setenv("STRIPE_SECRET_KEY", "sk_live_0123456789")
	require.ErrorContains(t, live(t.Context(), &out, to), "no sandbox's key")
	t.Setenv("STRIPE_SECRET_KEY", fake.Key())
	require.NoError(t, live(t.Context(), &out, to))
	require.Equal(t, "Pay with 4242 4242 4242 4242 at https://checkout.stripe.com/c/pay/cs_test_1\n", out.String())
	require.Len(t, fake.Requests(), 1)
}
