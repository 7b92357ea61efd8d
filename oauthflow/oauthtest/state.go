package oauthtest

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// state is everything the server remembers. Access is under Server.mu.
type state struct {
	codes    map[string]*code
	access   map[string]*access
	refresh  map[string]*refresh
	families map[string]*family
	pushed   map[string]*pushed
	devices  map[string]*device // by device code
	proofs   map[string]bool    // jti of DPoP proofs and client assertions
	nonces   []string
}

func newState() state {
	return state{
		codes: map[string]*code{}, access: map[string]*access{}, refresh: map[string]*refresh{},
		families: map[string]*family{}, pushed: map[string]*pushed{}, devices: map[string]*device{}, proofs: map[string]bool{},
	}
}

// family is everything that came of one sign-in.
type family struct {
	id       string
	client   string
	subject  string
	scopes   []string
	nonce    string
	authTime time.Time
	jkt      string // thumbprint of the DPoP key
	revoked  bool
}

type code struct {
	family    *family
	challenge string
	redirect  string
	expires   time.Time
	used      bool
}

type access struct {
	family  *family
	token   string
	expires time.Time
	revoked bool
}

type refresh struct {
	family *family
	used   bool
}

type pushed struct {
	client  string
	params  map[string][]string
	expires time.Time
}

type device struct {
	client   string
	userCode string
	scopes   []string
	expires  time.Time
	polled   time.Time
	subject  string // once approved
	denied   bool
	used     bool
}

// newFamily must be called with s.mu held.
func (s *Server) newFamily(client, subject string, scopes []string) *family {
	f := &family{id: random("fam_"), client: client, subject: subject, scopes: scopes, authTime: s.now()}
	s.state.families[f.id] = f
	return f
}

// mint makes an access token, and a refresh token if asked to. Called with s.mu
// held.
func (s *Server) mint(f *family, withRefresh bool) (accessToken, refreshToken string) {
	accessToken = random("at_")
	s.state.access[accessToken] = &access{family: f, token: accessToken, expires: s.now().Add(s.cfg.AccessTokenLifetime)}
	if withRefresh {
		refreshToken = random("rt_")
		s.state.refresh[refreshToken] = &refresh{family: f}
	}
	return accessToken, refreshToken
}

// Issue signs a user in behind the scenes and returns the tokens, as if the
// authorization code flow had been run with these scopes.
func (s *Server) Issue(clientID, subject string, scopes ...string) *oauth2.Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, r := s.mint(s.newFamily(clientID, subject, scopes), true)
	return (&oauth2.Token{
		AccessToken: a, RefreshToken: r, TokenType: "Bearer",
		Expiry: s.now().Add(s.cfg.AccessTokenLifetime),
	}).WithExtra(map[string]any{"scope": strings.Join(scopes, " ")})
}

// Valid reports whether the access token would be accepted by an API now. A
// DPoP-bound token counts as well.
func (s *Server) Valid(accessToken string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.lookup(accessToken)
	return ok
}

// lookup must be called with s.mu held.
func (s *Server) lookup(accessToken string) (*access, bool) {
	a, ok := s.state.access[accessToken]
	return a, ok && !a.revoked && !a.family.revoked && s.now().Before(a.expires)
}

// Alive reports whether the family that the refresh token belongs to, used or
// not, is unrevoked.
func (s *Server) Alive(refreshToken string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.state.refresh[refreshToken]
	return ok && !r.family.revoked
}

// Revoke revokes the family of a refresh token, as a user does who removes the
// application from the account. A token of a manager holds none: see [Server.RevokeUser].
func (s *Server) Revoke(refreshToken string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.state.refresh[refreshToken]; ok {
		r.family.revoked = true
	}
}

// RevokeUser ends all grants of the user, to every client, as a user does who removes
// the applications from the account: from now on userinfo, introspection and
// [Server.Protect] refuse the access tokens (401 invalid_token, or inactive) and the
// token endpoint refuses the refresh tokens and codes (invalid_grant). A device that was
// approved and has not fetched its token is denied. A test of a web application, which
// never sees a refresh token, names the user of [Server.Authorize] here. A later sign-in
// of the same user is a new grant; an unknown subject has none.
func (s *Server) RevokeUser(subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.state.families {
		if f.subject == subject {
			f.revoked = true
		}
	}
	for _, d := range s.state.devices {
		if d.subject != "" && d.subject == subject { // nobody has decided on the others
			d.denied = true
		}
	}
}

// ExpireAccess makes an access token invalid, while its family lives on.
func (s *Server) ExpireAccess(accessToken string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.state.access[accessToken]; ok {
		a.revoked = true
	}
}

// Requests returns the token requests seen so far. Those that a fault kept from
// taking effect are not among them.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Refreshes counts the refresh requests that were granted.
func (s *Server) Refreshes() int {
	n := 0
	for _, r := range s.Requests() {
		if r.GrantType == "refresh_token" && r.Error == "" {
			n++
		}
	}
	return n
}
