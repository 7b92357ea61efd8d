package braintree_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/braintree"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
)

// The keys are the sandbox's. Its payment method takes every amount below 2000.
func TestLive(t *testing.T) {
	key := providertest.Live(t, "BRAINTREE_PRIVATE_KEY")
	c, err := braintree.New(providertest.LiveValue(t, "BRAINTREE_PUBLIC_KEY"), key, client.WithBaseURL(braintree.Sandbox))
	require.NoError(t, err)
	ctx := t.Context()
	pong, err := braintree.Ping.Do(ctx, c.HTTP, client.None{})
	require.NoError(t, err)
	require.Equal(t, "pong", pong)
	token, err := braintree.CreateClientToken.Do(ctx, c.HTTP, braintree.ClientTokenInput{})
	require.NoError(t, err)
	require.NotEmpty(t, token)
	paid, err := braintree.ChargePaymentMethod.Do(ctx, c.HTTP, braintree.ChargeInput{
		PaymentMethodID: "fake-valid-nonce", Transaction: braintree.TransactionInput{Amount: "10.00", OrderID: "a live test"},
	})
	require.NoError(t, err)
	_, declined := paid.Decline()
	require.False(t, declined)
	got, err := braintree.GetPayment.Do(ctx, c.HTTP, braintree.PaymentInput{ID: paid.ID})
	require.NoError(t, err)
	require.Equal(t, paid.LegacyID, got.Transaction.LegacyID)
	undone, err := braintree.ReverseTransaction.Do(ctx, c.HTTP, braintree.ReverseInput{TransactionID: paid.ID})
	require.NoError(t, err)
	require.Equal(t, "VOIDED", undone.Transaction.Status)
}
