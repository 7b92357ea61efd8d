// Package paddle calls Paddle Billing on the stack of package client.
//
// Most callers make a [Client] with [New] and call its operations, which are values:
//
//	c, err := paddle.New(secret.Env("PADDLE_API_KEY"), client.WithBaseURL(paddle.Sandbox))
//	made, err := paddle.CreateTransaction.Do(ctx, c.HTTP, paddle.CreateTransactionInput{
//		Items: []paddle.Item{{PriceID: "pri_01", Quantity: 1}},
//		CustomData: map[string]any{"order": "1042"},
//	})
//	fmt.Println(made.Data.ID, made.Data.Details.Totals.Total, made.Data.CurrencyCode)
//	for p, err := range paddle.ListPrices.All(ctx, c.HTTP, paddle.ListPricesInput{ProductID: []string{"pro_01"}}) {
//
// [Operations] lists them; HTTP is for the rest of the API, and [HTTPClient] for
// paddle-go-sdk of any major version. Without [Sandbox] the calls act on real money.
//
// Amounts are strings of the currency's lowest unit, "1000" for 10 US dollars, as Paddle
// has them. A moment that Paddle has not set is the zero time.Time. What the types here
// leave out of a response is decoded into a type of your own:
//
//	r, err := paddle.GetTransaction.Request(in)
//	tx, err := client.Call[paddle.Response[MyTransaction]](ctx, c.HTTP, r)
//
// # Errors
//
// An error is a [*client.Error] with Paddle's code, such as
// "subscription_update_when_past_due", and its request ID, which Paddle has in the body
// alone. A key that is missing or not valid is [client.ErrUnauthorized], although
// Paddle's status is 403.
//
// # After a timeout
//
// Paddle takes no idempotency key, so what creates or charges is not repeated once it may
// have been done. The error's Effect is then [client.MaybeApplied]. To find out, give
// what you create CustomData of its own, and look for it with [ListTransactions], by the
// customer or the subscription, before you create it again. Previews are repeated.
//
// # Limits
//
// Paddle counts requests by IP address, previews apart, and immediate charges by
// subscription: 20 an hour, 100 a day. A subscription that is limited holds up no other
// call.
//
// Webhooks are package webhook's: webhook.Paddle. What never arrived is replayed by
// inbox.Inbox.Reconcile and [ExpectedNotifications].
package paddle
