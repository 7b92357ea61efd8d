package stripe

import (
	"net/http"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
)

// The operations take the SDK's parameters and return the SDK's types:
//
//	session, err := stripe.CreateCheckoutSession.Do(ctx, c.HTTP, &sdk.CheckoutSessionParams{…})
//	for p, err := range stripe.ListPrices.All(ctx, c.HTTP, &sdk.PriceListParams{…}) { … }
//	invoice, err := stripe.PayInvoice.Do(ctx, c.HTTP, stripe.ByID("in_1", &sdk.InvoicePayParams{}))
//
// Nil parameters are none. Their Context is not looked at, the call has one; their
// IdempotencyKey (SetIdempotencyKey) takes the place of the one that is made for each
// call; their StripeAccount makes the call for a connected account. An error is a
// *client.Error. A listing with EndingBefore goes backwards page by page, each page
// newest first, and Single is for whoever loops.
var (
	CreateCustomer  = post[*sdk.CustomerParams, sdk.Customer]("customers.create", "/v1/customers")
	GetCustomer     = getOn[*sdk.CustomerParams, sdk.Customer]("customers.get", "/v1/customers/{id}")
	UpdateCustomer  = postOn[*sdk.CustomerParams, sdk.Customer]("customers.update", "/v1/customers/{id}")
	DeleteCustomer  = deleteOn[*sdk.CustomerParams, sdk.Customer]("customers.delete", "/v1/customers/{id}")
	ListCustomers   = list[*sdk.CustomerListParams]("customers.list", "/v1/customers", func(c *sdk.Customer) string { return c.ID })
	SearchCustomers = search[*sdk.CustomerSearchParams, sdk.Customer]("customers.search", "/v1/customers/search")

	CreatePaymentIntent  = post[*sdk.PaymentIntentParams, sdk.PaymentIntent]("payment_intents.create", "/v1/payment_intents")
	GetPaymentIntent     = getOn[*sdk.PaymentIntentParams, sdk.PaymentIntent]("payment_intents.get", "/v1/payment_intents/{id}")
	ConfirmPaymentIntent = postOn[*sdk.PaymentIntentConfirmParams, sdk.PaymentIntent]("payment_intents.confirm", "/v1/payment_intents/{id}/confirm")
	CapturePaymentIntent = postOn[*sdk.PaymentIntentCaptureParams, sdk.PaymentIntent]("payment_intents.capture", "/v1/payment_intents/{id}/capture")
	CancelPaymentIntent  = postOn[*sdk.PaymentIntentCancelParams, sdk.PaymentIntent]("payment_intents.cancel", "/v1/payment_intents/{id}/cancel")
	ListPaymentIntents   = list[*sdk.PaymentIntentListParams]("payment_intents.list", "/v1/payment_intents", func(p *sdk.PaymentIntent) string { return p.ID })
	SearchPaymentIntents = search[*sdk.PaymentIntentSearchParams, sdk.PaymentIntent]("payment_intents.search", "/v1/payment_intents/search")

	CreateRefund = post[*sdk.RefundParams, sdk.Refund]("refunds.create", "/v1/refunds")
	GetRefund    = getOn[*sdk.RefundParams, sdk.Refund]("refunds.get", "/v1/refunds/{id}")
	ListRefunds  = list[*sdk.RefundListParams]("refunds.list", "/v1/refunds", func(r *sdk.Refund) string { return r.ID })

	CreateSubscription  = post[*sdk.SubscriptionParams, sdk.Subscription]("subscriptions.create", "/v1/subscriptions")
	GetSubscription     = getOn[*sdk.SubscriptionParams, sdk.Subscription]("subscriptions.get", "/v1/subscriptions/{id}")
	UpdateSubscription  = postOn[*sdk.SubscriptionParams, sdk.Subscription]("subscriptions.update", "/v1/subscriptions/{id}")
	CancelSubscription  = deleteOn[*sdk.SubscriptionCancelParams, sdk.Subscription]("subscriptions.cancel", "/v1/subscriptions/{id}")
	ListSubscriptions   = list[*sdk.SubscriptionListParams]("subscriptions.list", "/v1/subscriptions", func(s *sdk.Subscription) string { return s.ID })
	SearchSubscriptions = search[*sdk.SubscriptionSearchParams, sdk.Subscription]("subscriptions.search", "/v1/subscriptions/search")

	CreateCheckoutSession = post[*sdk.CheckoutSessionParams, sdk.CheckoutSession]("checkout_sessions.create", "/v1/checkout/sessions")
	GetCheckoutSession    = getOn[*sdk.CheckoutSessionParams, sdk.CheckoutSession]("checkout_sessions.get", "/v1/checkout/sessions/{id}")
	ExpireCheckoutSession = postOn[*sdk.CheckoutSessionExpireParams, sdk.CheckoutSession]("checkout_sessions.expire", "/v1/checkout/sessions/{id}/expire")
	ListCheckoutSessions  = list[*sdk.CheckoutSessionListParams]("checkout_sessions.list", "/v1/checkout/sessions", func(s *sdk.CheckoutSession) string { return s.ID })

	CreatePortalSession = post[*sdk.BillingPortalSessionParams, sdk.BillingPortalSession]("portal_sessions.create", "/v1/billing_portal/sessions")

	CreateProduct  = post[*sdk.ProductParams, sdk.Product]("products.create", "/v1/products")
	GetProduct     = getOn[*sdk.ProductParams, sdk.Product]("products.get", "/v1/products/{id}")
	UpdateProduct  = postOn[*sdk.ProductParams, sdk.Product]("products.update", "/v1/products/{id}")
	ListProducts   = list[*sdk.ProductListParams]("products.list", "/v1/products", func(p *sdk.Product) string { return p.ID })
	SearchProducts = search[*sdk.ProductSearchParams, sdk.Product]("products.search", "/v1/products/search")

	CreatePrice  = post[*sdk.PriceParams, sdk.Price]("prices.create", "/v1/prices")
	GetPrice     = getOn[*sdk.PriceParams, sdk.Price]("prices.get", "/v1/prices/{id}")
	ListPrices   = list[*sdk.PriceListParams]("prices.list", "/v1/prices", func(p *sdk.Price) string { return p.ID })
	SearchPrices = search[*sdk.PriceSearchParams, sdk.Price]("prices.search", "/v1/prices/search")

	CreateInvoice   = post[*sdk.InvoiceParams, sdk.Invoice]("invoices.create", "/v1/invoices")
	GetInvoice      = getOn[*sdk.InvoiceParams, sdk.Invoice]("invoices.get", "/v1/invoices/{id}")
	FinalizeInvoice = postOn[*sdk.InvoiceFinalizeInvoiceParams, sdk.Invoice]("invoices.finalize", "/v1/invoices/{id}/finalize")
	PayInvoice      = postOn[*sdk.InvoicePayParams, sdk.Invoice]("invoices.pay", "/v1/invoices/{id}/pay")
	VoidInvoice     = postOn[*sdk.InvoiceVoidInvoiceParams, sdk.Invoice]("invoices.void", "/v1/invoices/{id}/void")
	ListInvoices    = list[*sdk.InvoiceListParams]("invoices.list", "/v1/invoices", func(i *sdk.Invoice) string { return i.ID })
	SearchInvoices  = search[*sdk.InvoiceSearchParams, sdk.Invoice]("invoices.search", "/v1/invoices/search")

	GetPaymentMethod    = getOn[*sdk.PaymentMethodParams, sdk.PaymentMethod]("payment_methods.get", "/v1/payment_methods/{id}")
	AttachPaymentMethod = postOn[*sdk.PaymentMethodAttachParams, sdk.PaymentMethod]("payment_methods.attach", "/v1/payment_methods/{id}/attach")
	DetachPaymentMethod = postOn[*sdk.PaymentMethodDetachParams, sdk.PaymentMethod]("payment_methods.detach", "/v1/payment_methods/{id}/detach")
	ListPaymentMethods  = list[*sdk.PaymentMethodListParams]("payment_methods.list", "/v1/payment_methods", func(p *sdk.PaymentMethod) string { return p.ID })

	GetDispute    = getOn[*sdk.DisputeParams, sdk.Dispute]("disputes.get", "/v1/disputes/{id}")
	UpdateDispute = postOn[*sdk.DisputeParams, sdk.Dispute]("disputes.update", "/v1/disputes/{id}")
	ListDisputes  = list[*sdk.DisputeListParams]("disputes.list", "/v1/disputes", func(d *sdk.Dispute) string { return d.ID })

	GetBalanceTransaction   = getOn[*sdk.BalanceTransactionParams, sdk.BalanceTransaction]("balance_transactions.get", "/v1/balance_transactions/{id}")
	ListBalanceTransactions = list[*sdk.BalanceTransactionListParams]("balance_transactions.list", "/v1/balance_transactions", func(b *sdk.BalanceTransaction) string { return b.ID })

	ListEvents = list[*sdk.EventListParams]("events.list", "/v1/events", func(e *sdk.Event) string { return e.ID })

	CreateTestClock  = post[*sdk.TestHelpersTestClockParams, sdk.TestHelpersTestClock]("test_clocks.create", "/v1/test_helpers/test_clocks")
	GetTestClock     = getOn[*sdk.TestHelpersTestClockParams, sdk.TestHelpersTestClock]("test_clocks.get", "/v1/test_helpers/test_clocks/{id}")
	AdvanceTestClock = postOn[*sdk.TestHelpersTestClockAdvanceParams, sdk.TestHelpersTestClock]("test_clocks.advance", "/v1/test_helpers/test_clocks/{id}/advance")
	DeleteTestClock  = deleteOn[*sdk.TestHelpersTestClockParams, sdk.TestHelpersTestClock]("test_clocks.delete", "/v1/test_helpers/test_clocks/{id}")
)

// Operations is the table of them. Treat it as a constant.
var Operations = client.Operations{
	CreateCustomer, GetCustomer, UpdateCustomer, DeleteCustomer, ListCustomers, SearchCustomers,
	CreatePaymentIntent, GetPaymentIntent, ConfirmPaymentIntent, CapturePaymentIntent, CancelPaymentIntent,
	ListPaymentIntents, SearchPaymentIntents,
	CreateRefund, GetRefund, ListRefunds,
	CreateSubscription, GetSubscription, UpdateSubscription, CancelSubscription, ListSubscriptions, SearchSubscriptions,
	CreateCheckoutSession, GetCheckoutSession, ExpireCheckoutSession, ListCheckoutSessions,
	CreatePortalSession,
	CreateProduct, GetProduct, UpdateProduct, ListProducts, SearchProducts,
	CreatePrice, GetPrice, ListPrices, SearchPrices,
	CreateInvoice, GetInvoice, FinalizeInvoice, PayInvoice, VoidInvoice, ListInvoices, SearchInvoices,
	GetPaymentMethod, AttachPaymentMethod, DetachPaymentMethod, ListPaymentMethods,
	GetDispute, UpdateDispute, ListDisputes,
	GetBalanceTransaction, ListBalanceTransactions,
	ListEvents,
	CreateTestClock, GetTestClock, AdvanceTestClock, DeleteTestClock,
}

func post[Params, T any](name, route string) client.Op[Params, *T] {
	return client.Op[Params, *T]{Name: name, Method: http.MethodPost, Route: route, Encode: encode[Params]}
}

func getOn[Params, T any](name, route string) client.Op[On[Params], *T] {
	return client.Op[On[Params], *T]{Name: name, Route: route, Encode: encodeOn[Params]}
}

func postOn[Params, T any](name, route string) client.Op[On[Params], *T] {
	return client.Op[On[Params], *T]{Name: name, Method: http.MethodPost, Route: route, Encode: encodeOn[Params]}
}

func deleteOn[Params, T any](name, route string) client.Op[On[Params], *T] {
	return client.Op[On[Params], *T]{Name: name, Method: http.MethodDelete, Route: route, Encode: encodeOn[Params]}
}

func list[Params, T any](name, route string, id func(*T) string) client.List[Params, Page[T], *T] {
	return client.List[Params, Page[T], *T]{
		Op:    client.Op[Params, Page[T]]{Name: name, Route: route, Encode: encode[Params]},
		Items: items[T], Next: following(id),
	}
}

func search[Params, T any](name, route string) client.List[Params, Page[T], *T] {
	return client.List[Params, Page[T], *T]{
		Op:    client.Op[Params, Page[T]]{Name: name, Route: route, Encode: encode[Params]},
		Items: items[T], Next: found[T],
	}
}
