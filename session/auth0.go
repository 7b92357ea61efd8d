package session

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// Auth0 returns the profile of the access tokens that Auth0 issues for an API, in
// its default form and in that of RFC 9068 (Auth0 docs, "Access token
// profiles"). The domain is that of the tenant or a custom one, such as
// example.us.auth0.com, without scheme and slash: the issuer is https://, the
// domain and a slash, compared exactly. The audience is the API identifier;
// several may be given.
//
// ID tokens are refused: they have the client ID for an audience, and a nonce. So
// are tokens bound to a key ("cnf"), since what binds them is not checked here.
// Keys come from /.well-known/jwks.json of the domain.
//
// The Session has the permissions of role-based access control ("permissions"),
// the scopes ("scope") and the organization ("org_id", "org_name"), and as its
// AuthorizedParty the client ("azp" or "client_id").
func Auth0(domain string, audience ...string) Profile {
	issuer := "https://" + domain + "/"
	p := Profile{
		rules:      claims.Rules{Issuer: issuer, Audience: slices.Clone(audience)},
		algorithms: []jose.Algorithm{jose.RS256, jose.RS512, jose.PS256},
		types:      []string{"", "JWT", "at+jwt"},
		keys:       keyset.Config{URL: issuer + ".well-known/jwks.json"},
		read:       readAuth0,
	}
	if u, err := url.Parse(issuer); err != nil || strings.TrimSpace(domain) == "" || u.Host != domain {
		p.err = fmt.Errorf("the domain %q is not a host name", domain)
	} else {
		p.err = checkList("audience", audience)
	}
	return p
}

func readAuth0(r *reading) (err error) {
	if err := refuseIDToken(r.set); err != nil {
		return err
	}
	if err := refuseBound(r); err != nil {
		return err
	}
	if err := r.client(false); err != nil {
		return err
	}
	s := r.session
	if s.Permissions, err = r.set.Strings("permissions"); err != nil {
		return err
	}
	if s.Scopes, err = scopes(r.set); err != nil {
		return err
	}
	if s.Organization.ID, err = r.set.String("org_id"); err != nil {
		return err
	}
	s.Organization.Name, err = r.set.String("org_name")
	return err
}

// refuseBound refuses tokens that only the holder of a key may use (RFC 7800,
// RFC 8705, RFC 9449): accepted as bearer tokens they would lose exactly the
// protection that they were made for.
func refuseBound(r *reading) error {
	if r.set.Has("cnf") {
		return refuse(ErrWrongType, `the token is bound to a key ("cnf"), not a bearer token`)
	}
	return nil
}
