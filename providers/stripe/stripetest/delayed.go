package stripetest

// CompleteCheckoutLater does what a buyer does who pays in a way that takes days, by a
// direct debit, say: the session is complete and not paid, and its payment is processing
// until [Server.SettleCheckout]. It is for a session whose mode is payment.
func (s *Server) CompleteCheckoutLater(id string) error {
	return s.about(id, "checkout.session", func(a *account, o object) *failure { return a.complete(o, (*account).payLater) })
}

// SettleCheckout ends the payment of [Server.CompleteCheckoutLater]: the money comes, or
// it does not.
func (s *Server) SettleCheckout(id string, comes bool) error {
	return s.about(id, "checkout.session", func(a *account, o object) *failure { return a.settle(o, comes) })
}

func (a *account) payLater(o object, of checkout) (status string, wrong *failure) {
	if o["mode"] != "payment" || amountOf(o, "amount_total") == 0 {
		return "", unexpectedState("", "The checkout session has no payment of its own.")
	}
	payment, wrong := createPayment(a, &call{params: a.paying(o, of)})
	if wrong != nil {
		return "", wrong
	}
	payment["status"], o["payment_intent"] = "processing", payment["id"]
	a.happened("payment_intent.processing", payment)
	return "unpaid", nil
}

func (a *account) settle(o object, comes bool) *failure {
	payment := a.objects[text(o, "payment_intent")]
	if payment == nil || payment["status"] != "processing" {
		return unexpectedState("", "No payment of the checkout session is processing.")
	}
	if comes {
		a.charge(payment)
		o["payment_status"] = "paid"
		a.happened("checkout.session.async_payment_succeeded", o)
		return nil
	}
	a.fail(payment, "generic_decline")
	a.happened("checkout.session.async_payment_failed", o)
	return nil
}
