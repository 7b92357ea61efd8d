package oauthflow

import (
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// Google signs users in and acts for them. For a refresh token use
// [GoogleOffline]. Scopes for sign-in: "openid", "email", "profile".
//
// Source: developers.google.com/identity, "OpenID Connect" and "Using OAuth 2.0
// for Web Server Applications". The "iss" of ID tokens comes with and without
// scheme. Refresh tokens are not rotated.
func Google() Provider {
	return Provider{
		Name:          "Google",
		Issuer:        googleIssuer,
		IssuerAliases: []string{googleAlias},
		Endpoint: oauth2.Endpoint{
			AuthURL:       "https://accounts.google.com/o/oauth2/v2/auth",
			DeviceAuthURL: "https://oauth2.googleapis.com/device/code",
			TokenURL:      "https://oauth2.googleapis.com/token",
			AuthStyle:     oauth2.AuthStyleInParams,
		},
		RevocationURL:    "https://oauth2.googleapis.com/revoke",
		UserInfoURL:      "https://openidconnect.googleapis.com/v1/userinfo",
		JWKSURL:          "https://www.googleapis.com/oauth2/v3/certs",
		ScopeInAssertion: true, // "Using OAuth 2.0 for Server to Server Applications"
	}
}

// GoogleOffline is [Google] for access while the user is away: it asks for
// consent each time, since Google hands out a refresh token only then.
//
// Source: developers.google.com/identity, "Using OAuth 2.0 for Web Server
// Applications", parameters access_type and prompt.
func GoogleOffline() Provider {
	p := Google()
	p.AuthParams = map[string]string{"access_type": "offline", "prompt": "consent"}
	return p
}

// Microsoft signs in users of the given Entra ID tenants, named by their IDs,
// which are GUIDs. With one tenant its own endpoints are used; with several the
// common ones, and an ID token of any other tenant is refused. The tenant of
// personal accounts is 9188040d-6c67-4c5b-b112-36a304b66dad. Without a tenant,
// New fails: to let every organization of the world in is not a default. Add
// the scope "offline_access" for a refresh token.
//
// Source: learn.microsoft.com, "Microsoft identity platform and OpenID Connect
// protocol" and "ID token claims reference": the issuer of the common endpoint
// is a template.
func Microsoft(tenants ...string) Provider {
	tenant, issuer := "common", "https://login.microsoftonline.com/{tenantid}/v2.0"
	var allowed []string
	if len(tenants) == 1 {
		tenant = url.PathEscape(tenants[0])
		issuer = "https://login.microsoftonline.com/" + tenant + "/v2.0"
	} else {
		allowed = tenants
	}
	base := "https://login.microsoftonline.com/" + tenant
	return Provider{
		Name:    "Microsoft",
		Issuer:  issuer,
		Tenants: allowed,
		Endpoint: oauth2.Endpoint{
			AuthURL:       base + "/oauth2/v2.0/authorize",
			DeviceAuthURL: base + "/oauth2/v2.0/devicecode",
			TokenURL:      base + "/oauth2/v2.0/token",
			AuthStyle:     oauth2.AuthStyleInParams,
		},
		UserInfoURL:   "https://graph.microsoft.com/oidc/userinfo",
		EndSessionURL: base + "/oauth2/v2.0/logout",
		JWKSURL:       base + "/discovery/v2.0/keys",
	}
}

// Auth0 is a tenant by its domain, such as "example.eu.auth0.com" or a custom
// domain. The audience names the API that the access token is for; without one,
// Auth0 returns an opaque token that only its userinfo endpoint takes.
//
// Source: auth0.com/docs, "Authentication API" and "Get Access Tokens". The
// issuer ends with a slash.
func Auth0(domain, audience string) Provider {
	base := "https://" + domain
	p := Provider{
		Name:   "Auth0",
		Issuer: base + "/",
		Endpoint: oauth2.Endpoint{
			AuthURL:       base + "/authorize",
			DeviceAuthURL: base + "/oauth/device/code",
			TokenURL:      base + "/oauth/token",
			AuthStyle:     oauth2.AuthStyleInParams,
		},
		RevocationURL:          base + "/oauth/revoke",
		PushedAuthorizationURL: base + "/oauth/par",
		UserInfoURL:            base + "/userinfo",
		EndSessionURL:          base + "/oidc/logout",
		JWKSURL:                base + "/.well-known/jwks.json",
	}
	if audience != "" {
		p.AuthParams = map[string]string{"audience": audience}
		p.TokenParams = map[string]string{"audience": audience} // client credentials want it here
	}
	return p
}

// Clerk is an instance used as an identity provider, by the domain of its
// Frontend API, such as "clerk.example.com" or "example.clerk.accounts.dev".
//
// Source: clerk.com/docs, "How Clerk implements OAuth"; the Frontend API in
// github.com/clerk/openapi-specs.
func Clerk(domain string) Provider {
	base := "https://" + domain
	return Provider{
		Name:   "Clerk",
		Issuer: base,
		Endpoint: oauth2.Endpoint{
			AuthURL:   base + "/oauth/authorize",
			TokenURL:  base + "/oauth/token",
			AuthStyle: oauth2.AuthStyleInHeader,
		},
		RevocationURL:    base + "/oauth/token/revoke",
		IntrospectionURL: base + "/oauth/token_info",
		UserInfoURL:      base + "/oauth/userinfo",
		JWKSURL:          base + "/.well-known/jwks.json",
	}
}

// Okta is an authorization server by its issuer: "https://example.okta.com" for
// that of the organization, "https://example.okta.com/oauth2/default" for a
// custom one.
//
// Source: developer.okta.com, "OpenID Connect & OAuth 2.0 API".
func Okta(issuer string) Provider {
	base := issuer + "/v1"
	if !strings.Contains(strings.TrimPrefix(issuer, "https://"), "/") {
		base = issuer + "/oauth2/v1"
	}
	return Provider{
		Name:   "Okta",
		Issuer: issuer,
		Endpoint: oauth2.Endpoint{
			AuthURL:       base + "/authorize",
			DeviceAuthURL: base + "/device/authorize",
			TokenURL:      base + "/token",
			AuthStyle:     oauth2.AuthStyleInHeader,
		},
		RevocationURL:          base + "/revoke",
		IntrospectionURL:       base + "/introspect",
		PushedAuthorizationURL: base + "/par",
		UserInfoURL:            base + "/userinfo",
		EndSessionURL:          base + "/logout",
		JWKSURL:                base + "/keys",
	}
}
