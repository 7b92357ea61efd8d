package stripetest

import (
	"slices"
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
	given := c.params["items"]
	delete(c.params, "items")
	wrong = assign(o, c.params, typeOf[sdk.Subscription]())
	c.params["items"] = given
	days, trial, bad := number(c.params, "trial_period_days")
	if wrong == nil {
		wrong = bad
	}
	if wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	start := a.clockOf(o)
	o["status"], o["cancel_at_period_end"], o["canceled_at"], o["ended_at"] = "active", o["cancel_at_period_end"] == true, nil, nil
	o["start_date"], o["current_period_start"], o["currency"] = start.Unix(), start.Unix(), currency
	a.putItems(o, items)
	if trial && days > 0 {
		end := start.AddDate(0, 0, int(days))
		o["status"], o["trial_start"], o["trial_end"] = "trialing", start.Unix(), end.Unix()
		o["current_period_end"], o["billing_cycle_anchor"] = end.Unix(), end.Unix()
		if extra > 0 {
			o["latest_invoice"] = idOf(a.invoiceFor(o, "subscription_create", extra))
		}
	} else {
		if amountOf(o, "billing_cycle_anchor") == 0 {
			o["billing_cycle_anchor"] = start.Unix()
		}
		o["current_period_end"] = a.after(o, start).Unix()
		o["latest_invoice"] = idOf(a.bill(o, "subscription_create", extra))
	}
	a.happened("customer.subscription.created", o)
	return o, nil
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

// bill makes the paid invoice of a subscription's period, and of what is charged once.
func (a *account) bill(o object, reason string, extra int64) object {
	total := extra
	for _, item := range itemsOf(o) {
		price, _ := item["price"].(object)
		total += amountFor(price, amountOf(item, "quantity"))
	}
	return a.invoiceFor(o, reason, total)
}

func (a *account) invoiceFor(o object, reason string, total int64) object {
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
	delete(c.params, "items")
	if wrong := assign(o, c.params, typeOf[sdk.Subscription]()); wrong != nil {
		return nil, wrong
	}
	a.putItems(o, items)
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
		for o["status"] != "canceled" && amountOf(o, "current_period_end") <= to {
			end := time.Unix(amountOf(o, "current_period_end"), 0).UTC()
			clock["frozen_time"] = end.Unix()
			if o["cancel_at_period_end"] == true {
				a.cancel(o)
				break
			}
			o["status"], o["current_period_start"], o["current_period_end"] = "active", end.Unix(), a.after(o, end).Unix()
			o["latest_invoice"] = idOf(a.bill(o, "subscription_cycle", 0))
			a.happened("customer.subscription.updated", o)
		}
	}
	clock["frozen_time"] = to
	a.happened("test_helpers.test_clock.ready", clock)
	return clock, nil
}
