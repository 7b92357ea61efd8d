package stripe

import (
	"context"

	sdk "github.com/stripe/stripe-go/v76"
)

// CreateCustomer makes a customer (POST /v1/customers). Nil params make an empty
// one. The context replaces the one in params, here and below; params are not
// changed.
func (c *Client) CreateCustomer(ctx context.Context, params *sdk.CustomerParams) (*sdk.Customer, error) {
	p := copyOf(params)
	p.Context = ctx
	return c.SDK.Customers.New(p)
}

// Customer fetches a customer (GET /v1/customers/{id}).
func (c *Client) Customer(ctx context.Context, id string) (*sdk.Customer, error) {
	return c.SDK.Customers.Get(id, &sdk.CustomerParams{Params: sdk.Params{Context: ctx}})
}

// CreatePaymentIntent begins a payment (POST /v1/payment_intents).
func (c *Client) CreatePaymentIntent(ctx context.Context, params *sdk.PaymentIntentParams) (*sdk.PaymentIntent, error) {
	p := copyOf(params)
	p.Context = ctx
	return c.SDK.PaymentIntents.New(p)
}

// PaymentIntent fetches a payment (GET /v1/payment_intents/{id}).
func (c *Client) PaymentIntent(ctx context.Context, id string) (*sdk.PaymentIntent, error) {
	return c.SDK.PaymentIntents.Get(id, &sdk.PaymentIntentParams{Params: sdk.Params{Context: ctx}})
}

// ConfirmPaymentIntent confirms a payment (POST /v1/payment_intents/{id}/confirm).
func (c *Client) ConfirmPaymentIntent(ctx context.Context, id string, params *sdk.PaymentIntentConfirmParams) (*sdk.PaymentIntent, error) {
	p := copyOf(params)
	p.Context = ctx
	return c.SDK.PaymentIntents.Confirm(id, p)
}

// CreateSubscription begins a subscription (POST /v1/subscriptions).
func (c *Client) CreateSubscription(ctx context.Context, params *sdk.SubscriptionParams) (*sdk.Subscription, error) {
	p := copyOf(params)
	p.Context = ctx
	return c.SDK.Subscriptions.New(p)
}

// CancelSubscription ends a subscription (DELETE /v1/subscriptions/{id}).
func (c *Client) CancelSubscription(ctx context.Context, id string, params *sdk.SubscriptionCancelParams) (*sdk.Subscription, error) {
	p := copyOf(params)
	p.Context = ctx
	return c.SDK.Subscriptions.Cancel(id, p)
}

// Refund gives money back (POST /v1/refunds).
func (c *Client) Refund(ctx context.Context, params *sdk.RefundParams) (*sdk.Refund, error) {
	p := copyOf(params)
	p.Context = ctx
	return c.SDK.Refunds.New(p)
}

func copyOf[T any](p *T) *T {
	c := new(T)
	if p != nil {
		*c = *p
	}
	return c
}
