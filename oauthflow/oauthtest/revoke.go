package oauthtest

import (
	"net/http"
	"strings"
)

// revoke is the endpoint of RFC 7009. An unknown token is not an error.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.PostForm.Get("token") == "" {
		refuse("invalid_request", "the token is missing").write(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ref := s.authenticate(r)
	if ref != nil {
		ref.write(w)
		return
	}
	token := r.PostForm.Get("token")
	if t, ok := s.state.refresh[token]; ok && t.family.client == c.ID {
		t.family.revoked = true
	}
	if t, ok := s.state.access[token]; ok && t.family.client == c.ID {
		t.revoked = true
	}
	w.WriteHeader(http.StatusOK)
}

// introspect is the endpoint of RFC 7662, for confidential clients.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.PostForm.Get("token") == "" {
		refuse("invalid_request", "the token is missing").write(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ref := s.authenticate(r)
	if ref == nil && c.Secret == "" && c.Key == nil {
		ref = badClient
	}
	if ref != nil {
		ref.write(w)
		return
	}
	token := r.PostForm.Get("token")
	if a, ok := s.lookup(token); ok {
		body := describe(a.family)
		body["exp"], body["token_type"] = a.expires.Unix(), "Bearer"
		if a.family.jkt != "" {
			body["token_type"], body["cnf"] = "DPoP", map[string]string{"jkt": a.family.jkt}
		}
		writeJSON(w, http.StatusOK, body)
		return
	}
	if t, ok := s.state.refresh[token]; ok && !t.used && !t.family.revoked {
		writeJSON(w, http.StatusOK, describe(t.family))
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"active": false})
}

func describe(f *family) map[string]any {
	return map[string]any{
		"active": true, "client_id": f.client, "sub": f.subject, "scope": strings.Join(f.scopes, " "),
		"iat": f.authTime.Unix(),
	}
}
