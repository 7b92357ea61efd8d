package braintree

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Sandbox is the base URL of the sandbox, for client.WithBaseURL. It has keys of its own.
const Sandbox = "https://payments.sandbox.braintree-api.com"

// Path is where the API is, below either base URL.
const Path = "/graphql"

// Profile is Braintree's API as package client sees it ("Making API Calls", Braintree
// GraphQL docs). Treat it as a constant.
var Profile = withErrors(client.Profile{
	Name:    "braintree",
	BaseURL: "https://payments.braintree-api.com",
	Header:  http.Header{"Braintree-Version": {"2019-01-01"}},
	Route:   Operations.Route,
})

// Client is Braintree over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is what the operations are called with, and graphql.Do for the rest of the
	// API.
	HTTP *client.Client
}

// New returns a client for the merchant of a public key, with its private key. The
// options are those of package client.
func New(publicKey string, privateKey secret.Source, opts ...client.Option) (*Client, error) {
	if publicKey == "" {
		return nil, errNoPublicKey
	}
	c, err := client.New("", append([]client.Option{
		client.WithProfile(Profile),
		client.WithAuth(client.Basic(publicKey, privateKey)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

// HTTPClient returns the stack as an *http.Client, for a GraphQL client of your choice.
// Braintree has no official SDK for Go. What the client sends is not repeated once it may
// have been applied, since nobody reads there whether it is a query.
func HTTPClient(publicKey string, privateKey secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := New(publicKey, privateKey, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}
