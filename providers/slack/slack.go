package slack

import (
	"net/http"
	"path"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Profile is Slack's Web API as package client sees it ("Web API", "Rate limits" and the
// errors of each method, Slack docs). Treat it as a constant.
var Profile = client.Profile{
	Name:             "slack",
	BaseURL:          "https://slack.com/api",
	Origins:          []string{"https://files.slack.com"},
	RequestIDHeaders: []string{"X-Slack-Req-Id"},
	Throttled:        throttled,
	Failed:           failed,
	LookInSuccess:    true,
	Unauthorized:     unauthorized,
	HintBody:         hint,
	LimitKey:         limitKey,
	Route:            func(r *http.Request) string { return Operations.Route(r) },
	DecodeError:      decodeError,
}

// limitKey is the method, since each has limits of its own.
func limitKey(r *http.Request) string {
	if r.URL.Host == "files.slack.com" {
		return "files" // whose paths are as many as there are files
	}
	return path.Base(r.URL.Path)
}

// Client is Slack over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is what the operations are called with, and the other methods of the API.
	HTTP *client.Client
}

// New returns a client for the workspace of token, a bot's ("xoxb-…") or a user's. The
// options are those of package client.
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

// HTTPClient returns the stack as an http.Client for slack-go: give it with
// slack.OptionHTTPClient. slack-go puts its token into the form of most requests, where
// the stack cannot replace it: give slack-go the same token, and expect no rotation.
func HTTPClient(token secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := New(token, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}
