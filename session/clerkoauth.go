package session

import (
	"errors"
	"strings"
)

// ClerkOAuth returns the profile of the JWT access tokens that Clerk issues to the
// OAuth clients of an instance (Clerk docs, "Verify OAuth tokens"), as opposed to
// its own session tokens, which are for [Clerk]. They have no audience:
// "client_id" stands in its place, and must be one of clientIDs. The issuer is as
// for [Clerk].
//
// The header's "typ" must be "at+jwt"; required are "exp" and "sub". A token that
// has an "aud" all the same is refused unless that is one of clientIDs, or what
// [WithAudience] names. Keys come from /.well-known/jwks.json of the issuer.
//
// The Session has Scopes from "scope" and "scp", and the client as its
// AuthorizedParty.
func ClerkOAuth(issuer string, clientIDs ...string) Profile {
	p := clientBound(issuer, strings.TrimRight(issuer, "/")+"/.well-known/jwks.json", clientIDs, readClerkOAuth)
	p.types = []string{"at+jwt"}
	p.err = errors.Join(checkClerkIssuer(issuer), checkList("client ID", clientIDs))
	return p
}

func readClerkOAuth(r *reading, clientIDs []string) (err error) {
	if err := r.issuedTo(clientIDs); err != nil {
		return err
	}
	r.session.Scopes, err = scopes(r.set)
	return err
}
