package stripe

import (
	"context"
	"iter"

	sdk "github.com/stripe/stripe-go/v76"
)

// Customers yields all customers that params select, newest first, page after
// page as the loop asks for them (GET /v1/customers). An error ends the
// sequence. Nil params select all.
func (c *Client) Customers(ctx context.Context, params *sdk.CustomerListParams) iter.Seq2[*sdk.Customer, error] {
	return func(yield func(*sdk.Customer, error) bool) {
		p := copyOf(params)
		p.Context = ctx
		it := c.SDK.Customers.List(p)
		each(it.Iter, it.Customer, yield)
	}
}

// PaymentIntents is like [Client.Customers], for payments (GET /v1/payment_intents).
func (c *Client) PaymentIntents(ctx context.Context, params *sdk.PaymentIntentListParams) iter.Seq2[*sdk.PaymentIntent, error] {
	return func(yield func(*sdk.PaymentIntent, error) bool) {
		p := copyOf(params)
		p.Context = ctx
		it := c.SDK.PaymentIntents.List(p)
		each(it.Iter, it.PaymentIntent, yield)
	}
}

// Subscriptions is like [Client.Customers], for subscriptions (GET /v1/subscriptions).
func (c *Client) Subscriptions(ctx context.Context, params *sdk.SubscriptionListParams) iter.Seq2[*sdk.Subscription, error] {
	return func(yield func(*sdk.Subscription, error) bool) {
		p := copyOf(params)
		p.Context = ctx
		it := c.SDK.Subscriptions.List(p)
		each(it.Iter, it.Subscription, yield)
	}
}

// Refunds is like [Client.Customers], for refunds (GET /v1/refunds).
func (c *Client) Refunds(ctx context.Context, params *sdk.RefundListParams) iter.Seq2[*sdk.Refund, error] {
	return func(yield func(*sdk.Refund, error) bool) {
		p := copyOf(params)
		p.Context = ctx
		it := c.SDK.Refunds.List(p)
		each(it.Iter, it.Refund, yield)
	}
}

// each walks one of stripe-go's iterators, which fetches pages by itself.
func each[T any](it *sdk.Iter, current func() *T, yield func(*T, error) bool) {
	for it.Next() {
		if !yield(current(), nil) {
			return
		}
	}
	if err := it.Err(); err != nil {
		yield(nil, err)
	}
}
