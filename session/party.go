package session

import (
	"fmt"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/quote"
)

const (
	maxNamed  = 3   // names of a list in a refusal
	maxQuoted = 100 // bytes of each
)

// oneOf names what was expected, within bounds. It is configuration and no secret; what
// the token has in its place is not repeated.
func oneOf(listed []string) string {
	var names []string
	for _, name := range listed[:min(len(listed), maxNamed)] {
		names = append(names, quote.Text(name, maxQuoted))
	}
	if more := len(listed) - maxNamed; more > 0 {
		names = append(names, fmt.Sprintf("one of %d more", more))
	}
	if len(names) == 0 {
		return "expected at all"
	}
	return strings.Join(names, " or ")
}

// authorizedParty applies the rule for "azp" alone: a token without it passes only
// where missing allows it.
func (r *reading) authorizedParty(listed []string, missing bool) error {
	party, _ := r.set.String("azp") // its type has been checked for all profiles
	switch {
	case !r.set.Has("azp") && !missing:
		return refuse(ErrWrongParty, `no "azp"`)
	case r.set.Has("azp") && !slices.Contains(listed, party):
		return refuse(ErrWrongParty, `"azp" is not `+oneOf(listed))
	}
	return nil
}

// clientClaims are the claims that name the client which a token was issued to:
// "azp" (OpenID Connect Core section 2; Auth0, Keycloak, Entra ID), "client_id"
// (RFC 9068 section 2.2), "cid" (Okta) and "appid" (Entra ID, version 1).
var clientClaims = [...]string{"azp", "client_id", "cid", "appid"}

// client reads the client, and holds every claim that names one to the list of
// [WithAuthorizedParties]. Where none does, the token passes if it is one of a kind
// whose audience is the client.
func (r *reading) client(audienceIsClient bool) error {
	listed := r.settings.parties
	for _, name := range clientClaims {
		party, err := r.set.String(name)
		switch {
		case err != nil && listed != nil:
			return err
		case err != nil || !r.set.Has(name):
			continue
		case listed != nil && !slices.Contains(listed, party):
			return refuse(ErrWrongParty, `"`+name+`" is not `+oneOf(listed))
		case r.session.AuthorizedParty == "":
			r.session.AuthorizedParty = party
		}
	}
	if listed != nil && r.session.AuthorizedParty == "" && !audienceIsClient {
		return refuse(ErrWrongParty, "the token names no client")
	}
	return nil
}
