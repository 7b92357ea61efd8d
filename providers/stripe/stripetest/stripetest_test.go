package stripetest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"
	api "github.com/stripe/stripe-go/v76/client"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func start(t *testing.T, opts ...client.Option) (*stripetest.Server, *stripe.Client) {
	t.Helper()
	t.Parallel()
	srv := stripetest.New()
	c, err := srv.Client(opts...)
	require.NoError(t, err)
	return srv, c
}

// official is stripe-go by itself, without the stack.
func official(srv *stripetest.Server, key string) *api.API {
	backend := sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{
		HTTPClient: &http.Client{Transport: srv.Transport()}, MaxNetworkRetries: sdk.Int64(0), EnableTelemetry: sdk.Bool(false),
		LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull},
	})
	return api.New(key, &sdk.Backends{API: backend, Connect: backend, Uploads: backend})
}

func types(srv *stripetest.Server) (types []string) {
	for _, e := range srv.Events() {
		types = append(types, e.Type)
	}
	return types
}

// Every operation of the adapter is one of the fake's, by the same name: none is answered
// as a URL that Stripe does not know.
func TestEveryOperationIsThere(t *testing.T) {
	srv, c := start(t)
	for _, op := range stripe.Operations {
		info := op.Info()
		path := strings.ReplaceAll(info.Route, "{id}", "x_1")
		_, err := client.Call[client.None](t.Context(), c.HTTP, client.Request{Method: info.Method, Path: path})
		got := srv.Requests()
		require.Equal(t, info.Name, got[len(got)-1].Operation, info.Route)
		if e, ok := errors.AsType[*client.Error](err); ok {
			require.NotContains(t, e.Message, "Unrecognized", info.Name)
		}
	}
	_, err := client.Get[client.None](t.Context(), c.HTTP, "/v1/nowhere")
	require.ErrorIs(t, err, client.ErrNotFound)
}

func TestAPayment(t *testing.T) {
	srv, c := start(t)
	ctx := t.Context()
	cus, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Email: sdk.String("a@example.com"), Metadata: map[string]string{"user": "42"}})
	require.NoError(t, err)
	require.Equal(t, []any{"a@example.com", "42"}, []any{cus.Email, cus.Metadata["user"]})
	pi, err := c.CreatePaymentIntent(ctx, &sdk.PaymentIntentParams{
		Amount: sdk.Int64(1099), Currency: sdk.String("eur"), Customer: sdk.String(cus.ID), CaptureMethod: sdk.String("manual"),
	})
	require.NoError(t, err)
	require.Equal(t, sdk.PaymentIntentStatusRequiresPaymentMethod, pi.Status)
	_, err = c.ConfirmPaymentIntent(ctx, pi.ID, nil)
	require.ErrorIs(t, err, client.ErrBadRequest)
	pi, err = c.ConfirmPaymentIntent(ctx, pi.ID, &sdk.PaymentIntentConfirmParams{PaymentMethod: sdk.String("pm_card_visa")})
	require.NoError(t, err)
	require.Equal(t, sdk.PaymentIntentStatusRequiresCapture, pi.Status)
	require.Equal(t, int64(1099), pi.AmountCapturable)
	pi, err = stripe.CapturePaymentIntent.Do(ctx, c.HTTP, stripe.ByID(pi.ID, &sdk.PaymentIntentCaptureParams{AmountToCapture: sdk.Int64(1000), Expand: sdk.StringSlice([]string{"customer", "latest_charge.balance_transaction"})}))
	require.NoError(t, err)
	require.Equal(t, []any{sdk.PaymentIntentStatusSucceeded, int64(1000), "a@example.com", int64(1000)},
		[]any{pi.Status, pi.AmountReceived, pi.Customer.Email, pi.LatestCharge.BalanceTransaction.Amount})

	_, err = c.Refund(ctx, &sdk.RefundParams{PaymentIntent: sdk.String(pi.ID), Amount: sdk.Int64(1001)})
	require.ErrorIs(t, err, client.ErrBadRequest)
	for _, want := range []int64{400, 600} {
		params := &sdk.RefundParams{PaymentIntent: sdk.String(pi.ID)}
		if want == 400 {
			params.Amount = sdk.Int64(400)
		}
		re, err := c.Refund(ctx, params)
		require.NoError(t, err)
		require.Equal(t, want, re.Amount)
	}
	_, err = c.Refund(ctx, &sdk.RefundParams{PaymentIntent: sdk.String(pi.ID)})
	e, _ := errors.AsType[*client.Error](err)
	require.Equal(t, "charge_already_refunded", e.Code)
	_, err = stripe.CancelPaymentIntent.Do(ctx, c.HTTP, stripe.On[*sdk.PaymentIntentCancelParams]{ID: pi.ID})
	e, _ = errors.AsType[*client.Error](err)
	require.Equal(t, "payment_intent_unexpected_state", e.Code)

	require.NoError(t, srv.Dispute(pi.ID))
	require.Error(t, srv.Dispute("pi_none"))
	for d, err := range stripe.ListDisputes.All(ctx, c.HTTP, &sdk.DisputeListParams{PaymentIntent: sdk.String(pi.ID)}) {
		require.NoError(t, err)
		d, err = stripe.UpdateDispute.Do(ctx, c.HTTP, stripe.ByID(d.ID, &sdk.DisputeParams{Evidence: &sdk.DisputeEvidenceParams{CustomerName: sdk.String("Ada")}}))
		require.NoError(t, err)
		require.Equal(t, []any{sdk.DisputeStatusUnderReview, "Ada"}, []any{d.Status, d.Evidence.CustomerName})
	}
	var booked int64
	for b, err := range stripe.ListBalanceTransactions.All(ctx, c.HTTP, nil) {
		require.NoError(t, err)
		booked += b.Net
	}
	require.Zero(t, booked)
	require.Equal(t, []string{
		"customer.created", "payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated", "charge.captured",
		"payment_intent.succeeded", "refund.created", "charge.refunded", "refund.created", "charge.refunded",
		"charge.dispute.created", "charge.dispute.updated",
	}, types(srv))
}

func TestADeclinedCard(t *testing.T) {
	srv, c := start(t)
	ctx := t.Context()
	pay := func(method string) (*sdk.PaymentIntent, error) {
		return c.CreatePaymentIntent(ctx, &sdk.PaymentIntentParams{
			Amount: sdk.Int64(5), Currency: sdk.String("eur"), PaymentMethod: sdk.String(method), Confirm: sdk.Bool(true),
		})
	}
	_, err := pay("pm_card_chargeDeclinedInsufficientFunds")
	card, ok := errors.AsType[*sdk.CardError](err)
	require.True(t, ok)
	require.Equal(t, sdk.DeclineCodeInsufficientFunds, card.DeclineCode)
	own, _ := errors.AsType[*sdk.Error](err)
	require.Equal(t, sdk.PaymentIntentStatusRequiresPaymentMethod, own.PaymentIntent.Status)

	srv.Inject("payment_intents.create", stripetest.CardDeclined)
	_, err = pay("pm_card_visa")
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Equal(t, []any{402, "card_declined", "card_error", client.Rejected}, []any{e.Status, e.Code, e.Type, e.Effect})
	pi, err := pay("pm_card_authenticationRequired")
	require.NoError(t, err)
	require.Equal(t, sdk.PaymentIntentStatusRequiresAction, pi.Status)
	_, err = pay("pm_unknown")
	require.ErrorContains(t, err, "No such PaymentMethod: 'pm_unknown'")
	require.Len(t, srv.Events("payment_intent.payment_failed"), 2)
}

// The key is checked, and what has expired told apart.
func TestTheKeyIsChecked(t *testing.T) {
	srv, c := start(t)
	_, err := official(srv, "").Customers.New(&sdk.CustomerParams{})
	require.Error(t, err)
	for key, code := range map[string]string{"sk_test_other_0123456789": "", "short": "", srv.Key(): "api_key_expired"} {
		if code != "" {
			srv.Roll("sk_test_next")
		}
		other, err := c.HTTP.With(client.WithAuth(client.Bearer(secret.Static(key))))
		require.NoError(t, err)
		_, err = stripe.CreateCustomer.Do(t.Context(), other, nil)
		require.ErrorIs(t, err, client.ErrUnauthorized, key)
		e, _ := errors.AsType[*client.Error](err)
		require.Equal(t, code, e.Code, key)
		require.NotEmpty(t, e.RequestID)
		require.NotContains(t, e.Message, key)
		if code == "" {
			continue
		}
		c, err = srv.Client()
		require.NoError(t, err)
		_, err = c.CreateCustomer(t.Context(), nil)
		require.NoError(t, err)
	}
}

// Idempotency keys do what Stripe documents, under the SDK by itself.
func TestIdempotencyKeys(t *testing.T) {
	srv, _ := start(t)
	c := official(srv, srv.Key())
	create := func(key, email string) (*sdk.Customer, error) {
		return c.Customers.New(&sdk.CustomerParams{Params: sdk.Params{IdempotencyKey: sdk.String(key)}, Email: sdk.String(email)})
	}
	first, err := create("k1", "a@example.com")
	require.NoError(t, err)
	again, err := create("k1", "a@example.com")
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, "true", again.LastResponse.Header.Get("Idempotent-Replayed"))
	_, err = create("k1", "b@example.com")
	wrong, _ := errors.AsType[*sdk.Error](err)
	require.Equal(t, []any{400, sdk.ErrorTypeIdempotency}, []any{wrong.HTTPStatusCode, wrong.Type})

	_, err = c.Customers.Update(first.ID, &sdk.CustomerParams{Params: sdk.Params{IdempotencyKey: sdk.String("k1")}, Email: sdk.String("a@example.com")})
	wrong, _ = errors.AsType[*sdk.Error](err)
	require.Equal(t, sdk.ErrorTypeIdempotency, wrong.Type, "it is for another endpoint")
	elsewhere, err := c.Customers.New(&sdk.CustomerParams{Params: sdk.Params{IdempotencyKey: sdk.String("k1"), StripeAccount: sdk.String("acct_1")}, Email: sdk.String("a@example.com")})
	require.NoError(t, err)
	require.NotEqual(t, first.ID, elsewhere.ID, "a key is an account's")

	srv.Inject("customers.create", stripetest.ServerError)
	for _, replayed := range []string{"", "true"} { // the 500 is stored
		_, err = create("k2", "a@example.com")
		wrong, _ = errors.AsType[*sdk.Error](err)
		require.Equal(t, 500, wrong.HTTPStatusCode)
		require.Equal(t, replayed, wrong.LastResponse.Header.Get("Idempotent-Replayed"))
	}
	for _, fault := range []stripetest.Fault{stripetest.RateLimited, stripetest.Unavailable} { // and what was not begun is not
		srv.Inject("customers.create", fault)
		_, err = create("k3", "a@example.com")
		require.Error(t, err)
	}
	_, err = create("k3", "a@example.com")
	require.NoError(t, err)
	_, err = c.PaymentIntents.New(&sdk.PaymentIntentParams{Params: sdk.Params{IdempotencyKey: sdk.String("k4")}})
	require.Error(t, err, "a parameter is missing: the endpoint has not begun")
	_, err = c.PaymentIntents.New(&sdk.PaymentIntentParams{Params: sdk.Params{IdempotencyKey: sdk.String("k4")}, Amount: sdk.Int64(5), Currency: sdk.String("eur")})
	require.NoError(t, err)
	require.Len(t, srv.Events("customer.created"), 3)

	pay := &sdk.PaymentIntentParams{
		Params: sdk.Params{IdempotencyKey: sdk.String("k5")}, Amount: sdk.Int64(5), Currency: sdk.String("eur"),
		PaymentMethod: sdk.String("pm_card_chargeDeclined"), Confirm: sdk.Bool(true),
	}
	for range 2 { // a declined card is what the endpoint came to
		_, err = c.PaymentIntents.New(pay)
		wrong, _ = errors.AsType[*sdk.Error](err)
		require.Equal(t, 402, wrong.HTTPStatusCode)
	}
	require.Len(t, srv.Events("payment_intent.payment_failed"), 1)
	_, err = create(strings.Repeat("k", 255), "a@example.com")
	require.NoError(t, err)
}

// A key whose first request is under way is refused, and kept for a day.
func TestAKeyThatIsInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := stripetest.New()
		c, err := srv.Client(client.WithRetry(retry.Never))
		require.NoError(t, err)
		create := func(ctx context.Context) (*sdk.Customer, error) {
			return c.CreateCustomer(ctx, &sdk.CustomerParams{Params: sdk.Params{IdempotencyKey: sdk.String("k1")}})
		}
		srv.Inject("customers.create", stripetest.Hang)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		done := make(chan error)
		go func() { _, err := create(ctx); done <- err }()
		synctest.Wait()
		_, err = create(t.Context())
		e, _ := errors.AsType[*client.Error](err)
		require.Equal(t, []any{409, "idempotency_key_in_use"}, []any{e.Status, e.Code})
		require.ErrorIs(t, <-done, context.DeadlineExceeded)
		synctest.Wait()
		require.Len(t, srv.Events("customer.created"), 1, "it was done all the same")
		got, err := create(t.Context())
		require.NoError(t, err)
		require.Equal(t, "cus_1", got.ID)
		time.Sleep(24 * time.Hour)
		got, err = create(t.Context())
		require.NoError(t, err)
		require.Equal(t, "cus_2", got.ID)
	})
}

// A lost response is repeated by the stack under one key, and done once: in memory and
// on loopback alike.
func TestFaults(t *testing.T) {
	fast := client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(0)})
	for where, srv := range map[string]*stripetest.Server{"in memory": stripetest.New(), "on loopback": stripetest.NewServer(t)} {
		c, err := srv.Client(fast)
		require.NoError(t, err)
		t.Cleanup(c.HTTP.CloseIdleConnections)
		for fault, name := range map[stripetest.Fault]string{
			stripetest.Unavailable: "unavailable", stripetest.RateLimited: "rate limited", stripetest.HTMLPage: "page",
			stripetest.DropBefore: "dropped before", stripetest.DropAfter: "dropped after", stripetest.CutBody: "cut",
		} {
			made := len(srv.Events("customer.created"))
			asked := len(srv.Requests("customers.create"))
			srv.Inject("customers.create", fault)
			_, err := c.CreateCustomer(t.Context(), nil)
			require.NoError(t, err, "%s, %s", where, name)
			require.Len(t, srv.Events("customer.created"), made+1, "%s, %s", where, name)
			require.Len(t, srv.Requests("customers.create"), asked+2, "%s, %s", where, name)
		}
		srv.Inject("", stripetest.ServerError)
		_, err = c.CreateCustomer(t.Context(), nil)
		require.ErrorIs(t, err, client.ErrUnavailable, where)
		srv.Inject("customers.get", stripetest.HTMLPage)
		_, err = c.CreateCustomer(t.Context(), nil)
		require.NoError(t, err, "the fault is for another operation")
	}
}

// P4
func TestP4_Lists(t *testing.T) {
	srv, c := start(t)
	ctx := t.Context()
	for i := range 25 {
		_, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Email: sdk.String(fmt.Sprintf("%d@example.com", i%2)), Metadata: map[string]string{"n": fmt.Sprint(i)}})
		require.NoError(t, err)
	}
	var ids, backwards, theirs []string
	for cus, err := range c.Customers(ctx, &sdk.CustomerListParams{ListParams: sdk.ListParams{Limit: sdk.Int64(10)}}) {
		require.NoError(t, err)
		ids = append(ids, cus.ID)
	}
	require.Len(t, ids, 25)
	require.Equal(t, "cus_25", ids[0])
	require.Len(t, srv.Requests("customers.list"), 3)
	for it := official(srv, srv.Key()).Customers.List(&sdk.CustomerListParams{}); it.Next(); {
		theirs = append(theirs, it.Customer().ID)
	}
	require.Equal(t, ids, theirs)
	for cus, err := range c.Customers(ctx, &sdk.CustomerListParams{ListParams: sdk.ListParams{EndingBefore: sdk.String("cus_1"), Limit: sdk.Int64(7)}}) {
		require.NoError(t, err)
		backwards = append(backwards, cus.ID)
	}
	slices.Reverse(backwards)
	require.Equal(t, ids[:24], backwards)
	n := 0
	for cus, err := range c.Customers(ctx, &sdk.CustomerListParams{Email: sdk.String("1@example.com"), CreatedRange: &sdk.RangeQueryParams{GreaterThan: 5}}) {
		require.NoError(t, err)
		require.Equal(t, "1@example.com", cus.Email)
		n++
	}
	require.Equal(t, 12, n)
	for query, want := range map[string]int{
		`email:"1@example.com"`: 12, `metadata["n"]:"3" AND email:'1@example.com'`: 1, `metadata["n"]:"3" OR metadata["n"]:"4"`: 2,
		`email~"example"`: 25, `-email:"1@example.com"`: 13, `created>5`: 25, `created<=5`: 0,
	} {
		n := 0
		for _, err := range stripe.SearchCustomers.All(ctx, c.HTTP, &sdk.CustomerSearchParams{SearchParams: sdk.SearchParams{Query: query, Limit: sdk.Int64(5)}}) {
			require.NoError(t, err, query)
			n++
		}
		require.Equal(t, want, n, query)
	}
	for _, err := range stripe.SearchCustomers.All(ctx, c.HTTP, &sdk.CustomerSearchParams{SearchParams: sdk.SearchParams{Query: "nonsense"}}) {
		require.ErrorIs(t, err, client.ErrBadRequest)
	}
	_, err := stripe.ListCustomers.Do(ctx, c.HTTP, &sdk.CustomerListParams{ListParams: sdk.ListParams{StartingAfter: sdk.String("cus_none")}})
	require.ErrorIs(t, err, client.ErrBadRequest)
	_, err = stripe.ListCustomers.Do(ctx, c.HTTP, &sdk.CustomerListParams{ListParams: sdk.ListParams{Limit: sdk.Int64(101)}})
	require.ErrorIs(t, err, client.ErrBadRequest)
}

func TestCustomers(t *testing.T) {
	_, c := start(t)
	ctx := t.Context()
	cus, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Name: sdk.String("Ada"), Metadata: map[string]string{"a": "1", "b": "2"}})
	require.NoError(t, err)
	cus, err = stripe.UpdateCustomer.Do(ctx, c.HTTP, stripe.ByID(cus.ID, &sdk.CustomerParams{
		Name: sdk.String(""), Balance: sdk.Int64(-5), Metadata: map[string]string{"a": "", "c": "3"}, Address: &sdk.AddressParams{City: sdk.String("Bath")},
	}))
	require.NoError(t, err)
	require.Equal(t, []any{"", int64(-5), map[string]string{"b": "2", "c": "3"}, "Bath"}, []any{cus.Name, cus.Balance, cus.Metadata, cus.Address.City})
	_, err = stripe.DeleteCustomer.Do(ctx, c.HTTP, stripe.On[*sdk.CustomerParams]{ID: cus.ID})
	require.NoError(t, err)
	cus, err = c.Customer(ctx, cus.ID)
	require.NoError(t, err)
	require.True(t, cus.Deleted)
	_, err = c.CreatePaymentIntent(ctx, &sdk.PaymentIntentParams{Amount: sdk.Int64(5), Currency: sdk.String("eur"), Customer: sdk.String(cus.ID)})
	require.ErrorContains(t, err, "No such customer")
	_, err = c.Customer(ctx, "cus_none")
	require.ErrorIs(t, err, client.ErrNotFound)
	params := &sdk.CustomerParams{}
	params.AddExtra("emial", "a@example.com")
	_, err = c.CreateCustomer(ctx, params)
	e, _ := errors.AsType[*client.Error](err)
	require.Equal(t, "parameter_unknown", e.Code)
	params = &sdk.CustomerParams{}
	params.AddExtra("balance", "much")
	_, err = c.CreateCustomer(ctx, params)
	require.ErrorIs(t, err, client.ErrBadRequest)
}

func TestPaymentMethods(t *testing.T) {
	_, c := start(t)
	ctx := t.Context()
	cus, err := c.CreateCustomer(ctx, nil)
	require.NoError(t, err)
	pm, err := stripe.AttachPaymentMethod.Do(ctx, c.HTTP, stripe.ByID("pm_card_visa", &sdk.PaymentMethodAttachParams{Customer: sdk.String(cus.ID)}))
	require.NoError(t, err)
	require.Equal(t, []any{cus.ID, "4242"}, []any{pm.Customer.ID, pm.Card.Last4})
	n := 0
	for got, err := range stripe.ListPaymentMethods.All(ctx, c.HTTP, &sdk.PaymentMethodListParams{Customer: sdk.String(cus.ID), Type: sdk.String("card")}) {
		require.NoError(t, err)
		require.Equal(t, pm.ID, got.ID)
		n++
	}
	require.Equal(t, 1, n)
	pm, err = stripe.DetachPaymentMethod.Do(ctx, c.HTTP, stripe.On[*sdk.PaymentMethodDetachParams]{ID: pm.ID})
	require.NoError(t, err)
	require.Nil(t, pm.Customer)
	_, err = stripe.DetachPaymentMethod.Do(ctx, c.HTTP, stripe.On[*sdk.PaymentMethodDetachParams]{ID: pm.ID})
	require.ErrorIs(t, err, client.ErrBadRequest)
	made, err := c.SDK.PaymentMethods.New(&sdk.PaymentMethodParams{Type: sdk.String("card"), Card: &sdk.PaymentMethodCardParams{Token: sdk.String("tok_visa")}})
	require.NoError(t, err)
	_, err = stripe.GetPaymentMethod.Do(ctx, c.HTTP, stripe.On[*sdk.PaymentMethodParams]{ID: made.ID})
	require.NoError(t, err)
}

func monthly(t *testing.T, c *stripe.Client) string {
	t.Helper()
	price, err := stripe.CreatePrice.Do(t.Context(), c.HTTP, &sdk.PriceParams{
		Currency: sdk.String("eur"), UnitAmount: sdk.Int64(900), ProductData: &sdk.PriceProductDataParams{Name: sdk.String("Pump")},
		Recurring: &sdk.PriceRecurringParams{Interval: sdk.String("month")},
	})
	require.NoError(t, err)
	return price.ID
}

func TestASubscriptionUnderATestClock(t *testing.T) {
	srv, c := start(t)
	ctx := t.Context()
	begin := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	clock, err := stripe.CreateTestClock.Do(ctx, c.HTTP, &sdk.TestHelpersTestClockParams{FrozenTime: sdk.Int64(begin.Unix())})
	require.NoError(t, err)
	cus, err := c.CreateCustomer(ctx, &sdk.CustomerParams{TestClock: sdk.String(clock.ID)})
	require.NoError(t, err)
	sub, err := c.CreateSubscription(ctx, &sdk.SubscriptionParams{
		Customer: sdk.String(cus.ID), Items: []*sdk.SubscriptionItemsParams{{Price: sdk.String(monthly(t, c)), Quantity: sdk.Int64(2)}},
		Expand: sdk.StringSlice([]string{"latest_invoice"}),
	})
	require.NoError(t, err)
	require.Equal(t, []any{sdk.SubscriptionStatusActive, begin.Unix(), int64(1800), int64(900)},
		[]any{sub.Status, sub.CurrentPeriodStart, sub.LatestInvoice.AmountPaid, sub.Items.Data[0].Price.UnitAmount})
	advance := func(to time.Time) {
		_, err := stripe.AdvanceTestClock.Do(ctx, c.HTTP, stripe.ByID(clock.ID, &sdk.TestHelpersTestClockAdvanceParams{FrozenTime: sdk.Int64(to.Unix())}))
		require.NoError(t, err)
	}
	advance(begin.AddDate(0, 2, 5))
	invoices := 0
	for in, err := range stripe.ListInvoices.All(ctx, c.HTTP, &sdk.InvoiceListParams{Subscription: sdk.String(sub.ID)}) {
		require.NoError(t, err)
		require.Equal(t, sdk.InvoiceStatusPaid, in.Status)
		invoices++
	}
	require.Equal(t, 3, invoices)
	sub, err = stripe.UpdateSubscription.Do(ctx, c.HTTP, stripe.ByID(sub.ID, &sdk.SubscriptionParams{CancelAtPeriodEnd: sdk.Bool(true)}))
	require.NoError(t, err)
	require.True(t, sub.CancelAtPeriodEnd)
	advance(begin.AddDate(0, 6, 0))
	sub, err = stripe.GetSubscription.Do(ctx, c.HTTP, stripe.On[*sdk.SubscriptionParams]{ID: sub.ID})
	require.NoError(t, err)
	require.Equal(t, sdk.SubscriptionStatusCanceled, sub.Status)
	_, err = c.CancelSubscription(ctx, sub.ID, nil)
	require.ErrorIs(t, err, client.ErrNotFound)
	for range c.Subscriptions(ctx, nil) {
		t.Fatal("a list leaves out what is canceled")
	}
	require.Len(t, srv.Events("customer.subscription.deleted"), 1)
	_, err = stripe.AdvanceTestClock.Do(ctx, c.HTTP, stripe.ByID(clock.ID, &sdk.TestHelpersTestClockAdvanceParams{FrozenTime: sdk.Int64(5)}))
	require.ErrorIs(t, err, client.ErrBadRequest)
	_, err = stripe.DeleteTestClock.Do(ctx, c.HTTP, stripe.On[*sdk.TestHelpersTestClockParams]{ID: clock.ID})
	require.NoError(t, err)
}

func TestInvoices(t *testing.T) {
	srv, c := start(t)
	ctx := t.Context()
	cus, err := c.CreateCustomer(ctx, nil)
	require.NoError(t, err)
	draft := func() *sdk.Invoice {
		in, err := stripe.CreateInvoice.Do(ctx, c.HTTP, &sdk.InvoiceParams{Customer: sdk.String(cus.ID), Currency: sdk.String("eur")})
		require.NoError(t, err)
		_, err = c.SDK.InvoiceItems.New(&sdk.InvoiceItemParams{Customer: sdk.String(cus.ID), Invoice: sdk.String(in.ID), Amount: sdk.Int64(500), Currency: sdk.String("eur")})
		require.NoError(t, err)
		return in
	}
	in := draft()
	in, err = stripe.FinalizeInvoice.Do(ctx, c.HTTP, stripe.On[*sdk.InvoiceFinalizeInvoiceParams]{ID: in.ID})
	require.NoError(t, err)
	require.Equal(t, []any{sdk.InvoiceStatusOpen, int64(500)}, []any{in.Status, in.AmountDue})
	srv.Inject("invoices.pay", stripetest.CardDeclined)
	_, err = stripe.PayInvoice.Do(ctx, c.HTTP, stripe.On[*sdk.InvoicePayParams]{ID: in.ID})
	e, _ := errors.AsType[*client.Error](err)
	require.Equal(t, 402, e.Status)
	in, err = stripe.PayInvoice.Do(ctx, c.HTTP, stripe.On[*sdk.InvoicePayParams]{ID: in.ID})
	require.NoError(t, err)
	require.Equal(t, []any{sdk.InvoiceStatusPaid, int64(500)}, []any{in.Status, in.AmountPaid})
	for _, err := range []error{
		errOf(stripe.PayInvoice.Do(ctx, c.HTTP, stripe.On[*sdk.InvoicePayParams]{ID: in.ID})),
		errOf(stripe.VoidInvoice.Do(ctx, c.HTTP, stripe.On[*sdk.InvoiceVoidInvoiceParams]{ID: in.ID})),
		errOf(stripe.FinalizeInvoice.Do(ctx, c.HTTP, stripe.On[*sdk.InvoiceFinalizeInvoiceParams]{ID: in.ID})),
	} {
		require.ErrorIs(t, err, client.ErrBadRequest)
	}
	in = draft()
	_, err = stripe.FinalizeInvoice.Do(ctx, c.HTTP, stripe.On[*sdk.InvoiceFinalizeInvoiceParams]{ID: in.ID})
	require.NoError(t, err)
	in, err = stripe.VoidInvoice.Do(ctx, c.HTTP, stripe.On[*sdk.InvoiceVoidInvoiceParams]{ID: in.ID})
	require.NoError(t, err)
	require.Equal(t, sdk.InvoiceStatusVoid, in.Status)
}

func errOf[T any](_ T, err error) error { return err }

// A checkout is paid on Stripe's page, and told by a signed webhook.
func TestACheckout(t *testing.T) {
	srv, c := start(t)
	ctx := t.Context()
	price := monthly(t, c)
	for mode, line := range map[string]*sdk.CheckoutSessionLineItemParams{
		"payment": {Quantity: sdk.Int64(2), PriceData: &sdk.CheckoutSessionLineItemPriceDataParams{
			Currency: sdk.String("eur"), UnitAmount: sdk.Int64(1000), ProductData: &sdk.CheckoutSessionLineItemPriceDataProductDataParams{Name: sdk.String("Pump")}}},
		"subscription": {Quantity: sdk.Int64(1), Price: sdk.String(price)},
	} {
		session, err := stripe.CreateCheckoutSession.Do(ctx, c.HTTP, &sdk.CheckoutSessionParams{
			Mode: sdk.String(mode), LineItems: []*sdk.CheckoutSessionLineItemParams{line}, ClientReferenceID: sdk.String("order-17"),
			SuccessURL: sdk.String("https://example.com/"),
		})
		require.NoError(t, err)
		require.NotEmpty(t, session.URL)
		require.NoError(t, srv.CompleteCheckout(session.ID))
		require.Error(t, srv.CompleteCheckout(session.ID))
		session, err = stripe.GetCheckoutSession.Do(ctx, c.HTTP, stripe.ByID(session.ID, &sdk.CheckoutSessionParams{Expand: sdk.StringSlice([]string{"payment_intent", "subscription"})}))
		require.NoError(t, err)
		require.Equal(t, sdk.CheckoutSessionPaymentStatusPaid, session.PaymentStatus)
		if mode == "payment" {
			require.Equal(t, []any{int64(2000), sdk.PaymentIntentStatusSucceeded}, []any{session.PaymentIntent.Amount, session.PaymentIntent.Status})
		} else {
			require.Equal(t, sdk.SubscriptionStatusActive, session.Subscription.Status)
		}
	}
	session, err := stripe.CreateCheckoutSession.Do(ctx, c.HTTP, &sdk.CheckoutSessionParams{Mode: sdk.String("setup")})
	require.NoError(t, err)
	for _, ok := range []bool{true, false} {
		_, err = stripe.ExpireCheckoutSession.Do(ctx, c.HTTP, stripe.On[*sdk.CheckoutSessionExpireParams]{ID: session.ID})
		require.Equal(t, ok, err == nil)
	}
	portal, err := stripe.CreatePortalSession.Do(ctx, c.HTTP, &sdk.BillingPortalSessionParams{Customer: sdk.String("cus_1"), ReturnURL: sdk.String("https://example.com/")})
	require.NoError(t, err)
	require.NotEmpty(t, portal.URL)

	scheme, err := webhook.Stripe(secret.Static("whsec_test"))
	require.NoError(t, err)
	var paid []string
	fail := true
	h, err := webhook.NewHandler(scheme, webhook.On("checkout.session.completed", func(_ context.Context, e webhook.Event[sdk.CheckoutSession]) error {
		if fail {
			fail = false
			return errors.New("the database is away")
		}
		paid = append(paid, e.Data.ClientReferenceID)
		return nil
	}))
	require.NoError(t, err)
	require.ErrorContains(t, srv.Deliver(h, "whsec_test"), "checkout.session.completed")
	require.NoError(t, srv.Deliver(h, "whsec_test"))
	require.Equal(t, []string{"order-17", "order-17"}, paid)
	require.NoError(t, srv.Deliver(h, "whsec_test"), "there is nothing new")
	require.Len(t, paid, 2)
	e := srv.Events("checkout.session.expired")[0]
	require.Equal(t, session.ID, e.Object)
	got, err := c.SDK.Events.Get(e.ID, nil)
	require.NoError(t, err)
	require.Equal(t, sdk.EventType("checkout.session.expired"), got.Type)
}

// Each connected account has what is its own.
func TestConnectedAccounts(t *testing.T) {
	srv, c := start(t)
	params := &sdk.CustomerParams{}
	params.SetStripeAccount("acct_1")
	cus, err := c.CreateCustomer(t.Context(), params)
	require.NoError(t, err)
	_, err = c.Customer(t.Context(), cus.ID)
	require.ErrorIs(t, err, client.ErrNotFound)
	_, err = stripe.GetCustomer.Do(t.Context(), c.HTTP, stripe.ByID(cus.ID, params))
	require.NoError(t, err)
	require.Equal(t, "acct_1", srv.Events()[0].Account)
}

func TestConcurrentCalls(t *testing.T) {
	srv, c := start(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := c.CreateCustomer(t.Context(), nil); err != nil {
				t.Error(err)
			}
			srv.Events()
			srv.Requests()
		})
	}
	wg.Wait()
	require.Len(t, srv.Requests("customers.create"), 20)
	require.Equal(t, 200, srv.Requests("customers.create")[0].Status)
}

// What stands on the fake is no stray request.
func TestItIsNoStray(t *testing.T) {
	clienttest.NoStrayRequests(t)
	for _, srv := range []*stripetest.Server{stripetest.New(), stripetest.NewServer(t)} {
		c, err := srv.Client()
		require.NoError(t, err)
		_, err = c.CreateCustomer(t.Context(), nil)
		require.NoError(t, err)
		c.HTTP.CloseIdleConnections()
	}
}

// A name that is misspelt would never bring its fault, and be counted zero times: a test
// would pass.
func TestAnOperationThatThereIsNot(t *testing.T) {
	t.Parallel()
	srv := stripetest.New()
	for name, call := range map[string]func(){
		"Inject":   func() { srv.Inject("customer.create", stripetest.Unavailable) },
		"Requests": func() { srv.Requests("customers.create", "customer.create") },
	} {
		func() {
			defer func() {
				said, _ := recover().(string)
				require.Contains(t, said, `there is no operation "customer.create", but `, name)
				require.Contains(t, said, "customers.create", name)
			}()
			call()
		}()
	}
	srv.Inject("", stripetest.Unavailable)
}

// A page that no search has is refused, as Stripe does.
func TestAPageThatNoSearchHas(t *testing.T) {
	_, c := start(t, client.WithRetry(retry.Never))
	for query, code := range map[string]string{"limit=-1": "parameter_invalid_integer", "limit=101": "parameter_invalid_integer", "page=page_-1": "", "page=page_7": ""} {
		name, value, _ := strings.Cut(query, "=")
		_, err := client.Call[client.None](t.Context(), c.HTTP, client.Request{
			Path: "/v1/customers/search", Query: map[string][]string{"query": {`email:"a"`}, name: {value}},
		})
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, query)
		require.Equal(t, http.StatusBadRequest, e.Status, query)
		require.Equal(t, code, e.Code, query)
	}
}

// Two who deliver at once pass over no event.
func TestDeliveriesAtOnce(t *testing.T) {
	srv, c := start(t)
	_, err := c.CreateCustomer(t.Context(), nil)
	require.NoError(t, err)
	both, again := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	calls := 0
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		calls++
		if calls == 2 {
			close(both)
		}
		mu.Unlock()
		<-both
	})
	go func() {
		defer close(again)
		assert.NoError(t, srv.Deliver(h, "whsec_test"))
	}()
	require.NoError(t, srv.Deliver(h, "whsec_test"))
	<-again
	_, err = c.CreateCustomer(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, srv.Deliver(h, "whsec_test"))
	require.Equal(t, 3, calls, "the second one's event, too")
}
