package session

import (
	"errors"
	"strings"
)

// Cognito returns the profile of the access tokens of an Amazon Cognito user pool
// (Amazon Cognito docs, "Understanding the access token"), which have no audience:
// "client_id" stands in its place, and must be one of clientIDs, the app clients
// whose users may call. The issuer is that of the pool, such as
// https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE.
//
// Required are "exp", "iat", "sub" and "token_use": "access", so that the pool's ID
// tokens are refused. A token that is bound to an API of its own by "aud" is
// refused as well, unless that is one of clientIDs or what [WithAudience] names;
// [AccessToken] with [AllowUntypedAccessTokens] verifies those too. Keys come from
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

func readCognito(r *reading, clientIDs []string) (err error) {
	use, err := r.set.String("token_use")
	if err != nil {
		return err
	}
	if use != "access" {
		return refuse(ErrWrongType, `"token_use" is not "access"`)
	}
	if err := r.issuedTo(clientIDs); err != nil {
		return err
	}
	r.session.Roles = r.optionalStrings("cognito:groups")
	r.session.Scopes, err = scopes(r.set)
	return err
}
