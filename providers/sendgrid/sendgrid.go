package sendgrid

import (
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// EU is the base URL for the subusers of the European region ("Mail Send", SendGrid
// docs), for client.WithBaseURL. Others are refused there.
const EU = "https://api.eu.sendgrid.com"

// Profile is SendGrid's v3 API as package client sees it (SendGrid docs, "How to use the
// SendGrid v3 API"). Treat it as a constant.
var Profile = client.Profile{
	Name:        "sendgrid",
	BaseURL:     "https://api.sendgrid.com",
	Header:      http.Header{"Accept": {"application/json"}},
	LimitKey:    limitKey,
	Route:       Operations.Route,
	DecodeError: decodeError,
}

// Client is SendGrid over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is what the operations are called with, and the rest of the API.
	HTTP *client.Client
}

// New returns a client for the account of key. The options are those of package client.
func New(key secret.Source, opts ...client.Option) (*Client, error) {
	c, err := client.New("", append([]client.Option{
		client.WithProfile(Profile),
		client.WithAuth(client.Bearer(key)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

// HTTPClient returns the stack as an *http.Client for an SDK. The stack puts the key of
// its source in the place of the SDK's. sendgrid-go takes a client for the whole program
// alone: sendgrid.DefaultClient = &rest.Client{HTTPClient: hc}.
func HTTPClient(key secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := New(key, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}

// limitKey names the limit that a request counts against: SendGrid has one for each
// endpoint ("Rate limits", SendGrid docs). What follows may be an identifier.
func limitKey(r *http.Request) string {
	_, path, _ := strings.Cut(r.URL.Path, "/v3/")
	first, rest, _ := strings.Cut(path, "/")
	switch first {
	case "mail", "asm", "suppression", "user", "marketing":
		second, _, _ := strings.Cut(rest, "/")
		return r.Method + " " + first + "/" + second
	}
	return r.Method + " " + first
}
