// Package oauthtest is an authorization server for tests: a complete one in
// memory, with rotating refresh tokens, reuse detection and faults on demand.
//
// Most tests start one on loopback and take the configuration from it:
//
//	srv := oauthtest.Start(t, oauthtest.Config{})
//	hc := oauthflow.WithHTTPClient(srv.HTTPClient())
//	login, err := oauthflow.New(srv.ClientConfig("web"), hc)
//
// then play the user's part with [Server.Authorize] or [Server.ApproveDevice],
// or skip the flow altogether with [Server.Issue]. A test in a synctest bubble,
// where sockets do not work, makes the server with [New] instead: its
// [Server.HTTPClient] calls the handlers in memory. A program that wants a
// sign-in page to click on mounts the Server as the http.Handler that it is.
//
// The server is strict where a good server is: a code works once, and used
// again it kills what came of it (RFC 6749 section 4.1.2); a refresh token
// works once, and used again it revokes the whole family (RFC 9700 section
// 4.14.2); PKCE is checked; a DPoP proof works once. It speaks authorization
// code, device flow, client credentials, JWT bearer, token exchange, PAR, DPoP
// with nonces, revocation, introspection, OpenID Connect and logout.
// [Server.Inject] makes it misbehave.
//
// It is made for tests and demonstrations: everything is forgotten when the
// process ends, and users sign in without a password.
package oauthtest
