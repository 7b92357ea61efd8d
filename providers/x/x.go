package x

import (
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Profile is X's API v2 as package client sees it ("Rate limits", "Response codes and
// errors" and "Usage and billing", X docs). Treat it as a constant.
var Profile = client.Profile{
	Name:             "x",
	BaseURL:          "https://api.x.com",
	RequestIDHeaders: []string{"X-Transaction-Id"},
	HintBody:         hint,
	Failed:           failed,
	LimitKey:         limitKey,
	Route:            func(r *http.Request) string { return Operations.Route(r) },
	DecodeError:      decodeError,
}

// limitKey is the endpoint, since each has limits of its own: the method, and the path
// without its identifiers.
func limitKey(r *http.Request) string {
	if route := Operations.Route(r); route != "" {
		return r.Method + " " + route
	}
	segments := strings.Split(r.URL.Path, "/")
	for i, s := range segments {
		if s != "" && strings.Trim(s, "0123456789") == "" && i > 2 {
			segments[i] = "{id}"
		}
	}
	return r.Method + " " + strings.Join(segments, "/")
}

// Client is X over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is what the operations are called with, and the rest of the API.
	HTTP *client.Client
}

// New returns a client for an app by its bearer token, which reads what is public. The
// options are those of package client.
func New(bearer secret.Source, opts ...client.Option) (*Client, error) {
	return made(client.Bearer(bearer), opts)
}

// NewUser returns a client that acts for a user, with the token of their sign-in: that of
// a manager of oauthflow/tokens, which renews it. Posts, the user's own timeline and
// media need one.
func NewUser(user oauth2.TokenSource, opts ...client.Option) (*Client, error) {
	return made(client.OAuth2(user), opts)
}

func made(auth client.Auth, opts []client.Option) (*Client, error) {
	c, err := client.New("", append([]client.Option{client.WithProfile(Profile), client.WithAuth(auth)}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

// HTTPClient returns the stack as an http.Client, with an app's bearer token, for code
// that was written for one. X has no official SDK for Go.
func HTTPClient(bearer secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := New(bearer, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}
