package stripetest

import (
	"math/big"
	"strconv"
	"strings"
)

// currencyOf is the currency that parameters name, in lower case as Stripe answers it; ""
// is none.
func currencyOf(params map[string]any, param string) (string, *failure) {
	given := text(params, "currency")
	c := strings.ToLower(given)
	if c != "" && (len(c) != 3 || strings.Trim(c, "abcdefghijklmnopqrstuvwxyz") != "") {
		return "", invalid(param, "", "Invalid currency: "+given+".")
	}
	return c, nil
}

// sameCurrency holds what is added up to one currency: want, unless that is still open.
func sameCurrency(have, want, param string) *failure {
	if want == "" || have == want {
		return nil
	}
	return invalid(param, "", "The price specified only supports `"+have+"`. This doesn't match the expected currency: `"+want+"`.")
}

// putUnitAmount gives a price its amount, of which Stripe has two forms: that of the
// smallest unit, and one with decimals, of which the former is missing where it is no
// integer.
func putUnitAmount(o object, params map[string]any) *failure {
	n, whole, wrong := number(params, "unit_amount")
	decimal := text(params, "unit_amount_decimal")
	switch {
	case wrong != nil:
		return wrong
	case whole && decimal != "":
		return invalid("unit_amount", "", "You may only specify one of these parameters: unit_amount, unit_amount_decimal.")
	case whole:
		decimal = strconv.FormatInt(n, 10)
	case decimal == "":
		if params["custom_unit_amount"] == nil && text(params, "billing_scheme") != "tiered" {
			return missing("unit_amount")
		}
		return nil
	}
	exact, ok := new(big.Rat).SetString(decimal)
	if !ok || exact.Sign() < 0 {
		return invalid("unit_amount", "parameter_invalid_integer", "Invalid non-negative integer")
	}
	o["unit_amount"], o["unit_amount_decimal"] = nil, decimal
	if exact.IsInt() && exact.Num().IsInt64() {
		o["unit_amount"] = exact.Num().Int64()
	}
	return nil
}

// amountFor is what a quantity at a price comes to, to the nearest smallest unit.
func amountFor(price object, quantity int64) int64 {
	if n, ok := price["unit_amount"].(int64); ok {
		return n * quantity
	}
	exact, ok := new(big.Rat).SetString(text(price, "unit_amount_decimal"))
	if !ok {
		return 0
	}
	exact.Mul(exact, new(big.Rat).SetInt64(quantity))
	exact.Add(exact, big.NewRat(1, 2))
	return new(big.Int).Div(exact.Num(), exact.Denom()).Int64()
}

// quantityOf is a quantity that parameters name; what they leave out is otherwise.
func quantityOf(params map[string]any, param string, otherwise int64) (int64, *failure) {
	n, given, wrong := number(params, "quantity")
	switch {
	case wrong != nil:
		return 0, wrong
	case !given:
		return otherwise, nil
	case n < 0:
		return 0, invalid(param, "parameter_invalid_integer", "This value must be greater than or equal to 0.")
	}
	return n, nil
}
