package stripetest

import (
	"slices"
	"strconv"
	"time"

	sdk "github.com/stripe/stripe-go/v76"
)

func createSubscription(a *account, c *call) (object, *failure) {
	if text(c.params, "customer") == "" {
		return nil, missing("customer")
	}
	if wrong := a.refers(c.params, map[string]string{"customer": "customer"}); wrong != nil {
		return nil, wrong
	}
	items, currency, wrong := a.items(c.params, nil, "")
	if wrong != nil {
		return nil, wrong
	}
	if len(items) == 0 {
		return nil, missing("items")
	}
	extra, wrong := a.extra(c.params, currency)
	if wrong != nil {
		return nil, wrong
	}
	o := a.make("subscription", "sub")
	given, ends := c.params["items"], c.params["trial_end"]
	delete(c.params, "items")
	delete(c.params, "trial_end") // which may be "now"
	wrong = assign(o, c.params, typeOf[sdk.Subscription]())
	c.params["items"], c.params["trial_end"] = given, ends
	start := a.clockOf(o)
	trialEnd, bad := trial(c.params, start)
	if wrong == nil {
		wrong = bad
	}
	if wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	o["status"], o["cancel_at_period_end"], o["canceled_at"], o["ended_at"] = "active", o["cancel_at_period_end"] == true, nil, nil
	o["start_date"], o["current_period_start"], o["currency"] = start.Unix(), start.Unix(), currency
	a.putItems(o, items)
	total := extra
	if trialEnd > 0 {
		o["status"], o["trial_start"], o["trial_end"] = "trialing", start.Unix(), trialEnd
		o["current_period_end"], o["billing_cycle_anchor"] = trialEnd, trialEnd
	} else {
		if amountOf(o, "billing_cycle_anchor") == 0 {
			o["billing_cycle_anchor"] = start.Unix()
		}
		o["current_period_end"] = a.after(o, start).Unix()
		total += perPeriod(o)
	}
	switch {
	case total > 0 && text(c.params, "payment_behavior") == "default_incomplete":
		o["status"] = "incomplete"
		in, wrong := a.await(o, total)
		if wrong != nil {
			return nil, wrong
		}
		o["latest_invoice"] = in["id"]
	case total > 0 || trialEnd == 0:
		o["latest_invoice"] = idOf(a.bill(o, "subscription_create", total))
	}
	a.happened("customer.subscription.created", o)
	return o, nil
}

// trial is when the trial of a new subscription ends, 0 if it has none.
func trial(params map[string]any, start time.Time) (int64, *failure) {
	days, given, wrong := number(params, "trial_period_days")
	if wrong != nil || given && days > 0 {
		return start.AddDate(0, 0, int(days)).Unix(), wrong
	}
	if text(params, "trial_end") == "now" {
		return 0, nil
	}
	end, given, wrong := number(params, "trial_end")
	if given && wrong == nil && end <= start.Unix() {
		wrong = invalid("trial_end", "", "Invalid timestamp: must be an integer Unix timestamp in the future.")
	}
	return end, wrong
}

// await makes the invoice of a subscription that begins when it is paid, by the payment
// that it has.
func (a *account) await(o object, total int64) (object, *failure) {
	in := a.invoice(text(o, "customer"), text(o, "currency"), total)
	in["subscription"], in["billing_reason"], in["collection_method"] = o["id"], "subscription_create", "charge_automatically"
	a.happened("invoice.created", in)
	a.finalize(in)
	payment, wrong := createPayment(a, &call{params: map[string]any{
		"amount": strconv.FormatInt(total, 10), "currency": o["currency"], "customer": o["customer"],
	}})
	if wrong != nil {
		return nil, wrong
	}
	in["payment_intent"], payment["invoice"] = payment["id"], in["id"]
	return in, nil
}

// pays settles the invoice that a payment is of, and begins its subscription.
func (a *account) pays(payment object) {
	in := a.objects[text(payment, "invoice")]
	if in == nil || in["status"] != "open" {
		return
	}
	a.paid(in)
	if o := a.objects[text(in, "subscription")]; o != nil && o["status"] == "incomplete" {
		o["status"] = "active"
		a.happened("customer.subscription.updated", o)
	}
}

// after is when a period that begins then ends: on the day of the month on which the
// subscription began to be billed or, in a month without it, on the last one
// ("Billing cycle", Stripe docs).
func (a *account) after(o object, start time.Time) time.Time {
	price, _ := itemsOf(o)[0]["price"].(object)
	recurring, _ := price["recurring"].(map[string]any)
	n := max(int(amountOf(recurring, "interval_count")), 1)
	switch text(recurring, "interval") {
	case "day":
		return start.AddDate(0, 0, n)
	case "week":
		return start.AddDate(0, 0, 7*n)
	case "year":
		n *= 12
	}
	anchor := time.Unix(amountOf(o, "billing_cycle_anchor"), 0).UTC()
	end := anchor
	for months := n; !end.After(start); months += n {
		end = monthsAfter(anchor, months)
	}
	return end
}

// monthsAfter is the same day so many months later, or the last of that month.
func monthsAfter(t time.Time, n int) time.Time {
	if then := t.AddDate(0, n, 0); then.Day() == t.Day() {
		return then
	}
	first := t.AddDate(0, 0, 1-t.Day())
	return first.AddDate(0, n+1, -1)
}

// perPeriod is what a subscription costs.
func perPeriod(o object) (total int64) {
	for _, item := range itemsOf(o) {
		price, _ := item["price"].(object)
		total += amountFor(price, amountOf(item, "quantity"))
	}
	return total
}

// bill makes a paid invoice of a subscription.
func (a *account) bill(o object, reason string, total int64) object {
	in := a.invoice(text(o, "customer"), text(o, "currency"), total)
	in["subscription"], in["billing_reason"], in["collection_method"] = o["id"], reason, "charge_automatically"
	a.happened("invoice.created", in)
	a.finalize(in)
	a.paid(in)
	return in
}

func updateSubscription(a *account, c *call) (object, *failure) {
	o, wrong := a.find("subscription", c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	if o["status"] == "canceled" {
		return nil, invalid("", "", "A canceled subscription can only update its cancellation_details.")
	}
	items, _, wrong := a.items(c.params, itemsOf(o), text(o, "currency"))
	if wrong != nil {
		return nil, wrong
	}
	if len(items) == 0 {
		return nil, invalid("items", "", "A subscription must have at least one active plan.")
	}
	begins := text(c.params, "trial_end") == "now" && o["status"] == "trialing"
	delete(c.params, "items")
	if text(c.params, "trial_end") == "now" {
		delete(c.params, "trial_end")
	}
	if wrong := assign(o, c.params, typeOf[sdk.Subscription]()); wrong != nil {
		return nil, wrong
	}
	a.putItems(o, items)
	if begins {
		now := a.clockOf(o)
		o["status"], o["trial_end"], o["billing_cycle_anchor"], o["current_period_start"] = "active", now.Unix(), now.Unix(), now.Unix()
		o["current_period_end"] = a.after(o, now).Unix()
		o["latest_invoice"] = idOf(a.bill(o, "subscription_update", perPeriod(o)))
	}
	a.happened("customer.subscription.updated", o)
	return o, nil
}

func cancelSubscription(a *account, c *call) (object, *failure) {
	o, wrong := a.find("subscription", c.id, "id")
	if wrong != nil || o["status"] == "canceled" {
		return nil, noSuch("subscription", c.id, "id")
	}
	a.cancel(o)
	return o, nil
}

func (a *account) cancel(o object) {
	now := a.clockOf(o).Unix()
	o["status"], o["canceled_at"], o["ended_at"] = "canceled", now, now
	a.happened("customer.subscription.deleted", o)
}

// listSubscriptions leaves out those that are canceled, unless their status is asked for.
func listSubscriptions(a *account, c *call) (object, *failure) {
	return a.page("subscription", c.path, c.params, func(o object) bool {
		return o["status"] == "canceled" && text(c.params, "status") == ""
	})
}

// clockOf is the time of a subscription: of its customer's test clock, if it has one.
func (a *account) clockOf(o object) time.Time {
	if clock := a.objects[text(a.objects[text(o, "customer")], "test_clock")]; clock != nil {
		return time.Unix(amountOf(clock, "frozen_time"), 0).UTC()
	}
	return a.srv.now().UTC()
}

func createClock(a *account, c *call) (object, *failure) {
	frozen, given, wrong := number(c.params, "frozen_time")
	if wrong != nil {
		return nil, wrong
	}
	if !given {
		return nil, missing("frozen_time")
	}
	o := a.make("test_helpers.test_clock", "clock")
	delete(o, "metadata")
	o["frozen_time"], o["status"], o["name"] = frozen, "ready", c.params["name"]
	return o, nil
}

// advanceClock lets time pass for the customers of a clock: their subscriptions renew, or
// end. Stripe takes a while for that; here the clock is ready at once.
func advanceClock(a *account, c *call) (object, *failure) {
	clock, wrong := a.find("test_helpers.test_clock", c.id, "id")
	if wrong != nil || clock["deleted"] == true {
		return nil, noSuch("test clock", c.id, "id")
	}
	to, given, wrong := number(c.params, "frozen_time")
	switch {
	case wrong != nil:
		return nil, wrong
	case !given:
		return nil, missing("frozen_time")
	case to <= amountOf(clock, "frozen_time"):
		return nil, invalid("frozen_time", "", "A clock can only be advanced.")
	}
	for _, id := range slices.Clone(a.kinds["subscription"]) {
		o := a.objects[id]
		if text(a.objects[text(o, "customer")], "test_clock") != c.id {
			continue
		}
		for o["status"] != "canceled" && o["status"] != "incomplete" && amountOf(o, "current_period_end") <= to {
			end := time.Unix(amountOf(o, "current_period_end"), 0).UTC()
			clock["frozen_time"] = end.Unix()
			if o["cancel_at_period_end"] == true {
				a.cancel(o)
				break
			}
			o["status"], o["current_period_start"], o["current_period_end"] = "active", end.Unix(), a.after(o, end).Unix()
			o["latest_invoice"] = idOf(a.bill(o, "subscription_cycle", perPeriod(o)))
			a.happened("customer.subscription.updated", o)
		}
	}
	clock["frozen_time"] = to
	a.happened("test_helpers.test_clock.ready", clock)
	return clock, nil
}
