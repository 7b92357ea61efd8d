package oauthflow

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/loopback"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// Provider describes one authorization server: its endpoints, and where it
// differs from the RFCs. It is plain data without secrets: copy one, change a
// field, keep it in configuration. The zero value of every field but Endpoint
// means "as the RFCs say".
type Provider struct {
	// Name is for people and for error messages.
	Name string

	// Issuer is the issuer identifier (OpenID Connect Discovery, RFC 8414),
	// compared byte by byte. Empty: the provider issues no ID tokens.
	Issuer string

	// IssuerAliases are further values accepted as the "iss" of ID tokens and
	// of authorization responses. Google's are known.
	IssuerAliases []string

	// Endpoint holds the authorization, device authorization and token
	// endpoints. AuthStyle must be set where clients have a secret: it is never
	// detected by trying, since that would send a single-use code twice.
	Endpoint oauth2.Endpoint

	// RefreshURL is where tokens are refreshed if not at Endpoint.TokenURL.
	RefreshURL string

	// RevocationURL is the endpoint of RFC 7009.
	RevocationURL string

	// IntrospectionURL is the endpoint of RFC 7662.
	IntrospectionURL string

	// PushedAuthorizationURL is the endpoint of RFC 9126. With RequirePAR,
	// every authorization request goes there first.
	PushedAuthorizationURL string
	RequirePAR             bool

	// UserInfoURL is the endpoint of OpenID Connect Core section 5.3, or what
	// the provider has in its place.
	UserInfoURL string

	// EndSessionURL is the endpoint of OpenID Connect RP-Initiated Logout.
	EndSessionURL string

	// JWKSURL is where the keys of ID tokens are.
	JWKSURL string

	// Tenants is the allow-list of tenant IDs for an Issuer with "{tenantid}"
	// in it, which is Microsoft's way to serve many tenants at one endpoint.
	Tenants []string

	// IDTokenAlgorithms are the signature algorithms accepted in ID tokens.
	// Empty: RS256, the default of OpenID Connect. A client that registered
	// another must name it. One without a public key ("none", "HS256") or unknown
	// here is an error in [New].
	IDTokenAlgorithms []string

	// NoNonce says that ID tokens come without the "nonce" of the authorization
	// request, as LinkedIn's do. They are then taken without; a nonce that is
	// there must still be the right one. PKCE must bind them in its place, so
	// that NoPKCE beside it is an error. By default a missing nonce refuses.
	NoNonce bool

	// NoPKCE says that the server fails on, or is known to ignore, RFC 7636
	// parameters. They are then not sent.
	NoPKCE bool

	// ResponseMode is the "response_mode" to ask for. Empty: the code comes in
	// the query. "form_post" changes the SameSite attribute of the cookie.
	ResponseMode string

	// IssParameter says that authorization responses carry "iss" (RFC 9207);
	// one without it is then refused. One that carries it must match Issuer in
	// any case, unless Issuer is empty.
	IssParameter bool

	// ScopeSeparator is what stands between scopes. Empty: a space.
	ScopeSeparator string

	// ScopeParam is the request parameter for scopes. Empty: "scope".
	ScopeParam string

	// ClientIDParam is the request parameter for the client identifier. Empty:
	// "client_id".
	ClientIDParam string

	// JSONBody says that the token endpoint wants the request as a JSON object.
	JSONBody bool

	// AuthParams are sent with every authorization request, RefreshParams with
	// every refresh, TokenParams with every other token request but that of
	// [Client.JWTBearer].
	AuthParams, TokenParams, RefreshParams map[string]string

	// RefreshScope says that a refresh must name the scopes (RFC 6749 section 6
	// leaves that open): those that the token was granted, as far as its
	// response said so, else Config.Scopes. By default a refresh names none,
	// which asks for all that were granted.
	RefreshScope bool

	// TokenMember is the member of the token response that holds the token,
	// such as Slack's "authed_user". If the response has no token there, its
	// top level is read.
	TokenMember string

	// Metadata are the members of the token response, CallbackMetadata the
	// parameters of the redirect, that the application needs later, such as a
	// tenant or an API host. Refresh carries Metadata over to a token whose
	// response lacks them, or has null there. Numbers are float64, and
	// json.Number from 2⁵³ on, where a float64 could be another number.
	Metadata, CallbackMetadata []string

	// InvalidGrantCodes are error codes that mean what RFC 6749 calls
	// "invalid_grant", in whatever member the service puts them, numbers in
	// decimal. Where the service has no code of its own for it, as Twitch, give
	// the whole text of its message.
	InvalidGrantCodes []string

	// DefaultLifetime is how long an access token lives whose response does not
	// say. Zero: it does not expire by itself.
	DefaultLifetime time.Duration

	// ScopeInAssertion says that a JWT bearer assertion carries the scopes as a
	// claim, and no subject but that of a user who is acted for.
	ScopeInAssertion bool

	// CallbackHMAC says that the redirect is signed by an "hmac" parameter: hex
	// HMAC-SHA256, keyed with the client secret, of the other parameters,
	// sorted. Shopify does this.
	CallbackHMAC bool
}

func (p *Provider) refreshURL() string {
	return cmp.Or(p.RefreshURL, p.Endpoint.TokenURL)
}

const (
	googleIssuer = "https://accounts.google.com"
	googleAlias  = "accounts.google.com"
)

// aliases are the further names of the issuer. Google's has two, however its
// description was had ("OpenID Connect", section "Validating an ID token").
func (p *Provider) aliases() []string {
	if p.Issuer == googleIssuer {
		return append(slices.Clip(p.IssuerAliases), googleAlias)
	}
	return p.IssuerAliases
}

func (p *Provider) scopeParam() string {
	return cmp.Or(p.ScopeParam, "scope")
}

type namedURL struct{ name, url string }

func (p *Provider) endpoints() []namedURL {
	return []namedURL{
		{"authorization", p.Endpoint.AuthURL}, {"device authorization", p.Endpoint.DeviceAuthURL},
		{"token", p.Endpoint.TokenURL}, {"refresh", p.RefreshURL}, {"revocation", p.RevocationURL},
		{"introspection", p.IntrospectionURL}, {"pushed authorization", p.PushedAuthorizationURL},
		{"userinfo", p.UserInfoURL}, {"end session", p.EndSessionURL}, {"key set", p.JWKSURL},
	}
}

// check refuses endpoints that would carry secrets in the clear.
func (p *Provider) check() error {
	for _, e := range p.endpoints() {
		if e.url == "" {
			continue
		}
		if err := checkURL(e.url); err != nil {
			return fmt.Errorf("the %s endpoint %w", e.name, err)
		}
	}
	switch {
	case p.Endpoint.TokenURL == "" && p.Name == "" && p.Issuer == "":
		return errors.New("there is no provider: take that of a function such as GitHub, or of Discover")
	case p.Endpoint.TokenURL == "":
		return errors.New("the token endpoint is missing")
	}
	if p.IssParameter && p.Issuer == "" {
		return fmt.Errorf("the issuer is missing, which authorization responses must name")
	}
	if p.RequirePAR && p.PushedAuthorizationURL == "" {
		return fmt.Errorf("the pushed authorization endpoint is required but missing")
	}
	if p.NoNonce && p.NoPKCE {
		return fmt.Errorf("a provider that returns no nonce must do PKCE: nothing else binds an ID token to its sign-in")
	}
	return p.checkRefreshParams()
}

// checkAlgorithms refuses those that could never verify an ID token.
func (p *Provider) checkAlgorithms() error {
	for _, a := range p.IDTokenAlgorithms {
		if !jose.IsAsymmetric(jose.Algorithm(a)) {
			return fmt.Errorf("the ID token algorithm %s is not one that verifies with a public key: use some of %v", quote.Text(a, 64), jose.Asymmetric())
		}
	}
	return nil
}

// checkRefreshParams refuses parameters that would be sent twice.
func (p *Provider) checkRefreshParams() error {
	reserved := []string{"grant_type", "refresh_token", "client_secret"}
	if p.RefreshScope {
		reserved = append(reserved, p.scopeParam())
	}
	for _, name := range reserved {
		if _, ok := p.RefreshParams[name]; ok {
			return fmt.Errorf("the refresh parameter %q belongs to the flow", name)
		}
	}
	return nil
}

// checkURL accepts https, and http to loopback; no userinfo, no fragment (RFC
// 6749 section 3.2).
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Hostname() == "":
		return fmt.Errorf("is not an absolute URL")
	case u.User != nil:
		return fmt.Errorf("must not hold user information")
	case u.Fragment != "":
		return fmt.Errorf("must not have a fragment")
	case u.Scheme == "https", u.Scheme == "http" && loopback.Host(u.Hostname()):
		return nil
	}
	return fmt.Errorf("must be https, or http to a loopback address")
}
