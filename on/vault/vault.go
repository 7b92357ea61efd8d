package onvault

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/option"
)

// Vault reads secrets of one Vault under one login. Make one with [New]; it is immutable
// and safe for concurrent use.
type Vault struct {
	api      *client.Client // with the token
	name     string         // whose secrets these are, without secrets
	interval time.Duration
	grace    time.Duration
}

// Option adapts a [Vault]. An argument that will not do is an error of [New].
type Option func(*config) error

type config struct {
	namespace       string
	interval, grace time.Duration
	client          []client.Option
}

// WithNamespace sends every request to a namespace of Vault Enterprise or HCP.
func WithNamespace(name string) Option {
	return func(c *config) error {
		if strings.Trim(name, "/") == "" {
			return errors.New("the namespace is empty")
		}
		c.namespace = name
		return nil
	}
}

// WithInterval sets for how long a secret that was read is used before Vault is asked
// again. Without it, a minute.
func WithInterval(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return errors.New("the interval must be positive")
		}
		c.interval = d
		return nil
	}
}

// WithGrace sets for how long the last secret that was read serves while Vault is out of
// reach, sealed or failing, counted from when it was read. Without it, an hour; 0 is not
// at all.
func WithGrace(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return errors.New("the grace is negative")
		}
		c.grace = d
		return nil
	}
}

// WithClient adjusts the client that Vault is called by: its transport, TLS or logger.
func WithClient(opts ...client.Option) Option {
	return func(c *config) error {
		c.client = append(c.client, opts...)
		return nil
	}
}

// New returns a Vault at address, such as "https://vault.example.com:8200". It sends
// nothing; a login that is known to be unusable is an error.
func New(address string, login Login, opts ...Option) (*Vault, error) {
	v, err := newVault(address, login, opts)
	if err != nil {
		return nil, fmt.Errorf("onvault: %w", err)
	}
	return v, nil
}

func newVault(address string, login Login, opts []Option) (*Vault, error) {
	cfg := config{interval: time.Minute, grace: time.Hour}
	if err := option.Apply(&cfg, opts); err != nil {
		return nil, err
	}
	if login == nil {
		return nil, errors.New("there is no login")
	}
	if err := login.check(); err != nil {
		return nil, err
	}
	base := append([]client.Option{client.WithProfile(profile), client.WithTimeout(20 * time.Second)}, cfg.client...)
	if cfg.namespace != "" {
		base = append(base, client.WithHeader("X-Vault-Namespace", cfg.namespace))
	}
	bare, err := client.New(address, base...)
	if err != nil {
		return nil, err
	}
	api, err := bare.With(client.WithAuth(client.APIKeyHeader(tokenHeader, &session{login: login, api: bare, turn: make(chan struct{}, 1)})))
	if err != nil {
		return nil, err
	}
	return &Vault{api: api, name: address + "\x00" + cfg.namespace, interval: cfg.interval, grace: cfg.grace}, nil
}

const tokenHeader = "X-Vault-Token"

// profile is Vault as a service (Vault docs, "HTTP API").
var profile = client.Profile{
	Name:             "vault",
	Header:           http.Header{"X-Vault-Request": {"true"}},
	RequestIDHeaders: []string{}, // it is in the body of successes alone
	// A token that is not valid, or not any more, is a 403 like what it may not do.
	Unauthorized: func(status int, _ http.Header, _ []byte) bool { return status == http.StatusForbidden },
	DecodeError:  decodeError,
}

// decodeError reads {"errors": ["…"]}.
func decodeError(_ int, _ http.Header, body []byte) client.ErrorDetail {
	var said struct {
		Errors []string `json:"errors"`
	}
	if json.Unmarshal(body, &said) != nil {
		return client.ErrorDetail{}
	}
	return client.ErrorDetail{Message: strings.Join(said.Errors, "; ")}
}
