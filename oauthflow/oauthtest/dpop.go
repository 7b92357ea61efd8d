package oauthtest

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// tokenProof checks the DPoP proof of a token request and returns the
// thumbprint of its key, empty if there is no proof. Called with s.mu held.
func (s *Server) tokenProof(w http.ResponseWriter, r *http.Request, c Client) (string, *refusal) {
	if len(r.Header.Values("DPoP")) == 0 {
		if c.RequireDPoP {
			return "", refuse("invalid_dpop_proof", "this client needs a DPoP proof")
		}
		return "", nil
	}
	return s.proof(w, r, s.URL+r.URL.Path, "")
}

// proof checks one proof (RFC 9449 section 4.3).
func (s *Server) proof(w http.ResponseWriter, r *http.Request, htu, accessToken string) (string, *refusal) {
	bad := func(text string) (string, *refusal) { return "", refuse("invalid_dpop_proof", text) }
	if len(r.Header.Values("DPoP")) != 1 {
		return bad("there must be one DPoP header")
	}
	token := r.Header.Get("DPoP")
	header, _, err := decodeJWS(token)
	if err != nil {
		return bad(err.Error())
	}
	text, err := json.Marshal(header["jwk"])
	if err != nil {
		return bad("no jwk")
	}
	var j jwk
	if err := json.Unmarshal(text, &j); err != nil || strings.Contains(string(text), `"d":`) {
		return bad("the jwk is not a public key")
	}
	key, jkt, err := j.key()
	if err != nil {
		return bad(err.Error())
	}
	claims, err := verifyJWS(token, key, "dpop+jwt")
	if err != nil {
		return bad(err.Error())
	}
	jti, _ := claims["jti"].(string)
	iat, _ := claims["iat"].(float64)
	age := s.now().Unix() - int64(iat)
	switch {
	case claims["htm"] != r.Method || claims["htu"] != htu:
		return bad("htm or htu is of another request")
	case age > 300 || age < -60:
		return bad("iat is too far from now")
	case jti == "" || s.state.proofs[jti]:
		return bad("jti is missing or was used before")
	}
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		if claims["ath"] != b64.EncodeToString(sum[:]) {
			return bad("ath is not of this access token")
		}
	}
	if nonce, _ := claims["nonce"].(string); s.cfg.DPoPNonce && !slices.Contains(s.state.nonces, nonce) {
		w.Header().Set("DPoP-Nonce", s.newNonce())
		return "", refuse("use_dpop_nonce", "the proof needs the server's nonce")
	}
	s.state.proofs[jti] = true
	return jkt, nil
}

// newNonce keeps the two newest nonces valid. Called with s.mu held.
func (s *Server) newNonce() string {
	s.state.nonces = append(s.state.nonces, random("nonce-"))
	s.state.nonces = s.state.nonces[max(0, len(s.state.nonces)-2):]
	return s.state.nonces[len(s.state.nonces)-1]
}

// RotateNonce makes all DPoP nonces handed out so far invalid.
func (s *Server) RotateNonce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.nonces = nil
}

// Protect is middleware for an API that takes this server's access tokens:
// Bearer, or DPoP with a proof where the token is bound to a key. The subject's
// name is in the header "X-Subject" of the request that next sees.
func (s *Server) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		subject, ref := s.authorized(w, r)
		if ref != nil {
			scheme := "Bearer"
			if ref.code == "use_dpop_nonce" || ref.code == "invalid_dpop_proof" {
				scheme = "DPoP"
			}
			w.Header().Set("WWW-Authenticate", scheme+` error="`+ref.code+`"`)
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": ref.code})
			return
		}
		in := r.Clone(r.Context())
		in.Header.Set("X-Subject", subject)
		next.ServeHTTP(w, in)
	})
}

func (s *Server) authorized(w http.ResponseWriter, r *http.Request) (string, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, ok := s.lookup(token)
	if !ok {
		return "", refuse("invalid_token", "the access token is not valid")
	}
	if a.family.jkt == "" {
		if scheme != "Bearer" {
			return "", refuse("invalid_token", "the token is a bearer token")
		}
		return a.family.subject, nil
	}
	if scheme != "DPoP" {
		return "", refuse("invalid_token", "the token is bound to a key")
	}
	proto := "http"
	if r.TLS != nil || strings.HasPrefix(s.URL, "https:") {
		proto = "https"
	}
	jkt, ref := s.proof(w, r, proto+"://"+r.Host+r.URL.Path, token)
	if ref != nil {
		return "", ref
	}
	if jkt != a.family.jkt {
		return "", refuse("invalid_token", "the token is bound to another key")
	}
	return a.family.subject, nil
}
