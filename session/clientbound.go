package session

import (
	"errors"
	"slices"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

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
		// With WithAudience the rules have done it.
		audience, _ := r.set.StringOrStrings("aud") // the rules have checked its type
		named := func(a string) bool { return slices.Contains(clientIDs, a) }
		if len(r.rules.Audience) == 0 && r.set.Has("aud") && !slices.ContainsFunc(audience, named) {
			return refuse(ErrWrongAudience, `"aud" is not `+oneOf(clientIDs))
		}
		// The audience of an ID token is a client too.
		if err := refuseIDToken(r.set); err != nil {
			return err
		}
		if err := refuseOtherKinds(r.set); err != nil {
			return err
		}
		return read(r, clientIDs)
	}
	return p
}

// issuedTo requires "client_id" to be one of clientIDs. A token that is bound to a
// key as well is refused.
func (r *reading) issuedTo(clientIDs []string) error {
	client, err := r.set.String("client_id")
	if err != nil {
		return err
	}
	if !slices.Contains(clientIDs, client) {
		return refuse(ErrWrongParty, `"client_id" is missing or not `+oneOf(clientIDs))
	}
	r.session.AuthorizedParty = client
	return refuseBound(r)
}
