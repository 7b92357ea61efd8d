package client

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"
	stripeclient "github.com/stripe/stripe-go/v76/client"
)

const stripeKey = "sk_test_integration"

func TestStripeMockRaw(t *testing.T) {
	mock := servers.StripeMock(t)
	c := newClient(t, mock.URL, client.WithProfile(stripe.Profile), client.WithAuth(client.Bearer(secret.Static(stripeKey))))
	type customer struct{ ID, Object string }

	t.Run("C6 a form is sent with a key of the client's own", func(t *testing.T) {
		var meta client.Meta
		got, err := client.Call[customer](t.Context(), c, client.Request{
			Method: "POST", Path: "/v1/customers", Body: client.Form(url.Values{"email": {"a@example.com"}, "metadata[plan]": {"a&b=c"}}), Meta: &meta,
		})
		require.NoError(t, err)
		require.Equal(t, "customer", got.Object)
		require.NotEmpty(t, meta.Header.Get("Idempotency-Key"), "stripe-mock echoes the key that it was sent")
		require.Equal(t, "req_123", meta.RequestID)
	})
	t.Run("the caller's own key is kept", func(t *testing.T) {
		var meta client.Meta
		_, err := client.Call[customer](t.Context(), c, client.Request{
			Method: "POST", Path: "/v1/customers", Body: client.Form(url.Values{"email": {"a@example.com"}}), IdempotencyKey: "order-17", Meta: &meta,
		})
		require.NoError(t, err)
		require.Equal(t, "order-17", meta.Header.Get("Idempotency-Key"))
	})
	t.Run("a parameter that Stripe does not know", func(t *testing.T) {
		_, err := client.Call[customer](t.Context(), c, client.Request{Method: "POST", Path: "/v1/customers", Body: client.Form(url.Values{"nope": {"1"}})})
		var e *client.Error
		require.ErrorAs(t, err, &e)
		require.ErrorIs(t, err, client.ErrBadRequest)
		require.Equal(t, "invalid_request_error", e.Type)
		require.Contains(t, e.Message, "additional properties are not allowed")
		require.Equal(t, client.Rejected, e.Effect)
		require.Len(t, e.Attempts, 1)
	})
	t.Run("no key", func(t *testing.T) {
		anonymous := newClient(t, mock.URL, client.WithProfile(stripe.Profile))
		_, err := client.Get[customer](t.Context(), anonymous, "/v1/customers/cus_1")
		require.ErrorIs(t, err, client.ErrUnauthorized)
	})
	t.Run("pages", func(t *testing.T) {
		type list struct {
			Data    []customer
			HasMore bool `json:"has_more"`
		}
		pages := 0
		next := client.NextCursor("starting_after", func(l list) string {
			if !l.HasMore {
				return ""
			}
			return l.Data[len(l.Data)-1].ID
		})
		for page, err := range client.Pages(t.Context(), c, client.Request{Path: "/v1/customers", Query: url.Values{"limit": {"2"}}}, next) {
			require.NoError(t, err)
			require.NotEmpty(t, page.Data)
			pages++
		}
		require.Equal(t, 1, pages, "stripe-mock's lists end with their first page")
	})
}

// stripe-go with our client, and our adapter over stripe-go: the same stack.
func TestStripeMockThroughTheSDK(t *testing.T) {
	mock := servers.StripeMock(t)
	var ledger client.Ledger
	ctx := client.WithLedger(t.Context(), &ledger)

	// The SDK is given a key that stripe-mock refuses: the stack's replaces it.
	c := newClient(t, mock.URL, client.WithProfile(stripe.Profile), client.WithAuth(client.Bearer(secret.Static(stripeKey))))
	api := stripeclient.New("replaced", stripe.Backends(c))
	made, err := api.Customers.New(&sdk.CustomerParams{Params: sdk.Params{Context: ctx}, Email: sdk.String("a@example.com")})
	require.NoError(t, err)
	require.Equal(t, "customer", made.Object)
	require.NotEmpty(t, made.LastResponse.IdempotencyKey)
	attempts := ledger.Attempts()
	require.Len(t, attempts, 1)
	require.Equal(t, http.StatusOK, attempts[0].Status)
	require.Equal(t, "req_123", attempts[0].RequestID)

	_, err = api.Customers.Get("cus_1", &sdk.CustomerParams{Params: sdk.Params{Context: ctx, Extra: &sdk.ExtraValues{Values: url.Values{"nope": {"1"}}}}})
	var own *sdk.Error
	require.ErrorAs(t, err, &own)
	require.Equal(t, http.StatusBadRequest, own.HTTPStatusCode)
}

func TestStripeMockThroughTheAdapter(t *testing.T) {
	mock := servers.StripeMock(t)
	ctx := t.Context()
	c, err := stripe.New(secret.Static(stripeKey), client.WithBaseURL(mock.URL), client.WithTransport(transport(t)))
	require.NoError(t, err)

	made, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Email: sdk.String("a@example.com"), Name: sdk.String("Åse")})
	require.NoError(t, err)
	require.Equal(t, "customer", made.Object)
	_, err = c.Customer(ctx, made.ID)
	require.NoError(t, err)
	count := 0
	for customer, err := range c.Customers(ctx, nil) {
		require.NoError(t, err)
		require.NotEmpty(t, customer.ID)
		count++
	}
	require.NotZero(t, count)

	intent, err := c.CreatePaymentIntent(ctx, &sdk.PaymentIntentParams{Amount: sdk.Int64(1099), Currency: sdk.String("eur"), Customer: sdk.String(made.ID)})
	require.NoError(t, err)
	require.Equal(t, "payment_intent", intent.Object)
	_, err = c.ConfirmPaymentIntent(ctx, intent.ID, nil)
	require.NoError(t, err)
	_, err = c.PaymentIntent(ctx, intent.ID)
	require.NoError(t, err)
	refund, err := c.Refund(ctx, &sdk.RefundParams{PaymentIntent: sdk.String(intent.ID)})
	require.NoError(t, err)
	require.Equal(t, "refund", refund.Object)

	sub, err := c.CreateSubscription(ctx, &sdk.SubscriptionParams{
		Customer: sdk.String(made.ID), Items: []*sdk.SubscriptionItemsParams{{Price: sdk.String("price_1")}},
	})
	require.NoError(t, err)
	_, err = c.CancelSubscription(ctx, sub.ID, nil)
	require.NoError(t, err)

	// The hosts for files are the mock's too, and uploads go through the stack.
	file, err := c.SDK.Files.New(&sdk.FileParams{
		Params: sdk.Params{Context: ctx}, FileReader: strings.NewReader("evidence"), Filename: sdk.String("a.txt"), Purpose: sdk.String("dispute_evidence"),
	})
	require.NoError(t, err)
	require.Equal(t, "file", file.Object)
}
