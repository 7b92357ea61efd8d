package oauthtest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

// send makes a request and returns status, headers and body.
func send(t *testing.T, s *oauthtest.Server, method, path string, form url.Values, edit func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if edit != nil {
		edit(req)
	}
	resp, err := s.HTTPClient().Transport.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(body)
}

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func authQuery(edit func(url.Values)) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {"https://app.test/callback"}, "scope": {"openid"}, "state": {"st"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	if edit != nil {
		edit(q)
	}
	return q.Encode()
}

func code(t *testing.T, s *oauthtest.Server) string {
	t.Helper()
	back, err := s.Authorize(s.URL+"/authorize?"+authQuery(nil), "alice")
	require.NoError(t, err)
	return back.Query().Get("code")
}

func redeem(t *testing.T, s *oauthtest.Server, edit func(url.Values)) (int, string) {
	t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "redirect_uri": {"https://app.test/callback"}, "code_verifier": {verifier},
		"client_id": {"web"}, "client_secret": {"web-secret"},
	}
	edit(form)
	status, _, body := send(t, s, http.MethodPost, "/token", form, nil)
	return status, body
}

func TestCodesAreStrict(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	for name, tc := range map[string]struct {
		edit func(url.Values)
		code string
	}{
		"good":            {func(url.Values) {}, ""},
		"wrong verifier":  {func(f url.Values) { f.Set("code_verifier", strings.Repeat("a", 43)) }, "invalid_grant"},
		"no verifier":     {func(f url.Values) { f.Del("code_verifier") }, "invalid_grant"},
		"other redirect":  {func(f url.Values) { f.Set("redirect_uri", "https://app.test/other") }, "invalid_grant"},
		"unknown code":    {func(f url.Values) { f.Set("code", "made-up") }, "invalid_grant"},
		"other client":    {func(f url.Values) { f.Set("client_id", "cli"); f.Del("client_secret") }, "invalid_grant"},
		"wrong secret":    {func(f url.Values) { f.Set("client_secret", "x") }, "invalid_client"},
		"no secret":       {func(f url.Values) { f.Del("client_secret") }, "invalid_client"},
		"unknown client":  {func(f url.Values) { f.Set("client_id", "x") }, "invalid_client"},
		"twice":           {func(f url.Values) { f.Add("code", "x") }, "invalid_request"},
		"unknown grant":   {func(f url.Values) { f.Set("grant_type", "password") }, "unsupported_grant_type"},
		"assertion, lone": {func(f url.Values) { f.Del("client_secret"); f.Set("client_assertion", "a.b.c") }, "invalid_client"},
		"two ways":        {func(f url.Values) { f.Set("client_assertion", "a.b.c") }, "invalid_request"},
	} {
		status, body := redeem(t, s, func(f url.Values) { f.Set("code", code(t, s)); tc.edit(f) })
		if tc.code == "" {
			require.Equal(t, http.StatusOK, status, "%s: %s", name, body)
			continue
		}
		require.Contains(t, body, `"`+tc.code+`"`, name)
	}
	status, _, body := send(t, s, http.MethodPost, "/token?client_id=web", url.Values{}, nil)
	require.Equal(t, http.StatusBadRequest, status, body)
}

func TestACodeUsedTwiceKillsWhatCameOfIt(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := code(t, s)
	_, body := redeem(t, s, func(f url.Values) { f.Set("code", c) })
	token := regexp.MustCompile(`"access_token":"([^"]+)"`).FindStringSubmatch(body)[1]
	require.True(t, s.Valid(token))
	_, body = redeem(t, s, func(f url.Values) { f.Set("code", c) })
	require.Contains(t, body, "invalid_grant")
	require.False(t, s.Valid(token))
}

func TestCodesExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oauthtest.New(oauthtest.Config{})
		c := code(t, s)
		time.Sleep(time.Minute)
		_, body := redeem(t, s, func(f url.Values) { f.Set("code", c) })
		require.Contains(t, body, "expired")
	})
}

func TestAuthorizationRequestsAreStrict(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{Clients: []oauthtest.Client{{ID: "web", Secret: "web-secret", RedirectURIs: []string{"https://app.test/callback"}}}})
	for name, edit := range map[string]func(url.Values){
		"no PKCE":       func(q url.Values) { q.Del("code_challenge") },
		"plain PKCE":    func(q url.Values) { q.Set("code_challenge_method", "plain") },
		"short PKCE":    func(q url.Values) { q.Set("code_challenge", "x") },
		"implicit":      func(q url.Values) { q.Set("response_type", "token") },
		"scope twice":   func(q url.Values) { q.Add("scope", "x") },
		"nobody there":  func(q url.Values) { q.Set("prompt", "none") },
		"nothing wrong": nil,
	} {
		status, header, page := send(t, s, http.MethodGet, "/authorize?"+authQuery(edit), nil, nil)
		if edit == nil {
			require.Equal(t, http.StatusOK, status, name)
			require.Contains(t, page, "Alice Example")
			continue
		}
		require.Equal(t, http.StatusSeeOther, status, name)
		require.Contains(t, header.Get("Location"), "https://app.test/callback?error=", name)
		require.Contains(t, header.Get("Location"), "state=st")
	}
	// These must not be sent to the redirect URI.
	for name, edit := range map[string]func(url.Values){
		"unknown client":  func(q url.Values) { q.Set("client_id", "x") },
		"other redirect":  func(q url.Values) { q.Set("redirect_uri", "https://evil.test/") },
		"longer redirect": func(q url.Values) { q.Set("redirect_uri", "https://app.test/callback/x") },
		"fragment":        func(q url.Values) { q.Set("redirect_uri", "https://app.test/callback#x") },
		"unknown request": func(q url.Values) { q.Set("request_uri", "urn:x") },
	} {
		status, header, _ := send(t, s, http.MethodGet, "/authorize?"+authQuery(edit), nil, nil)
		require.Equal(t, http.StatusBadRequest, status, name)
		require.Empty(t, header.Get("Location"), name)
		_, err := s.Authorize(s.URL+"/authorize?"+authQuery(edit), "alice")
		require.Error(t, err, name)
	}
	_, err := s.Authorize(s.URL+"/authorize?"+authQuery(nil), "nobody")
	require.Error(t, err)
	_, err = s.Authorize("https://elsewhere.test/authorize?"+authQuery(nil), "alice")
	require.Error(t, err)
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	query := authQuery(nil)
	status, header, _ := send(t, s, http.MethodPost, "/authorize", url.Values{"query": {query}, "subject": {"alice"}}, nil)
	require.Equal(t, http.StatusSeeOther, status)
	require.Contains(t, header.Get("Location"), "code=")
	_, header, _ = send(t, s, http.MethodPost, "/authorize", url.Values{"query": {query}, "subject": {""}}, nil)
	require.Contains(t, header.Get("Location"), "access_denied")
	status, _, _ = send(t, s, http.MethodPost, "/authorize", url.Values{"query": {"%zz"}}, nil)
	require.Equal(t, http.StatusBadRequest, status)
	status, _, _ = send(t, s, http.MethodPost, "/authorize", url.Values{"query": {"client_id=x"}}, nil)
	require.Equal(t, http.StatusBadRequest, status)

	posted := authQuery(func(q url.Values) { q.Set("response_mode", "form_post") })
	status, _, page := send(t, s, http.MethodPost, "/authorize", url.Values{"query": {posted}, "subject": {"alice"}}, nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, `action="https://app.test/callback"`)
	require.Regexp(t, `name="code" value="code_`, page)

	auto := oauthtest.New(oauthtest.Config{AutoApprove: true, NoIssParameter: true})
	_, header, _ = send(t, auto, http.MethodGet, "/authorize?"+query, nil, nil)
	require.Contains(t, header.Get("Location"), "code=")
	require.NotContains(t, header.Get("Location"), "iss=")

	c, err := oauthflow.New(s.ClientConfig("cli"), oauthflow.WithHTTPClient(s.HTTPClient()))
	require.NoError(t, err)
	da, err := c.DeviceAuth(t.Context())
	require.NoError(t, err)
	_, _, page = send(t, s, http.MethodGet, "/device?user_code="+da.UserCode, nil, nil)
	require.Contains(t, page, `value="`+da.UserCode+`"`)
	_, _, page = send(t, s, http.MethodPost, "/device", url.Values{"user_code": {"XXXX-XXXX"}, "subject": {"alice"}}, nil)
	require.Contains(t, page, "No device waits")
	_, _, page = send(t, s, http.MethodPost, "/device", url.Values{"user_code": {strings.ToLower(da.UserCode)}, "subject": {"alice"}}, nil)
	require.Contains(t, page, "Done.")
	_, _, page = send(t, s, http.MethodPost, "/device", url.Values{"user_code": {da.UserCode}, "subject": {""}}, nil)
	require.Contains(t, page, "No device waits", "decided once")
	require.Error(t, s.ApproveDevice(da.UserCode, "nobody"))

	status, _, _ = send(t, s, http.MethodGet, "/logout?id_token_hint=x.y.z", nil, nil)
	require.Equal(t, http.StatusBadRequest, status)
	status, _, page = send(t, s, http.MethodGet, "/logout", nil, nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "signed out")
}

func TestDPoPProofsAreStrict(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{Clients: []oauthtest.Client{{ID: "web", Secret: "web-secret", RequireDPoP: true}}})
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	ask := func(proofs ...string) string {
		_, _, body := send(t, s, http.MethodPost, "/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {"web"}, "client_secret": {"web-secret"},
		}, func(r *http.Request) {
			for _, p := range proofs {
				r.Header.Add("DPoP", p)
			}
		})
		return body
	}
	proof := func(method, address string) string {
		p, err := d.Proof(method, address, "")
		require.NoError(t, err)
		return p
	}
	good := proof("POST", s.URL+"/token")
	require.Contains(t, ask(good), `"token_type":"DPoP"`)
	require.Contains(t, ask(good), "used before")
	require.Contains(t, ask(), "needs a DPoP proof")
	require.Contains(t, ask(proof("GET", s.URL+"/token")), "another request")
	require.Contains(t, ask(proof("POST", s.URL+"/other")), "another request")
	require.Contains(t, ask(proof("POST", s.URL+"/token"), proof("POST", s.URL+"/token")), "one DPoP header")
	require.Contains(t, ask("x"), "invalid_dpop_proof")
	damaged := []byte(proof("POST", s.URL+"/token"))
	damaged[len(damaged)-10] ^= 1
	require.Contains(t, ask(string(damaged)), "invalid_dpop_proof")
}

func TestAssertionsAreStrict(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	s := oauthtest.New(oauthtest.Config{Clients: []oauthtest.Client{{ID: "svc", Key: &key.PublicKey}}})
	signing, err := oauthflow.NewSigningKey(key, "", "")
	require.NoError(t, err)
	cfg := s.ClientConfig("svc")
	cfg.ClientKey = signing
	c, err := oauthflow.New(cfg, oauthflow.WithHTTPClient(s.HTTPClient()))
	require.NoError(t, err)
	for _, a := range []oauthflow.Assertion{{Issuer: "other"}, {Audience: "other"}, {Lifetime: -time.Minute}} {
		_, err := c.JWTBearer(t.Context(), a)
		require.Error(t, err)
	}
	_, err = c.JWTBearer(t.Context(), oauthflow.Assertion{Claims: map[string]any{"scope": "from-the-claim"}, Scopes: []string{}})
	require.NoError(t, err)
	_, _, body := send(t, s, http.MethodPost, "/introspect", url.Values{"token": {"x"}, "client_id": {"svc"}}, nil)
	require.Contains(t, body, "invalid_client", "a key is no secret")
	_, _, body = send(t, s, http.MethodPost, "/revoke", url.Values{}, nil)
	require.Contains(t, body, "invalid_request")
}
