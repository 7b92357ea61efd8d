package stripetest

import (
	"fmt"
	"slices"
	"strconv"

	sdk "github.com/stripe/stripe-go/v76"
)

// invoice makes a draft over an amount.
func (a *account) invoice(customer, currency string, amount int64) object {
	o := a.make("invoice", "in")
	o["customer"], o["currency"], o["status"], o["paid"], o["attempt_count"] = customer, currency, "draft", false, int64(0)
	for _, name := range []string{"amount_due", "amount_remaining", "subtotal", "total"} {
		o[name] = amount
	}
	o["amount_paid"] = int64(0)
	return o
}

func createInvoice(a *account, c *call) (object, *failure) {
	customer := text(c.params, "customer")
	if customer == "" {
		return nil, missing("customer")
	}
	if wrong := a.refers(c.params, map[string]string{"customer": "customer", "subscription": "subscription"}); wrong != nil {
		return nil, wrong
	}
	currency, wrong := currencyOf(c.params, "currency")
	if wrong != nil {
		return nil, wrong
	}
	pending := a.pending(customer, text(c.params, "pending_invoice_items_behavior") == "include")
	switch {
	case currency == "" && len(pending) > 0:
		currency = text(pending[0], "currency")
	case currency == "":
		currency = "usd"
	}
	o := a.invoice(customer, currency, 0)
	if wrong := assign(o, c.params, typeOf[sdk.Invoice]()); wrong != nil {
		a.forget(o)
		return nil, wrong
	}
	for _, item := range pending {
		if item["currency"] == o["currency"] {
			a.charges(o, item)
		}
	}
	a.happened("invoice.created", o)
	return o, nil
}

// pending are the items of a customer that wait for an invoice, if it is to have them.
func (a *account) pending(customer string, include bool) (items []object) {
	for _, id := range a.kinds["invoiceitem"] {
		if item := a.objects[id]; include && item["customer"] == customer && item["invoice"] == nil {
			items = append(items, item)
		}
	}
	return items
}

// createInvoiceItem is what gives an invoice that is no subscription's its amount.
func createInvoiceItem(a *account, c *call) (object, *failure) {
	if wrong := a.refers(c.params, map[string]string{"customer": "customer", "invoice": "invoice", "price": "price"}); wrong != nil {
		return nil, wrong
	}
	if text(c.params, "customer") == "" {
		return nil, missing("customer")
	}
	if _, wrong := currencyOf(c.params, "currency"); wrong != nil {
		return nil, wrong
	}
	item := a.make("invoiceitem", "ii")
	item["invoice"], item["quantity"] = nil, int64(1)
	if wrong := assign(item, c.params, typeOf[sdk.InvoiceItem]()); wrong != nil {
		a.forget(item)
		return nil, wrong
	}
	if price := a.objects[text(c.params, "price")]; price != nil {
		item["amount"], item["currency"] = amountFor(price, amountOf(item, "quantity")), price["currency"]
	}
	if in := a.objects[text(c.params, "invoice")]; in != nil {
		if in["status"] != "draft" {
			a.forget(item)
			return nil, invalid("invoice", "invoice_not_editable", "This invoice is no longer editable")
		}
		if text(item, "currency") == "" {
			item["currency"] = in["currency"]
		}
		if item["currency"] != in["currency"] {
			a.forget(item)
			return nil, invalid("currency", "", fmt.Sprintf("The currency of the invoice item (%s) is not that of the invoice (%s).", item["currency"], in["currency"]))
		}
		a.charges(in, item)
	}
	return item, nil
}

func (a *account) charges(in, item object) {
	item["invoice"] = in["id"]
	for _, name := range []string{"amount_due", "amount_remaining", "subtotal", "total"} {
		in[name] = amountOf(in, name) + amountOf(item, "amount")
	}
}

func finalizeInvoice(a *account, c *call) (object, *failure) {
	o, wrong := a.find("invoice", c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	if o["status"] != "draft" {
		return nil, unexpectedState("invoice_not_editable", "This invoice is already finalized, you can't re-finalize a non-draft invoice.")
	}
	a.finalize(o)
	return o, nil
}

func (a *account) finalize(o object) {
	n := slices.Index(a.kinds["invoice"], idOf(o)) + 1
	o["status"], o["number"] = "open", "FAKE-"+strconv.Itoa(n)
	o["hosted_invoice_url"] = "https://invoice.stripe.com/i/" + idOf(o)
	o["invoice_pdf"] = "https://pay.stripe.com/invoice/" + idOf(o) + "/pdf"
	a.happened("invoice.finalized", o)
}

func payInvoice(a *account, c *call) (object, *failure) {
	o, wrong := a.find("invoice", c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	switch o["status"] {
	case "draft":
		a.finalize(o)
	case "open":
	default:
		return nil, unexpectedState("invoice_already_paid", "Invoice is already "+text(o, "status"))
	}
	reason := ""
	if id := text(c.params, "payment_method"); id != "" {
		m, wrong := a.method(id, "payment_method")
		if wrong != nil {
			return nil, wrong
		}
		reason = a.srv.declines[idOf(m)]
	}
	if c.fault == CardDeclined {
		reason = "generic_decline"
	}
	if reason != "" {
		o["attempt_count"] = amountOf(o, "attempt_count") + 1
		a.happened("invoice.payment_failed", o)
		return nil, declined(reason, nil)
	}
	a.paid(o)
	return o, nil
}

func (a *account) paid(o object) {
	o["status"], o["paid"], o["amount_paid"], o["amount_remaining"] = "paid", true, o["amount_due"], int64(0)
	o["attempt_count"] = amountOf(o, "attempt_count") + 1
	a.happened("invoice.paid", o)
	a.happened("invoice.payment_succeeded", o)
}

func voidInvoice(a *account, c *call) (object, *failure) {
	o, wrong := a.find("invoice", c.id, "id")
	if wrong != nil {
		return nil, wrong
	}
	if o["status"] != "open" && o["status"] != "uncollectible" {
		return nil, unexpectedState("", "You can only pass in open and uncollectible invoices. This invoice isn't.")
	}
	o["status"], o["amount_remaining"] = "void", int64(0)
	a.happened("invoice.voided", o)
	return o, nil
}
