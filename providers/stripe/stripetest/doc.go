// Package stripetest is a Stripe in memory for tests: it keeps customers, payments,
// subscriptions and what else the operations of package stripe are about, and answers as
// Stripe does, to any client that speaks its API, the official SDKs included.
//
//	srv := stripetest.NewServer(t)
//	c, err := srv.Client()
//	…
//	require.Len(t, srv.Requests("refunds.create"), 1)
//
// It checks the key, knows parameters by the SDK's types, keeps idempotency keys as
// Stripe does, fails on demand ([Server.Inject]), and tells what has happened as signed
// events ([Server.Deliver]). Stripe's payment methods for tests, such as pm_card_visa and
// pm_card_chargeDeclined, do what they do there; a test clock renews subscriptions when
// it is advanced. Each connected account (Stripe-Account) has objects of its own. What
// Stripe refuses about money is refused here: two currencies in one sum, a negative
// amount, a checkout whose mode does not fit its prices.
//
// It is a stand-in and no Stripe: what a response holds beside the fields that parameters
// set and operations change is left out, there are no fees, taxes, discounts and
// prorations, and a filter of a list is a field of that name. Behaviour is that of the
// API reference for the version of stripe-go v76.
//
// Everything is safe for concurrent use and under t.Parallel.
package stripetest
