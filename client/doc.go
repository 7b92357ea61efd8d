// Package client calls services that you did not build, through one stack that
// authenticates, retries, limits, bounds and records every call, those of an official
// SDK included ([Client.HTTPClient]). Make one [Client] per service and credential:
//
//	c, err := client.New("https://api.example.com",
//		client.WithAuth(client.Bearer(secret.Env("EXAMPLE_API_KEY"))))
//	cus, err := client.Post[Customer](ctx, c, "/v1/customers", in)
//
// A call passes through these, outermost first. The order is behaviour:
//
//	call      per-call middleware → call deadline → idempotency key → retry
//	attempt   per-attempt middleware → breaker → limit, pacing → auth → timer → transport
//
// What is retried stands at [WithRetry], where a credential goes at [Auth], what an
// error says at [Error], one client for many users at [Client.With].
package client
