package session

import (
	"errors"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// OIDC returns the profile of the ID tokens of any OpenID Connect issuer (OpenID
// Connect Core 1.0 sections 2 and 3.1.3.7). The audience is the client ID; several
// may be given. Most APIs should ask for access tokens instead, see
// [AccessToken]: an ID token tells a client who signed in, and was not meant to
// be sent on. A nonce is not checked, since it belongs to the flow that
// obtained the token.
//
// Required are "exp", "iat" and "sub". If a token for several audiences has "azp",
// that must be one of those given. Access tokens ("at+jwt") and logout tokens are
// refused. Keys are found by discovery.
//
// An issuer with {tenantid} in it, such as
// https://login.microsoftonline.com/{tenantid}/v2.0, needs [WithTenants]; its
// discovery document is that of the tenant "common". Google's "iss" is
// https://accounts.google.com or the same without https://; the Session has the
// former in either case, so that a user has one identity.
//
// The Session has Roles if "roles" or "groups" is an array of strings, and Scopes
// if "scope" or "scp" holds some.
func OIDC(issuer string, audience ...string) Profile {
	p := Profile{
		rules:      claims.Rules{Issuer: issuer, Audience: slices.Clone(audience), RequireIssuedAt: true},
		algorithms: jose.Asymmetric(),
		types:      []string{"", "JWT"},
		keys:       discovered(issuer, keyset.OpenID),
		read:       readOIDC,
	}
	if issuer == googleIssuer {
		p.rules.Aliases = []string{strings.TrimPrefix(googleIssuer, "https://")}
	}
	p.err = errors.Join(checkIssuerURL(issuer), checkList("audience", audience))
	return p
}

// googleIssuer is the one of the two that is an address (Google Identity docs,
// "Verify the Google ID token on your server side": either may be in "iss").
const googleIssuer = "https://accounts.google.com"

// AccessToken returns the profile of JWT access tokens (RFC 9068). The audience is
// what the authorization server calls this API; several may be given.
//
// The header's "typ" must be "at+jwt", which no other kind of token has; for
// issuers that say nothing there, or "JWT", see [AllowUntypedAccessTokens].
// Required are "exp" and "sub". Tokens bound to a key ("cnf") are refused, since
// what binds them is not checked here. Keys are found by RFC 8414 or, where the
// server does not have that, by OpenID Connect discovery.
//
// The Session has Scopes from "scope" and "scp", Roles from "roles", "groups" and
// "entitlements", Permissions from "permissions", and as its AuthorizedParty the
// client ("azp", "client_id", "cid" or "appid").
func AccessToken(issuer string, audience ...string) Profile {
	p := Profile{
		rules:      claims.Rules{Issuer: issuer, Audience: slices.Clone(audience)},
		algorithms: jose.Asymmetric(),
		types:      []string{"at+jwt"},
		keys:       discovered(issuer, keyset.OAuth),
		read:       readAccessToken,

		accessToken: true,
	}
	p.err = errors.Join(checkIssuerURL(issuer), checkList("audience", audience))
	return p
}

func discovered(issuer string, how keyset.Discovery) keyset.Config {
	c := keyset.Config{Issuer: issuer, Discovery: how}
	if strings.Contains(issuer, claims.TenantPlaceholder) {
		common := strings.ReplaceAll(issuer, claims.TenantPlaceholder, "common")
		c.DiscoveryURL = strings.TrimRight(common, "/") + "/.well-known/openid-configuration"
	}
	return c
}

func readOIDC(r *reading) error {
	if err := r.client(true); err != nil {
		return err
	}
	audience, _ := r.set.StringOrStrings("aud") // the rules have checked its type
	if len(audience) > 1 && len(r.settings.parties) == 0 {
		// OpenID Connect Core section 3.1.3.7, step 5. With one audience "azp" may
		// be another client of the same application, as with Google's apps.
		if err := r.authorizedParty(r.rules.Audience, true); err != nil {
			return err
		}
	}
	if list, err := scopes(r.set); err == nil { // no claim of ID tokens, so of any type
		r.session.Scopes = list
	}
	r.session.Roles = append(r.optionalStrings("roles"), r.optionalStrings("groups")...)
	return nil
}

func readAccessToken(r *reading) (err error) {
	if err := refuseBound(r); err != nil {
		return err
	}
	if err := r.client(false); err != nil {
		return err
	}
	if r.session.Scopes, err = scopes(r.set); err != nil {
		return err
	}
	for _, name := range []string{"roles", "groups", "entitlements"} {
		r.session.Roles = append(r.session.Roles, r.optionalStrings(name)...)
	}
	r.session.Permissions = r.optionalStrings("permissions")
	return nil
}
