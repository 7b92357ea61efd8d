package stripe_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/stripe"
)

func TestLive(t *testing.T) {
	key := providertest.Live(t, "STRIPE_SECRET_KEY")
	require.Contains(t, os.Getenv("STRIPE_SECRET_KEY"), "_test_", "only a sandbox's key is used here")
	c, err := stripe.New(key)
	require.NoError(t, err)
	ctx := t.Context()
	made, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Email: sdk.String("live-test@example.com")})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(made.ID, "cus_"))
	got, err := c.Customer(ctx, made.ID)
	require.NoError(t, err)
	require.Equal(t, "live-test@example.com", got.Email)
	payment, err := c.CreatePaymentIntent(ctx, &sdk.PaymentIntentParams{
		Amount: sdk.Int64(100), Currency: sdk.String("eur"), Customer: sdk.String(made.ID),
	})
	require.NoError(t, err)
	require.Equal(t, int64(100), payment.Amount)
	for p, err := range c.PaymentIntents(ctx, &sdk.PaymentIntentListParams{Customer: sdk.String(made.ID)}) {
		require.NoError(t, err)
		require.Equal(t, payment.ID, p.ID)
	}
	require.NoError(t, client.Delete(ctx, c.HTTP, "/v1/customers/"+client.PathEscape(made.ID)))
}
