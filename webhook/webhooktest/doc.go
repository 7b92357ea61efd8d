// Package webhooktest signs webhook deliveries the way their providers do, so
// that a handler can be tested offline, with any body and without an account.
//
// Most callers name the provider and the secret that their verifier is
// configured with, and hand the request to their handler:
//
//	req := webhooktest.Stripe("whsec_test").Request(body)
//	handler.ServeHTTP(httptest.NewRecorder(), req)
//
// The same request can be sent with an [net/http.Client] once it has a real
// address: webhooktest.Stripe(secret).WithURL(server.URL).Request(body).
//
// A [Signer] is immutable. [Signer.At], [Signer.WithID], [Signer.WithEvent],
// [Signer.WithURL] and [Signer.WithHeader] return changed copies: a delivery
// that is too old is At(time.Now().Add(-time.Hour)); one that was tampered with
// is WithHeader of the signature header; one from a stranger is signed with
// another secret. Schemes with room for several signatures take several
// secrets, as a provider uses during a rotation.
//
// Keys that cannot be invented as a string are generated: [SendGridKeys],
// [Ed25519Keys], [NewKeyServer] for the hooks that carry a JSON Web Token, and
// [NewSNSCertificates] for Amazon SNS. The last two give an HTTP client that
// serves the public halves from memory, for the verifier's HTTPClient option.
//
// A service that has no function here is described: [HMAC], [ECDSA] and
// [StaticToken] mirror what package webhook offers for it.
//
// The code shares nothing with package webhook, on purpose: an error in one is
// found by the other. It is for tests and developers' tools; production code
// has no use for it.
package webhooktest
