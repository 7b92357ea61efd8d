package stripe_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"
	api "github.com/stripe/stripe-go/v76/client"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
)

// pair is one operation as the adapter has it, and as the SDK has.
type pair struct {
	ours   func(context.Context, *client.Client) error
	theirs func(*api.API) error
}

func plain[P, T any](op client.Op[P, T], theirs func(*api.API, P) error, params P) pair {
	return pair{
		func(ctx context.Context, c *client.Client) error { _, err := op.Do(ctx, c, params); return err },
		func(a *api.API) error { return theirs(a, params) },
	}
}

func on[P, T any](op client.Op[stripe.On[P], T], theirs func(*api.API, P) error, params P) pair {
	return pair{
		func(ctx context.Context, c *client.Client) error {
			_, err := op.Do(ctx, c, stripe.ByID("id_1", params))
			return err
		},
		func(a *api.API) error { return theirs(a, params) },
	}
}

// listing reads two pages.
func listing[P, T any](l client.List[P, stripe.Page[T], *T], theirs func(*api.API, P) error, params P) pair {
	return pair{
		func(ctx context.Context, c *client.Client) error {
			for _, err := range l.All(ctx, c, params) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		func(a *api.API) error { return theirs(a, params) },
	}
}

var (
	account  = sdk.Params{StripeAccount: sdk.String("acct_1"), Headers: http.Header{"X-Own": {"1", "2"}}}
	account2 = sdk.ListParams{Limit: sdk.Int64(2), StripeAccount: sdk.String("acct_1")}
	query    = sdk.SearchParams{Query: "name:'ü & b'", Limit: sdk.Int64(2), StripeAccount: sdk.String("acct_1")}
)

var pairs = map[string]pair{
	"customers.create": plain(stripe.CreateCustomer, func(a *api.API, p *sdk.CustomerParams) error { _, err := a.Customers.New(p); return err }, &sdk.CustomerParams{Params: account, Email: sdk.String("a+b@example.com"), Name: sdk.String("Å & =?"), Metadata: map[string]string{"k[1]": "v"}, Expand: sdk.StringSlice([]string{"a", "b.c"}), Address: &sdk.AddressParams{City: sdk.String("")}}),
	"customers.get":    on(stripe.GetCustomer, func(a *api.API, p *sdk.CustomerParams) error { _, err := a.Customers.Get("id_1", p); return err }, &sdk.CustomerParams{Params: account, Expand: sdk.StringSlice([]string{"tax"})}),
	"customers.update": on(stripe.UpdateCustomer, func(a *api.API, p *sdk.CustomerParams) error { _, err := a.Customers.Update("id_1", p); return err }, &sdk.CustomerParams{Params: sdk.Params{IdempotencyKey: sdk.String(" mine "), Extra: &sdk.ExtraValues{Values: url.Values{"new": {"1"}}}}, Balance: sdk.Int64(-5)}),
	"customers.delete": on(stripe.DeleteCustomer, func(a *api.API, p *sdk.CustomerParams) error { _, err := a.Customers.Del("id_1", p); return err }, &sdk.CustomerParams{}),
	"customers.list": listing(stripe.ListCustomers, func(a *api.API, p *sdk.CustomerListParams) error {
		it := a.Customers.List(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.CustomerListParams{ListParams: account2, Email: sdk.String("a@example.com"), CreatedRange: &sdk.RangeQueryParams{GreaterThan: 5}}),
	"customers.search": listing(stripe.SearchCustomers, func(a *api.API, p *sdk.CustomerSearchParams) error {
		it := a.Customers.Search(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.CustomerSearchParams{SearchParams: query}),
	"payment_intents.create": plain(stripe.CreatePaymentIntent, func(a *api.API, p *sdk.PaymentIntentParams) error { _, err := a.PaymentIntents.New(p); return err }, &sdk.PaymentIntentParams{Amount: sdk.Int64(1099), Currency: sdk.String("eur"), PaymentMethodTypes: sdk.StringSlice([]string{"card", "sepa_debit"}), Confirm: sdk.Bool(false)}),
	"payment_intents.get": on(stripe.GetPaymentIntent, func(a *api.API, p *sdk.PaymentIntentParams) error {
		_, err := a.PaymentIntents.Get("id_1", p)
		return err
	}, &sdk.PaymentIntentParams{ClientSecret: sdk.String("cs")}),
	"payment_intents.confirm": on(stripe.ConfirmPaymentIntent, func(a *api.API, p *sdk.PaymentIntentConfirmParams) error {
		_, err := a.PaymentIntents.Confirm("id_1", p)
		return err
	}, &sdk.PaymentIntentConfirmParams{PaymentMethod: sdk.String("pm_card_visa")}),
	"payment_intents.capture": on(stripe.CapturePaymentIntent, func(a *api.API, p *sdk.PaymentIntentCaptureParams) error {
		_, err := a.PaymentIntents.Capture("id_1", p)
		return err
	}, &sdk.PaymentIntentCaptureParams{AmountToCapture: sdk.Int64(5)}),
	"payment_intents.cancel": on(stripe.CancelPaymentIntent, func(a *api.API, p *sdk.PaymentIntentCancelParams) error {
		_, err := a.PaymentIntents.Cancel("id_1", p)
		return err
	}, nil),
	"payment_intents.list": listing(stripe.ListPaymentIntents, func(a *api.API, p *sdk.PaymentIntentListParams) error {
		it := a.PaymentIntents.List(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.PaymentIntentListParams{Customer: sdk.String("cus_1")}),
	"payment_intents.search": listing(stripe.SearchPaymentIntents, func(a *api.API, p *sdk.PaymentIntentSearchParams) error {
		it := a.PaymentIntents.Search(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.PaymentIntentSearchParams{SearchParams: query}),
	"refunds.create": plain(stripe.CreateRefund, func(a *api.API, p *sdk.RefundParams) error { _, err := a.Refunds.New(p); return err }, &sdk.RefundParams{PaymentIntent: sdk.String("pi_1"), Amount: sdk.Int64(5)}),
	"refunds.get":    on(stripe.GetRefund, func(a *api.API, p *sdk.RefundParams) error { _, err := a.Refunds.Get("id_1", p); return err }, nil),
	"refunds.list": listing(stripe.ListRefunds, func(a *api.API, p *sdk.RefundListParams) error {
		it := a.Refunds.List(p)
		for it.Next() {
		}
		return it.Err()
	}, nil),
	"subscriptions.create": plain(stripe.CreateSubscription, func(a *api.API, p *sdk.SubscriptionParams) error { _, err := a.Subscriptions.New(p); return err }, &sdk.SubscriptionParams{Customer: sdk.String("cus_1"), Items: []*sdk.SubscriptionItemsParams{{Price: sdk.String("price_1"), Quantity: sdk.Int64(2)}, {Price: sdk.String("price_2")}}, TrialEndNow: sdk.Bool(true)}),
	"subscriptions.get": on(stripe.GetSubscription, func(a *api.API, p *sdk.SubscriptionParams) error {
		_, err := a.Subscriptions.Get("id_1", p)
		return err
	}, nil),
	"subscriptions.update": on(stripe.UpdateSubscription, func(a *api.API, p *sdk.SubscriptionParams) error {
		_, err := a.Subscriptions.Update("id_1", p)
		return err
	}, &sdk.SubscriptionParams{CancelAtPeriodEnd: sdk.Bool(true), CancelAt: sdk.Int64(5)}),
	"subscriptions.cancel": on(stripe.CancelSubscription, func(a *api.API, p *sdk.SubscriptionCancelParams) error {
		_, err := a.Subscriptions.Cancel("id_1", p)
		return err
	}, &sdk.SubscriptionCancelParams{InvoiceNow: sdk.Bool(true)}),
	"subscriptions.list": listing(stripe.ListSubscriptions, func(a *api.API, p *sdk.SubscriptionListParams) error {
		it := a.Subscriptions.List(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.SubscriptionListParams{Status: sdk.String("all")}),
	"subscriptions.search": listing(stripe.SearchSubscriptions, func(a *api.API, p *sdk.SubscriptionSearchParams) error {
		it := a.Subscriptions.Search(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.SubscriptionSearchParams{SearchParams: query}),
	"checkout_sessions.create": plain(stripe.CreateCheckoutSession, func(a *api.API, p *sdk.CheckoutSessionParams) error { _, err := a.CheckoutSessions.New(p); return err }, &sdk.CheckoutSessionParams{Mode: sdk.String("payment"), SuccessURL: sdk.String("https://example.com/?id={CHECKOUT_SESSION_ID}"), LineItems: []*sdk.CheckoutSessionLineItemParams{{Quantity: sdk.Int64(1), PriceData: &sdk.CheckoutSessionLineItemPriceDataParams{Currency: sdk.String("eur"), UnitAmount: sdk.Int64(2000), ProductData: &sdk.CheckoutSessionLineItemPriceDataProductDataParams{Name: sdk.String("Pump")}}}}}),
	"checkout_sessions.get": on(stripe.GetCheckoutSession, func(a *api.API, p *sdk.CheckoutSessionParams) error {
		_, err := a.CheckoutSessions.Get("id_1", p)
		return err
	}, nil),
	"checkout_sessions.expire": on(stripe.ExpireCheckoutSession, func(a *api.API, p *sdk.CheckoutSessionExpireParams) error {
		_, err := a.CheckoutSessions.Expire("id_1", p)
		return err
	}, nil),
	"checkout_sessions.list": listing(stripe.ListCheckoutSessions, func(a *api.API, p *sdk.CheckoutSessionListParams) error {
		it := a.CheckoutSessions.List(p)
		for it.Next() {
		}
		return it.Err()
	}, nil),
	"portal_sessions.create": plain(stripe.CreatePortalSession, func(a *api.API, p *sdk.BillingPortalSessionParams) error {
		_, err := a.BillingPortalSessions.New(p)
		return err
	}, &sdk.BillingPortalSessionParams{Customer: sdk.String("cus_1"), ReturnURL: sdk.String("https://example.com/")}),
	"products.create": plain(stripe.CreateProduct, func(a *api.API, p *sdk.ProductParams) error { _, err := a.Products.New(p); return err }, &sdk.ProductParams{Name: sdk.String("Pump"), Active: sdk.Bool(false)}),
	"products.get":    on(stripe.GetProduct, func(a *api.API, p *sdk.ProductParams) error { _, err := a.Products.Get("id_1", p); return err }, nil),
	"products.update": on(stripe.UpdateProduct, func(a *api.API, p *sdk.ProductParams) error { _, err := a.Products.Update("id_1", p); return err }, &sdk.ProductParams{Name: sdk.String("")}),
	"products.list": listing(stripe.ListProducts, func(a *api.API, p *sdk.ProductListParams) error {
		it := a.Products.List(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.ProductListParams{IDs: sdk.StringSlice([]string{"prod_1", "prod_2"})}),
	"products.search": listing(stripe.SearchProducts, func(a *api.API, p *sdk.ProductSearchParams) error {
		it := a.Products.Search(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.ProductSearchParams{SearchParams: query}),
	"prices.create": plain(stripe.CreatePrice, func(a *api.API, p *sdk.PriceParams) error { _, err := a.Prices.New(p); return err }, &sdk.PriceParams{Currency: sdk.String("eur"), UnitAmountDecimal: sdk.Float64(0.5), Recurring: &sdk.PriceRecurringParams{Interval: sdk.String("month")}, Tiers: []*sdk.PriceTierParams{{UpToInf: sdk.Bool(true), UnitAmount: sdk.Int64(0)}}}),
	"prices.get":    on(stripe.GetPrice, func(a *api.API, p *sdk.PriceParams) error { _, err := a.Prices.Get("id_1", p); return err }, nil),
	"prices.list": listing(stripe.ListPrices, func(a *api.API, p *sdk.PriceListParams) error {
		it := a.Prices.List(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.PriceListParams{Active: sdk.Bool(true)}),
	"prices.search": listing(stripe.SearchPrices, func(a *api.API, p *sdk.PriceSearchParams) error {
		it := a.Prices.Search(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.PriceSearchParams{SearchParams: query}),
	"invoices.create": plain(stripe.CreateInvoice, func(a *api.API, p *sdk.InvoiceParams) error { _, err := a.Invoices.New(p); return err }, &sdk.InvoiceParams{Customer: sdk.String("cus_1"), CollectionMethod: sdk.String("send_invoice"), DaysUntilDue: sdk.Int64(30)}),
	"invoices.get":    on(stripe.GetInvoice, func(a *api.API, p *sdk.InvoiceParams) error { _, err := a.Invoices.Get("id_1", p); return err }, nil),
	"invoices.finalize": on(stripe.FinalizeInvoice, func(a *api.API, p *sdk.InvoiceFinalizeInvoiceParams) error {
		_, err := a.Invoices.FinalizeInvoice("id_1", p)
		return err
	}, &sdk.InvoiceFinalizeInvoiceParams{AutoAdvance: sdk.Bool(true)}),
	"invoices.pay": on(stripe.PayInvoice, func(a *api.API, p *sdk.InvoicePayParams) error { _, err := a.Invoices.Pay("id_1", p); return err }, &sdk.InvoicePayParams{PaidOutOfBand: sdk.Bool(true)}),
	"invoices.void": on(stripe.VoidInvoice, func(a *api.API, p *sdk.InvoiceVoidInvoiceParams) error {
		_, err := a.Invoices.VoidInvoice("id_1", p)
		return err
	}, nil),
	"invoices.list": listing(stripe.ListInvoices, func(a *api.API, p *sdk.InvoiceListParams) error {
		it := a.Invoices.List(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.InvoiceListParams{Status: sdk.String("open")}),
	"invoices.search": listing(stripe.SearchInvoices, func(a *api.API, p *sdk.InvoiceSearchParams) error {
		it := a.Invoices.Search(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.InvoiceSearchParams{SearchParams: query}),
	"payment_methods.get": on(stripe.GetPaymentMethod, func(a *api.API, p *sdk.PaymentMethodParams) error {
		_, err := a.PaymentMethods.Get("id_1", p)
		return err
	}, nil),
	"payment_methods.attach": on(stripe.AttachPaymentMethod, func(a *api.API, p *sdk.PaymentMethodAttachParams) error {
		_, err := a.PaymentMethods.Attach("id_1", p)
		return err
	}, &sdk.PaymentMethodAttachParams{Customer: sdk.String("cus_1")}),
	"payment_methods.detach": on(stripe.DetachPaymentMethod, func(a *api.API, p *sdk.PaymentMethodDetachParams) error {
		_, err := a.PaymentMethods.Detach("id_1", p)
		return err
	}, nil),
	"payment_methods.list": listing(stripe.ListPaymentMethods, func(a *api.API, p *sdk.PaymentMethodListParams) error {
		it := a.PaymentMethods.List(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.PaymentMethodListParams{Customer: sdk.String("cus_1"), Type: sdk.String("card")}),
	"disputes.get":    on(stripe.GetDispute, func(a *api.API, p *sdk.DisputeParams) error { _, err := a.Disputes.Get("id_1", p); return err }, nil),
	"disputes.update": on(stripe.UpdateDispute, func(a *api.API, p *sdk.DisputeParams) error { _, err := a.Disputes.Update("id_1", p); return err }, &sdk.DisputeParams{Evidence: &sdk.DisputeEvidenceParams{CustomerName: sdk.String("Ada")}, Submit: sdk.Bool(true)}),
	"disputes.list": listing(stripe.ListDisputes, func(a *api.API, p *sdk.DisputeListParams) error {
		it := a.Disputes.List(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.DisputeListParams{PaymentIntent: sdk.String("pi_1")}),
	"balance_transactions.get": on(stripe.GetBalanceTransaction, func(a *api.API, p *sdk.BalanceTransactionParams) error {
		_, err := a.BalanceTransactions.Get("id_1", p)
		return err
	}, nil),
	"balance_transactions.list": listing(stripe.ListBalanceTransactions, func(a *api.API, p *sdk.BalanceTransactionListParams) error {
		it := a.BalanceTransactions.List(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.BalanceTransactionListParams{Type: sdk.String("charge")}),
	"events.list": listing(stripe.ListEvents, func(a *api.API, p *sdk.EventListParams) error {
		it := a.Events.List(p)
		for it.Next() {
		}
		return it.Err()
	}, &sdk.EventListParams{ListParams: account2, Types: sdk.StringSlice([]string{"invoice.paid", "refund.created"}), DeliverySuccess: sdk.Bool(false), CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: 5}}),
	"test_clocks.create": plain(stripe.CreateTestClock, func(a *api.API, p *sdk.TestHelpersTestClockParams) error {
		_, err := a.TestHelpersTestClocks.New(p)
		return err
	}, &sdk.TestHelpersTestClockParams{FrozenTime: sdk.Int64(1700000000)}),
	"test_clocks.get": on(stripe.GetTestClock, func(a *api.API, p *sdk.TestHelpersTestClockParams) error {
		_, err := a.TestHelpersTestClocks.Get("id_1", p)
		return err
	}, nil),
	"test_clocks.advance": on(stripe.AdvanceTestClock, func(a *api.API, p *sdk.TestHelpersTestClockAdvanceParams) error {
		_, err := a.TestHelpersTestClocks.Advance("id_1", p)
		return err
	}, &sdk.TestHelpersTestClockAdvanceParams{FrozenTime: sdk.Int64(1700003600)}),
	"test_clocks.delete": on(stripe.DeleteTestClock, func(a *api.API, p *sdk.TestHelpersTestClockParams) error {
		_, err := a.TestHelpersTestClocks.Del("id_1", p)
		return err
	}, nil),
}

// P1: every operation sends what stripe-go by itself sends: method, host, path, query,
// credential, body and headers. Of the headers two kinds differ: what says who is
// calling, and the idempotency key of a DELETE, which Stripe documents to have no effect.
func TestP1_OperationsSendWhatTheSDKSends(t *testing.T) {
	for _, op := range stripe.Operations {
		name := op.Info().Name
		t.Run(name, func(t *testing.T) {
			tc, ok := pairs[name]
			require.True(t, ok, "the operation is held against nothing")
			pages := []clienttest.Step{
				clienttest.JSON(200, `{"object":"list","id":"x","has_more":true,"next_page":"p2","data":[{"id":"a"},{"id":"b"}]}`),
				clienttest.JSON(200, `{"object":"list","id":"x","has_more":false,"data":[{"id":"c"}]}`),
			}
			rt := clienttest.NewTransport(t, pages...)
			c, err := stripe.New(secret.Static("sk_test_1"), client.WithTransport(rt))
			require.NoError(t, err)
			require.NoError(t, tc.ours(t.Context(), c.HTTP))
			sent := rt.Requests()

			rt = clienttest.NewTransport(t, pages...)
			backend := sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{
				HTTPClient: &http.Client{Transport: rt}, MaxNetworkRetries: sdk.Int64(0), EnableTelemetry: sdk.Bool(false),
				LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull},
			})
			require.NoError(t, tc.theirs(api.New("sk_test_1", &sdk.Backends{API: backend, Connect: backend, Uploads: backend})))
			want := rt.Requests()

			require.Len(t, sent, len(want))
			if op.Info().Lists {
				require.Len(t, sent, 2)
			}
			for i := range sent {
				require.Equal(t, seen(t, want[i]), seen(t, sent[i]))
			}
		})
	}
	require.Len(t, pairs, len(stripe.Operations))
}

// seen is what of a request is compared.
func seen(t *testing.T, r clienttest.Recorded) map[string]any {
	t.Helper()
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	form, err := url.ParseQuery(string(r.Body))
	require.NoError(t, err)
	h := r.Header.Clone()
	for _, name := range []string{"User-Agent", "X-Stripe-Client-User-Agent", "Accept", "Accept-Encoding", "Content-Length"} {
		h.Del(name)
	}
	if r.Method == http.MethodGet {
		h.Del("Content-Type") // of nothing
	}
	if key := h.Get("Idempotency-Key"); key != "mine" {
		h.Del("Idempotency-Key")
		if r.Method == http.MethodPost && key != "" {
			h.Set("Idempotency-Key", "one that was made")
		}
	}
	// The SDK makes no key where it is given no parameters; the stack always does.
	if r.Method == http.MethodPost && len(r.Body) == 0 {
		h.Del("Idempotency-Key")
	}
	return map[string]any{"method": r.Method, "host": r.Host, "path": u.EscapedPath(), "query": u.Query(), "form": form, "header": h}
}

func TestOperationsFitTogether(t *testing.T) {
	require.NoError(t, stripe.Operations.Check())
	for _, op := range stripe.Operations {
		require.True(t, strings.HasPrefix(op.Info().Route, "/v1/"), op.Info().Name)
	}
	for path, want := range map[string]string{
		"POST /v1/customers": "/v1/customers", "GET /v1/customers/search": "/v1/customers/search",
		"GET /v1/customers/cus_1": "/v1/customers/{id}", "POST /v1/invoices/in_1/pay": "/v1/invoices/{id}/pay", "GET /v1/files": "",
	} {
		method, target, _ := strings.Cut(path, " ")
		req, err := http.NewRequest(method, "https://api.stripe.com"+target, nil)
		require.NoError(t, err)
		require.Equal(t, want, stripe.Profile.Route(req), path)
	}
}
