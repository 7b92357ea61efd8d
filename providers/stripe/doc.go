// Package stripe calls Stripe on the stack of package client, with the parameters and
// types of the official stripe-go.
//
// Most callers should make a [Client] with [New] and use its few methods; where there is
// none, an operation of this package; and for the rest of stripe-go the SDK field, to
// which its documentation applies:
//
//	c, err := stripe.New(secret.Env("STRIPE_SECRET_KEY"))
//	cus, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Email: sdk.String("a@example.com")})
//	session, err := stripe.CreateCheckoutSession.Do(ctx, c.HTTP, &sdk.CheckoutSessionParams{…})
//	sub, err := c.SDK.Subscriptions.Get("sub_1", nil)
//
// Every request passes through the stack: retried with one idempotency key, held
// to Stripe's own hint (Stripe-Should-Retry), paced, bounded, recorded. The
// SDK's own retries are off. The key is read from its source for every request,
// so that it can be rotated. Use HTTP for what the SDK does not have; it calls
// with the API version of the SDK. For another major version of the SDK there is
// [HTTPClient].
//
// An error of the methods and the operations is a [*client.Error]: errors.Is matches
// [client.ErrNotFound] and its like, Code is Stripe's ("card_declined"), Effect says
// whether a write may have been applied. In an error of the methods errors.As finds
// stripe-go's *stripe.Error and *stripe.CardError too, with the decline code. The SDK
// field returns the SDK's error alone where Stripe has responded, and one that wraps a
// *client.Error where it has not.
//
// Webhooks are package webhook's: webhook.Stripe verifies, webhook.On decodes the
// event's object into stripe-go's own type for it (stripe.PaymentIntent), and
// webhook.OnEnvelope all of it into stripe.Event, whatever its API version. What never
// arrived is taken in by inbox.Inbox.Reconcile and [Client.ExpectedEvents].
package stripe
