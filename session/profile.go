package session

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// Profile says what the tokens of one issuer look like and what must hold for
// them. Make one with [Clerk], [Auth0], [Firebase], [FirebaseCookie], [OIDC] or
// [AccessToken]; a mistake in its arguments is reported by [NewVerifier]. The
// zero Profile is such a mistake. A Profile is immutable.
type Profile struct {
	err        error
	rules      claims.Rules
	algorithms []jose.Algorithm
	types      []string // of "typ"; "" stands for none
	keys       keyset.Config
	read       func(*reading) error

	parties   partyRule
	partyList []string // for partyRequired
	firebase  bool
}

// partyRule says what a profile does with "azp".
type partyRule uint8

const (
	partyIfListed partyRule = iota // checked when a list is given
	partyRequired                  // a list is needed, and so is the claim
)

// reading is what the provider's part of a verification works on.
type reading struct {
	set        claims.Set
	registered claims.Registered
	settings   *settings
	rules      claims.Rules
	now        time.Time
	session    *Session
}

// typeAllowed applies the profile's list to the header's "typ".
func (p *Profile) typeAllowed(h jose.Header) bool {
	for _, typ := range p.types {
		if typ == "" && h.Type == "" || typ != "" && h.HasType(typ) {
			return true
		}
	}
	return false
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
		return fmt.Errorf("the issuer %q is not a URL without query and fragment", issuer)
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

// party checks "azp" by the profile's rule and the list of the options.
func (r *reading) party(rule partyRule, listed []string) error {
	party, err := r.set.String("azp")
	if err != nil {
		return err
	}
	if !r.set.Has("azp") {
		if rule == partyRequired && !r.settings.allowNoParty {
			return refuse(WrongParty, `no "azp"`)
		}
		return nil
	}
	if rule == partyIfListed && len(listed) == 0 {
		return nil
	}
	for _, p := range listed {
		if p == party {
			return nil
		}
	}
	return refuse(WrongParty, `"azp" is not in the list`)
}

// backChannelLogout is the member of "events" that makes a token a logout token
// (OpenID Connect Back-Channel Logout 1.0 section 2.4), also one that does not
// say so in its header.
const backChannelLogout = "http://schemas.openid.net/event/backchannel-logout"

func (r *reading) refuseLogoutToken() error {
	events, ok, err := r.set.Object("events")
	if err == nil && ok && events.Mentions(backChannelLogout) {
		return refuse(WrongType, "a logout token")
	}
	return nil
}

// optionalStrings reads a claim for which an issuer may have its own idea of a
// type: anything but an array of strings counts as absent.
func (r *reading) optionalStrings(name string) []string {
	list, err := r.set.Strings(name)
	if err != nil {
		return nil
	}
	return list
}
