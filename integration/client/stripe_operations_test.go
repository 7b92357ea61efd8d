package client

import (
	"context"
	"testing"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"
)

// made calls an operation, whose result must be one of Stripe's objects.
func made[In, T any](op client.Op[In, *T], in In, id func(*T) string) func(*testing.T, context.Context, *client.Client) {
	return func(t *testing.T, ctx context.Context, c *client.Client) {
		got, err := op.Do(ctx, c, in)
		require.NoError(t, err)
		require.NotEmpty(t, id(got))
	}
}

// listed reads the first item of a listing.
func listed[In, T any](l client.List[In, stripe.Page[T], *T], in In, id func(*T) string) func(*testing.T, context.Context, *client.Client) {
	return func(t *testing.T, ctx context.Context, c *client.Client) {
		for item, err := range l.All(ctx, c, in) {
			require.NoError(t, err)
			require.NotEmpty(t, id(item))
			return
		}
		t.Fatal("the list is empty")
	}
}

// P1: stripe-mock holds every operation's request to Stripe's own description, and
// answers with what that has for an example.
func TestP1_StripeMockTakesEveryOperation(t *testing.T) {
	mock := servers.StripeMock(t)
	c, err := stripe.New(secret.Static(stripeKey), client.WithBaseURL(mock.URL), client.WithTransport(transport(t)))
	require.NoError(t, err)
	var (
		customer  = func(o *sdk.Customer) string { return o.ID }
		payment   = func(o *sdk.PaymentIntent) string { return o.ID }
		refund    = func(o *sdk.Refund) string { return o.ID }
		sub       = func(o *sdk.Subscription) string { return o.ID }
		checkout  = func(o *sdk.CheckoutSession) string { return o.ID }
		product   = func(o *sdk.Product) string { return o.ID }
		price     = func(o *sdk.Price) string { return o.ID }
		invoice   = func(o *sdk.Invoice) string { return o.ID }
		method    = func(o *sdk.PaymentMethod) string { return o.ID }
		dispute   = func(o *sdk.Dispute) string { return o.ID }
		booking   = func(o *sdk.BalanceTransaction) string { return o.ID }
		event     = func(o *sdk.Event) string { return o.ID }
		clock     = func(o *sdk.TestHelpersTestClock) string { return o.ID }
		portal    = func(o *sdk.BillingPortalSession) string { return o.ID }
		query     = sdk.SearchParams{Query: "created>0"}
		connected = sdk.Params{StripeAccount: sdk.String("acct_1")}
	)
	calls := map[string]func(*testing.T, context.Context, *client.Client){
		"customers.create": made(stripe.CreateCustomer, &sdk.CustomerParams{Params: connected, Email: sdk.String("a@example.com"), Metadata: map[string]string{"a": "1"}}, customer),
		"customers.get":    made(stripe.GetCustomer, stripe.On[*sdk.CustomerParams]{ID: "cus_1"}, customer),
		"customers.update": made(stripe.UpdateCustomer, stripe.ByID("cus_1", &sdk.CustomerParams{Name: sdk.String("Åse")}), customer),
		"customers.delete": made(stripe.DeleteCustomer, stripe.On[*sdk.CustomerParams]{ID: "cus_1"}, customer),
		"customers.list":   listed(stripe.ListCustomers, &sdk.CustomerListParams{ListParams: sdk.ListParams{Limit: sdk.Int64(3)}}, customer),
		"customers.search": listed(stripe.SearchCustomers, &sdk.CustomerSearchParams{SearchParams: query}, customer),

		"payment_intents.create":  made(stripe.CreatePaymentIntent, &sdk.PaymentIntentParams{Amount: sdk.Int64(1099), Currency: sdk.String("eur")}, payment),
		"payment_intents.get":     made(stripe.GetPaymentIntent, stripe.On[*sdk.PaymentIntentParams]{ID: "pi_1"}, payment),
		"payment_intents.confirm": made(stripe.ConfirmPaymentIntent, stripe.ByID("pi_1", &sdk.PaymentIntentConfirmParams{PaymentMethod: sdk.String("pm_card_visa")}), payment),
		"payment_intents.capture": made(stripe.CapturePaymentIntent, stripe.ByID("pi_1", &sdk.PaymentIntentCaptureParams{AmountToCapture: sdk.Int64(5)}), payment),
		"payment_intents.cancel":  made(stripe.CancelPaymentIntent, stripe.On[*sdk.PaymentIntentCancelParams]{ID: "pi_1"}, payment),
		"payment_intents.list":    listed(stripe.ListPaymentIntents, nil, payment),
		"payment_intents.search":  listed(stripe.SearchPaymentIntents, &sdk.PaymentIntentSearchParams{SearchParams: query}, payment),

		"refunds.create": made(stripe.CreateRefund, &sdk.RefundParams{PaymentIntent: sdk.String("pi_1"), Amount: sdk.Int64(5)}, refund),
		"refunds.get":    made(stripe.GetRefund, stripe.On[*sdk.RefundParams]{ID: "re_1"}, refund),
		"refunds.list":   listed(stripe.ListRefunds, nil, refund),

		"subscriptions.create": made(stripe.CreateSubscription, &sdk.SubscriptionParams{Customer: sdk.String("cus_1"), Items: []*sdk.SubscriptionItemsParams{{Price: sdk.String("price_1"), Quantity: sdk.Int64(2)}}}, sub),
		"subscriptions.get":    made(stripe.GetSubscription, stripe.On[*sdk.SubscriptionParams]{ID: "sub_1"}, sub),
		"subscriptions.update": made(stripe.UpdateSubscription, stripe.ByID("sub_1", &sdk.SubscriptionParams{CancelAtPeriodEnd: sdk.Bool(true)}), sub),
		"subscriptions.cancel": made(stripe.CancelSubscription, stripe.ByID("sub_1", &sdk.SubscriptionCancelParams{InvoiceNow: sdk.Bool(true)}), sub),
		"subscriptions.list":   listed(stripe.ListSubscriptions, &sdk.SubscriptionListParams{Status: sdk.String("all")}, sub),
		"subscriptions.search": listed(stripe.SearchSubscriptions, &sdk.SubscriptionSearchParams{SearchParams: query}, sub),

		"checkout_sessions.create": made(stripe.CreateCheckoutSession, &sdk.CheckoutSessionParams{
			Mode: sdk.String("payment"), SuccessURL: sdk.String("https://example.com/"),
			LineItems: []*sdk.CheckoutSessionLineItemParams{{Price: sdk.String("price_1"), Quantity: sdk.Int64(1)}},
		}, checkout),
		"checkout_sessions.get":    made(stripe.GetCheckoutSession, stripe.On[*sdk.CheckoutSessionParams]{ID: "cs_1"}, checkout),
		"checkout_sessions.expire": made(stripe.ExpireCheckoutSession, stripe.On[*sdk.CheckoutSessionExpireParams]{ID: "cs_1"}, checkout),
		"checkout_sessions.list":   listed(stripe.ListCheckoutSessions, nil, checkout),
		"portal_sessions.create":   made(stripe.CreatePortalSession, &sdk.BillingPortalSessionParams{Customer: sdk.String("cus_1"), ReturnURL: sdk.String("https://example.com/")}, portal),

		"products.create": made(stripe.CreateProduct, &sdk.ProductParams{Name: sdk.String("Pump")}, product),
		"products.get":    made(stripe.GetProduct, stripe.On[*sdk.ProductParams]{ID: "prod_1"}, product),
		"products.update": made(stripe.UpdateProduct, stripe.ByID("prod_1", &sdk.ProductParams{Active: sdk.Bool(false)}), product),
		"products.list":   listed(stripe.ListProducts, &sdk.ProductListParams{Active: sdk.Bool(true)}, product),
		"products.search": listed(stripe.SearchProducts, &sdk.ProductSearchParams{SearchParams: query}, product),
		"prices.create": made(stripe.CreatePrice, &sdk.PriceParams{
			Currency: sdk.String("eur"), UnitAmount: sdk.Int64(900), Product: sdk.String("prod_1"), Recurring: &sdk.PriceRecurringParams{Interval: sdk.String("month")},
		}, price),
		"prices.get":    made(stripe.GetPrice, stripe.On[*sdk.PriceParams]{ID: "price_1"}, price),
		"prices.list":   listed(stripe.ListPrices, nil, price),
		"prices.search": listed(stripe.SearchPrices, &sdk.PriceSearchParams{SearchParams: query}, price),

		"invoices.create":   made(stripe.CreateInvoice, &sdk.InvoiceParams{Customer: sdk.String("cus_1")}, invoice),
		"invoices.get":      made(stripe.GetInvoice, stripe.On[*sdk.InvoiceParams]{ID: "in_1"}, invoice),
		"invoices.finalize": made(stripe.FinalizeInvoice, stripe.ByID("in_1", &sdk.InvoiceFinalizeInvoiceParams{AutoAdvance: sdk.Bool(true)}), invoice),
		"invoices.pay":      made(stripe.PayInvoice, stripe.ByID("in_1", &sdk.InvoicePayParams{PaidOutOfBand: sdk.Bool(true)}), invoice),
		"invoices.void":     made(stripe.VoidInvoice, stripe.On[*sdk.InvoiceVoidInvoiceParams]{ID: "in_1"}, invoice),
		"invoices.list":     listed(stripe.ListInvoices, &sdk.InvoiceListParams{Status: sdk.String("open")}, invoice),
		"invoices.search":   listed(stripe.SearchInvoices, &sdk.InvoiceSearchParams{SearchParams: query}, invoice),

		"payment_methods.get":    made(stripe.GetPaymentMethod, stripe.On[*sdk.PaymentMethodParams]{ID: "pm_1"}, method),
		"payment_methods.attach": made(stripe.AttachPaymentMethod, stripe.ByID("pm_1", &sdk.PaymentMethodAttachParams{Customer: sdk.String("cus_1")}), method),
		"payment_methods.detach": made(stripe.DetachPaymentMethod, stripe.On[*sdk.PaymentMethodDetachParams]{ID: "pm_1"}, method),
		"payment_methods.list":   listed(stripe.ListPaymentMethods, &sdk.PaymentMethodListParams{Customer: sdk.String("cus_1"), Type: sdk.String("card")}, method),
		"disputes.get":           made(stripe.GetDispute, stripe.On[*sdk.DisputeParams]{ID: "dp_1"}, dispute),
		"disputes.update":        made(stripe.UpdateDispute, stripe.ByID("dp_1", &sdk.DisputeParams{Evidence: &sdk.DisputeEvidenceParams{CustomerName: sdk.String("Ada")}}), dispute),
		"disputes.list":          listed(stripe.ListDisputes, nil, dispute),

		"balance_transactions.get":  made(stripe.GetBalanceTransaction, stripe.On[*sdk.BalanceTransactionParams]{ID: "txn_1"}, booking),
		"balance_transactions.list": listed(stripe.ListBalanceTransactions, &sdk.BalanceTransactionListParams{Type: sdk.String("charge")}, booking),
		"events.list":               listed(stripe.ListEvents, &sdk.EventListParams{Types: sdk.StringSlice([]string{"invoice.paid"}), DeliverySuccess: sdk.Bool(false), CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: 5}}, event),
		"test_clocks.create":        made(stripe.CreateTestClock, &sdk.TestHelpersTestClockParams{FrozenTime: sdk.Int64(1700000000)}, clock),
		"test_clocks.get":           made(stripe.GetTestClock, stripe.On[*sdk.TestHelpersTestClockParams]{ID: "clock_1"}, clock),
		"test_clocks.advance":       made(stripe.AdvanceTestClock, stripe.ByID("clock_1", &sdk.TestHelpersTestClockAdvanceParams{FrozenTime: sdk.Int64(1700003600)}), clock),
		"test_clocks.delete":        made(stripe.DeleteTestClock, stripe.On[*sdk.TestHelpersTestClockParams]{ID: "clock_1"}, clock),
	}
	require.Len(t, calls, len(stripe.Operations))
	for _, op := range stripe.Operations {
		name := op.Info().Name
		t.Run(name, func(t *testing.T) {
			require.Contains(t, calls, name)
			calls[name](t, t.Context(), c.HTTP)
		})
	}
}
