package postmark

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Profile is Postmark's API as package client sees it (Postmark developer docs, "API
// overview"). Treat it as a constant.
var Profile = client.Profile{
	Name:        "postmark",
	BaseURL:     "https://api.postmarkapp.com",
	Header:      http.Header{"Accept": {"application/json"}},
	Failed:      failed,
	Route:       Operations.Route,
	DecodeError: decodeError,
}

// TestToken is the token of a server that checks what is sent and delivers nothing
// ("API overview", Postmark developer docs). It is no secret.
const TestToken = "POSTMARK_API_TEST"

// Client is Postmark over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is what the operations are called with, and the rest of the API.
	HTTP *client.Client
}

// New returns a client for one server, by its token. The options are those of package
// client.
func New(token secret.Source, opts ...client.Option) (*Client, error) {
	return newClient("X-Postmark-Server-Token", token, opts)
}

// NewAccount returns a client for the account, by its token: for [ListServers] and what
// else Postmark's documentation asks an account token for. It sends no email.
func NewAccount(token secret.Source, opts ...client.Option) (*Client, error) {
	return newClient("X-Postmark-Account-Token", token, opts)
}

// HTTPClient returns the stack as an *http.Client for an SDK. The stack puts the
// server's token in the place of the SDK's.
func HTTPClient(token secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := New(token, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}

func newClient(header string, token secret.Source, opts []client.Option) (*Client, error) {
	c, err := client.New("", append([]client.Option{
		client.WithProfile(Profile),
		client.WithAuth(client.APIKeyHeader(header, token)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}
