package oauthtest

import (
	"crypto/sha256"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const keyID = "test-1"

func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) {
	k := publicJWK(&s.key.PublicKey)
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{map[string]string{
		"kty": k.Kty, "crv": k.Crv, "x": k.X, "y": k.Y, "kid": keyID, "alg": "ES256", "use": "sig",
	}}})
}

// idToken is called with s.mu held.
func (s *Server) idToken(f *family, accessToken string) string {
	now := s.now()
	sum := sha256.Sum256([]byte(accessToken))
	claims := map[string]any{
		"iss": s.URL, "sub": f.subject, "aud": f.client, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"auth_time": f.authTime.Unix(), "at_hash": b64.EncodeToString(sum[:16]),
	}
	if f.nonce != "" {
		claims["nonce"] = f.nonce
	}
	if u, ok := s.user(f.subject); ok {
		addProfile(claims, u, f.scopes)
	}
	return sign(s.key, map[string]any{"kid": keyID, "typ": "JWT"}, claims)
}

func addProfile(claims map[string]any, u User, scopes []string) {
	if slices.Contains(scopes, "profile") && u.Name != "" {
		claims["name"] = u.Name
	}
	if slices.Contains(scopes, "email") && u.Email != "" {
		claims["email"], claims["email_verified"] = u.Email, true
	}
}

// SignIDToken signs claims as the server signs ID tokens, for tests that need a
// token the server would never issue.
func (s *Server) SignIDToken(claims map[string]any) string {
	return sign(s.key, map[string]any{"kid": keyID, "typ": "JWT"}, claims)
}

func (s *Server) userInfo(w http.ResponseWriter, r *http.Request) {
	s.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, ok := s.user(r.Header.Get("X-Subject"))
		if !ok {
			writeJSON(w, http.StatusForbidden, map[string]string{"error": "insufficient_scope"})
			return
		}
		if s.cfg.UserInfo != nil {
			writeJSON(w, http.StatusOK, s.cfg.UserInfo(u))
			return
		}
		claims := map[string]any{"sub": u.Subject}
		addProfile(claims, u, []string{"profile", "email"})
		writeJSON(w, http.StatusOK, claims)
	})).ServeHTTP(w, r)
}

// logout is the endpoint of RP-Initiated Logout: it believes any ID token of
// its own as a hint.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if hint := q.Get("id_token_hint"); hint != "" {
		if _, err := verifyJWS(hint, &s.key.PublicKey, ""); err != nil {
			writeHTML(w, http.StatusBadRequest, errorPage, map[string]any{"Name": s.cfg.Name, "Error": "the id_token_hint is not ours"})
			return
		}
	}
	to, err := url.Parse(q.Get("post_logout_redirect_uri"))
	if err != nil || to.Host == "" {
		writeHTML(w, http.StatusOK, errorPage, map[string]any{"Name": s.cfg.Name, "Error": "you are signed out, and there is nowhere to go back to"})
		return
	}
	back := to.Query()
	if state := q.Get("state"); state != "" {
		back.Set("state", state)
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}
