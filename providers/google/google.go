package google

import (
	"fmt"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/standpipe-go/standpipe/client"
)

// Profile is Google's Calendar API, version 3, and what there is about the user who signs
// in, as package client sees them ("Handle API errors", Google Calendar docs). Treat it
// as a constant.
var Profile = client.Profile{
	Name:        "google",
	BaseURL:     "https://www.googleapis.com",
	Route:       func(r *http.Request) string { return Operations.Route(r) },
	Throttled:   throttled,
	DecodeError: decodeError,
}

// Client is Google over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is what the operations are called with, and the rest of what
	// www.googleapis.com serves.
	HTTP *client.Client
}

// New returns a client that acts as auth says: client.OAuth2 over the token source of a
// user, such as that of a manager of oauthflow/tokens, or [ServiceAccount.Auth]. The
// options are those of package client.
func New(auth client.Auth, opts ...client.Option) (*Client, error) {
	if auth == nil {
		return nil, fmt.Errorf("google: %w: the credential is missing", client.ErrConfig)
	}
	c, err := client.New("", append([]client.Option{client.WithProfile(Profile), client.WithAuth(auth)}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

// HTTPClient returns the stack as an http.Client for google-api-go-client: give it with
// option.WithHTTPClient. A service that is not at www.googleapis.com, such as Gmail or
// Sheets, wants its origin in client.WithBaseURL.
func HTTPClient(auth client.Auth, opts ...client.Option) (*http.Client, error) {
	c, err := New(auth, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}

// maxQuotaUser is how many characters Google takes.
const maxQuotaUser = 40

// ForQuotaUser returns a client whose calls Google counts against the quota of a user of
// the application's own, name, rather than that of the service account which makes them
// all ("Usage limits", Google Calendar docs). name is up to 40 characters and tells users
// apart, no more: a number or a hash, and not an email address. A throttle of one such
// user holds up no other.
func (c *Client) ForQuotaUser(name string) (*Client, error) {
	if n := utf8.RuneCountInString(name); n == 0 || n > maxQuotaUser || !utf8.ValidString(name) {
		return nil, fmt.Errorf("google: %w: the name of a quota user has 1 to %d characters", client.ErrConfig, maxQuotaUser)
	}
	of, err := c.HTTP.With(client.WithQuery(url.Values{"quotaUser": {name}}), client.WithIdentity("quotaUser "+name))
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: of}, nil
}
