package stripe

import (
	"context"
	"iter"
	"slices"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
)

// Customers yields all customers that params select, newest first, page after
// page as the loop asks for them (GET /v1/customers). An error ends the
// sequence. Nil params select all.
func (c *Client) Customers(ctx context.Context, params *sdk.CustomerListParams) iter.Seq2[*sdk.Customer, error] {
	return all(ctx, c, ListCustomers, params)
}

// PaymentIntents is like [Client.Customers], for payments (GET /v1/payment_intents).
func (c *Client) PaymentIntents(ctx context.Context, params *sdk.PaymentIntentListParams) iter.Seq2[*sdk.PaymentIntent, error] {
	return all(ctx, c, ListPaymentIntents, params)
}

// Subscriptions is like [Client.Customers], for subscriptions (GET /v1/subscriptions).
func (c *Client) Subscriptions(ctx context.Context, params *sdk.SubscriptionListParams) iter.Seq2[*sdk.Subscription, error] {
	return all(ctx, c, ListSubscriptions, params)
}

// Refunds is like [Client.Customers], for refunds (GET /v1/refunds).
func (c *Client) Refunds(ctx context.Context, params *sdk.RefundListParams) iter.Seq2[*sdk.Refund, error] {
	return all(ctx, c, ListRefunds, params)
}

// all is the listing's All as the SDK's own iterators go: backwards from EndingBefore in
// one order across the pages, and no further than the first page where Single says so.
func all[Params sdk.ListParamsContainer, T any](ctx context.Context, c *Client, l client.List[Params, Page[T], *T], params Params) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		var p sdk.ListParams
		if !isNil(params) {
			p = *params.GetListParams()
		}
		var meta client.Meta
		for page, err := range l.Pages(ctx, c.HTTP, params, func(r *client.Request) { r.Meta = &meta }) {
			if err != nil {
				yield(nil, asSDKError(err, &meta))
				return
			}
			found := page.Data
			if p.EndingBefore != nil {
				found = slices.Clone(found) // which the next page is found by
				slices.Reverse(found)
			}
			for _, item := range found {
				if !yield(item, nil) {
					return
				}
			}
			if p.Single {
				return
			}
		}
	}
}
