package oauthtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
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

	// UserInfo makes the response of the userinfo endpoint. Nil: OpenID claims. After a
	// sign-in with the scope openid it needs the subject as "sub"; to play a service
	// without ID tokens, such as GitHub, ask for no scopes.
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
