package stripetest

import (
	"fmt"

	sdk "github.com/stripe/stripe-go/v76"
)

func createPayment(a *account, c *call) (object, *failure) {
	amount, given, wrong := number(c.params, "amount")
	switch {
	case wrong != nil:
		return nil, wrong
	case !given:
		return nil, missing("amount")
	case amount <= 0:
		return nil, invalid("amount", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case text(c.params, "currency") == "":
		return nil, missing("currency")
	}
	if _, wrong := currencyOf(c.params, "currency"); wrong != nil {
		return nil, wrong
	}
	if wrong := a.refers(c.params, map[string]string{"customer": "customer"}); wrong != nil {
		return nil, wrong
	}
	o := a.make("payment_intent", "pi")
	o["client_secret"] = idOf(o) + "_secret_test"
	o["amount_capturable"], o["amount_received"] = int64(0), int64(0)
	o["status"], o["capture_method"], o["confirmation_method"] = "requires_payment_method", "automatic", "automatic"
	o["payment_method_types"], o["latest_charge"], o["last_payment_error"] = []any{"card"}, nil, nil
	method := text(c.params, "payment_method")
	delete(c.params, "payment_method")
	if wrong := assign(o, c.params, typeOf[sdk.PaymentIntent]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	if method != "" {
		m, wrong := a.method(method, "payment_method")
		if wrong != nil {
			a.forget(o)
			return nil, wrong
		}
		o["payment_method"], o["status"] = m["id"], "requires_confirmation"
	}
	a.happened("payment_intent.created", o)
	if text(c.params, "confirm") == "true" {
		return a.confirm(o, c)
	}
	return o, nil
}

// updatePayment changes a payment. What is to be paid is open until it is confirmed.
func updatePayment(a *account, c *call) (object, *failure) {
	o, wrong := a.find("payment_intent", c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	amount, given, wrong := number(c.params, "amount")
	if wrong == nil && given && amount <= 0 {
		wrong = invalid("amount", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	}
	if wrong == nil {
		_, wrong = currencyOf(c.params, "currency")
	}
	if wrong != nil {
		return nil, wrong
	}
	switch o["status"] {
	case "requires_payment_method", "requires_confirmation", "requires_action":
	default:
		for _, param := range []string{"amount", "currency", "payment_method", "capture_method"} {
			if c.params[param] != nil {
				return nil, a.state(o, "updated with "+param)
			}
		}
	}
	return update("payment_intent", typeOf[sdk.PaymentIntent](), "")(a, c)
}

func confirmPayment(a *account, c *call) (object, *failure) {
	o, wrong := a.find("payment_intent", c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	return a.confirm(o, c)
}

func (a *account) confirm(o object, c *call) (object, *failure) {
	switch o["status"] {
	case "requires_payment_method", "requires_confirmation", "requires_action":
	default:
		return nil, a.state(o, "confirmed")
	}
	if id := text(c.params, "payment_method"); id != "" {
		m, wrong := a.method(id, "payment_method")
		if wrong != nil {
			return nil, wrong
		}
		o["payment_method"] = m["id"]
	}
	if o["payment_method"] == nil {
		return nil, unexpectedState("payment_intent_unexpected_state", "You cannot confirm this PaymentIntent because it's missing a payment method.")
	}
	reason := a.srv.declines[text(o, "payment_method")]
	if c.fault == CardDeclined {
		reason = "generic_decline"
	}
	switch reason {
	case "":
		return a.charge(o), nil
	case authenticate:
		o["status"] = "requires_action"
		o["next_action"] = object{"type": "use_stripe_sdk", "use_stripe_sdk": object{}}
		a.happened("payment_intent.requires_action", o)
		return o, nil
	}
	a.fail(o, reason)
	return nil, declined(reason, snapshot(o))
}

// fail leaves a payment to another payment method.
func (a *account) fail(o object, reason string) {
	why := declined(reason, nil)
	o["status"], o["payment_method"] = "requires_payment_method", nil
	o["last_payment_error"] = object{"type": why.kind, "code": why.code, "decline_code": reason, "message": why.message}
	a.happened("payment_intent.payment_failed", o)
}

// charge takes the money, or sets it aside where it is to be captured.
func (a *account) charge(o object) object {
	ch := a.make("charge", "ch")
	for _, name := range []string{"amount", "currency", "customer", "payment_method", "metadata"} {
		ch[name] = o[name]
	}
	ch["payment_intent"], ch["status"], ch["paid"], ch["refunded"], ch["amount_refunded"] = o["id"], "succeeded", true, false, int64(0)
	ch["captured"], ch["amount_captured"], ch["disputed"] = false, int64(0), false
	o["latest_charge"], o["next_action"], o["last_payment_error"] = ch["id"], nil, nil
	if o["capture_method"] == "manual" {
		o["status"], o["amount_capturable"] = "requires_capture", o["amount"]
		a.happened("charge.succeeded", ch)
		a.happened("payment_intent.amount_capturable_updated", o)
		return o
	}
	a.receive(o, ch, amountOf(o, "amount"))
	a.happened("charge.succeeded", ch)
	a.happened("payment_intent.succeeded", o)
	a.pays(o)
	return o
}

// receive books an amount of a charge.
func (a *account) receive(o, ch object, amount int64) {
	o["status"], o["amount_capturable"], o["amount_received"] = "succeeded", int64(0), amount
	ch["captured"], ch["amount_captured"] = true, amount
	ch["balance_transaction"] = a.book("charge", idOf(ch), amount, text(ch, "currency"))
}

// book adds a balance transaction, from which Stripe takes no fee here.
func (a *account) book(kind, source string, amount int64, currency string) string {
	b := a.make("balance_transaction", "txn")
	delete(b, "metadata")
	b["type"], b["source"], b["amount"], b["net"], b["fee"], b["currency"] = kind, source, amount, amount, int64(0), currency
	b["status"], b["available_on"], b["fee_details"] = "pending", a.now()+2*24*60*60, []any{}
	return idOf(b)
}

func capturePayment(a *account, c *call) (object, *failure) {
	o, wrong := a.find("payment_intent", c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	if o["status"] != "requires_capture" {
		return nil, a.state(o, "captured")
	}
	amount, given, wrong := number(c.params, "amount_to_capture")
	switch {
	case wrong != nil:
		return nil, wrong
	case !given:
		amount = amountOf(o, "amount")
	case amount <= 0 || amount > amountOf(o, "amount"):
		return nil, invalid("amount_to_capture", "amount_too_large", "The amount to capture is more than the payment has.")
	}
	a.receive(o, a.objects[text(o, "latest_charge")], amount)
	a.happened("charge.captured", a.objects[text(o, "latest_charge")])
	a.happened("payment_intent.succeeded", o)
	return o, nil
}

func cancelPayment(a *account, c *call) (object, *failure) {
	o, wrong := a.find("payment_intent", c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	if o["status"] == "succeeded" || o["status"] == "canceled" {
		return nil, a.state(o, "canceled")
	}
	o["status"], o["canceled_at"], o["amount_capturable"] = "canceled", a.now(), int64(0)
	if reason := text(c.params, "cancellation_reason"); reason != "" {
		o["cancellation_reason"] = reason
	}
	a.happened("payment_intent.canceled", o)
	return o, nil
}

func (a *account) state(o object, what string) *failure {
	return unexpectedState("payment_intent_unexpected_state",
		fmt.Sprintf("This PaymentIntent's status is %s, and cannot be %s.", o["status"], what))
}

func createRefund(a *account, c *call) (object, *failure) {
	id := text(c.params, "charge")
	if payment := text(c.params, "payment_intent"); payment != "" {
		o, wrong := a.find("payment_intent", payment, "payment_intent")
		if wrong != nil {
			return nil, wrong
		}
		if id = text(o, "latest_charge"); id == "" {
			return nil, invalid("payment_intent", "charge_already_refunded", "This PaymentIntent does not have a successful charge to refund.")
		}
	}
	if id == "" {
		return nil, missing("payment_intent")
	}
	ch, wrong := a.find("charge", id, "charge")
	if wrong != nil {
		return nil, wrong
	}
	left := amountOf(ch, "amount_captured") - amountOf(ch, "amount_refunded")
	amount, given, wrong := number(c.params, "amount")
	switch {
	case wrong != nil:
		return nil, wrong
	case left <= 0:
		return nil, invalid("", "charge_already_refunded", "Charge "+id+" has already been refunded.")
	case !given:
		amount = left
	case amount <= 0 || amount > left:
		return nil, invalid("amount", "", fmt.Sprintf("Refund amount (%d) is greater than unrefunded amount on charge (%d)", amount, left))
	}
	o := a.make("refund", "re")
	if wrong := assign(o, c.params, typeOf[sdk.Refund]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	o["amount"], o["currency"], o["status"] = amount, ch["currency"], "succeeded"
	o["charge"], o["payment_intent"] = id, ch["payment_intent"]
	o["balance_transaction"] = a.book("refund", idOf(o), -amount, text(ch, "currency"))
	ch["amount_refunded"] = amountOf(ch, "amount_refunded") + amount
	ch["refunded"] = ch["amount_refunded"] == ch["amount_captured"]
	a.happened("refund.created", o)
	a.happened("charge.refunded", ch)
	return o, nil
}

func updateDispute(a *account, c *call) (object, *failure) {
	o, wrong := a.find("dispute", c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	if wrong := assign(o, c.params, typeOf[sdk.Dispute]()); wrong != nil {
		return nil, wrong
	}
	if text(c.params, "submit") != "false" && c.params["evidence"] != nil {
		o["status"] = "under_review"
	}
	a.happened("charge.dispute.updated", o)
	return o, nil
}
