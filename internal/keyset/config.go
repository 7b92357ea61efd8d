package keyset

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/loopback"
)

// Format is the form of a key document.
type Format uint8

const (
	// JWKSet is the JWK set of RFC 7517, the default.
	JWKSet Format = iota
	// Certificates is the map of key IDs to X.509 certificates that Google
	// publishes for Firebase.
	Certificates
)

// Discovery says which well-known document names the jwks_uri of an issuer.
type Discovery uint8

const (
	// OpenID is OpenID Connect Discovery 1.0 section 4: the issuer followed by
	// /.well-known/openid-configuration. The default.
	OpenID Discovery = iota
	// OAuth is RFC 8414 section 3: /.well-known/oauth-authorization-server
	// between the host and the path of the issuer. Where the server has
	// no such document (any status of 4xx, a page, a redirect away), OpenID is tried.
	OAuth
)

// Defaults of [Config].
const (
	DefaultLifetime = 15 * time.Minute
	DefaultStaleFor = time.Hour
	DefaultCooldown = 10 * time.Second
	DefaultWait     = 5 * time.Second
	MaxLifetime     = 24 * time.Hour
	// MinLifetime keeps a server that says no-store, or a few seconds, from
	// being asked all the time.
	MinLifetime = 30 * time.Second
	// MaxCooldown bounds how long a new key may stay unknown.
	MaxCooldown = 30 * time.Second
	// MaxBytes is the size above which a document is refused, after any
	// decompression.
	MaxBytes = 1 << 20
)

// Config says where keys come from and how they are kept. Either URL or Issuer
// must be set.
type Config struct {
	// URL is the address of the keys. When it is empty they are found by
	// discovery from Issuer.
	URL string
	// Format is the form of the key document.
	Format Format
	// Issuer is the issuer as its discovery document must name it, byte by byte.
	Issuer string
	// Discovery says where the discovery document is.
	Discovery Discovery
	// DiscoveryURL overrides the address of the discovery document, for issuers
	// of which it cannot be derived, such as Microsoft's with a {tenantid}.
	DiscoveryURL string
	// Client makes the requests; nil means http.DefaultClient. Its
	// redirect policy and cookie jar are not used.
	Client *http.Client
	// AllowPlainHTTPToLoopback admits http addresses on 127.0.0.0/8, [::1] and
	// localhost, for tests and emulators.
	AllowPlainHTTPToLoopback bool
	// Lifetime is how long keys live whose response does not say. Zero means
	// DefaultLifetime. One under MinLifetime lowers that bound too.
	Lifetime time.Duration
	// StaleFor is how long keys serve beyond their lifetime while they cannot be
	// fetched. Zero means DefaultStaleFor, negative not at all.
	StaleFor time.Duration
	// Cooldown is the least time between a fetch and the next one that an
	// unknown key ID may cause. Zero means DefaultCooldown; the most is
	// MaxCooldown.
	Cooldown time.Duration
	// Wait bounds how long a caller waits for a fetch, in addition to its
	// context, and how long a fetch may take. Zero means DefaultWait.
	Wait time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger gets a warning for each failed fetch, and keys that were left out
	// of a set at level debug; nil means no logs.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	if c.Lifetime == 0 {
		c.Lifetime = DefaultLifetime
	}
	if c.StaleFor == 0 {
		c.StaleFor = DefaultStaleFor
	}
	if c.Cooldown == 0 {
		c.Cooldown = DefaultCooldown
	}
	if c.Wait == 0 {
		c.Wait = DefaultWait
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) validate() error {
	if c.URL == "" && c.Issuer == "" {
		return errors.New("keyset: neither a key address nor an issuer")
	}
	if c.Lifetime < 0 || c.Lifetime > MaxLifetime || c.Wait < 0 || c.Cooldown < 0 || c.Cooldown > MaxCooldown {
		return fmt.Errorf("keyset: a lifetime over %v, a cooldown over %v, or a negative duration", MaxLifetime, MaxCooldown)
	}
	if c.URL != "" {
		return c.checkURL(c.URL)
	}
	for _, u := range c.discoveryURLs() {
		if err := c.checkURL(u); err != nil {
			return err
		}
	}
	return nil
}

// checkURL refuses every address that keys must not come from.
func (c Config) checkURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("keyset: an address that is not a URL")
	case u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return errors.New("keyset: an address must be absolute, without user information or fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && c.AllowPlainHTTPToLoopback && loopback.Host(u.Hostname()):
		return nil
	}
	return errors.New("keyset: keys are fetched over https only")
}

func (c Config) discoveryURLs() []string {
	if c.DiscoveryURL != "" {
		return []string{c.DiscoveryURL}
	}
	openID := strings.TrimRight(c.Issuer, "/") + "/.well-known/openid-configuration"
	if c.Discovery == OpenID {
		return []string{openID}
	}
	u, err := url.Parse(c.Issuer)
	if err != nil {
		return []string{openID}
	}
	oauth := *u
	oauth.Path = "/.well-known/oauth-authorization-server" + strings.TrimRight(u.Path, "/")
	oauth.RawPath = ""
	return []string{oauth.String(), openID}
}

func (c Config) parse(data []byte) (*jose.Set, error) {
	if c.Format == Certificates {
		return jose.ParseCertificates(data)
	}
	return jose.ParseSet(data)
}
