package firebase

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// Profile is the Identity Toolkit API, version 1, as package client sees it (Google
// Cloud, "Identity Platform", REST reference). Treat it as a constant.
var Profile = client.Profile{
	Name:        "firebase",
	BaseURL:     "https://identitytoolkit.googleapis.com/v1",
	Route:       Operations.Route,
	Throttled:   throttled,
	Failed:      foundNobody,
	DecodeError: decodeError,
}

// Operations are those of this package, but for what one of them is used for: GetUser
// looks up, and SetClaims and RevokeRefreshTokens update. Their routes are below a
// project, as [Client.HTTP] is.
var Operations = client.Operations{
	LookupUsers, CreateUser, UpdateUser, DeleteUser, DeleteUsers, ListUsers, CreateActionLink,
}

// Client is the accounts of one project, or of one of its tenants, over the stack. It is
// safe for concurrent use.
type Client struct {
	// HTTP is given to the operations of this package. Its base URL ends in
	// /v1/projects/ and the project, and the tenant where there is one.
	HTTP *client.Client

	root    *client.Client // at /v1
	project string
	tenant  string // "" is none
	signer  signer
}

// New returns a client for a project. The options are those of package client, of which
// [client.WithBaseURL] replaces all up to and including /v1. No request is made yet.
func New(cfg Config, opts ...client.Option) (*Client, error) {
	if cfg.ProjectID == "" || strings.ContainsAny(cfg.ProjectID, "/?#%@ \t\r\n") {
		return nil, fmt.Errorf("firebase: %w: the project ID is missing or is none", client.ErrConfig)
	}
	auth, sign, err := cfg.credential()
	if err != nil {
		return nil, err
	}
	ours := []client.Option{client.WithProfile(Profile), client.WithAuth(auth)}
	if cfg.Emulator != "" {
		ours = append(ours, client.WithBaseURL("http://"+cfg.Emulator+"/identitytoolkit.googleapis.com/v1"))
	}
	root, err := client.New("", append(ours, opts...)...)
	if err != nil {
		return nil, err
	}
	c := &Client{root: root, project: cfg.ProjectID, signer: sign}
	return c.below("")
}

// Tenant returns a client for the accounts of a tenant of Identity Platform. It shares
// connections, limits and credential with c.
func (c *Client) Tenant(id string) (*Client, error) {
	if id == "" || strings.ContainsAny(id, "/?#%@ \t\r\n") {
		return nil, fmt.Errorf("firebase: %w: the tenant ID is missing or is none", client.ErrConfig)
	}
	return c.below(id)
}

func (c *Client) below(tenant string) (*Client, error) {
	path := "/projects/" + client.PathEscape(c.project)
	if tenant != "" {
		path += "/tenants/" + client.PathEscape(tenant)
	}
	at, err := c.root.With(client.WithBaseURL(strings.TrimSuffix(c.root.BaseURL(), "/") + path))
	if err != nil {
		return nil, err
	}
	d := *c
	d.HTTP, d.tenant = at, tenant
	return &d, nil
}

// HTTPClient returns the stack for a Google SDK that takes an http.Client and sends what
// it does to the same service, as firebase-admin-go does but for the emulator.
func HTTPClient(cfg Config, opts ...client.Option) (*http.Client, error) {
	c, err := New(cfg, opts...)
	if err != nil {
		return nil, err
	}
	return c.root.HTTPClient(), nil
}
