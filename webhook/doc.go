// Package webhook verifies the requests that services send to an application, and
// hands them on as typed events.
//
// Most callers mount one handler per provider and write no other code about
// signatures:
//
//	scheme, err := webhook.Stripe(secret.Env("STRIPE_WEBHOOK_SECRET"))
//	…
//	handler, err := webhook.NewHandler(scheme, webhook.On("invoice.paid", invoicePaid), …)
//	…
//	mux.Handle("/hooks/stripe", handler)
//
// The function is handed the object that the event is about, decoded into the type
// it names ([On]), or all that the provider says of it ([OnEnvelope]). What could
// never work, such as a function for a type that the provider does not send, is
// refused when the handler is made.
//
// Use a [Verifier] directly where the request does not come from net/http: it is
// a pure function of method, URL, headers and the raw body, and works behind a
// queue or in AWS Lambda. The constructors ([Stripe], [GitHub], [SNS], …) need no
// vendor SDK. For a service that is not listed, [HMAC], [ECDSA], [RSA], [Ed25519]
// and [StaticToken] build a scheme from data.
//
// # Rules that hold for every scheme
//
// The raw body is what is signed: verify before parsing, and let no middleware
// read the body first. Only the provider's own current scheme counts: an older or
// other algorithm in the same request never does, even with a right MAC. Repeated
// signature, identifier or timestamp headers are refused. Timestamps are held to
// a tolerance both ways, five minutes unless the constructor says otherwise.
// Several keys may be valid at once, so that they can be rotated; they come from
// a [secret.Source] and are read at every use, without a restart. A blank,
// malformed or wrong-kind key is refused by the constructor; a source that yields
// one later leaves deliveries undecided.
//
// Every error is an [*Error] with one of the reasons of this package. Errors hold
// no key, no expected signature and no body; their hints are for the developer's
// log, never for the response.
//
// # What is signed
//
// Some providers put an event's type or identifier in headers that their
// signature does not cover. A [Receipt] says so: see its EventIDSigned and
// Untrusted fields. Whoever holds one genuine delivery can replay it under
// another unsigned identifier, or without one; see [Event].Suspect.
package webhook
