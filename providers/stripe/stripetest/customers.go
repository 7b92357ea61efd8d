package stripetest

import (
	sdk "github.com/stripe/stripe-go/v76"
)

func createCustomer(a *account, c *call) (object, *failure) {
	if wrong := a.refers(c.params, map[string]string{"test_clock": "test_helpers.test_clock"}); wrong != nil {
		return nil, wrong
	}
	o := a.make("customer", "cus")
	o["balance"], o["delinquent"], o["invoice_settings"] = int64(0), false, object{}
	if wrong := assign(o, c.params, typeOf[sdk.Customer]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	if method := text(c.params, "payment_method"); method != "" {
		m, wrong := a.method(method, "payment_method")
		if wrong != nil {
			a.forget(o)
			return nil, wrong
		}
		m["customer"] = o["id"]
	}
	a.happened("customer.created", o)
	return o, nil
}

// method is a payment method: one that was made, or one of those that Stripe has for
// tests, of which each use makes one ("Test cards", Stripe docs).
func (a *account) method(id, param string) (object, *failure) {
	if o := a.objects[id]; o != nil && o["object"] == "payment_method" {
		return o, nil
	}
	declines, ok := testMethods[id]
	if !ok {
		return nil, noSuch("PaymentMethod", id, param)
	}
	o := a.card()
	a.srv.declines[idOf(o)] = declines
	return o, nil
}

// card makes a card with which payments succeed.
func (a *account) card() object {
	o := a.make("payment_method", "pm")
	o["type"], o["customer"], o["billing_details"] = "card", nil, object{}
	o["card"] = object{"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": a.srv.now().Year() + 5, "funding": "credit", "country": "US"}
	return o
}

// testMethods are Stripe's for tests, with the reason for which a payment with one is
// declined; "" is none.
var testMethods = map[string]string{
	"pm_card_visa": "", "pm_card_mastercard": "", "pm_card_amex": "", "pm_card_visa_debit": "",
	"pm_card_chargeDeclined":                       "generic_decline",
	"pm_card_visa_chargeDeclined":                  "generic_decline",
	"pm_card_chargeDeclinedInsufficientFunds":      "insufficient_funds",
	"pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
	"pm_card_chargeDeclinedExpiredCard":            "expired_card",
	"pm_card_authenticationRequired":               authenticate,
}

// authenticate is what stands for a card whose owner has to be asked first.
const authenticate = "authentication_required"

func createPaymentMethod(a *account, c *call) (object, *failure) {
	if text(c.params, "type") == "" {
		return nil, missing("type")
	}
	o := a.card()
	for name, v := range c.params {
		if name == "card" {
			delete(c.params, name) // a number or a token, of which nothing is kept
		} else if name == "type" && v != "card" {
			delete(o, "card")
		}
	}
	if wrong := assign(o, c.params, typeOf[sdk.PaymentMethod]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	return o, nil
}

func getPaymentMethod(a *account, c *call) (object, *failure) { return a.method(c.id, "id") }

func attachPaymentMethod(a *account, c *call) (object, *failure) {
	if text(c.params, "customer") == "" {
		return nil, missing("customer")
	}
	if wrong := a.refers(c.params, map[string]string{"customer": "customer"}); wrong != nil {
		return nil, wrong
	}
	o, wrong := a.method(c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	o["customer"] = text(c.params, "customer")
	a.happened("payment_method.attached", o)
	return o, nil
}

func detachPaymentMethod(a *account, c *call) (object, *failure) {
	o, wrong := a.method(c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	if o["customer"] == nil {
		return nil, invalid("", "", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	o["customer"] = nil
	a.happened("payment_method.detached", o)
	return o, nil
}
