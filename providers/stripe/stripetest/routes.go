package stripetest

import (
	"net/http"
	"net/url"
	"reflect"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// route is an operation; of is the SDK's type of its parameters, by which one is known.
func (s *Server) route(name, pattern string, of reflect.Type, h handler) faketest.Route {
	return faketest.Route{Name: name, Pattern: pattern, Handle: func(c *faketest.Call) faketest.Response {
		values := c.URL.Query()
		if body, err := url.ParseQuery(string(c.Body)); err == nil && c.Method != http.MethodGet {
			for name, v := range body {
				values[name] = append(values[name], v...)
			}
		}
		in := &call{params: parseForm(values), id: c.PathValue("id"), path: c.URL.Path, fault: c.Fault}
		if name := unknown(in.params, of); name != "" {
			return invalid(name, "parameter_unknown", "Received unknown parameter: "+name).response()
		}
		a := s.account(c.Header.Get("Stripe-Account"))
		o, wrong := h(a, in)
		if wrong != nil {
			return wrong.response()
		}
		return faketest.Response{Status: http.StatusOK, Body: a.expanded(o, in.params["expand"])}
	}}
}

// account is the platform's own, or a connected one, which there is once it is named.
func (s *Server) account(id string) *account {
	a := s.accounts[id]
	if a == nil {
		a = &account{id: id, srv: s, objects: map[string]object{}, kinds: map[string][]string{}}
		s.accounts[id] = a
	}
	return a
}

func (s *Server) routes() []faketest.Route {
	var all []faketest.Route
	add := func(name, pattern string, of reflect.Type, h handler) {
		all = append(all, s.route(name, pattern, of, h))
	}
	kind := func(name, path, kind string, one, many reflect.Type) {
		add(name+".get", "GET "+path+"/{id}", one, get(kind))
		add(name+".list", "GET "+path, many, list(kind))
	}
	add("customers.create", "POST /v1/customers", typeOf[sdk.CustomerParams](), createCustomer)
	add("customers.update", "POST /v1/customers/{id}", typeOf[sdk.CustomerParams](), update("customer", typeOf[sdk.Customer](), "customer.updated"))
	add("customers.delete", "DELETE /v1/customers/{id}", typeOf[sdk.CustomerParams](), remove("customer", "customer.deleted"))
	add("customers.search", "GET /v1/customers/search", typeOf[sdk.CustomerSearchParams](), search("customer"))
	kind("customers", "/v1/customers", "customer", typeOf[sdk.CustomerParams](), typeOf[sdk.CustomerListParams]())

	add("payment_intents.create", "POST /v1/payment_intents", typeOf[sdk.PaymentIntentParams](), createPayment)
	add("payment_intents.confirm", "POST /v1/payment_intents/{id}/confirm", typeOf[sdk.PaymentIntentConfirmParams](), confirmPayment)
	add("payment_intents.capture", "POST /v1/payment_intents/{id}/capture", typeOf[sdk.PaymentIntentCaptureParams](), capturePayment)
	add("payment_intents.cancel", "POST /v1/payment_intents/{id}/cancel", typeOf[sdk.PaymentIntentCancelParams](), cancelPayment)
	add("payment_intents.update", "POST /v1/payment_intents/{id}", typeOf[sdk.PaymentIntentParams](), updatePayment)
	add("payment_intents.search", "GET /v1/payment_intents/search", typeOf[sdk.PaymentIntentSearchParams](), search("payment_intent"))
	kind("payment_intents", "/v1/payment_intents", "payment_intent", typeOf[sdk.PaymentIntentParams](), typeOf[sdk.PaymentIntentListParams]())
	kind("charges", "/v1/charges", "charge", typeOf[sdk.ChargeParams](), typeOf[sdk.ChargeListParams]())

	add("refunds.create", "POST /v1/refunds", typeOf[sdk.RefundParams](), createRefund)
	kind("refunds", "/v1/refunds", "refund", typeOf[sdk.RefundParams](), typeOf[sdk.RefundListParams]())
	add("disputes.update", "POST /v1/disputes/{id}", typeOf[sdk.DisputeParams](), updateDispute)
	kind("disputes", "/v1/disputes", "dispute", typeOf[sdk.DisputeParams](), typeOf[sdk.DisputeListParams]())
	kind("balance_transactions", "/v1/balance_transactions", "balance_transaction", typeOf[sdk.BalanceTransactionParams](), typeOf[sdk.BalanceTransactionListParams]())

	add("payment_methods.create", "POST /v1/payment_methods", typeOf[sdk.PaymentMethodParams](), createPaymentMethod)
	add("payment_methods.get", "GET /v1/payment_methods/{id}", typeOf[sdk.PaymentMethodParams](), getPaymentMethod)
	add("payment_methods.list", "GET /v1/payment_methods", typeOf[sdk.PaymentMethodListParams](), list("payment_method"))
	add("payment_methods.attach", "POST /v1/payment_methods/{id}/attach", typeOf[sdk.PaymentMethodAttachParams](), attachPaymentMethod)
	add("payment_methods.detach", "POST /v1/payment_methods/{id}/detach", typeOf[sdk.PaymentMethodDetachParams](), detachPaymentMethod)

	add("products.create", "POST /v1/products", typeOf[sdk.ProductParams](), createProduct)
	add("products.update", "POST /v1/products/{id}", typeOf[sdk.ProductParams](), update("product", typeOf[sdk.Product](), "product.updated"))
	add("products.search", "GET /v1/products/search", typeOf[sdk.ProductSearchParams](), search("product"))
	kind("products", "/v1/products", "product", typeOf[sdk.ProductParams](), typeOf[sdk.ProductListParams]())
	add("prices.create", "POST /v1/prices", typeOf[sdk.PriceParams](), createPrice)
	add("prices.update", "POST /v1/prices/{id}", typeOf[sdk.PriceParams](), update("price", typeOf[sdk.Price](), "price.updated"))
	add("prices.search", "GET /v1/prices/search", typeOf[sdk.PriceSearchParams](), search("price"))
	kind("prices", "/v1/prices", "price", typeOf[sdk.PriceParams](), typeOf[sdk.PriceListParams]())

	add("subscriptions.create", "POST /v1/subscriptions", typeOf[sdk.SubscriptionParams](), createSubscription)
	add("subscriptions.update", "POST /v1/subscriptions/{id}", typeOf[sdk.SubscriptionParams](), updateSubscription)
	add("subscriptions.cancel", "DELETE /v1/subscriptions/{id}", typeOf[sdk.SubscriptionCancelParams](), cancelSubscription)
	add("subscriptions.search", "GET /v1/subscriptions/search", typeOf[sdk.SubscriptionSearchParams](), search("subscription"))
	add("subscriptions.get", "GET /v1/subscriptions/{id}", typeOf[sdk.SubscriptionParams](), get("subscription"))
	add("subscriptions.list", "GET /v1/subscriptions", typeOf[sdk.SubscriptionListParams](), listSubscriptions)

	add("invoices.create", "POST /v1/invoices", typeOf[sdk.InvoiceParams](), createInvoice)
	add("invoices.finalize", "POST /v1/invoices/{id}/finalize", typeOf[sdk.InvoiceFinalizeInvoiceParams](), finalizeInvoice)
	add("invoices.pay", "POST /v1/invoices/{id}/pay", typeOf[sdk.InvoicePayParams](), payInvoice)
	add("invoices.void", "POST /v1/invoices/{id}/void", typeOf[sdk.InvoiceVoidInvoiceParams](), voidInvoice)
	add("invoices.search", "GET /v1/invoices/search", typeOf[sdk.InvoiceSearchParams](), search("invoice"))
	kind("invoices", "/v1/invoices", "invoice", typeOf[sdk.InvoiceParams](), typeOf[sdk.InvoiceListParams]())
	add("invoice_items.create", "POST /v1/invoiceitems", typeOf[sdk.InvoiceItemParams](), createInvoiceItem)

	add("checkout_sessions.create", "POST /v1/checkout/sessions", typeOf[sdk.CheckoutSessionParams](), createCheckout)
	add("checkout_sessions.expire", "POST /v1/checkout/sessions/{id}/expire", typeOf[sdk.CheckoutSessionExpireParams](), expireCheckout)
	add("checkout_sessions.line_items", "GET /v1/checkout/sessions/{id}/line_items", typeOf[sdk.CheckoutSessionListLineItemsParams](), listLineItems)
	kind("checkout_sessions", "/v1/checkout/sessions", "checkout.session", typeOf[sdk.CheckoutSessionParams](), typeOf[sdk.CheckoutSessionListParams]())
	add("portal_sessions.create", "POST /v1/billing_portal/sessions", typeOf[sdk.BillingPortalSessionParams](), createPortal)

	add("test_clocks.create", "POST /v1/test_helpers/test_clocks", typeOf[sdk.TestHelpersTestClockParams](), createClock)
	add("test_clocks.advance", "POST /v1/test_helpers/test_clocks/{id}/advance", typeOf[sdk.TestHelpersTestClockAdvanceParams](), advanceClock)
	add("test_clocks.delete", "DELETE /v1/test_helpers/test_clocks/{id}", typeOf[sdk.TestHelpersTestClockParams](), remove("test_helpers.test_clock", ""))
	kind("test_clocks", "/v1/test_helpers/test_clocks", "test_helpers.test_clock", typeOf[sdk.TestHelpersTestClockParams](), typeOf[sdk.TestHelpersTestClockListParams]())
	add("events.get", "GET /v1/events/{id}", typeOf[sdk.EventParams](), get("event"))
	add("events.list", "GET /v1/events", typeOf[sdk.EventListParams](), listEvents)
	return all
}

func get(kind string) handler {
	return func(a *account, c *call) (object, *failure) { return a.find(kind, c.id, "id") }
}

func list(kind string) handler {
	return func(a *account, c *call) (object, *failure) {
		return a.page(kind, c.path, c.params, func(object) bool { return false })
	}
}

func search(kind string) handler {
	return func(a *account, c *call) (object, *failure) { return a.search(kind, c.path, c.params) }
}

// update changes the fields that parameters name, and tells of it by an event.
func update(kind string, of reflect.Type, event string) handler {
	return func(a *account, c *call) (object, *failure) {
		o, wrong := a.find(kind, c.id, "id")
		if wrong == nil && o["deleted"] == true {
			wrong = noSuch(last(kind), c.id, "id")
		}
		if wrong != nil {
			return nil, wrong
		}
		if wrong := assign(o, c.params, of); wrong != nil {
			return nil, wrong
		}
		if event != "" {
			a.happened(event, o)
		}
		return o, nil
	}
}

// remove leaves of an object that it was there.
func remove(kind, event string) handler {
	return func(a *account, c *call) (object, *failure) {
		o, wrong := a.find(kind, c.id, "id")
		if wrong != nil || o["deleted"] == true {
			return nil, noSuch(last(kind), c.id, "id")
		}
		if event != "" {
			a.happened(event, o)
		}
		left := object{"id": c.id, "object": kind, "deleted": true}
		a.objects[c.id] = left
		return left, nil
	}
}
