package stripetest

import (
	sdk "github.com/stripe/stripe-go/v76"
)

func createProduct(a *account, c *call) (object, *failure) {
	o, wrong := a.product(c.params)
	if wrong == nil {
		a.happened("product.created", o)
	}
	return o, wrong
}

func (a *account) product(params map[string]any) (object, *failure) {
	if text(params, "name") == "" {
		return nil, missing("name")
	}
	o := a.make("product", "prod")
	o["active"] = true
	if wrong := assign(o, params, typeOf[sdk.Product]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	return o, nil
}

func createPrice(a *account, c *call) (object, *failure) {
	o, product, wrong := a.price(c.params)
	if wrong != nil {
		return nil, wrong
	}
	if product != nil {
		a.happened("product.created", product)
	}
	a.happened("price.created", o)
	return o, nil
}

// price makes a price, and the product of one that has none yet.
func (a *account) price(params map[string]any) (o, product object, wrong *failure) {
	currency, wrong := currencyOf(params, "currency")
	switch {
	case wrong != nil:
		return nil, nil, wrong
	case currency == "":
		return nil, nil, missing("currency")
	}
	if wrong := a.refers(params, map[string]string{"product": "product"}); wrong != nil {
		return nil, nil, wrong
	}
	of := text(params, "product")
	data, _ := params["product_data"].(map[string]any)
	switch {
	case of == "" && data == nil:
		return nil, nil, missing("product")
	case of == "":
		if product, wrong = a.product(data); wrong != nil {
			return nil, nil, wrong
		}
		of = idOf(product)
	}
	o = a.make("price", "price")
	o["active"], o["type"], o["billing_scheme"] = true, "one_time", "per_unit"
	wrong = assign(o, params, typeOf[sdk.Price]())
	if wrong == nil {
		wrong = putUnitAmount(o, params)
	}
	if wrong != nil {
		a.forget(o)
		if product != nil {
			a.forget(product)
		}
		return nil, nil, wrong
	}
	o["product"], o["currency"] = of, currency
	if r, ok := o["recurring"].(map[string]any); ok {
		o["type"] = "recurring"
		if _, ok := r["interval_count"]; !ok {
			r["interval_count"] = int64(1)
		}
	}
	return o, product, nil
}
