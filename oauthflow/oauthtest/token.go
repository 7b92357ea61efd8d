package oauthtest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	grantDevice        = "urn:ietf:params:oauth:grant-type:device_code"
	grantJWTBearer     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	assertionType      = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	accessTokenType    = "urn:ietf:params:oauth:token-type:access_token"
)

// tokenRequest is a token request whose client has been authenticated.
type tokenRequest struct {
	client Client
	form   url.Values
	jkt    string
}

func (s *Server) tokenEndpoint(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || len(r.URL.RawQuery) > 0 {
		refuse("invalid_request", "the parameters belong in a form body").write(w)
		return
	}
	f, latency := s.nextFault()
	if f.before(w, r) {
		return
	}
	body, ref := s.grant(w, r)
	wait(r, latency)
	if ref != nil {
		ref.write(w)
		return
	}
	f.respond(w, r, body)
}

func wait(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}

func (s *Server) grant(w http.ResponseWriter, r *http.Request) (map[string]any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, clientID, ref := s.granted(w, r)
	seen := Request{GrantType: r.PostForm.Get("grant_type"), ClientID: clientID}
	if ref != nil {
		seen.Error = ref.code
	}
	s.requests = append(s.requests, seen)
	return body, ref
}

func (s *Server) granted(w http.ResponseWriter, r *http.Request) (map[string]any, string, *refusal) {
	if name := duplicated(r.PostForm); name != "" {
		return nil, "", refuse("invalid_request", "the parameter "+name+" is given twice")
	}
	c, ref := s.authenticate(r)
	if ref != nil {
		return nil, "", ref
	}
	jkt, ref := s.tokenProof(w, r, c)
	if ref != nil {
		return nil, c.ID, ref
	}
	req := tokenRequest{client: c, form: r.PostForm, jkt: jkt}
	grants := map[string]func(tokenRequest) (map[string]any, *refusal){
		"authorization_code": s.redeemCode,
		"refresh_token":      s.rotate,
		"client_credentials": s.clientCredentials,
		grantDevice:          s.redeemDevice,
		grantJWTBearer:       s.redeemAssertion,
		grantTokenExchange:   s.exchangeToken,
	}
	g, ok := grants[r.PostForm.Get("grant_type")]
	if !ok {
		return nil, c.ID, refuse("unsupported_grant_type", "this grant is not known")
	}
	body, ref := g(req)
	return body, c.ID, ref
}

// duplicated names a parameter given twice (RFC 6749 section 3.2); resource and
// audience may be.
func duplicated(form url.Values) string {
	for k, v := range form {
		if len(v) > 1 && k != "resource" && k != "audience" {
			return k
		}
	}
	return ""
}

// respond makes the members of a token response.
func (s *Server) respond(f *family, withRefresh bool) map[string]any {
	a, r := s.mint(f, withRefresh)
	body := map[string]any{
		"access_token": a, "token_type": "Bearer", "expires_in": int(s.cfg.AccessTokenLifetime / time.Second),
		"scope": strings.Join(f.scopes, " "),
	}
	if f.jkt != "" {
		body["token_type"] = "DPoP"
	}
	if r != "" {
		body["refresh_token"] = r
	}
	if slices.Contains(f.scopes, "openid") {
		body["id_token"] = s.idToken(f, a)
	}
	return body
}

func (s *Server) redeemCode(req tokenRequest) (map[string]any, *refusal) {
	c, ok := s.state.codes[req.form.Get("code")]
	switch {
	case !ok || c.family.client != req.client.ID:
		return nil, refuse("invalid_grant", "the code is unknown")
	case c.used:
		c.family.revoked = true
		return nil, refuse("invalid_grant", "the code was used before; what it granted is revoked")
	case c.family.revoked:
		return nil, refuse("invalid_grant", "the grant is revoked")
	case !s.now().Before(c.expires):
		return nil, refuse("invalid_grant", "the code has expired")
	case c.redirect != req.form.Get("redirect_uri"):
		return nil, refuse("invalid_grant", "the redirect_uri differs")
	}
	c.used = true
	if verifier := req.form.Get("code_verifier"); c.challenge != "" || verifier != "" {
		sum := sha256.Sum256([]byte(verifier))
		if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(c.challenge)) != 1 {
			return nil, refuse("invalid_grant", "the code_verifier does not match")
		}
	}
	if c.family.jkt != "" && c.family.jkt != req.jkt {
		return nil, refuse("invalid_grant", "the code is bound to another DPoP key")
	}
	c.family.jkt = req.jkt
	return s.respond(c.family, true), nil
}

func (s *Server) rotate(req tokenRequest) (map[string]any, *refusal) {
	r, ok := s.state.refresh[req.form.Get("refresh_token")]
	switch {
	case !ok || r.family.client != req.client.ID:
		return nil, refuse("invalid_grant", "the refresh token is unknown")
	case r.family.revoked:
		return nil, refuse("invalid_grant", "the grant is revoked")
	case r.used:
		r.family.revoked = true
		return nil, refuse("invalid_grant", "the refresh token was used before; the grant is revoked")
	case r.family.jkt != "" && r.family.jkt != req.jkt:
		return nil, refuse("invalid_grant", "the refresh token is bound to another DPoP key")
	}
	if s.cfg.ReuseRefreshTokens {
		return s.respond(r.family, false), nil
	}
	r.used = true
	return s.respond(r.family, true), nil
}

func (s *Server) clientCredentials(req tokenRequest) (map[string]any, *refusal) {
	if req.client.Secret == "" && req.client.Key == nil {
		return nil, refuse("unauthorized_client", "a public client has no credentials")
	}
	f := s.newFamily(req.client.ID, req.client.ID, strings.Fields(req.form.Get("scope")))
	f.jkt = req.jkt
	return s.respond(f, false), nil
}

// redeemAssertion grants an RFC 7523 assertion that the client signed for
// itself, as a service account does.
func (s *Server) redeemAssertion(req tokenRequest) (map[string]any, *refusal) {
	claims, err := verifyJWS(req.form.Get("assertion"), req.client.Key, "")
	if err != nil {
		return nil, refuse("invalid_grant", "the assertion: "+err.Error())
	}
	exp, _ := claims["exp"].(float64)
	aud, _ := claims["aud"].(string)
	sub, _ := claims["sub"].(string)
	if claims["iss"] != req.client.ID || (aud != s.URL && aud != s.URL+"/token") || int64(exp) <= s.now().Unix() {
		return nil, refuse("invalid_grant", "the assertion has the wrong iss, aud or exp")
	}
	if sub == "" {
		sub = req.client.ID
	}
	scope := req.form.Get("scope")
	if inside, ok := claims["scope"].(string); ok && scope == "" {
		scope = inside
	}
	return s.respond(s.newFamily(req.client.ID, sub, strings.Fields(scope)), false), nil
}

func (s *Server) exchangeToken(req tokenRequest) (map[string]any, *refusal) {
	if req.form.Get("subject_token_type") != accessTokenType {
		return nil, refuse("invalid_request", "the subject_token_type must be that of an access token")
	}
	a, ok := s.lookup(req.form.Get("subject_token"))
	if !ok {
		return nil, refuse("invalid_request", "the subject_token is not valid")
	}
	f := s.newFamily(req.client.ID, a.family.subject, strings.Fields(req.form.Get("scope")))
	f.jkt = req.jkt
	body := s.respond(f, false)
	body["issued_token_type"] = accessTokenType
	return body, nil
}
