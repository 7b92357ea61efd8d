package paddle

import (
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Sandbox is the base URL of the sandbox, for client.WithBaseURL. It has keys of its own.
const Sandbox = "https://sandbox-api.paddle.com"

// Profile is Paddle's API as package client sees it (Paddle developer docs, "API
// overview", "Errors" and "Rate limiting"). Treat it as a constant.
var Profile = client.Profile{
	Name:         "paddle",
	BaseURL:      "https://api.paddle.com",
	LiveKeys:     []string{"pdl_live_"},
	Unauthorized: unauthorized,
	LimitKey:     limitKey,
	Route:        Operations.Route,
	DecodeError:  decodeError,
}

// Client is Paddle over the stack. It is safe for concurrent use.
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

// HTTPClient returns the stack as an *http.Client for paddle-go-sdk of any major version
// (paddle.WithClient). The stack puts the key of its source in the place of the SDK's.
func HTTPClient(key secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := New(key, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}

// limitKey names the limit that a request counts against ("Rate limiting", Paddle
// developer docs). Whether a change of a subscription charges at once stands in its body,
// which is not looked at, so that each change counts with its subscription.
func limitKey(r *http.Request) string {
	_, path, ok := strings.Cut(r.URL.Path, "/subscriptions/")
	switch {
	case strings.HasSuffix(r.URL.Path, "/preview"), strings.HasSuffix(r.URL.Path, "/pricing-preview"):
		return "previews"
	case ok && r.Method != http.MethodGet && r.Method != http.MethodHead:
		id, _, _ := strings.Cut(path, "/")
		return "subscription " + id
	}
	return ""
}
