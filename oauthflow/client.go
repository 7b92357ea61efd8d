package oauthflow

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/secret"
)

// Config is one registration of an application at one provider.
type Config struct {
	// Provider describes the authorization server.
	Provider Provider

	// ClientID is the identifier that the provider gave the application. Required.
	ClientID string

	// ClientSecret yields the secret of a confidential client; it is read again for every request.
	// Nil, without ClientKey: a public client, which names itself by "client_id" alone.
	ClientSecret secret.Source

	// RedirectURL is where the provider sends the browser back to, as registered.
	// Required for the authorization code flow. It must be https, or http to
	// loopback.
	RedirectURL string

	// Scopes are asked for in every flow that has scopes.
	Scopes []string

	// CookieKey yields the keys that seal the cookie of [Client.Start]: each at least 32 bytes of
	// randomness, newest first; older ones still open. All processes behind one
	// address need the same. Nil: a random key, which serves a single process and
	// loses the sign-ins under way when it restarts.
	CookieKey secret.Source

	// CallbackPath is the path of the requests that [Client.Finish] sees, where a
	// proxy changes it. Empty: the path of RedirectURL.
	CallbackPath string
}

// FromOAuth2 returns the Config that corresponds to one of golang.org/x/oauth2, for programs that have one.
// A cfg.Endpoint.AuthStyle of oauth2.AuthStyleAutoDetect with a client secret is an error in [New].
func FromOAuth2(cfg *oauth2.Config) Config {
	c := Config{
		Provider:    Provider{Endpoint: cfg.Endpoint},
		ClientID:    cfg.ClientID,
		RedirectURL: cfg.RedirectURL,
		Scopes:      cfg.Scopes,
	}
	if cfg.ClientSecret != "" {
		c.ClientSecret = secret.Static(cfg.ClientSecret)
	}
	return c
}

// Client runs the flows of one registration. It is immutable and safe for
// concurrent use.
type Client struct {
	cfg  Config
	http *http.Client
	now  func() time.Time
}

// Option wires a [Client] to its surroundings.
type Option func(*Client)

// WithHTTPClient sends requests through hc, of which the transport and the
// timeout are used; cookies are not, and redirects are never followed. Default: http.DefaultTransport.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *Client) { c.http = hc }
}

// WithClock replaces time.Now.
func WithClock(now func() time.Time) Option {
	return func(c *Client) { c.now = now }
}

// New returns a Client, or an error that names what is missing or unsafe in cfg. It makes no
// request.
func New(cfg Config, opts ...Option) (*Client, error) {
	c := &Client{cfg: cfg, http: &http.Client{}, now: time.Now}
	for _, o := range opts {
		o(c)
	}
	hardened := http.Client{Timeout: c.http.Timeout, Transport: c.http.Transport}
	hardened.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &hardened
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("oauthflow: new client for %s: %w", cfg.Provider.label(), err)
	}
	return c, nil
}

func (c *Client) check() error {
	if err := c.cfg.Provider.check(); err != nil {
		return err
	}
	if c.cfg.ClientID == "" {
		return fmt.Errorf("the client ID is missing")
	}
	if c.cfg.RedirectURL != "" {
		if err := checkURL(c.cfg.RedirectURL); err != nil {
			return fmt.Errorf("the redirect URL %w", err)
		}
	}
	return c.checkAuth()
}

// requestTimeout bounds a request whose context has no deadline.
const requestTimeout = 30 * time.Second

func withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, requestTimeout)
}
