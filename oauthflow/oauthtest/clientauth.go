package oauthtest

import (
	"crypto/subtle"
	"net/http"
	"net/url"
)

var badClient = &refusal{http.StatusUnauthorized, "invalid_client", "client authentication failed"}

// authenticate tells which client sent r, and refuses a wrong secret, two ways
// at once, or none where one is needed. Called with s.mu held.
func (s *Server) authenticate(r *http.Request) (Client, *refusal) {
	id, given, basic := r.BasicAuth()
	if basic {
		var err1, err2 error
		id, err1 = url.QueryUnescape(id) // RFC 6749 section 2.3.1
		given, err2 = url.QueryUnescape(given)
		if err1 != nil || err2 != nil {
			return Client{}, badClient
		}
	}
	form := r.PostForm
	ways := 0
	for _, way := range []bool{basic, form.Has("client_secret"), form.Has("client_assertion")} {
		if way {
			ways++
		}
	}
	if ways > 1 || (basic && form.Has("client_id") && form.Get("client_id") != id) {
		return Client{}, refuse("invalid_request", "the client authenticates in two ways")
	}
	if form.Has("client_assertion") {
		return s.assertedClient(form)
	}
	if !basic {
		id, given = form.Get("client_id"), form.Get("client_secret")
	}
	byAssertion := form.Get("grant_type") == grantJWTBearer // the grant itself is signed
	if byAssertion && id == "" {
		id = unverifiedIssuer(form.Get("assertion"))
	}
	c, ok := s.client(id)
	if !ok || c.Key != nil && !byAssertion || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(given)) != 1 {
		return Client{}, badClient
	}
	return c, nil
}

// assertedClient checks private_key_jwt (RFC 7523 section 3).
func (s *Server) assertedClient(form url.Values) (Client, *refusal) {
	if form.Get("client_assertion_type") != assertionType {
		return Client{}, badClient
	}
	id := unverifiedIssuer(form.Get("client_assertion"))
	c, ok := s.client(id)
	if !ok || c.Key == nil {
		return Client{}, badClient
	}
	claims, err := verifyJWS(form.Get("client_assertion"), c.Key, "")
	if err != nil {
		return Client{}, badClient
	}
	exp, _ := claims["exp"].(float64)
	jti, _ := claims["jti"].(string)
	aud, _ := claims["aud"].(string)
	if claims["sub"] != id || (aud != s.URL && aud != s.URL+"/token") || int64(exp) <= s.now().Unix() || jti == "" || s.state.proofs[jti] {
		return Client{}, badClient
	}
	s.state.proofs[jti] = true
	return c, nil
}
