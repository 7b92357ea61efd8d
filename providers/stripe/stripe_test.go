package stripe_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// conformance is what the suite needs to know of Stripe, but for its write and read.
var conformance = providertest.Adapter{
	Profile:  stripe.Profile,
	Success:  clienttest.JSON(200, `{"id":"cus_1","object":"customer"}`),
	Failure:  clienttest.JSON(402, `{"error":{"code":"card_declined","type":"card_error","message":"Your card was declined."}}`),
	Code:     "card_declined",
	Message:  "Your card was declined.",
	Throttle: clienttest.JSON(429, `{"error":{"code":"rate_limit","message":"Too many requests"}}`).Header("Retry-After", "0").Header("Stripe-Rate-Limited-Reason", "global-rate"),
}

// adapter is the suite's Stripe, by these two calls.
func adapter(write, read func(context.Context, *stripe.Client) error) providertest.Adapter {
	a := conformance
	a.New = func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := stripe.New(key, opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP:  c.HTTP,
			Write: func(ctx context.Context) error { return write(ctx, c) },
			Read:  func(ctx context.Context) error { return read(ctx, c) },
		}, nil
	}
	return a
}

// ours are the methods, theirs the SDK's, and ops the operations as values.
var (
	ours = adapter(
		func(ctx context.Context, c *stripe.Client) error {
			_, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Email: sdk.String("a@example.com")})
			return err
		},
		func(ctx context.Context, c *stripe.Client) error { _, err := c.Customer(ctx, "cus_1"); return err })
	ops = adapter(
		func(ctx context.Context, c *stripe.Client) error {
			_, err := stripe.CreateCustomer.Do(ctx, c.HTTP, nil)
			return err
		},
		func(ctx context.Context, c *stripe.Client) error {
			for _, err := range stripe.ListCustomers.All(ctx, c.HTTP, nil) {
				return err
			}
			return nil
		})
	theirs = adapter(
		func(ctx context.Context, c *stripe.Client) error {
			_, err := c.SDK.Customers.New(&sdk.CustomerParams{Params: sdk.Params{Context: ctx}, Email: sdk.String("a@example.com")})
			return err
		},
		func(ctx context.Context, c *stripe.Client) error {
			_, err := c.SDK.Customers.Get("cus_1", &sdk.CustomerParams{Params: sdk.Params{Context: ctx}})
			return err
		})
)

// C20, P2
func TestC20_Conformance(t *testing.T) { providertest.Run(t, ours) }

// C20, P2
func TestC20_ConformanceOfTheOperations(t *testing.T) { providertest.Run(t, ops) }

// C20, P6
func TestC20_ConformanceOfTheSDK(t *testing.T) {
	a := theirs
	a.SDKErrors = true
	providertest.Run(t, a)
}

// bad is what Stripe documents ("Errors", "Error codes" and "Rate limits" in the API
// reference).
var bad = providertest.Bad{
	WrongKey:      said(401, "", "invalid_request_error", "Invalid API Key provided: "+providertest.Key),
	ExpiredKey:    said(401, "api_key_expired", "invalid_request_error", "Expired API Key provided: "+providertest.Key),
	UnknownObject: said(404, "resource_missing", "invalid_request_error", "No such customer: 'cus_1'"),
	Invalid:       said(400, "parameter_invalid_empty", "invalid_request_error", "You passed an empty string for 'email'."),
	RateLimit:     said(429, "rate_limit", "invalid_request_error", "Request rate limit exceeded."),
	Outage:        said(500, "", "api_error", "An unknown error occurred"),
}

func said(status int, code, kind, message string) providertest.Said {
	body, err := json.Marshal(map[string]any{"error": map[string]any{"code": code, "type": kind, "message": message}})
	if err != nil {
		panic(err)
	}
	return providertest.Said{Step: clienttest.JSON(status, string(body)), Code: code}
}

// P5
func TestP5_BadInput(t *testing.T) {
	for name, a := range map[string]providertest.Adapter{"methods": ours, "operations": ops} {
		t.Run(name, func(t *testing.T) { providertest.BadInput(t, a, bad) })
	}
	a := theirs
	a.SDKErrors = true
	t.Run("SDK", func(t *testing.T) { providertest.BadInput(t, a, bad) })
}

func start(t *testing.T, steps ...clienttest.Step) (*stripe.Client, *clienttest.Server) {
	t.Helper()
	srv := clienttest.NewServer(t, steps...)
	c, err := stripe.New(secret.Static("sk_test_1"), client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c, srv
}

func TestOperations(t *testing.T) {
	c, srv := start(t, clienttest.JSON(200, `{"id":"x_1"}`))
	ctx := t.Context()
	for want, call := range map[string]func() error{
		"POST /v1/customers":      func() error { _, err := c.CreateCustomer(ctx, nil); return err },
		"GET /v1/customers/cus_1": func() error { _, err := c.Customer(ctx, "cus_1"); return err },
		"POST /v1/payment_intents": func() error {
			_, err := c.CreatePaymentIntent(ctx, &sdk.PaymentIntentParams{Amount: sdk.Int64(5)})
			return err
		},
		"GET /v1/payment_intents/pi_1":          func() error { _, err := c.PaymentIntent(ctx, "pi_1"); return err },
		"POST /v1/payment_intents/pi_1/confirm": func() error { _, err := c.ConfirmPaymentIntent(ctx, "pi_1", nil); return err },
		"POST /v1/subscriptions": func() error {
			_, err := c.CreateSubscription(ctx, &sdk.SubscriptionParams{Customer: sdk.String("cus_1")})
			return err
		},
		"DELETE /v1/subscriptions/sub_1": func() error { _, err := c.CancelSubscription(ctx, "sub_1", nil); return err },
		"POST /v1/refunds": func() error {
			_, err := c.Refund(ctx, &sdk.RefundParams{PaymentIntent: sdk.String("pi_1")})
			return err
		},
	} {
		require.NoError(t, call(), want)
		last := srv.Last()
		require.Equal(t, want, last.Method+" "+last.URL)
		if strings.HasPrefix(want, "POST") {
			require.NotEmpty(t, last.Header.Get("Idempotency-Key"), want)
		}
		require.Equal(t, "Bearer sk_test_1", last.Header.Get("Authorization"))
		require.Equal(t, []string{sdk.APIVersion}, last.Header["Stripe-Version"])
	}
}

func TestParamsAreNotChanged(t *testing.T) {
	c, _ := start(t, clienttest.JSON(200, `{}`))
	params := &sdk.CustomerParams{Email: sdk.String("a@example.com")}
	_, err := c.CreateCustomer(t.Context(), params)
	require.NoError(t, err)
	require.Nil(t, params.Context)
}

func TestListsPageByThemselves(t *testing.T) {
	c, srv := start(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("starting_after") == "" {
			fmt.Fprint(w, `{"object":"list","has_more":true,"data":[{"id":"a"},{"id":"b"}]}`)
			return
		}
		fmt.Fprint(w, `{"object":"list","has_more":false,"data":[{"id":"c"}]}`)
	}))
	var ids []string
	for cus, err := range c.Customers(t.Context(), nil) {
		require.NoError(t, err)
		ids = append(ids, cus.ID)
	}
	require.Equal(t, []string{"a", "b", "c"}, ids)
	require.Equal(t, 2, srv.Count())
	for range c.PaymentIntents(t.Context(), nil) {
		break
	}
	n := 0
	for range c.Subscriptions(t.Context(), nil) {
		n++
	}
	for range c.Refunds(t.Context(), nil) {
		n++
	}
	require.Equal(t, 6, n)

	srv.Script(clienttest.JSON(404, `{"error":{"message":"no such account"}}`))
	for cus, err := range c.Customers(t.Context(), nil) {
		require.Nil(t, cus)
		var e *sdk.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, 404, e.HTTPStatusCode)
	}
}

func TestStripesHintForbidsARetry(t *testing.T) {
	c, srv := start(t, clienttest.JSON(500, `{"error":{"message":"x"}}`).Header("Stripe-Should-Retry", "false"))
	_, err := c.Customer(t.Context(), "cus_1")
	require.Error(t, err)
	require.Equal(t, 1, srv.Count())
}

func TestAllThreeHostsAreServed(t *testing.T) {
	c, srv := start(t, clienttest.JSON(200, `{"id":"file_1"}`))
	_, err := c.SDK.Files.New(&sdk.FileParams{FileReader: strings.NewReader("x"), Filename: sdk.String("x.txt"), Purpose: sdk.String("dispute_evidence")})
	require.NoError(t, err)
	require.Equal(t, "/v1/files", srv.Last().URL)
	_, err = c.SDK.OAuth.Del(&sdk.DeauthorizeParams{ClientID: sdk.String("ca_1"), StripeUserID: sdk.String("acct_1")})
	require.NoError(t, err)
	require.Equal(t, "/oauth/deauthorize", srv.Last().URL)
}

func ExampleNew() {
	srv := clienttest.Start(clienttest.MustParse(
		`503 Retry-After=0, 200 {"id":"cus_1","email":"a@example.com"}`)...)
	defer srv.Close()
	c, err := stripe.New(secret.Static("sk_test_123"), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	var ledger client.Ledger
	ctx := client.WithLedger(context.Background(), &ledger)
	cus, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Email: sdk.String("a@example.com")})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cus.ID, cus.Email)
	for _, a := range ledger.Attempts() {
		fmt.Println(a.Number, a.Status, a.Reason)
	}
	// Output:
	// cus_1 a@example.com
	// 1 503 retried
	// 2 200 succeeded
}

// C30: a retry that meets the first request, still running, waits for it; a key that
// was used with other parameters is not tried again, whatever the hint.
func TestC30_KeyInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := clienttest.JSON(409, `{"error":{"type":"idempotency_error","code":"idempotency_key_in_use","message":"There is currently another in-progress request using this Idempotent Key."}}`)
		rt := clienttest.NewTransport(t, clienttest.Reset(), running, clienttest.JSON(200, `{"id":"cus_1","object":"customer"}`))
		c, err := stripe.New(secret.Static("sk_test_1"), client.WithTransport(rt))
		require.NoError(t, err)
		create := func() error {
			_, err := c.CreateCustomer(t.Context(), &sdk.CustomerParams{Email: sdk.String("a@example.com")})
			return err
		}
		require.NoError(t, create())
		seen := rt.Requests()
		require.Len(t, seen, 3)
		for _, r := range seen {
			require.Equal(t, seen[0].Header["Idempotency-Key"], r.Header["Idempotency-Key"])
		}
		for _, hint := range []string{"", "true"} {
			reused := clienttest.JSON(400, `{"error":{"type":"idempotency_error","message":"Keys for idempotent requests can only be used with the same parameters they were first used with."}}`)
			if hint != "" {
				reused = reused.Header("Stripe-Should-Retry", hint)
			}
			rt.Script(reused)
			before := rt.Count()
			require.Error(t, create())
			require.Equal(t, before+1, rt.Count())
		}
	})
}
