// Package session tells who is calling: it verifies the JWTs that Clerk, Auth0,
// Cognito, WorkOS, Firebase and any other OpenID Connect or OAuth issuer give to
// signed-in users.
//
// Most callers need a verifier and the middleware:
//
//	verifier, err := session.NewVerifier(session.Clerk("https://clerk.example.com", "https://app.example.com"))
//	protected := session.Middleware(verifier)(handler)
//
// and in the handler
//
//	user, ok := session.FromContext(r.Context())
//
// Choose the profile by who issues the tokens and what they are for: [Clerk],
// [Auth0], [Cognito], [WorkOS] and [Firebase] for those; [AccessToken] for the JWT
// access tokens of any OAuth server (RFC 9068), with [AllowUntypedAccessTokens] for
// those of Okta, Entra ID and Keycloak; [OIDC] for ID tokens, where there is nothing
// better; [FirebaseCookie] for session cookies; [ClerkOAuth] for what Clerk issues
// to OAuth clients. Outside of HTTP call [Verifier.Verify]. Add [WithRevocation]
// where sessions must end before their tokens do.
//
// # What is verified
//
// A token is refused before any cryptography unless it is at most 16 KiB, has exactly
// three segments of canonical base64url, and holds strict JSON: no name twice at any
// depth, no byte order mark, no invalid Unicode, nothing after the object. Names are
// case-sensitive. The signature must be made with an algorithm that the profile lists,
// by the key of the issuer that the token names, if that key is meant for it. Unsigned
// tokens and secrets shared with the issuer are refused, as is every "crit", and keys
// that come with the token are ignored. Then "iss", "exp", "nbf", "iat", "sub" and what
// the provider adds must be right, and "aud" as well wherever the profile has an
// audience or [WithAudience] gives one. Where it has none, the authorized party or the
// client takes its place; of these profiles only [Clerk] ignores an "aud" that is there
// anyway. An optional claim that is null is absent. The kind of token counts as well:
// logout tokens, DPoP proofs, and ID tokens where access tokens belong, never pass.
//
// # Keys
//
// The issuer's keys are fetched over https when they are first needed, and kept
// for the time that the issuer says. They are refreshed in the background ahead
// of their end, so that requests do not wait; a key that the issuer withdraws
// stops verifying within that time. In an outage of the issuer the known keys
// serve for another hour; after that, and for tokens with keys that cannot be
// looked up, the response is 503 and not 401. [WithJWKS] and [WithPublicKeyPEM]
// do without fetching.
//
// # Errors
//
// Every refusal has a [Reason]. It is for logs: to the outside all refusals look
// the same.
//
// For tests there is package sessiontest, an issuer in memory that signs tokens of
// every profile.
package session
