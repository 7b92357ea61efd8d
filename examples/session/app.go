// This file and app_test.go are for copying: an API behind the session tokens of Clerk,
// Auth0 and Firebase. Change the doors in api: a path, the issuer whose users come in
// there, and what they must be allowed. In your main:
//
//	h, err := api(issuers{
//		clerk:    session.Clerk("https://clerk.example.com", "https://app.example.com"),
//		auth0:    session.Auth0("example.eu.auth0.com", "https://api.example.com"),
//		firebase: session.Firebase("example-project"),
//	})

package main

import (
	"fmt"
	"net/http"

	"github.com/standpipe-go/standpipe/session"
)

// issuers are those whose tokens are taken.
type issuers struct{ clerk, auth0, firebase session.Profile }

// api has a door for each kind of user. The options go to all verifiers; the tests need
// them, an application none.
func api(from issuers, options ...session.Option) (http.Handler, error) {
	mux := http.NewServeMux()
	for _, door := range []struct {
		path    string
		issuer  session.Profile
		options []session.MiddlewareOption
		require func(http.Handler) http.Handler // nil: whoever is signed in
	}{
		{"/team/", from.clerk, []session.MiddlewareOption{session.FromCookie("__session")}, session.RequireRole("org:admin")},
		{"/invoices/", from.auth0, nil, session.Require("read:invoices")},
		{"/mobile/", from.firebase, nil, nil},
	} {
		verifier, err := session.NewVerifier(door.issuer, options...)
		if err != nil {
			return nil, err
		}
		var handler http.Handler = http.HandlerFunc(greet)
		if door.require != nil {
			handler = door.require(handler)
		}
		mux.Handle(door.path, session.Middleware(verifier, door.options...)(handler))
	}
	return mux, nil
}

// greet stands for your handlers. They are reached only with a session that was verified.
func greet(w http.ResponseWriter, r *http.Request) {
	user, ok := session.FromContext(r.Context())
	if !ok { // this handler was mounted without the middleware
		http.Error(w, "no session", http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "hello %s", user.Subject)
	if user.Organization.ID != "" {
		fmt.Fprintf(w, " of %s", user.Organization.ID)
	}
}
