package auth0

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Profile is Auth0's Management API as package client sees it (Auth0 docs, "Management
// API" and "Rate Limit Policy"). Its base URL is the tenant's, which [New] knows. Treat
// it as a constant.
var Profile = client.Profile{
	Name:  "auth0",
	Route: Operations.Route,
}

// Operations are those of this package.
var Operations = client.Operations{
	SearchUsers, UsersByEmail, GetUser, CreateUser, UpdateUser, DeleteUser, LinkIdentity, UnlinkIdentity, ResetMFA,
	ListRoles, CreateRole, ListRolesOfUser, AssignRoles, RemoveRoles,
	ListOrganizations, GetOrganization, CreateOrganization, DeleteOrganization, ListMembers, AddMembers, RemoveMembers,
	ListConnections, GetConnection,
	CreatePasswordTicket, CreateVerificationTicket,
	ImportUsers, ExportUsers, SendVerificationEmail, GetJob, GetJobErrors,
	ListLogs, GetLog,
}

// Config says whose API to call, and as whom: with ClientID and ClientSecret, or with
// Token.
type Config struct {
	// Domain is the tenant's, "example.eu.auth0.com". A fake is given by its URL,
	// "http://127.0.0.1:8085".
	Domain string

	// ClientID and ClientSecret are those of a machine-to-machine application.
	ClientID     string
	ClientSecret secret.Source

	// Token is an access token for the API from elsewhere, in place of the two. It is not
	// renewed, but read again after a 401.
	Token secret.Source

	// Audience identifies the API. "" is https://DOMAIN/api/v2/; set it where Domain is a
	// custom domain, since the identifier is of the tenant's own.
	Audience string

	// HTTPClient obtains the tokens. Nil is one over http.DefaultTransport. The API is
	// called as the options of New say.
	HTTPClient *http.Client
}

// Client is a tenant's Management API over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is given to the operations of this package, and calls the rest of the API. Its
	// base URL ends in /api/v2.
	HTTP *client.Client
}

// New returns a client for a tenant. The options are those of package client. No request
// is made yet: a credential that Auth0 refuses is an error of the first call.
func New(cfg Config, opts ...client.Option) (*Client, error) {
	base, err := origin(cfg.Domain)
	if err != nil {
		return nil, err
	}
	auth, err := cfg.auth(base)
	if err != nil {
		return nil, err
	}
	c, err := client.New("", append([]client.Option{
		client.WithProfile(Profile),
		client.WithBaseURL(base + "/api/v2"),
		client.WithAuth(auth),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

// HTTPClient returns the stack for go-auth0 of any version, for its WithClient beside
// WithNoRetries and any WithStaticToken, which the stack replaces.
func HTTPClient(cfg Config, opts ...client.Option) (*http.Client, error) {
	c, err := New(cfg, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}

// origin is the URL of a domain, without a path.
func origin(domain string) (string, error) {
	raw := domain
	if !strings.Contains(domain, "://") {
		raw = "https://" + domain
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("auth0: %w: the domain is neither a host name nor the URL of one", client.ErrConfig)
	}
	return u.Scheme + "://" + u.Host, nil
}

func (cfg *Config) auth(base string) (client.Auth, error) {
	switch {
	case cfg.Token != nil && (cfg.ClientID != "" || cfg.ClientSecret != nil):
		return nil, fmt.Errorf("auth0: %w: give a token, or a client ID and its secret, and not both", client.ErrConfig)
	case cfg.Token == nil && cfg.ClientID == "" && cfg.ClientSecret == nil:
		return nil, fmt.Errorf("auth0: %w: a client ID with its secret, or a token, is missing", client.ErrConfig)
	case cfg.Token != nil:
		return client.Bearer(cfg.Token), nil
	}
	source, err := tokenSource(cfg, base, cmp.Or(cfg.Audience, base+"/api/v2/"))
	if err != nil {
		return nil, err
	}
	return client.OAuth2(source), nil
}
