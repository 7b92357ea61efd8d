// Package braintree calls Braintree's GraphQL API on the stack of package client.
//
// Most callers make a [Client] with [New] and call its operations, which are values:
//
//	c, err := braintree.New("public", secret.Env("BRAINTREE_PRIVATE_KEY"), client.WithBaseURL(braintree.Sandbox))
//	paid, err := braintree.ChargePaymentMethod.Do(ctx, c.HTTP, braintree.ChargeInput{
//		PaymentMethodID: nonce, Transaction: braintree.TransactionInput{Amount: "10.00", OrderID: "1042"},
//		APIRequestKey: "order-1042",
//	})
//	if why, declined := paid.Decline(); declined {
//		return fmt.Errorf("declined: %s %s", why.Code, why.Message)
//	}
//	for t, err := range braintree.SearchTransactions.All(ctx, c.HTTP, in) { … }
//
// [Operations] lists them. Without [Sandbox] the calls act on real money. Anything else
// of the API is a [graphql.Op] of your own, with [Path] and [Codes].
//
// Amounts are decimal strings, "10.00", with the currency of the merchant account beside
// them in what comes back. An identifier is a string, and one of the old APIs becomes one
// of this by [IDFromLegacyID].
//
// # Declines and errors
//
// A card that is declined is no error: the transaction is there, and its
// [Transaction.Decline] says why. It is not tried again.
//
// What Braintree says inside a 200 is an [*Error] with the class, the legacy code and the
// path of the input of each [Detail]. It unwraps to a [*client.Error], and errors.Is
// matches what it means: AUTHENTICATION is client.ErrUnauthorized, VALIDATION
// client.ErrBadRequest, RESOURCE_LIMIT a throttle that is waited for.
//
// # After a timeout
//
// A charge, an authorization, a capture, a refund and a reversal carry an APIRequestKey,
// by which Braintree knows a repeat for 30 days: the money moves at most once, so they
// are retried. Without one in the input a key is made, once per call. It is the error's
// IdempotencyKey: to repeat a call whose outcome is not known, give it again with the
// same input. Choose it yourself, by what is paid for, to be safe from a crash too.
// Braintree's own duplicate checking does not look at a call with a key. For an account
// that is allowed none there is [Unkeyed].
//
// Vaulting, tokenizing and making a customer take no key, and are not repeated once they
// may have been done.
//
// Webhooks are package webhook's: webhook.Braintree.
package braintree
