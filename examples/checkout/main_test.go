package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
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
