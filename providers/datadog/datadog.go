package datadog

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Profile is Datadog's API as package client sees it, at the site US1 ("Authentication"
// and "Rate Limits", Datadog docs). [New] puts the hosts of its site into it. Treat it as
// a constant.
var Profile = profileAt(US1)

func profileAt(s Site) client.Profile {
	return client.Profile{
		Name:         "datadog",
		BaseURL:      s.url(api),
		Origins:      []string{s.url(logsIntake), s.url(eventIntake)},
		Failed:       failed,
		Unauthorized: unauthorized,
		LimitKey:     limitKey,
		Route:        Operations.Route,
		DecodeError:  decodeError,
	}
}

// Config says whose account to call, and where it is.
type Config struct {
	// Site is where the account is. "" is US1.
	Site Site

	// APIKey is the organization's.
	APIKey secret.Source

	// ApplicationKey is a user's or a service account's. Nil is none, which will do for
	// what is submitted. Datadog refuses everything else then with "Forbidden", which
	// matches client.ErrUnauthorized.
	ApplicationKey secret.Source
}

// Client is Datadog over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is what the operations are called with, and the rest of the API.
	HTTP *client.Client
}

// New returns a client for an account. The options are those of package client. No
// request is made yet: a key that Datadog refuses is an error of the first call.
func New(cfg Config, opts ...client.Option) (*Client, error) {
	site := cmp.Or(cfg.Site, US1)
	if !site.known() {
		return nil, fmt.Errorf("datadog: %w: the site must be one of Datadog's, as its name alone: %q, without https:// or app. before it", client.ErrConfig, EU1)
	}
	c, err := client.New("", append([]client.Option{
		client.WithProfile(profileAt(site)),
		client.WithAuth(keysOf(cfg)),
		client.WithCallMiddleware(site.toIntakes),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

// HTTPClient returns the stack as an *http.Client for datadog-api-client-go of any
// version, as its Configuration.HTTPClient. The stack puts its keys in the place of the
// SDK's, and the SDK's own retries stay off (RetryConfiguration). The site is said to the
// SDK too.
func HTTPClient(cfg Config, opts ...client.Option) (*http.Client, error) {
	c, err := New(cfg, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}

// limitKey names the limit that a request counts against. Datadog has them by endpoint,
// and names some together ("Rate Limits", Datadog docs); of an endpoint that is none of
// this package's, what follows its first two segments may be an identifier.
func limitKey(r *http.Request) string {
	if route := Operations.Route(r); route != "" {
		return r.Method + " " + route
	}
	segments := strings.SplitN(r.URL.Path, "/", 5)
	return r.Method + " " + strings.Join(segments[:min(len(segments), 4)], "/")
}
