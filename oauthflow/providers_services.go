package oauthflow

import (
	"fmt"
	"regexp"
	"time"

	"golang.org/x/oauth2"
)

// GitHub is an OAuth app. Its tokens do not expire by themselves. For a GitHub
// App use [GitHubApp].
//
// Source: docs.github.com, "Authorizing OAuth apps" and "Troubleshooting OAuth
// app access token request errors": errors come with status 200, and the
// granted scopes, in the member "scope", are separated by commas. GitHub
// revokes by a request of its own kind ("Delete an app token"), not by RFC
// 7009.
func GitHub() Provider {
	return Provider{
		Name: "GitHub",
		Endpoint: oauth2.Endpoint{
			AuthURL:       "https://github.com/login/oauth/authorize",
			DeviceAuthURL: "https://github.com/login/device/code",
			TokenURL:      "https://github.com/login/oauth/access_token",
			AuthStyle:     oauth2.AuthStyleInParams,
		},
		UserInfoURL:       "https://api.github.com/user",
		InvalidGrantCodes: []string{"bad_verification_code", "bad_refresh_token"},
	}
}

// GitHubApp is a GitHub App acting for a user: permissions belong to the app,
// so that there are no scopes; tokens live 8 hours, refresh tokens 6 months,
// and each of these works once.
//
// Source: docs.github.com, "Generating a user access token for a GitHub App"
// and "Refreshing user access tokens".
func GitHubApp() Provider {
	p := GitHub()
	p.Name = "GitHub App"
	p.Metadata = []string{"refresh_token_expires_in"}
	p.CallbackMetadata = []string{"installation_id", "setup_action"}
	return p
}

// X is x.com, formerly Twitter. PKCE is mandatory. A confidential client
// authenticates by Basic, a public one by client_id in the body. Add the scope
// "offline.access" for a refresh token, which works once.
//
// Source: docs.x.com, "OAuth 2.0 Authorization Code Flow with PKCE" (access
// tokens live two hours). That a dead code or refresh token is reported as
// invalid_request is what users of node-twitter-api-v2 report (issue 496).
func X() Provider {
	return Provider{
		Name: "X",
		Endpoint: oauth2.Endpoint{
			AuthURL:   "https://x.com/i/oauth2/authorize",
			TokenURL:  "https://api.x.com/2/oauth2/token",
			AuthStyle: oauth2.AuthStyleInHeader,
		},
		RevocationURL:     "https://api.x.com/2/oauth2/revoke",
		UserInfoURL:       "https://api.x.com/2/users/me",
		InvalidGrantCodes: []string{"invalid_request"},
		DefaultLifetime:   2 * time.Hour,
	}
}

// Slack installs an app and yields its bot token. For a token of the user use
// [SlackUser], for sign-in alone [SlackSignIn].
//
// Source: docs.slack.dev, "Installing with OAuth", "oauth.v2.access", "Using
// token rotation" and "Using PKCE": scopes are separated by commas; errors come
// as "ok": false with status 200; refresh tokens, where rotation is on, work
// once. An app takes PKCE only once that is switched on, which makes it a public
// client for good: set NoPKCE to false for such an app.
func Slack() Provider {
	return Provider{
		Name: "Slack",
		Endpoint: oauth2.Endpoint{
			AuthURL:   "https://slack.com/oauth/v2/authorize",
			TokenURL:  "https://slack.com/api/oauth.v2.access",
			AuthStyle: oauth2.AuthStyleInHeader,
		},
		ScopeSeparator: ",",
		NoPKCE:         true,
		Metadata:       []string{"team", "enterprise", "is_enterprise_install", "app_id", "bot_user_id", "authed_user", "incoming_webhook"},
		InvalidGrantCodes: []string{
			"invalid_code", "code_already_used", "code_expired", "invalid_refresh_token", "token_expired", "token_revoked",
		},
	}
}

// SlackUser is [Slack] for a token of the user, which is nested in the
// response's "authed_user". Config.Scopes are then user scopes.
//
// Source: docs.slack.dev, "Installing with OAuth", parameter user_scope.
func SlackUser() Provider {
	p := Slack()
	p.ScopeParam = "user_scope"
	p.TokenMember = "authed_user"
	return p
}

// SlackSignIn signs users in by OpenID Connect. Scopes: "openid", "email",
// "profile".
//
// Source: docs.slack.dev, "Sign in with Slack".
func SlackSignIn() Provider {
	return Provider{
		Name:   "Slack",
		Issuer: "https://slack.com",
		Endpoint: oauth2.Endpoint{
			AuthURL:   "https://slack.com/openid/connect/authorize",
			TokenURL:  "https://slack.com/api/openid.connect.token",
			AuthStyle: oauth2.AuthStyleInHeader,
		},
		UserInfoURL:       "https://slack.com/api/openid.connect.userInfo",
		JWKSURL:           "https://slack.com/openid/connect/keys",
		NoPKCE:            true,
		InvalidGrantCodes: []string{"invalid_code", "code_already_used", "code_expired", "invalid_refresh_token"},
	}
}

// StripeConnect connects a standard account. The client secret is the
// platform's secret API key. The account's ID is the token's
// Extra("stripe_user_id").
//
// Source: docs.stripe.com, "Connect OAuth reference". There is no PKCE, and
// deauthorizing is not RFC 7009.
func StripeConnect() Provider {
	return Provider{
		Name: "Stripe",
		Endpoint: oauth2.Endpoint{
			AuthURL:   "https://connect.stripe.com/oauth/authorize",
			TokenURL:  "https://connect.stripe.com/oauth/token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
		NoPKCE:   true,
		Metadata: []string{"stripe_user_id", "stripe_publishable_key", "livemode"},
	}
}

var shopHost = regexp.MustCompile(`\A[a-z0-9][a-z0-9-]{0,59}\.myshopify\.com\z`)

// Shopify is one shop, by its host name, such as "example.myshopify.com". The
// name usually comes from a request, and the client secret is sent there:
// anything else than a shop's host is an error. Tokens expire and refresh
// tokens rotate; the redirect is signed.
//
// Source: shopify.dev, "Implement authorization code grant manually" and "About
// offline access tokens" (parameter expiring). That a dead refresh token is
// reported as invalid_request, and in these words, is what users report at
// community.shopify.dev (topic 35182).
func Shopify(shop string) (Provider, error) {
	if !shopHost.MatchString(shop) {
		return Provider{}, fmt.Errorf("oauthflow: shopify: the shop is not named like example.myshopify.com")
	}
	base := "https://" + shop + "/admin/oauth"
	return Provider{
		Name: "Shopify",
		Endpoint: oauth2.Endpoint{
			AuthURL:   base + "/authorize",
			TokenURL:  base + "/access_token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
		ScopeSeparator:   ",",
		NoPKCE:           true,
		TokenParams:      map[string]string{"expiring": "1"},
		Metadata:         []string{"associated_user", "associated_user_scope", "refresh_token_expires_in"},
		CallbackMetadata: []string{"shop", "host"},
		CallbackHMAC:     true,
		InvalidGrantCodes: []string{
			"This request requires an active refresh_token", "The authorization code was not found or was already used",
		},
	}, nil
}

// GitLab is gitlab.com or another instance by its base URL, such as
// "https://gitlab.com". Refresh tokens work once.
//
// Source: docs.gitlab.com, "OAuth 2.0 identity provider API" and "GitLab as
// OpenID Connect identity provider".
func GitLab(baseURL string) Provider {
	return Provider{
		Name:   "GitLab",
		Issuer: baseURL,
		Endpoint: oauth2.Endpoint{
			AuthURL:       baseURL + "/oauth/authorize",
			DeviceAuthURL: baseURL + "/oauth/authorize_device",
			TokenURL:      baseURL + "/oauth/token",
			AuthStyle:     oauth2.AuthStyleInParams,
		},
		RevocationURL:    baseURL + "/oauth/revoke",
		IntrospectionURL: baseURL + "/oauth/introspect",
		UserInfoURL:      baseURL + "/oauth/userinfo",
		JWKSURL:          baseURL + "/oauth/discovery/keys",
	}
}

// Discord signs users in and acts for them. Scopes for sign-in: "identify",
// "email".
//
// Source: discord.com/developers/docs, "OAuth2". Refresh tokens work once; that
// a dead one has been reported as invalid_request, in these words, is what users
// report (github.com/member-gentei/member-gentei, issue 18).
func Discord() Provider {
	return Provider{
		Name: "Discord",
		Endpoint: oauth2.Endpoint{
			AuthURL:   "https://discord.com/oauth2/authorize",
			TokenURL:  "https://discord.com/api/oauth2/token",
			AuthStyle: oauth2.AuthStyleInHeader,
		},
		RevocationURL:     "https://discord.com/api/oauth2/token/revoke",
		UserInfoURL:       "https://discord.com/api/users/@me",
		Metadata:          []string{"guild", "webhook"},
		InvalidGrantCodes: []string{`Invalid "refresh_token" in request.`},
	}
}
