package ongcp

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/on/cloud/internal/settings"
)

// Scope is the OAuth scope that Secret Manager needs (Secret Manager docs, "access").
const Scope = "https://www.googleapis.com/auth/cloud-platform"

// Manager reads the secrets of one project. Make one with [New]; it is immutable and safe
// for concurrent use.
type Manager struct {
	api     *client.Client
	project string
	name    string // whose secrets these are, without secrets
	cfg     config
}

type config struct {
	settings.Config

	location string
}

// Option adapts a [Manager]. An argument that will not do is an error of [New].
type Option func(*config) error

// WithLocation reads the regional secrets of a location, such as "europe-west3", from
// its own endpoint.
func WithLocation(location string) Option {
	return func(c *config) error {
		if !isName(location) {
			return errors.New("the location must be letters, digits and hyphens, such as europe-west3")
		}
		c.location = location
		return nil
	}
}

// WithEndpoint sets the service's URL. Without it, Google's, or the location's.
func WithEndpoint(url string) Option {
	return func(c *config) error { return c.SetEndpoint(url) }
}

// WithInterval sets for how long a secret that was read is used before Google is asked
// again. Without it, a minute.
func WithInterval(d time.Duration) Option {
	return func(c *config) error { return c.SetInterval(d) }
}

// WithGrace sets for how long the last secret that was read serves while Google is out of
// reach, throttling or failing, counted from when it was read. Without it, an hour; 0 is
// not at all.
func WithGrace(d time.Duration) Option {
	return func(c *config) error { return c.SetGrace(d) }
}

// WithClient adjusts the client that Google is called by: its transport, retries or
// logger.
func WithClient(opts ...client.Option) Option {
	return func(c *config) error {
		c.Client = append(c.Client, opts...)
		return nil
	}
}

// New returns the Secret Manager of a project, called with tokens. It sends nothing.
func New(project string, tokens oauth2.TokenSource, opts ...Option) (*Manager, error) {
	c := config{Config: settings.Defaults()}
	if err := option.Apply(&c, opts); err != nil {
		return nil, fmt.Errorf("ongcp: %w", err)
	}
	switch {
	case !projectName.MatchString(project):
		return nil, errors.New("ongcp: the project must be the ID or number of one, such as my-project")
	case tokens == nil:
		return nil, errors.New("ongcp: there is no token source")
	case c.Endpoint == "" && c.location != "":
		c.Endpoint = "https://secretmanager." + c.location + ".rep.googleapis.com"
	case c.Endpoint == "":
		c.Endpoint = "https://secretmanager.googleapis.com"
	}
	api, err := client.New(c.Endpoint, append([]client.Option{client.WithProfile(profile), client.WithAuth(client.OAuth2(tokens))}, c.Client...)...)
	if err != nil {
		return nil, fmt.Errorf("ongcp: %w", err)
	}
	name := strings.Join([]string{"gcp", c.Endpoint, project, c.location}, "\x00")
	return &Manager{api: api, project: project, name: name, cfg: c}, nil
}

var (
	// projectName is an ID, with its domain before it where it has one, or a number.
	projectName = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z0-9-]+$`)
	partName    = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

func isName(s string) bool { return partName.MatchString(s) }

// The states of a version that cannot be read. The error for the first does not match
// client.ErrNotFound, since the version can be enabled again.
var (
	ErrDisabled  = errors.New("the version is disabled")
	ErrDestroyed = errors.New("the version is destroyed")
)

// profile is Secret Manager as a service (google.rpc.Status, "Errors" in Google's API
// design guide).
var profile = client.Profile{
	Name:             "secretmanager",
	RequestIDHeaders: []string{},
	DecodeError:      decodeError,
}

// decodeError tells the states of a version apart, which share a code.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	detail := client.DecodeError(status, h, body)
	failure := readFailure(body)
	detail.Code, detail.Message = failure.Status, failure.Message
	if failure.Status != "FAILED_PRECONDITION" {
		return detail
	}
	switch {
	case strings.Contains(failure.Message, "DESTROYED state"):
		detail.Status, detail.Err = http.StatusNotFound, ErrDestroyed
	case strings.Contains(failure.Message, "DISABLED state"):
		detail.Err = ErrDisabled
	}
	return detail
}
