package session

import (
	"errors"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// Cognito returns the profile of the access tokens of an Amazon Cognito user pool
// (Amazon Cognito docs, "Understanding the access token"), which have no audience:
// "client_id" stands in its place, and must be one of clientIDs, the app clients
// whose users may call. The issuer is that of the pool, such as
// https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE.
//
// Required are "exp", "iat", "sub" and "token_use": "access", so that the pool's ID
// tokens are refused. A token that is bound to an API of its own by "aud" is
// refused as well, unless that is one of clientIDs; [AccessToken] with
// [AllowUntypedAccessTokens] verifies those. Keys come from
// /.well-known/jwks.json of the issuer.
//
// The Session has Scopes from "scope", Roles from "cognito:groups", and the app
// client as its AuthorizedParty.
func Cognito(issuer string, clientIDs ...string) Profile {
	p := clientBound(issuer, issuer+"/.well-known/jwks.json", clientIDs, readCognito)
	p.rules.RequireIssuedAt = true
	p.types = []string{"", "JWT"}
	if _, pool, _ := strings.Cut(strings.TrimPrefix(issuer, "https://"), "/"); pool == "" || strings.HasSuffix(issuer, "/") {
		p.err = errors.Join(p.err, errors.New("the issuer does not end in the ID of a user pool"))
	}
	return p
}

// ClerkOAuth returns the profile of the JWT access tokens that Clerk issues to the
// OAuth clients of an instance (Clerk docs, "Verify OAuth tokens"), as opposed to
// its own session tokens, which are for [Clerk]. They have no audience:
// "client_id" stands in its place, and must be one of clientIDs. The issuer is as
// for [Clerk].
//
// The header's "typ" must be "at+jwt"; required are "exp" and "sub". A token that
// has an "aud" all the same is refused unless that is one of clientIDs. Keys come
// from /.well-known/jwks.json of the issuer.
//
// The Session has Scopes from "scope" and "scp", and the client as its
// AuthorizedParty.
func ClerkOAuth(issuer string, clientIDs ...string) Profile {
	p := clientBound(issuer, strings.TrimRight(issuer, "/")+"/.well-known/jwks.json", clientIDs, readClerkOAuth)
	p.types = []string{"at+jwt"}
	return p
}

// WorkOS returns the profile of the access tokens of AuthKit sessions (WorkOS docs,
// "Session tokens"), which have no audience: the issuer,
// https://api.workos.com/user_management/ and the client ID, stands in its place,
// as do the keys, which WorkOS publishes for each client. Tokens whose issuer does
// not name the client are refused.
//
// Required are "exp", "iat", "sub" and "sid". A token that has an "aud" all the same
// is refused unless that is the client ID.
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

// clientBound returns a profile without an audience, for tokens that are bound to
// the clients they were issued to.
func clientBound(issuer, keys string, clientIDs []string, read func(*reading, []string) error) Profile {
	clientIDs = slices.Clone(clientIDs)
	p := Profile{
		rules:      claims.Rules{Issuer: issuer},
		algorithms: []jose.Algorithm{jose.RS256},
		keys:       keyset.Config{URL: keys},
		parties:    partyIsClient,
		err:        errors.Join(checkIssuerURL(issuer), checkList("client ID", clientIDs)),
	}
	p.read = func(r *reading) error {
		// RFC 7519 section 4.1.3: who is not in an audience that is there must refuse.
		audience, err := r.set.StringOrStrings("aud")
		if err != nil {
			return err
		}
		named := func(a string) bool { return slices.Contains(clientIDs, a) }
		if r.set.Has("aud") && !slices.ContainsFunc(audience, named) {
			return refuse(WrongAudience, `"aud" is not one of the client IDs`)
		}
		return read(r, clientIDs)
	}
	return p
}

func readCognito(r *reading, clientIDs []string) (err error) {
	use, err := r.set.String("token_use")
	if err != nil {
		return err
	}
	if use != "access" {
		return refuse(WrongType, `"token_use" is not "access"`)
	}
	if err := r.issuedTo(clientIDs); err != nil {
		return err
	}
	r.session.Roles = r.optionalStrings("cognito:groups")
	r.session.Scopes, err = scopes(r.set)
	return err
}

func readClerkOAuth(r *reading, clientIDs []string) (err error) {
	if err := r.issuedTo(clientIDs); err != nil {
		return err
	}
	r.session.Scopes, err = scopes(r.set)
	return err
}

func readWorkOS(r *reading, clientIDs []string) (err error) {
	s := r.session
	if s.ID == "" {
		return refuse(WrongType, `no "sid": not a session token`)
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

// issuedTo requires "client_id" to be one of clientIDs, and the token to be nobody's
// in particular.
func (r *reading) issuedTo(clientIDs []string) error {
	client, err := r.set.String("client_id")
	if err != nil {
		return err
	}
	if !slices.Contains(clientIDs, client) {
		return refuse(WrongParty, `"client_id" is missing or not in the list`)
	}
	r.session.AuthorizedParty = client
	return refuseBound(r)
}
