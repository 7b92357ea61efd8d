package stripetest

import (
	"fmt"
	"maps"

	sdk "github.com/stripe/stripe-go/v76"
)

// checkout is what is kept of a checkout session beside the object.
type checkout struct {
	lines                 []line
	payment, subscription map[string]any // payment_intent_data, subscription_data
}

// line is a line item. A price that is given inline is made with the session.
type line struct {
	price    object
	quantity int64
}

func createCheckout(a *account, c *call) (object, *failure) {
	mode := text(c.params, "mode")
	switch mode {
	case "":
		return nil, missing("mode")
	case "payment", "subscription", "setup":
	default:
		return nil, invalid("mode", "", "Invalid mode: must be one of payment, setup, or subscription")
	}
	if wrong := a.refers(c.params, map[string]string{"customer": "customer"}); wrong != nil {
		return nil, wrong
	}
	lines, total, currency, wrong := a.lines(mode, c.params)
	if wrong != nil {
		return nil, wrong
	}
	kept := checkout{lines: lines}
	kept.payment, _ = c.params["payment_intent_data"].(map[string]any)
	kept.subscription, _ = c.params["subscription_data"].(map[string]any)
	o := a.make("checkout.session", "cs_test")
	delete(c.params, "line_items")
	if wrong := assign(o, c.params, typeOf[sdk.CheckoutSession]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	a.srv.checkouts[idOf(o)] = kept
	o["status"], o["payment_status"], o["amount_total"], o["amount_subtotal"], o["currency"] = "open", "unpaid", total, total, currency
	o["url"], o["expires_at"] = "https://checkout.stripe.com/c/pay/"+idOf(o), a.now()+24*60*60
	return o, nil
}

// lines are the line items of a checkout, and what they come to.
func (a *account) lines(mode string, params map[string]any) (lines []line, total int64, currency string, wrong *failure) {
	given, _ := params["line_items"].([]any)
	recurs := false
	for i, v := range given {
		in, _ := v.(map[string]any)
		param := func(name string) string { return fmt.Sprintf("line_items[%d][%s]", i, name) }
		price, wrong := a.priceOf(in, param("price"))
		switch {
		case wrong != nil:
			return nil, 0, "", wrong
		case price == nil:
			return nil, 0, "", missing(param("price"))
		case in["quantity"] == nil:
			return nil, 0, "", invalid(param("quantity"), "parameter_missing", fmt.Sprintf("Quantity is required. Add `quantity` to `line_items[%d]`", i))
		}
		if wrong := sameCurrency(text(price, "currency"), currency, param("price")); wrong != nil {
			return nil, 0, "", wrong
		}
		quantity, wrong := quantityOf(in, param("quantity"), 1)
		if wrong != nil {
			return nil, 0, "", wrong
		}
		recurs = recurs || price["type"] == "recurring"
		lines, total, currency = append(lines, line{price, quantity}), total+amountFor(price, quantity), text(price, "currency")
	}
	switch {
	case mode == "payment" && recurs:
		wrong = invalid("line_items", "", "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.")
	case mode != "setup" && len(lines) == 0:
		wrong = missing("line_items")
	case mode == "subscription" && !recurs:
		wrong = invalid("line_items", "", "You must provide at least one recurring price in `subscription` mode when using prices.")
	}
	return lines, total, currency, wrong
}

// lineItems are those of a session, as they are where they are expanded.
func (a *account) lineItems(session string) object {
	var items []object
	for i, l := range a.srv.checkouts[session].lines {
		amount := amountFor(l.price, l.quantity)
		product := a.objects[text(l.price, "product")]
		items = append(items, object{
			"id": fmt.Sprintf("li_%s_%d", session, i+1), "object": "item", "price": l.price, "quantity": l.quantity, "currency": l.price["currency"],
			"amount_total": amount, "amount_subtotal": amount, "amount_tax": int64(0), "amount_discount": int64(0), "description": product["name"],
		})
	}
	return listOf(items, "/v1/checkout/sessions/"+session+"/line_items", false)
}

func listLineItems(a *account, c *call) (object, *failure) {
	if _, wrong := a.find("checkout.session", c.id, "id"); wrong != nil {
		return nil, wrong
	}
	return a.lineItems(c.id), nil
}

func expireCheckout(a *account, c *call) (object, *failure) {
	o, wrong := a.find("checkout.session", c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	if o["status"] != "open" {
		return nil, unexpectedState("", fmt.Sprintf("Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of %s.", o["status"]))
	}
	o["status"], o["url"] = "expired", nil
	a.happened("checkout.session.expired", o)
	return o, nil
}

// complete is what the buyer does.
func (a *account) complete(o object, pay func(*account, object, checkout) (status string, wrong *failure)) *failure {
	if o["status"] != "open" {
		return unexpectedState("", fmt.Sprintf("The checkout session is %s.", o["status"]))
	}
	of := a.srv.checkouts[idOf(o)]
	email := text(o, "customer_email")
	if customer := a.objects[text(o, "customer")]; customer != nil {
		email = text(customer, "email")
	}
	if email == "" {
		email = "buyer@example.com" // for which the page asks
	}
	// Who pays once remains a guest, unless the session says otherwise.
	needed := o["mode"] == "subscription" || text(o, "customer_creation") == "always" || text(of.payment, "setup_future_usage") != ""
	if needed && text(o, "customer") == "" {
		made, wrong := createCustomer(a, &call{params: map[string]any{"email": email}})
		if wrong != nil {
			return wrong
		}
		o["customer"] = made["id"]
	}
	status, wrong := pay(a, o, of)
	if wrong != nil {
		return wrong
	}
	o["customer_details"] = object{"email": email}
	o["status"], o["payment_status"], o["url"] = "complete", status, nil
	a.happened("checkout.session.completed", o)
	return nil
}

// pay makes what a session is for, and says how far it is paid.
func (a *account) pay(o object, of checkout) (status string, wrong *failure) {
	const later = "no_payment_required"
	switch o["mode"] {
	case "payment":
		if amountOf(o, "amount_total") == 0 {
			return later, nil
		}
		params := a.paying(o, of)
		params["confirm"] = "true"
		payment, wrong := createPayment(a, &call{params: params})
		if wrong != nil {
			return "", wrong
		}
		if o["payment_intent"] = payment["id"]; payment["status"] != "succeeded" {
			return "unpaid", nil // it is to be captured
		}
	case "subscription":
		var items, once []any
		for _, l := range of.lines {
			item := map[string]any{"price": idOf(l.price), "quantity": fmt.Sprint(l.quantity)}
			if l.price["type"] == "recurring" {
				items = append(items, item)
			} else {
				once = append(once, item)
			}
		}
		sub, wrong := createSubscription(a, &call{params: with(of.subscription, map[string]any{
			"customer": o["customer"], "items": items, "add_invoice_items": once,
		})})
		if wrong != nil {
			return "", wrong
		}
		if o["subscription"] = sub["id"]; sub["latest_invoice"] == nil {
			return later, nil
		}
		o["invoice"] = sub["latest_invoice"]
	default:
		return later, nil
	}
	return "paid", nil
}

// paying is what is asked of the payment of a session.
func (a *account) paying(o object, of checkout) map[string]any {
	params := with(of.payment, map[string]any{
		"amount": fmt.Sprint(o["amount_total"]), "currency": o["currency"], "payment_method": "pm_card_visa",
	})
	if customer := text(o, "customer"); customer != "" {
		params["customer"] = customer
	}
	return params
}

// with is what was given, with what a session sets itself.
func with(given, set map[string]any) map[string]any {
	all := maps.Clone(given)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, set)
	return all
}

func createPortal(a *account, c *call) (object, *failure) {
	if text(c.params, "customer") == "" {
		return nil, missing("customer")
	}
	if wrong := a.refers(c.params, map[string]string{"customer": "customer"}); wrong != nil {
		return nil, wrong
	}
	o := a.make("billing_portal.session", "bps")
	if wrong := assign(o, c.params, typeOf[sdk.BillingPortalSession]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	o["url"] = "https://billing.stripe.com/p/session/" + idOf(o)
	return o, nil
}
