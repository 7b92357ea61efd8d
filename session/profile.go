package session

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// Profile says what the tokens of one issuer look like and what must hold for
// them. Make one with [Clerk], [ClerkOAuth], [Auth0], [Cognito], [WorkOS],
// [Firebase], [FirebaseCookie], [OIDC] or [AccessToken]; a mistake in its arguments
// is reported by [NewVerifier]. The zero Profile is such a mistake. A Profile is
// immutable.
type Profile struct {
	err        error
	rules      claims.Rules
	algorithms []jose.Algorithm
	types      []string // of "typ"; "" stands for none
	keys       keyset.Config
	read       func(*reading) error

	parties     partyRule
	partyList   []string // for partyRequired
	firebase    bool
	accessToken bool // of RFC 9068, for AllowUntypedAccessTokens
}

// partyRule says what a profile does with the party that a token was made for.
type partyRule uint8

const (
	partyIfListed partyRule = iota // checked when a list is given
	partyRequired                  // "azp", a list is needed, and so is the claim
	partyIsClient                  // the profile has checked the client itself
)

// reading is what the provider's part of a verification works on.
type reading struct {
	set        claims.Set
	registered claims.Registered
	settings   *config
	rules      claims.Rules
	now        time.Time
	session    *Session
}

// lists reports whether the header's "typ" is one of the types.
func lists(types []string, h jose.Header) bool {
	return slices.ContainsFunc(types, h.HasType)
}

// checkIssuerURL holds an issuer to the form of RFC 8414 section 2, which OpenID
// Connect shares.
func checkIssuerURL(issuer string) error {
	rest, ok := strings.CutPrefix(issuer, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(issuer, "http://")
	}
	host, _, _ := strings.Cut(rest, "/")
	switch {
	case strings.TrimSpace(issuer) == "":
		return errors.New("the issuer is empty")
	case !ok || host == "" || strings.ContainsAny(issuer, "?# \t\r\n@"):
		return fmt.Errorf("the issuer %q is not a URL such as https://issuer.example.com, without query and fragment", issuer)
	}
	return nil
}

func checkList(what string, list []string) error {
	if len(list) == 0 {
		return fmt.Errorf("no %s given", what)
	}
	for _, s := range list {
		if strings.TrimSpace(s) == "" {
			return fmt.Errorf("an empty %s", what)
		}
	}
	return nil
}

// backChannelLogout is the member of "events" that makes a token a logout token
// (OpenID Connect Back-Channel Logout 1.0 section 2.4), also one that does not
// say so in its header.
const backChannelLogout = "http://schemas.openid.net/event/backchannel-logout"

func (r *reading) refuseLogoutToken() error {
	events, _, _ := r.set.Object("events") // of another type it is no business of ours
	if events.Mentions(backChannelLogout) {
		return refuse(ErrWrongType, "a logout token")
	}
	return nil
}

// refuseIDToken refuses what only ID tokens have (OpenID Connect Core sections 2 and
// 3.3.2.11), for access tokens whose header does not say what they are.
func refuseIDToken(set claims.Set) error {
	for _, name := range []string{"nonce", "at_hash", "c_hash"} {
		if set.Has(name) {
			return refuse(ErrWrongType, `an ID token: it has a "`+name+`"`)
		}
	}
	return nil
}

// refuseOtherKinds refuses what some issuers name among the claims instead of in the
// header: "token_use" of Cognito ("id"), "typ" of Keycloak ("ID", "Refresh").
func refuseOtherKinds(set claims.Set) error {
	for _, kind := range [...]struct{ name, access string }{{"token_use", "access"}, {"typ", "Bearer"}} {
		if s, _ := set.String(kind.name); s != "" && s != kind.access {
			return refuse(ErrWrongType, `"`+kind.name+`" is not that of an access token`)
		}
	}
	return nil
}

// optionalStrings reads a claim for which an issuer may have its own idea of a
// type: anything but an array of strings counts as absent.
func (r *reading) optionalStrings(name string) []string {
	list, _ := r.set.Strings(name)
	return list
}
