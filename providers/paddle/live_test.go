package paddle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/paddle"
)

// The key is one of the sandbox.
func TestLive(t *testing.T) {
	c, err := paddle.New(providertest.Live(t, "PADDLE_API_KEY"), client.WithBaseURL(paddle.Sandbox))
	require.NoError(t, err)
	ctx := t.Context()
	product, err := paddle.CreateProduct.Do(ctx, c.HTTP, paddle.CreateProductInput{Name: "A live test", TaxCategory: "standard"})
	require.NoError(t, err)
	price, err := paddle.CreatePrice.Do(ctx, c.HTTP, paddle.CreatePriceInput{
		Description: "A live test", ProductID: product.Data.ID, UnitPrice: paddle.Money{Amount: "1000", CurrencyCode: "USD"},
	})
	require.NoError(t, err)
	made, err := paddle.CreateTransaction.Do(ctx, c.HTTP, paddle.CreateTransactionInput{Items: []paddle.Item{{PriceID: price.Data.ID, Quantity: 1}}})
	require.NoError(t, err)
	got, err := paddle.GetTransaction.Do(ctx, c.HTTP, paddle.TransactionInput{ID: made.Data.ID})
	require.NoError(t, err)
	require.Equal(t, made.Data.ID, got.Data.ID)
	_, err = paddle.UpdateProduct.Do(ctx, c.HTTP, paddle.UpdateProductInput{ID: product.Data.ID, Status: paddle.Set("archived")})
	require.NoError(t, err)
}
