package oauthtest

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

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
// URL that was registered first or "https://app.test/callback", and the scopes of
// OpenID Connect. An unknown name yields a client that the server refuses.
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
