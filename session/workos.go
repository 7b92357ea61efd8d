package session

import (
	"errors"
	"strings"
)

// WorkOS returns the profile of the access tokens of AuthKit sessions (WorkOS docs,
// "Session tokens"), which have no audience: the issuer,
// https://api.workos.com/user_management/ and the client ID, stands in its place,
// as do the keys, which WorkOS publishes for each client. Tokens whose issuer does
// not name the client are refused.
//
// Required are "exp", "iat", "sub" and "sid". A token that has an "aud" all the same
// is refused unless that is the client ID, or what [WithAudience] names.
//
// The Session has the organization ("org_id") with the user's role in it ("role"),
// Roles from "roles", and Permissions from "permissions".
func WorkOS(clientID string) Profile {
	const api = "https://api.workos.com"
	p := clientBound(api+"/user_management/"+clientID, api+"/sso/jwks/"+clientID, []string{clientID}, readWorkOS)
	p.rules.RequireIssuedAt = true
	p.types = []string{"", "JWT"}
	if strings.ContainsAny(clientID, "/?#%@ \t\r\n") {
		p.err = errors.Join(p.err, errors.New("not a client ID of WorkOS"))
	}
	return p
}

func readWorkOS(r *reading, clientIDs []string) (err error) {
	s := r.session
	if s.ID == "" {
		return refuse(ErrWrongType, `no "sid": not a session token`)
	}
	if err := refuseBound(r); err != nil {
		return err
	}
	if s.Organization.ID, err = r.set.String("org_id"); err != nil {
		return err
	}
	if s.Organization.ID != "" {
		if s.Organization.Role, err = r.set.String("role"); err != nil {
			return err
		}
	}
	s.AuthorizedParty = clientIDs[0]
	s.Roles, s.Permissions = r.optionalStrings("roles"), r.optionalStrings("permissions")
	return nil
}
