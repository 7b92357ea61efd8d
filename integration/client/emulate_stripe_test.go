package client

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
)

// P1: what is made at emulate, which keeps what stripe-mock forgets, is there afterwards.
func TestP1_StripeAtEmulate(t *testing.T) {
	s := servers.Emulate(t, "stripe")
	c, err := stripe.New(secret.Static("sk_test_emulate"), client.WithBaseURL(s.URL), client.WithTransport(transport(t)))
	require.NoError(t, err)
	ctx := t.Context()

	before := map[string]bool{}
	for customer, err := range c.Customers(ctx, nil) {
		require.NoError(t, err)
		before[customer.ID] = true
	}
	want := map[string]string{}
	for n := range 5 {
		made, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Email: sdk.String(fmt.Sprintf("c%d@example.com", n)), Name: sdk.String("Åse & Co"), Metadata: map[string]string{"ours": fmt.Sprint(n)}})
		require.NoError(t, err)
		want[made.ID] = made.Email
	}
	got := map[string]string{}
	params := &sdk.CustomerListParams{}
	params.Limit = sdk.Int64(2)
	for customer, err := range c.Customers(ctx, params) {
		require.NoError(t, err)
		if !before[customer.ID] {
			require.Empty(t, got[customer.ID], "once")
			got[customer.ID] = customer.Email
		}
	}
	require.Equal(t, want, got)
	var one string
	for one = range want {
		break
	}
	customer, err := c.Customer(ctx, one)
	require.NoError(t, err)
	require.Equal(t, "Åse & Co", customer.Name)
	require.NotEmpty(t, customer.Metadata["ours"])

	intent, err := c.CreatePaymentIntent(ctx, &sdk.PaymentIntentParams{Amount: sdk.Int64(1099), Currency: sdk.String("eur"), Customer: sdk.String(one)})
	require.NoError(t, err)
	_, err = c.ConfirmPaymentIntent(ctx, intent.ID, nil)
	require.NoError(t, err)
	intent, err = c.PaymentIntent(ctx, intent.ID)
	require.NoError(t, err)
	require.Equal(t, []any{int64(1099), sdk.PaymentIntentStatusSucceeded}, []any{intent.Amount, intent.Status})

	_, err = c.Customer(ctx, "cus_none")
	require.ErrorIs(t, err, client.ErrNotFound)
	_, err = c.CreatePaymentIntent(ctx, &sdk.PaymentIntentParams{Currency: sdk.String("eur")})
	require.ErrorIs(t, err, client.ErrBadRequest)
}
