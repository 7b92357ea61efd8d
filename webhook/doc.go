// Package webhook verifies the requests that services send to an application, and
// hands them on as typed events.
//
// Most callers mount one handler per provider and write no other code about
// signatures:
//
//	scheme, err := webhook.Stripe(secret.Env("STRIPE_WEBHOOK_SECRET"))
//	…
//	handler, err := webhook.NewHandler(scheme, webhook.On("invoice.paid", invoicePaid), …)
//	mux.Handle("/hooks/stripe", handler)
//
// A function is given the object that the event is about, decoded into the type it
// names ([On]), or the whole payload ([OnEnvelope]). [NewHandler] refuses what could
// never work, such as a type where deliveries name none. It has no list of all types: a
// function for a misspelt one is never called.
//
// Where requests do not come from net/http, use [Handler.Process], or [Scheme.Verify]
// alone: a pure function of method, URL, headers and the raw body. No constructor
// needs a vendor's SDK. For a service that is not listed, [HMAC], [ECDSA], [RSA],
// [Ed25519] and [StaticToken] build a scheme from data, and [NewScheme] from a
// function. [Scheme] lists the rules that hold for all of them.
//
// Every error is an [*Error] with a reason of this package. It holds no key, no
// expected signature and no body; its hint is for the log, never for the response.
package webhook
