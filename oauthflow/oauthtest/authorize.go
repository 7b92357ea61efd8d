package oauthtest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/loopback"
)

const codeLifetime = time.Minute

// authorization is an authorization request that may be answered.
type authorization struct {
	client   Client
	params   url.Values
	redirect string
}

// checkAuthorization reads an authorization request. Until client and redirect
// URI are known to be good, an error must not be sent to the redirect URI (RFC
// 6749 section 4.1.2.1): those come back as err, the others as ref. Called with
// s.mu held.
func (s *Server) checkAuthorization(q url.Values) (a authorization, ref *refusal, err error) {
	c, ok := s.client(q.Get("client_id"))
	if !ok {
		return a, nil, errors.New("the client_id is unknown")
	}
	wasPushed := false
	if uri := q.Get("request_uri"); uri != "" {
		p, ok := s.state.pushed[uri]
		if !ok || p.client != c.ID || !s.now().Before(p.expires) {
			return a, nil, errors.New("the request_uri is unknown or has expired")
		}
		q, wasPushed = url.Values(p.params), true
	}
	a = authorization{client: c, params: q, redirect: q.Get("redirect_uri")}
	if !redirectAllowed(c, a.redirect) {
		return a, nil, errors.New("the redirect_uri is not registered")
	}
	return a, s.checkParams(q, wasPushed), nil
}

func (s *Server) checkParams(q url.Values, wasPushed bool) *refusal {
	if name := duplicated(q); name != "" {
		return refuse("invalid_request", "the parameter "+name+" is given twice")
	}
	switch {
	case s.cfg.RequirePAR && !wasPushed:
		return refuse("invalid_request", "the request must be pushed")
	case q.Get("response_type") != "code":
		return refuse("unsupported_response_type", "only code")
	case q.Get("code_challenge") == "" && !s.cfg.OptionalPKCE:
		return refuse("invalid_request", "PKCE is required")
	case q.Get("code_challenge") != "" && (q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43):
		return refuse("invalid_request", "the code_challenge must be S256")
	}
	return nil
}

func redirectAllowed(c Client, uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.Fragment != "" {
		return false
	}
	return len(c.RedirectURIs) == 0 || slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		reg, err := url.Parse(registered)
		if err != nil {
			return false
		}
		if loopback.Host(u.Hostname()) && reg.Hostname() == u.Hostname() {
			return u.Scheme == reg.Scheme && u.Path == reg.Path
		}
		return uri == registered
	})
}

// Authorize plays the browser and the user: it opens authURL, signs in as
// subject and consents, and returns the URL that the browser is sent to, with
// the parameters of the authorization response in its query, also where they
// would be posted.
func (s *Server) Authorize(authURL, subject string) (*url.URL, error) {
	return s.decide(authURL, func(authorization) (string, *refusal) { return subject, nil })
}

// Deny is Authorize for a user who refuses.
func (s *Server) Deny(authURL string) (*url.URL, error) {
	return s.decide(authURL, func(authorization) (string, *refusal) {
		return "", refuse("access_denied", "the user refused")
	})
}

func (s *Server) decide(authURL string, user func(authorization) (string, *refusal)) (*url.URL, error) {
	u, err := url.Parse(authURL)
	if err != nil || !strings.HasPrefix(authURL, s.URL+"/authorize?") {
		return nil, errors.New("oauthtest: not this server's authorization endpoint")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ref, err := s.checkAuthorization(u.Query())
	if err != nil {
		return nil, fmt.Errorf("oauthtest: %w", err)
	}
	var subject string
	if ref == nil {
		subject, ref = user(a)
	}
	if _, ok := s.user(subject); ref == nil && !ok {
		return nil, fmt.Errorf("oauthtest: there is no user %q", subject)
	}
	out, err := url.Parse(a.redirect)
	if err != nil {
		return nil, fmt.Errorf("oauthtest: %w", err)
	}
	q := out.Query()
	for k, v := range s.authorizationResponse(a, subject, ref) {
		q[k] = v
	}
	out.RawQuery = q.Encode()
	return out, nil
}

// authorizationResponse grants a code to subject, or reports ref. Called with
// s.mu held.
func (s *Server) authorizationResponse(a authorization, subject string, ref *refusal) url.Values {
	out := url.Values{}
	if state := a.params.Get("state"); state != "" {
		out.Set("state", state)
	}
	if !s.cfg.NoIssParameter {
		out.Set("iss", s.URL)
	}
	if ref != nil {
		out.Set("error", ref.code)
		out.Set("error_description", ref.text)
		return out
	}
	f := s.newFamily(a.client.ID, subject, strings.Fields(a.params.Get("scope")))
	f.nonce, f.jkt = a.params.Get("nonce"), a.params.Get("dpop_jkt")
	value := random("code_")
	s.state.codes[value] = &code{
		family: f, challenge: a.params.Get("code_challenge"), redirect: a.redirect, expires: s.now().Add(codeLifetime),
	}
	delete(s.state.pushed, a.params.Get("request_uri"))
	out.Set("code", value)
	return out
}

func (s *Server) authorizePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ref, err := s.checkAuthorization(r.URL.Query())
	switch {
	case err != nil:
		writeHTML(w, http.StatusBadRequest, errorPage, map[string]any{"Name": s.cfg.Name, "Error": err.Error()})
	case ref != nil || r.URL.Query().Get("prompt") == "none":
		if ref == nil {
			ref = refuse("login_required", "nobody is signed in")
		}
		s.respondAuthorization(w, r, a, "", ref)
	case s.cfg.AutoApprove:
		s.respondAuthorization(w, r, a, s.cfg.Users[0].Subject, nil)
	default:
		writeHTML(w, http.StatusOK, consentPage, map[string]any{
			"Name": s.cfg.Name, "Client": a.client.ID, "Users": s.cfg.Users,
			"Scopes": strings.Fields(a.params.Get("scope")), "Query": r.URL.RawQuery,
		})
	}
}

func (s *Server) authorizeDecision(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := url.ParseQuery(r.PostFormValue("query"))
	if err != nil {
		writeHTML(w, http.StatusBadRequest, errorPage, map[string]any{"Name": s.cfg.Name, "Error": "the form is damaged"})
		return
	}
	a, ref, err := s.checkAuthorization(q)
	if err != nil {
		writeHTML(w, http.StatusBadRequest, errorPage, map[string]any{"Name": s.cfg.Name, "Error": err.Error()})
		return
	}
	subject := r.PostFormValue("subject")
	if _, ok := s.user(subject); ref == nil && !ok {
		ref = refuse("access_denied", "the user refused")
	}
	s.respondAuthorization(w, r, a, subject, ref)
}

func (s *Server) respondAuthorization(w http.ResponseWriter, r *http.Request, a authorization, subject string, ref *refusal) {
	out := s.authorizationResponse(a, subject, ref)
	if a.params.Get("response_mode") == "form_post" {
		writeHTML(w, http.StatusOK, postPage, map[string]any{"Action": a.redirect, "Params": out})
		return
	}
	sep := "?"
	if strings.Contains(a.redirect, "?") {
		sep = "&"
	}
	http.Redirect(w, r, a.redirect+sep+out.Encode(), http.StatusSeeOther)
}

// pushed is the endpoint of RFC 9126.
func (s *Server) pushed(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		refuse("invalid_request", "the form is damaged").write(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ref := s.authenticate(r)
	if ref != nil {
		ref.write(w)
		return
	}
	jkt, ref := s.tokenProof(w, r, Client{})
	if ref == nil && r.PostForm.Has("request_uri") {
		ref = refuse("invalid_request", "request_uri must not be pushed")
	}
	params := url.Values{}
	for k, v := range r.PostForm {
		if k != "client_secret" && k != "client_assertion" && k != "client_assertion_type" {
			params[k] = v
		}
	}
	if ref == nil && !redirectAllowed(c, params.Get("redirect_uri")) {
		ref = refuse("invalid_request", "the redirect_uri is not registered")
	}
	if ref == nil {
		ref = s.checkParams(params, true)
	}
	if ref != nil {
		ref.write(w)
		return
	}
	if jkt != "" {
		params.Set("dpop_jkt", jkt)
	}
	uri := "urn:ietf:params:oauth:request_uri:" + random("")
	s.state.pushed[uri] = &pushed{client: c.ID, params: params, expires: s.now().Add(codeLifetime)}
	writeJSON(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": int(codeLifetime / time.Second)})
}
