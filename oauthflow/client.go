package oauthflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/keyset"
	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/secret"
)

// Config is one registration of an application at one provider.
type Config struct {
	// Provider describes the authorization server.
	Provider Provider

	// ClientID is the identifier that the provider gave the application.
	// Required.
	ClientID string

	// ClientSecret yields the secret of a confidential client; it is read again
	// for every request. White space around it, a byte order mark and a second
	// line are an error of [New], where the source holds it. Nil, without
	// ClientKey: a public client, which names itself by "client_id" alone.
	ClientSecret secret.Source

	// ClientKey signs assertions: for private_key_jwt (RFC 7523 section 2.2),
	// which then takes the place of a secret, and for [Client.JWTBearer].
	ClientKey KeySource

	// RedirectURL is where the provider sends the browser back to, as
	// registered. Required for the authorization code flow. It must be https,
	// or http to loopback.
	RedirectURL string

	// Scopes are asked for in every flow that has scopes.
	Scopes []string

	// CookieKey yields the keys that seal the cookie of [Client.Start], newest
	// first; older ones still open. Each is 32 random bytes in standard base64,
	// such as `openssl rand -base64 32` prints. All processes behind one
	// address need the same: a new key goes last until all have it, and then in
	// front. Nil: a random key, which serves a single process and loses the
	// sign-ins under way when it restarts.
	CookieKey secret.Source

	// CallbackPath is the path of the requests that [Client.Finish] sees, where
	// a proxy changes it. Empty: the path of RedirectURL.
	CallbackPath string
}

// FromOAuth2 returns the Config that corresponds to one of golang.org/x/oauth2,
// for programs that have one. A cfg.Endpoint.AuthStyle of
// oauth2.AuthStyleAutoDetect with a client secret is an error in [New].
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
	cfg Config
	settings
	keys keyset.Source // nil: no ID tokens

	cookies      attemptKeys
	callbackPath string
	callbackTLS  bool
}

// settings is what the options of [New] say.
type settings struct {
	http *http.Client
	now  func() time.Time
	uses SingleUseStore // nil: none
	dpop *DPoP          // nil: tokens are not bound
}

// Option wires a [Client] to its surroundings. An argument that will not do is an
// error of [New].
type Option func(*settings) error

// WithHTTPClient sends requests through hc, of which the transport and the
// timeout are used; cookies are not, and redirects are never followed. Default:
// http.DefaultTransport.
func WithHTTPClient(hc *http.Client) Option {
	return func(s *settings) error { s.http = hc; return nil }
}

// WithClock replaces time.Now.
func WithClock(now func() time.Time) Option {
	return func(s *settings) error { s.now = now; return nil }
}

// New returns a Client, or an error that names what is missing or unsafe in
// cfg. It reads CookieKey and ClientKey once, so that a key that will not do is
// an error here, and sends nothing to the provider.
func New(cfg Config, opts ...Option) (*Client, error) {
	c, err := newClient(cfg, opts)
	if err == nil {
		err = c.check()
	}
	if err != nil {
		whose := ""
		if cfg.Provider.Name != "" {
			whose = " for " + cfg.Provider.Name
		}
		return nil, fmt.Errorf("oauthflow: new client%s: %w", whose, err)
	}
	return c, nil
}

// newClient applies opts to an unchecked client.
func newClient(cfg Config, opts []Option) (*Client, error) {
	c := &Client{cfg: cfg}
	if err := option.Apply(&c.settings, opts); err != nil {
		return nil, err
	}
	c.http = cmp.Or(c.http, &http.Client{})
	if c.now == nil {
		c.now = time.Now
	}
	hardened := http.Client{Timeout: c.http.Timeout, Transport: containTransport(c.http.Transport)}
	hardened.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &hardened
	return c, nil
}

// Metadata returns the names in Config.Provider.Metadata: what a token manager
// stores with the client's tokens.
func (c *Client) Metadata() []string { return slices.Clone(c.cfg.Provider.Metadata) }

func (c *Client) check() error {
	wrong := []error{c.cfg.Provider.check()}
	if c.cfg.ClientID == "" {
		wrong = append(wrong, errors.New("the client ID is missing"))
	}
	if c.cfg.RedirectURL != "" {
		if err := checkURL(c.cfg.RedirectURL); err != nil {
			wrong = append(wrong, fmt.Errorf("the redirect URL %w", err))
		}
	}
	if err := option.Join(wrong...); err != nil {
		return err
	}
	return option.Join(c.setUpKeys(), c.setUpCookies(), c.checkAuth())
}

// setUpKeys prepares the verification of ID tokens.
func (c *Client) setUpKeys() error {
	p := &c.cfg.Provider
	if err := p.checkAlgorithms(); err != nil {
		return err
	}
	if p.Issuer == "" || p.JWKSURL == "" {
		return nil
	}
	rules := claims.Rules{Issuer: p.Issuer, Tenants: p.Tenants}
	if err := rules.Validate(); err != nil {
		return err
	}
	keys, err := keyset.New(keyset.Config{
		URL: p.JWKSURL, Issuer: p.Issuer, Client: c.http, AllowPlainHTTPToLoopback: true, Now: c.now,
	})
	c.keys = keys
	return err
}

// setUpCookies prepares the authorization code flow.
func (c *Client) setUpCookies() error {
	u, _ := url.Parse(c.cfg.RedirectURL) // checked before
	c.callbackTLS = u.Scheme == "https"  // in lower case, whatever was written
	c.callbackPath = cmp.Or(c.cfg.CallbackPath, u.Path, "/")
	keys, err := newAttemptKeys(c.cfg.CookieKey)
	c.cookies = keys
	return err
}

// requestTimeout bounds a request whose context has no deadline.
const requestTimeout = 30 * time.Second

func withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, requestTimeout)
}
