package stripetest

import (
	"fmt"
	"maps"
	"slices"
)

// items are those of a subscription after a change, as parameters name them: one with an
// ID changes or deletes the item that it names, and one without is added to what there
// is.
func (a *account) items(params map[string]any, before []object, currency string) ([]object, string, *failure) {
	given, _ := params["items"].([]any)
	items := make([]object, len(before))
	for i, o := range before {
		items[i] = maps.Clone(o)
	}
	for i, v := range given {
		in, _ := v.(map[string]any)
		param := func(name string) string { return fmt.Sprintf("items[%d][%s]", i, name) }
		at := len(items)
		if id := text(in, "id"); id != "" {
			at = slices.IndexFunc(items, func(o object) bool { return idOf(o) == id })
			if at < 0 {
				return nil, "", noSuch("subscription item", id, param("id"))
			}
			if text(in, "deleted") == "true" {
				items = slices.Delete(items, at, at+1)
				continue
			}
		}
		price, wrong := a.recurring(in, param("price"))
		if wrong != nil {
			return nil, "", wrong
		}
		if price == nil && at < len(items) { // which keeps the one that it has
			price, _ = items[at]["price"].(object)
		}
		if wrong := sameCurrency(text(price, "currency"), currency, param("price")); wrong != nil {
			return nil, "", wrong
		}
		currency = text(price, "currency")
		if slices.ContainsFunc(items, func(o object) bool {
			return o["price"].(object)["id"] == price["id"] && (at == len(items) || idOf(o) != idOf(items[at]))
		}) {
			return nil, "", invalid(param("price"), "", "Cannot add multiple subscription items with the same plan: "+idOf(price))
		}
		if at == len(items) {
			items = append(items, object{"quantity": int64(1)})
		}
		quantity, wrong := quantityOf(in, param("quantity"), amountOf(items[at], "quantity"))
		if wrong != nil {
			return nil, "", wrong
		}
		items[at]["price"], items[at]["quantity"] = price, quantity
	}
	return items, currency, nil
}

// recurring is the price of a subscription's item; nil is none.
func (a *account) recurring(in map[string]any, param string) (object, *failure) {
	price, wrong := a.priceOf(in, param)
	switch {
	case wrong != nil:
		return nil, wrong
	case price == nil && text(in, "id") == "":
		return nil, missing(param)
	case price != nil && price["type"] != "recurring":
		return nil, invalid(param, "", "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.")
	}
	return price, nil
}

// priceOf is the price that parameters name, or make; nil is none.
func (a *account) priceOf(in map[string]any, param string) (object, *failure) {
	if data, ok := in["price_data"].(map[string]any); ok {
		made, _, wrong := a.price(data)
		return made, wrong
	}
	if text(in, "price") == "" {
		return nil, nil
	}
	return a.find("price", text(in, "price"), param)
}

// extra is what is charged once with the first invoice.
func (a *account) extra(params map[string]any, currency string) (total int64, wrong *failure) {
	given, _ := params["add_invoice_items"].([]any)
	for i, v := range given {
		in, _ := v.(map[string]any)
		param := fmt.Sprintf("add_invoice_items[%d][price]", i)
		price, wrong := a.priceOf(in, param)
		if wrong == nil && price == nil {
			wrong = missing(param)
		}
		if wrong == nil {
			wrong = sameCurrency(text(price, "currency"), currency, param)
		}
		if wrong != nil {
			return 0, wrong
		}
		quantity, wrong := quantityOf(in, fmt.Sprintf("add_invoice_items[%d][quantity]", i), 1)
		if wrong != nil {
			return 0, wrong
		}
		total += amountFor(price, quantity)
	}
	return total, nil
}

// putItems gives a subscription its items, of which the new ones have no ID yet.
func (a *account) putItems(o object, items []object) {
	for i, item := range items {
		if idOf(item) == "" {
			made := a.make("subscription_item", "si")
			maps.Copy(made, item)
			items[i] = made
		}
		items[i]["subscription"] = o["id"]
		a.objects[idOf(items[i])] = items[i]
	}
	o["items"] = listOf(items, "/v1/subscription_items?subscription="+idOf(o), false)
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
