package client

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	stripeclient "github.com/stripe/stripe-go/v76/client"
)

const stripeKey = "sk_test_integration"

var stripeProfile = client.Profile{
	Name:              "stripe",
	Header:            http.Header{"Stripe-Version": {"2023-10-16"}},
	IdempotencyHeader: "Idempotency-Key",
	Hint:              client.HintHeader("Stripe-Should-Retry"),
}

func TestStripeMockRaw(t *testing.T) {
	mock := servers.StripeMock(t)
	c := newClient(t, mock.URL, client.WithProfile(stripeProfile), client.WithAuth(client.Bearer(secret.Static(stripeKey))))
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
		anonymous := newClient(t, mock.URL, client.WithProfile(stripeProfile))
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

func TestStripeMockThroughTheSDK(t *testing.T) {
	mock := servers.StripeMock(t)
	c := newClient(t, mock.URL, client.WithProfile(stripeProfile), client.WithAuth(client.Bearer(secret.Static(stripeKey))))
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		HTTPClient: c.HTTPClient(), URL: stripe.String(mock.URL), MaxNetworkRetries: stripe.Int64(0), LeveledLogger: &stripe.LeveledLogger{},
	})
	// The SDK is given a key that stripe-mock refuses: the stack's replaces it.
	sdk := stripeclient.New("replaced", &stripe.Backends{API: backend})

	var ledger client.Ledger
	ctx := client.WithLedger(t.Context(), &ledger)
	made, err := sdk.Customers.New(&stripe.CustomerParams{Params: stripe.Params{Context: ctx}, Email: stripe.String("a@example.com")})
	require.NoError(t, err)
	require.Equal(t, "customer", made.Object)
	require.NotEmpty(t, made.LastResponse.IdempotencyKey)
	attempts := ledger.Attempts()
	require.Len(t, attempts, 1)
	require.Equal(t, http.StatusOK, attempts[0].Status)
	require.Equal(t, "req_123", attempts[0].RequestID)

	intent, err := sdk.PaymentIntents.New(&stripe.PaymentIntentParams{
		Params: stripe.Params{Context: ctx}, Amount: stripe.Int64(1099), Currency: stripe.String("eur"), Customer: stripe.String(made.ID),
	})
	require.NoError(t, err)
	require.Equal(t, "payment_intent", intent.Object)

	count := 0
	for it := sdk.Customers.List(&stripe.CustomerListParams{ListParams: stripe.ListParams{Context: ctx}}); it.Next(); {
		count++
	}
	require.NotZero(t, count)

	_, err = sdk.Customers.Get("cus_1", &stripe.CustomerParams{Params: stripe.Params{Context: ctx, Extra: &stripe.ExtraValues{Values: url.Values{"nope": {"1"}}}}})
	var own *stripe.Error
	require.ErrorAs(t, err, &own)
	require.Equal(t, http.StatusBadRequest, own.HTTPStatusCode)
}
