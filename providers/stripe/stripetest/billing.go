package stripetest

import (
	"fmt"
	"slices"
	"time"

	sdk "github.com/stripe/stripe-go/v76"
)

func createProduct(a *account, c *call) (object, *failure) {
	if text(c.params, "name") == "" {
		return nil, missing("name")
	}
	o := a.make("product", "prod")
	o["active"] = true
	if wrong := assign(o, c.params, typeOf[sdk.Product]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	a.happened("product.created", o)
	return o, nil
}

func createPrice(a *account, c *call) (object, *failure) {
	if text(c.params, "currency") == "" {
		return nil, missing("currency")
	}
	if wrong := a.refers(c.params, map[string]string{"product": "product"}); wrong != nil {
		return nil, wrong
	}
	product := text(c.params, "product")
	if data, ok := c.params["product_data"].(map[string]any); ok && product == "" {
		made, wrong := createProduct(a, &call{params: data})
		if wrong != nil {
			return nil, wrong
		}
		product = idOf(made)
	}
	if product == "" {
		return nil, missing("product")
	}
	o := a.make("price", "price")
	o["active"], o["type"], o["billing_scheme"] = true, "one_time", "per_unit"
	if wrong := assign(o, c.params, typeOf[sdk.Price]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	o["product"] = product
	if r, ok := o["recurring"].(map[string]any); ok {
		o["type"] = "recurring"
		if _, ok := r["interval_count"]; !ok {
			r["interval_count"] = int64(1)
		}
	}
	a.happened("price.created", o)
	return o, nil
}

func createSubscription(a *account, c *call) (object, *failure) {
	if text(c.params, "customer") == "" {
		return nil, missing("customer")
	}
	if wrong := a.refers(c.params, map[string]string{"customer": "customer"}); wrong != nil {
		return nil, wrong
	}
	items, wrong := a.items(c.params)
	if wrong != nil {
		return nil, wrong
	}
	if len(items) == 0 {
		return nil, missing("items")
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
	o["start_date"], o["current_period_start"] = start.Unix(), start.Unix()
	o["items"] = listOf(items, "/v1/subscription_items?subscription="+idOf(o), false)
	o["currency"] = a.objects[text(items[0], "price")]["currency"]
	a.priced(o)
	if trial && days > 0 {
		end := start.AddDate(0, 0, int(days))
		o["status"], o["trial_start"], o["trial_end"] = "trialing", start.Unix(), end.Unix()
		o["current_period_end"] = end.Unix()
	} else {
		o["current_period_end"] = a.after(o, start).Unix()
		o["latest_invoice"] = idOf(a.bill(o, "subscription_create"))
	}
	a.happened("customer.subscription.created", o)
	return o, nil
}

// items are those of a subscription, as parameters name their prices.
func (a *account) items(params map[string]any) ([]object, *failure) {
	given, _ := params["items"].([]any)
	var items []object
	for i, v := range given {
		in, _ := v.(map[string]any)
		param := fmt.Sprintf("items[%d][price]", i)
		price, wrong := a.find("price", text(in, "price"), param)
		switch {
		case wrong != nil:
			return nil, wrong
		case price["type"] != "recurring":
			return nil, invalid(param, "", "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.")
		}
		quantity, given, wrong := number(in, "quantity")
		if wrong != nil {
			return nil, wrong
		}
		if !given {
			quantity = 1
		}
		item := a.make("subscription_item", "si")
		item["price"], item["quantity"] = price["id"], quantity
		items = append(items, item)
	}
	return items, nil
}

// priced puts the prices themselves into a subscription's items, as Stripe has them.
func (a *account) priced(o object) {
	for _, item := range itemsOf(o) {
		if id, ok := item["price"].(string); ok {
			item["price"] = a.objects[id]
		}
		item["subscription"] = o["id"]
	}
}

func itemsOf(o object) []object {
	list, _ := o["items"].(object)
	data, _ := list["data"].([]any)
	items := make([]object, 0, len(data))
	for _, v := range data {
		if item, ok := v.(object); ok {
			items = append(items, item)
		}
	}
	return items
}

// after is when a period that begins then ends.
func (a *account) after(o object, start time.Time) time.Time {
	price, _ := itemsOf(o)[0]["price"].(object)
	recurring, _ := price["recurring"].(map[string]any)
	n := int(amountOf(recurring, "interval_count"))
	switch text(recurring, "interval") {
	case "day":
		return start.AddDate(0, 0, n)
	case "week":
		return start.AddDate(0, 0, 7*n)
	case "year":
		return start.AddDate(n, 0, 0)
	}
	return start.AddDate(0, n, 0)
}

// bill makes the paid invoice of a subscription's period.
func (a *account) bill(o object, reason string) object {
	total := int64(0)
	for _, item := range itemsOf(o) {
		price, _ := item["price"].(object)
		total += amountOf(price, "unit_amount") * amountOf(item, "quantity")
	}
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
	items, wrong := a.items(c.params)
	if wrong != nil {
		return nil, wrong
	}
	delete(c.params, "items")
	if wrong := assign(o, c.params, typeOf[sdk.Subscription]()); wrong != nil {
		return nil, wrong
	}
	if len(items) > 0 {
		o["items"] = listOf(items, "/v1/subscription_items?subscription="+idOf(o), false)
		a.priced(o)
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
		for o["status"] != "canceled" && amountOf(o, "current_period_end") <= to {
			end := time.Unix(amountOf(o, "current_period_end"), 0).UTC()
			clock["frozen_time"] = end.Unix()
			if o["cancel_at_period_end"] == true {
				a.cancel(o)
				break
			}
			o["status"], o["current_period_start"], o["current_period_end"] = "active", end.Unix(), a.after(o, end).Unix()
			o["latest_invoice"] = idOf(a.bill(o, "subscription_cycle"))
			a.happened("customer.subscription.updated", o)
		}
	}
	clock["frozen_time"] = to
	a.happened("test_helpers.test_clock.ready", clock)
	return clock, nil
}
