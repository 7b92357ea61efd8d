// Package stripe puts the official stripe-go on the stack of package client.
//
// Most callers should make a [Client] with [New] and use its few methods, or its
// SDK field for the rest of stripe-go, whose documentation applies:
//
//	c, err := stripe.New(secret.Env("STRIPE_SECRET_KEY"))
//	cus, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Email: sdk.String("a@example.com")})
//	sub, err := c.SDK.Subscriptions.Get("sub_1", nil)
//
// Every request passes through the stack: retried with one idempotency key, held
// to Stripe's own hint (Stripe-Should-Retry), paced, bounded, recorded. The
// SDK's own retries are off. The key is read from its source for every request,
// so that it can be rotated. Use HTTP for what the SDK does not have; it calls
// with the API version of the SDK.
//
// Errors are stripe-go's *stripe.Error where Stripe answered, and wrap a
// *client.Error where it did not.
//
// Webhooks are package webhook's: webhook.Stripe verifies, webhook.On decodes the
// event's object into stripe-go's own type for it (stripe.PaymentIntent), and
// webhook.OnEnvelope all of it into stripe.Event, whatever its API version.
package stripe
