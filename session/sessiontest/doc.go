// Package sessiontest is an issuer of session tokens in memory, for tests of
// applications that use package session. It opens no socket.
//
// Most tests need an [Issuer], a verifier that trusts it, and tokens:
//
//	issuer := sessiontest.New()
//	verifier, err := session.NewVerifier(issuer.Clerk(), issuer.Options()...)
//	req.Header.Set("Authorization", "Bearer "+issuer.ClerkToken(nil))
//
// There is a profile and a kind of token for everything that package session
// verifies, with claims as the providers make them; the argument changes or
// removes some. [Issuer.Sign] signs anything at all, for tokens that must be
// refused.
//
// Keys rotate with [Issuer.Rotate] and [Issuer.Withdraw], the key server fails with
// [Issuer.Fail] and [Issuer.Corrupt], and time passes with [Issuer.Advance].
package sessiontest
