package stripe

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
)

// CreateCustomer makes a customer (POST /v1/customers). Nil params make an empty
// one. The context replaces the one in params, here and below; params are not
// changed.
func (c *Client) CreateCustomer(ctx context.Context, params *sdk.CustomerParams) (*sdk.Customer, error) {
	return do(ctx, c, CreateCustomer, params)
}

// Customer fetches a customer (GET /v1/customers/{id}).
func (c *Client) Customer(ctx context.Context, id string) (*sdk.Customer, error) {
	return do(ctx, c, GetCustomer, On[*sdk.CustomerParams]{ID: id})
}

// CreatePaymentIntent begins a payment (POST /v1/payment_intents).
func (c *Client) CreatePaymentIntent(ctx context.Context, params *sdk.PaymentIntentParams) (*sdk.PaymentIntent, error) {
	return do(ctx, c, CreatePaymentIntent, params)
}

// PaymentIntent fetches a payment (GET /v1/payment_intents/{id}).
func (c *Client) PaymentIntent(ctx context.Context, id string) (*sdk.PaymentIntent, error) {
	return do(ctx, c, GetPaymentIntent, On[*sdk.PaymentIntentParams]{ID: id})
}

// ConfirmPaymentIntent confirms a payment (POST /v1/payment_intents/{id}/confirm).
func (c *Client) ConfirmPaymentIntent(ctx context.Context, id string, params *sdk.PaymentIntentConfirmParams) (*sdk.PaymentIntent, error) {
	return do(ctx, c, ConfirmPaymentIntent, ByID(id, params))
}

// CreateSubscription begins a subscription (POST /v1/subscriptions).
func (c *Client) CreateSubscription(ctx context.Context, params *sdk.SubscriptionParams) (*sdk.Subscription, error) {
	return do(ctx, c, CreateSubscription, params)
}

// CancelSubscription ends a subscription (DELETE /v1/subscriptions/{id}).
func (c *Client) CancelSubscription(ctx context.Context, id string, params *sdk.SubscriptionCancelParams) (*sdk.Subscription, error) {
	return do(ctx, c, CancelSubscription, ByID(id, params))
}

// Refund gives money back (POST /v1/refunds).
func (c *Client) Refund(ctx context.Context, params *sdk.RefundParams) (*sdk.Refund, error) {
	return do(ctx, c, CreateRefund, params)
}

// do is op.Do that adds what the SDK's own calls have: the response that the object came
// in, and an error that is the SDK's as well.
func do[In, T any](ctx context.Context, c *Client, op client.Op[In, *T], in In) (*T, error) {
	var meta client.Meta
	got, err := client.Op[In, answer[T]](op).Do(ctx, c.HTTP, in, func(r *client.Request) { r.Meta = &meta })
	if err != nil {
		return nil, asSDKError(err, &meta)
	}
	if object, ok := any(got.value).(sdk.LastResponseSetter); ok {
		object.SetLastResponse(&sdk.APIResponse{
			Header: meta.Header, IdempotencyKey: meta.Header.Get("Idempotency-Key"), RawJSON: got.raw,
			RequestID: meta.RequestID, Status: statusLine(meta.Status), StatusCode: meta.Status,
		})
	}
	return got.value, nil
}

// answer is an object and the JSON that it came in.
type answer[T any] struct {
	value *T
	raw   []byte
}

// UnmarshalJSON keeps what it decodes.
func (a *answer[T]) UnmarshalJSON(raw []byte) error {
	a.raw, a.value = append([]byte(nil), raw...), new(T)
	return json.Unmarshal(raw, a.value)
}

func statusLine(status int) string { return strconv.Itoa(status) + " " + http.StatusText(status) }
