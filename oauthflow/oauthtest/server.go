package oauthtest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

// Config describes the server. The zero value is a server with one confidential
// client "web" with secret "web-secret", one public client "cli", and one user
// "alice".
type Config struct {
	// URL is the issuer. Empty: "https://auth.test", or the listener's address
	// under Start.
	URL string

	// Name is shown on the sign-in page. Empty: "Test authorization server".
	Name string

	// Clients are the registrations. Empty: "web" and "cli" as above.
	Clients []Client

	// Users may sign in. Empty: alice.
	Users []User

	// AccessTokenLifetime of tokens; 0 means an hour.
	AccessTokenLifetime time.Duration

	// ReuseRefreshTokens keeps a refresh token valid for ever, as Google does.
	// By default each works once.
	ReuseRefreshTokens bool

	// OptionalPKCE admits authorization requests without a code challenge.
	OptionalPKCE bool

	// RequirePAR refuses authorization requests that were not pushed.
	RequirePAR bool

	// DPoPNonce demands a server nonce in every DPoP proof.
	DPoPNonce bool

	// NoIssParameter leaves "iss" out of authorization responses.
	NoIssParameter bool

	// AutoApprove approves authorization requests at once, for the first user,
	// without showing a page.
	AutoApprove bool

	// DeviceInterval is what device polls must keep to; 0 means 5 s.
	DeviceInterval time.Duration

	// UserInfo makes the response of the userinfo endpoint. Nil: OpenID claims.
	UserInfo func(User) any

	// Now replaces time.Now.
	Now func() time.Time
}

// Client is a registration.
type Client struct {
	ID     string
	Secret string // empty: a public client, unless Key is set

	// Key verifies the assertions of private_key_jwt (*ecdsa.PublicKey on
	// P-256, *rsa.PublicKey or ed25519.PublicKey).
	Key crypto.PublicKey

	// RedirectURIs are compared exactly, but for the port of loopback addresses
	// (RFC 8252 section 7.3) and of localhost. Empty: any.
	RedirectURIs []string

	// RequireDPoP refuses token requests without a proof.
	RequireDPoP bool
}

// User is somebody who can sign in.
type User struct {
	Subject, Name, Email string
}

// Server is the authorization server. It is safe for concurrent use.
type Server struct {
	// URL is the issuer.
	URL string

	cfg  Config
	mux  *http.ServeMux
	http *http.Client
	key  *ecdsa.PrivateKey

	mu       sync.Mutex
	state    state
	faults   []Fault
	latency  time.Duration
	requests []Request
}

// Request is a token request that the server has seen.
type Request struct {
	GrantType string
	ClientID  string
	// Error is the code of the error in the response, empty for a token.
	Error string
}

// TB is the part of testing.TB that is needed.
type TB interface {
	Helper()
	Cleanup(func())
}

// New returns a server that works in memory.
func New(cfg Config) *Server {
	cfg.URL = cmp.Or(cfg.URL, "https://auth.test")
	cfg.Name = cmp.Or(cfg.Name, "Test authorization server")
	cfg.AccessTokenLifetime = cmp.Or(cfg.AccessTokenLifetime, time.Hour)
	cfg.DeviceInterval = cmp.Or(cfg.DeviceInterval, 5*time.Second)
	if cfg.Clients == nil {
		cfg.Clients = []Client{{ID: "web", Secret: "web-secret"}, {ID: "cli"}}
	}
	if cfg.Users == nil {
		cfg.Users = []User{{Subject: "alice", Name: "Alice Example", Email: "alice@example.test"}}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	s := &Server{URL: cfg.URL, cfg: cfg, key: key, state: newState()}
	s.mux = s.routes()
	s.http = &http.Client{Transport: memoryTransport{s}}
	return s
}

// Start returns a server that listens on loopback until the test ends.
func Start(tb TB, cfg Config) *Server {
	tb.Helper()
	ts := httptest.NewUnstartedServer(nil)
	cfg.URL = "http://" + ts.Listener.Addr().String()
	s := New(cfg)
	ts.Config.Handler = s
	ts.Start()
	tb.Cleanup(func() { ts.CloseClientConnections(); ts.Close() })
	s.http = ts.Client()
	return s
}

// ServeHTTP makes the Server a handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.mux.ServeHTTP(w, r)
}

// HTTPClient returns a client that reaches the server.
func (s *Server) HTTPClient() *http.Client { return s.http }

// Provider returns the server's description.
func (s *Server) Provider() oauthflow.Provider {
	return oauthflow.Provider{
		Name:   s.cfg.Name,
		Issuer: s.URL,
		Endpoint: oauth2.Endpoint{
			AuthURL:       s.URL + "/authorize",
			DeviceAuthURL: s.URL + "/device_authorization",
			TokenURL:      s.URL + "/token",
			AuthStyle:     oauth2.AuthStyleInHeader,
		},
		RevocationURL:          s.URL + "/revoke",
		IntrospectionURL:       s.URL + "/introspect",
		PushedAuthorizationURL: s.URL + "/par",
		RequirePAR:             s.cfg.RequirePAR,
		UserInfoURL:            s.URL + "/userinfo",
		EndSessionURL:          s.URL + "/logout",
		JWKSURL:                s.URL + "/jwks",
		IDTokenAlgorithms:      []string{"ES256"},
		IssParameter:           !s.cfg.NoIssParameter,
	}
}

// ClientConfig returns the configuration of the named client, with the redirect
// URL that was registered first or "https://app.test/callback". An unknown name
// yields a client that the server refuses.
func (s *Server) ClientConfig(id string) oauthflow.Config {
	cfg := oauthflow.Config{
		Provider: s.Provider(), ClientID: id,
		RedirectURL: "https://app.test/callback", Scopes: []string{"openid", "profile", "email"},
	}
	if c, ok := s.client(id); ok {
		if c.Secret != "" {
			cfg.ClientSecret = secret.Static(c.Secret)
		}
		if len(c.RedirectURIs) > 0 {
			cfg.RedirectURL = c.RedirectURIs[0]
		}
	}
	return cfg
}

func (s *Server) client(id string) (Client, bool) {
	i := slices.IndexFunc(s.cfg.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return s.cfg.Clients[i], true
}

func (s *Server) user(subject string) (User, bool) {
	i := slices.IndexFunc(s.cfg.Users, func(u User) bool { return u.Subject == subject })
	if i < 0 {
		return User{}, false
	}
	return s.cfg.Users[i], true
}

// now is the server's time in whole seconds, as its tokens say it.
func (s *Server) now() time.Time { return s.cfg.Now() }

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// random returns 256 bits under a prefix that tells a reader of logs what it
// is.
func random(prefix string) string { return prefix + strings.ToLower(rand.Text()+rand.Text()) }

// refusal is an OAuth error on its way to the client.
type refusal struct {
	status int
	code   string
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%s: %s", r.code, r.text) }

func refuse(code, text string) *refusal { return &refusal{http.StatusBadRequest, code, text} }

func (r *refusal) write(w http.ResponseWriter) {
	if r.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Basic")
	}
	writeJSON(w, r.status, map[string]string{"error": r.code, "error_description": r.text})
}
