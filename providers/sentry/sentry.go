package sentry

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// The base URLs of the regions, for client.WithBaseURL ("Data Storage Location", Sentry
// docs). Where an organization is kept in one, that host spares a detour. Sentry that
// somebody hosts themselves has its own: "https://sentry.example.com".
const (
	US = "https://us.sentry.io"
	DE = "https://de.sentry.io"
)

// Profile is Sentry's API as package client sees it ("API Reference: Authentication,
// Pagination, Rate Limits", Sentry docs). Treat it as a constant.
var Profile = client.Profile{
	Name:        "sentry",
	BaseURL:     "https://sentry.io",
	Origins:     []string{US, DE}, // a link to the next page names the region's host
	LimitKey:    limitKey,
	Route:       Operations.Route,
	DecodeError: decodeError,
}

// Client is Sentry's API over the stack. It is safe for concurrent use. Events are sent
// by a [Reporter].
type Client struct {
	// HTTP is what the operations are called with, and the rest of the API.
	HTTP *client.Client
}

// New returns a client for an auth token: an organization's ("sntrys_…"), a user's
// ("sntryu_…") or an internal integration's. The options are those of package client.
func New(token secret.Source, opts ...client.Option) (*Client, error) {
	c, err := client.New("", append([]client.Option{
		client.WithProfile(Profile),
		client.WithAuth(client.Bearer(token)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

// HTTPClient returns the stack as an *http.Client for an SDK of Sentry's API, with the
// token of its source. sentry-go, which sends events, has a DSN and no token: it is given
// a client without a credential, as in recipes/sdks/telemetry.
func HTTPClient(token secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := New(token, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}

// limitKey names the limit that a request counts against: Sentry has one for each
// endpoint and method ("Rate Limits", Sentry API docs).
func limitKey(r *http.Request) string {
	if route := Operations.Route(r); route != "" {
		return r.Method + " " + route
	}
	return "other"
}
