package stripetest

import (
	"fmt"

	sdk "github.com/stripe/stripe-go/v76"
)

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
	total, currency, wrong := a.lines(c.params)
	if wrong != nil {
		return nil, wrong
	}
	if mode != "setup" && currency == "" {
		return nil, missing("line_items")
	}
	o := a.make("checkout.session", "cs_test")
	lines := c.params["line_items"]
	delete(c.params, "line_items")
	if wrong := assign(o, c.params, typeOf[sdk.CheckoutSession]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	a.srv.lines[idOf(o)] = lines
	o["status"], o["payment_status"], o["amount_total"], o["amount_subtotal"], o["currency"] = "open", "unpaid", total, total, currency
	o["url"], o["expires_at"] = "https://checkout.stripe.com/c/pay/"+idOf(o), a.now()+24*60*60
	return o, nil
}

// lines is what the line items of a checkout come to.
func (a *account) lines(params map[string]any) (total int64, currency string, wrong *failure) {
	given, _ := params["line_items"].([]any)
	for i, v := range given {
		line, _ := v.(map[string]any)
		param := fmt.Sprintf("line_items[%d]", i)
		quantity, has, wrong := number(line, "quantity")
		if wrong != nil {
			return 0, "", wrong
		}
		if !has {
			quantity = 1
		}
		data, _ := line["price_data"].(map[string]any)
		amount, _, wrong := number(data, "unit_amount")
		if wrong != nil {
			return 0, "", wrong
		}
		of := text(data, "currency")
		if id := text(line, "price"); id != "" {
			price, wrong := a.find("price", id, param+"[price]")
			if wrong != nil {
				return 0, "", wrong
			}
			amount, of = amountOf(price, "unit_amount"), text(price, "currency")
		}
		if of == "" {
			return 0, "", missing(param + "[price]")
		}
		total, currency = total+amount*quantity, of
	}
	return total, currency, nil
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
func (a *account) complete(o object) *failure {
	if o["status"] != "open" {
		return unexpectedState("", fmt.Sprintf("The checkout session is %s.", o["status"]))
	}
	if text(o, "customer") == "" {
		made, wrong := createCustomer(a, &call{params: map[string]any{"email": o["customer_email"]}})
		if wrong != nil {
			return wrong
		}
		o["customer"] = made["id"]
	}
	switch o["mode"] {
	case "payment":
		payment, wrong := createPayment(a, &call{params: map[string]any{
			"amount": fmt.Sprint(o["amount_total"]), "currency": o["currency"], "customer": o["customer"],
			"payment_method": "pm_card_visa", "confirm": "true",
		}})
		if wrong != nil {
			return wrong
		}
		o["payment_intent"] = payment["id"]
	case "subscription":
		sub, wrong := createSubscription(a, &call{params: map[string]any{"customer": o["customer"], "items": a.srv.lines[idOf(o)]}})
		if wrong != nil {
			return wrong
		}
		o["subscription"] = sub["id"]
	}
	if email := text(o, "customer_email"); email != "" {
		o["customer_details"] = object{"email": email}
	}
	o["status"], o["payment_status"], o["url"] = "complete", "paid", nil
	if o["mode"] == "setup" {
		o["payment_status"] = "no_payment_required"
	}
	a.happened("checkout.session.completed", o)
	return nil
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
