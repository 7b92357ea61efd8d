// Package session_test holds package session to issuers and libraries that were
// written elsewhere: the certified oidc-provider as an issuer of ID tokens and
// access tokens, the Firebase emulator, Clerk's and Firebase's own Go libraries
// as oracles for their formats, and go-jose and golang-jwt for everything else:
// what package session accepts, they must accept too.
package session_test
