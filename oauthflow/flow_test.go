package oauthflow_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

// browser keeps cookies as a browser does and counts what is set.
type browser struct {
	t   *testing.T
	jar map[string]*http.Cookie
	ord []string
}

func newBrowser(t *testing.T) *browser { return &browser{t: t, jar: map[string]*http.Cookie{}} }

func (b *browser) take(resp *http.Response) {
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 {
			delete(b.jar, c.Name)
			continue
		}
		if b.jar[c.Name] == nil {
			b.ord = append(b.ord, c.Name)
		}
		b.jar[c.Name] = c
	}
}

func (b *browser) send(r *http.Request) *http.Request {
	for _, name := range b.ord {
		if c := b.jar[name]; c != nil {
			r.AddCookie(c)
		}
	}
	return r
}

// start clicks the sign-in link and returns where the browser is sent.
func (b *browser) start(c *oauthflow.Client, opts ...oauthflow.BeginOption) string {
	b.t.Helper()
	rec := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodGet, "https://app.test/login", nil)
	require.NoError(b.t, c.Start(rec, b.send(r), opts...))
	b.take(rec.Result())
	require.Equal(b.t, http.StatusSeeOther, rec.Code)
	require.Equal(b.t, "no-store", rec.Header().Get("Cache-Control"))
	return rec.Header().Get("Location")
}

// finish follows the redirect back.
func (b *browser) finish(c *oauthflow.Client, callback *url.URL) (*oauthflow.Result, error) {
	b.t.Helper()
	rec := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodGet, callback.String(), nil)
	res, err := c.Finish(rec, b.send(r))
	b.take(rec.Result())
	return res, err
}

func newClient(t *testing.T, s *oauthtest.Server, id string, edit func(*oauthflow.Config), opts ...oauthflow.Option) *oauthflow.Client {
	t.Helper()
	cfg := s.ClientConfig(id)
	if edit != nil {
		edit(&cfg)
	}
	c, err := oauthflow.New(cfg, append([]oauthflow.Option{oauthflow.WithHTTPClient(s.HTTPClient())}, opts...)...)
	require.NoError(t, err)
	return c
}

func query(t *testing.T, rawURL string) url.Values {
	t.Helper()
	u, err := url.Parse(rawURL)
	require.NoError(t, err)
	return u.Query()
}

func callbackError(t *testing.T, err error) *oauthflow.CallbackError {
	t.Helper()
	ce, ok := errors.AsType[*oauthflow.CallbackError](err)
	require.True(t, ok, "%v", err)
	return ce
}

func TestO1_AuthorizationCodeFlow(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	b := newBrowser(t)
	authURL := b.start(c, oauthflow.WithReturnTo("/inbox?page=2"), oauthflow.WithParam("login_hint", "alice"))

	q := query(t, authURL)
	require.Equal(t, "code", q.Get("response_type"))
	require.Equal(t, "openid profile email", q.Get("scope"))
	require.Equal(t, "S256", q.Get("code_challenge_method"))
	require.Len(t, q.Get("code_challenge"), 43)
	require.NotEmpty(t, q.Get("state"))
	require.NotEmpty(t, q.Get("nonce"))
	require.Equal(t, "alice", q.Get("login_hint"))
	require.Len(t, b.jar, 1, "one cookie for the attempt")
	for name, cookie := range b.jar {
		require.True(t, strings.HasPrefix(name, "__Host-"))
		require.True(t, cookie.Secure)
		require.True(t, cookie.HttpOnly)
		require.Equal(t, "/", cookie.Path)
		require.Empty(t, cookie.Domain)
		require.Equal(t, 600, cookie.MaxAge)
		require.Equal(t, http.SameSiteLaxMode, cookie.SameSite, "the redirect is a top-level GET")
		require.NotContains(t, cookie.Value, q.Get("state"))
		require.NotContains(t, name, q.Get("state"))
	}

	back, err := s.Authorize(authURL, "alice")
	require.NoError(t, err)
	require.Equal(t, s.URL, back.Query().Get("iss"))
	res, err := b.finish(c, back)
	require.NoError(t, err)
	require.True(t, s.Valid(res.Token.AccessToken))
	require.NotEmpty(t, res.Token.RefreshToken)
	require.Equal(t, "/inbox?page=2", res.ReturnTo)
	require.Equal(t, "alice", res.IDToken.Subject)
	require.Equal(t, s.URL, res.IDToken.Issuer)
	require.Equal(t, []string{"web"}, res.IDToken.Audience)
	require.Equal(t, "alice@example.test", res.IDToken.Email)
	require.True(t, res.IDToken.EmailVerified)
	require.Equal(t, "Alice Example", res.IDToken.Name)
	require.WithinDuration(t, time.Now(), res.IDToken.AuthTime, time.Minute)
	var claims struct {
		Nonce string `json:"nonce"`
	}
	require.NoError(t, res.IDToken.Claims(&claims))
	require.Equal(t, q.Get("nonce"), claims.Nonce)
	require.Empty(t, b.jar, "the cookie is cleared")
	require.Len(t, s.Requests(), 1)

	_, err = b.finish(c, back)
	require.ErrorIs(t, err, oauthflow.ErrState, "replayed")
	require.Len(t, s.Requests(), 1)
}

// O1, RFC 7636 appendix B
func TestO1_RFC7636Vector(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/rfc_vectors.json")
	require.NoError(t, err)
	var v struct {
		RFC7636 struct {
			B struct {
				Verifier  string `json:"code_verifier"`
				Challenge string `json:"code_challenge"`
			}
		} `json:"rfc7636"`
	}
	require.NoError(t, json.Unmarshal(data, &v))
	require.NotEmpty(t, v.RFC7636.B.Verifier)
	require.Equal(t, v.RFC7636.B.Challenge, oauthflow.Challenge(v.RFC7636.B.Verifier))

	// And a server of other making agrees.
	s := oauthtest.New(oauthtest.Config{})
	back, err := s.Authorize(s.URL+"/authorize?response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fapp.test%2Fcallback"+
		"&code_challenge_method=S256&code_challenge="+v.RFC7636.B.Challenge, "alice")
	require.NoError(t, err)
	_, err = newClient(t, s, "web", nil).Exchange(t.Context(), back.Query().Get("code"), v.RFC7636.B.Verifier)
	require.NoError(t, err)
}

func TestO1_PKCEOnlyWithoutWhereTheProviderSaysSo(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{OptionalPKCE: true})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.NoPKCE = true })
	b := newBrowser(t)
	authURL := b.start(c)
	require.False(t, query(t, authURL).Has("code_challenge"))
	back, err := s.Authorize(authURL, "alice")
	require.NoError(t, err)
	_, err = b.finish(c, back)
	require.NoError(t, err)
}

func TestO1_TwoTabs(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	b := newBrowser(t)
	first, second := b.start(c, oauthflow.WithReturnTo("/first")), b.start(c, oauthflow.WithReturnTo("/second"))
	require.Len(t, b.jar, 2)
	for _, tab := range []struct{ url, returnTo string }{{first, "/first"}, {second, "/second"}} {
		back, err := s.Authorize(tab.url, "alice")
		require.NoError(t, err)
		res, err := b.finish(c, back)
		require.NoError(t, err)
		require.Equal(t, tab.returnTo, res.ReturnTo)
	}
	require.Empty(t, b.jar)
}

func TestO1_AbandonedAttemptsDoNotPileUp(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	b := newBrowser(t)
	var last string
	for range 30 {
		last = b.start(c)
		require.LessOrEqual(t, len(b.jar), 8)
	}
	back, err := s.Authorize(last, "alice")
	require.NoError(t, err)
	_, err = b.finish(c, back)
	require.NoError(t, err)
}

func TestO1_FormPost(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.ResponseMode = "form_post" })
	b := newBrowser(t)
	authURL := b.start(c)
	require.Equal(t, "form_post", query(t, authURL).Get("response_mode"))
	for _, cookie := range b.jar {
		require.Equal(t, http.SameSiteNoneMode, cookie.SameSite, "a cross-site POST carries no Lax cookie")
		require.True(t, cookie.Secure)
	}
	back, err := s.Authorize(authURL, "alice")
	require.NoError(t, err)

	_, err = b.finish(c, back)
	require.ErrorIs(t, err, oauthflow.ErrCallbackMalformed, "by GET")
	require.Len(t, b.jar, 1)

	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://app.test/callback", strings.NewReader(back.RawQuery))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	res, err := c.Finish(rec, b.send(r))
	require.NoError(t, err)
	require.Equal(t, "alice", res.IDToken.Subject)
	b.take(rec.Result())
	require.Empty(t, b.jar)
}

func TestO1_DevelopmentOverPlainHTTP(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.RedirectURL = "http://localhost:8080/callback" })
	b := newBrowser(t)
	b.start(c)
	for range 20 {
		b.start(c)
	}
	for name, cookie := range b.jar {
		require.False(t, cookie.Secure, "some browsers drop Secure cookies of http://localhost")
		require.False(t, strings.HasPrefix(name, "__Host-"))
	}
	require.Less(t, len(b.jar), 20, "abandoned attempts do not pile up")
}

func TestO1_StrictlySingleUseWithAStore(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil, oauthflow.WithSingleUse(&oauthflow.MemoryUses{}))
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	back, err := s.Authorize(a.URL, "alice")
	require.NoError(t, err)

	var won, lost atomic.Int32
	done := make(chan struct{})
	for range 10 {
		go func() {
			defer func() { done <- struct{}{} }()
			switch _, err := c.Complete(t.Context(), a.Sealed, back.Query()); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, oauthflow.ErrStateUsed):
				lost.Add(1)
			}
		}()
	}
	for range 10 {
		<-done
	}
	require.EqualValues(t, 1, won.Load())
	require.EqualValues(t, 9, lost.Load())
	require.Len(t, s.Requests(), 1, "the code was sent once")
}

func TestMemoryUsesForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m oauthflow.MemoryUses
		use := func() bool {
			first, err := m.Use(t.Context(), "id", time.Now().Add(10*time.Minute))
			require.NoError(t, err)
			return first
		}
		require.True(t, use())
		require.False(t, use())
		time.Sleep(9 * time.Minute)
		require.False(t, use())
		time.Sleep(3 * time.Minute)
		require.True(t, use(), "forgotten after its time, when the attempt itself has expired")
	})
}

// It looks for what to forget once a minute, and not while a minute lasts.
func TestMemoryUsesForgetsOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m oauthflow.MemoryUses
		for _, step := range []struct {
			after time.Duration
			first bool
		}{{0, true}, {time.Minute, false}, {time.Nanosecond, true}} {
			time.Sleep(step.after)
			first, err := m.Use(t.Context(), "id", time.Now().Add(time.Second))
			require.NoError(t, err)
			require.Equal(t, step.first, first)
		}
	})
}

func TestO1_CookieKeysRotate(t *testing.T) {
	t.Parallel()
	const oldKey, newKey = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="
	s := oauthtest.New(oauthtest.Config{})
	with := func(keys ...string) *oauthflow.Client {
		return newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.CookieKey = secret.Static(keys...) })
	}
	a, err := with(oldKey).Begin(t.Context())
	require.NoError(t, err)
	back, err := s.Authorize(a.URL, "alice")
	require.NoError(t, err)
	_, err = with(newKey).Complete(t.Context(), a.Sealed, back.Query())
	require.ErrorIs(t, err, oauthflow.ErrState)
	_, err = with(newKey, oldKey).Complete(t.Context(), a.Sealed, back.Query())
	require.NoError(t, err)
}

func TestX2_BlankOrShortKeysAreRefused(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	for name, edit := range map[string]func(*oauthflow.Config){
		"short cookie key": func(c *oauthflow.Config) { c.CookieKey = secret.Static("c2hvcnQ=") },
		"blank cookie key": func(c *oauthflow.Config) { c.CookieKey = secret.Static(" ") },
		"no cookie key":    func(c *oauthflow.Config) { c.CookieKey = secret.Static() },
		"blank secret":     func(c *oauthflow.Config) { c.ClientSecret = secret.Static("") },
		"a mark before it": func(c *oauthflow.Config) { c.ClientSecret = secret.Static("\ufeffcanary") },
		"a second line":    func(c *oauthflow.Config) { c.ClientSecret = secret.Static("canary\ncanary") },
		"a space behind":   func(c *oauthflow.Config) { c.ClientSecret = secret.Join(secret.Static("s"), secret.Static("canary ")) },
		"unset secret":     func(c *oauthflow.Config) { c.ClientSecret = secret.Env("STANDPIPE_TEST_UNSET") },
		"no client ID":     func(c *oauthflow.Config) { c.ClientID = "" },
		"secret, beside a key": func(c *oauthflow.Config) {
			c.ClientSecret, c.ClientKey = secret.Static(""), oauthflow.KeyFrom(secret.Static(pemOf(t, ecKey(t))), "")
		},
		"keys over http":  func(c *oauthflow.Config) { c.Provider.JWKSURL = "http://auth.example.com/keys" },
		"key is no key":   func(c *oauthflow.Config) { c.ClientKey = oauthflow.KeyFrom(secret.Static("canary"), "") },
		"nil key":         func(c *oauthflow.Config) { c.ClientKey = (*oauthflow.SigningKey)(nil) },
		"plain http":      func(c *oauthflow.Config) { c.Provider.Endpoint.TokenURL = "http://auth.example.com/token" },
		"userinfo":        func(c *oauthflow.Config) { c.Provider.Endpoint.TokenURL = "https://u:canary@auth.example.com/" },
		"no token URL":    func(c *oauthflow.Config) { c.Provider.Endpoint.TokenURL = "" },
		"http redirect":   func(c *oauthflow.Config) { c.RedirectURL = "http://app.example.com/callback" },
		"relative":        func(c *oauthflow.Config) { c.RedirectURL = "/callback" },
		"fragment":        func(c *oauthflow.Config) { c.RedirectURL = "https://app.test/callback#x" },
		"PAR nowhere":     func(c *oauthflow.Config) { c.Provider.RequirePAR, c.Provider.PushedAuthorizationURL = true, "" },
		"open tenancy":    func(c *oauthflow.Config) { c.Provider = oauthflow.Microsoft() },
		"HMAC, no secret": func(c *oauthflow.Config) { c.Provider.CallbackHMAC, c.ClientSecret = true, nil },
	} {
		cfg := s.ClientConfig("web")
		edit(&cfg)
		_, err := oauthflow.New(cfg)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "canary", name)
	}
}

// An error of New names the provider, if it has a name.
func TestErrorsNameTheProvider(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"acme": "oauthflow: new client for acme: the token endpoint is missing; the client ID is missing",
		"":     "oauthflow: new client: there is no provider: take that of a function such as GitHub, or of Discover; the client ID is missing",
	} {
		_, err := oauthflow.New(oauthflow.Config{Provider: oauthflow.Provider{Name: name}})
		require.EqualError(t, err, says)
	}
	require.NotContains(t, oauthflow.Auth0("example.eu.auth0.com", "").AuthParams, "audience")
}

func TestBeginRefusesWhatWouldBreakTheFlow(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	for _, opt := range []oauthflow.BeginOption{
		oauthflow.WithParam("state", "mine"), oauthflow.WithParam("code_challenge", "x"), oauthflow.WithParam("redirect_uri", "https://evil.test"),
		oauthflow.WithReturnTo("https://evil.test/"), oauthflow.WithMaxAge(-time.Second), oauthflow.WithMaxAge(time.Millisecond),
		oauthflow.WithMaxAge(0),                                  // not "any": whoever passes it wants the user to sign in now
		oauthflow.WithReturnTo("/" + strings.Repeat("a", 4<<10)), // a cookie that browsers drop
		oauthflow.WithReturnTo("/?q=" + strings.Repeat("a", 9<<10)),
	} {
		rec := httptest.NewRecorder()
		err := c.Start(rec, httptest.NewRequest(http.MethodGet, "https://app.test/login", nil), opt)
		require.Error(t, err)
		require.Empty(t, rec.Header(), "nothing was written")
	}
	_, err := c.Begin(t.Context(), oauthflow.WithScopes("profile"), oauthflow.WithMaxAge(time.Hour))
	require.Error(t, err, "nothing would say when the user signed in")
	noRedirect := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.RedirectURL = "" })
	_, err = noRedirect.Begin(t.Context())
	require.Error(t, err)
	noEndpoint := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.Endpoint.AuthURL = "" })
	_, err = noEndpoint.Begin(t.Context())
	require.ErrorIs(t, err, oauthflow.ErrUnsupported)
}

func TestReturnToIsNoOpenRedirect(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"/", "/a/b?c=d#e", "/a?next=https://x.test/"} {
		require.True(t, oauthflow.IsLocalPath(good), good)
	}
	for _, bad := range []string{"", "a", "//evil.test", "/\\evil.test", "\\/evil.test", "https://evil.test", "/\t/evil.test", "/\n", "javascript:x", "/a\\b", "/%zz"} {
		require.False(t, oauthflow.IsLocalPath(bad), bad)
	}
}

// A scheme is the same in capitals, and so is the cookie.
func TestO1_CookieIsSecureHoweverHTTPSIsSpelt(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.RedirectURL = "HTTPS://app.test/callback" })
	rec := httptest.NewRecorder()
	require.NoError(t, c.Start(rec, httptest.NewRequest(http.MethodGet, "https://app.test/login", nil)))
	cookies := rec.Result().Cookies()
	require.Len(t, cookies, 1)
	require.True(t, cookies[0].Secure)
	require.True(t, strings.HasPrefix(cookies[0].Name, "__Host-"))
}

// What golang.org/x/oauth2 takes for a list of scopes, one string with spaces
// in it, asks for an ID token as well, which is then verified.
func TestO1_OpenIDAmongScopesInOneString(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Scopes = []string{"openid profile"} })
	b, back := attempt(t, s, c)
	res, err := b.finish(c, back)
	require.NoError(t, err)
	require.NotNil(t, res.IDToken)
	require.Equal(t, "alice", res.IDToken.Subject)

	noKeys := newClient(t, s, "web", func(cfg *oauthflow.Config) {
		cfg.Scopes, cfg.Provider.JWKSURL = []string{"profile openid"}, ""
	})
	_, err = noKeys.Begin(t.Context())
	require.Error(t, err)
}

// What Begin seals, Complete opens.
func TestBeginRefusesWhatCompleteWouldNotOpen(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	for size := 4 << 10; size < 9<<10; size += 256 {
		a, err := c.Begin(t.Context(), oauthflow.WithReturnTo("/"+strings.Repeat("a", size)))
		if err != nil {
			require.ErrorContains(t, err, "too long")
			continue
		}
		back, err := s.Authorize(a.URL, "alice")
		require.NoError(t, err)
		_, err = c.Complete(t.Context(), a.Sealed, back.Query())
		require.NoError(t, err, size)
	}
}

// The longest attempts that there can be: of a byte more none begins.
func TestTheLongestAttempts(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	longest := 0
	for size := 5900; size < 6100; size++ {
		a, err := c.Begin(t.Context(), oauthflow.WithReturnTo("/"+strings.Repeat("a", size)))
		if err != nil {
			continue
		}
		back, err := s.Authorize(a.URL, "alice")
		require.NoError(t, err)
		_, err = c.Complete(t.Context(), a.Sealed, back.Query())
		require.NoError(t, err, size)
		longest = max(longest, len(a.Sealed))
	}
	require.Equal(t, 8<<10, longest)

	longest = 0
	c = newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.ResponseMode = "form_post" })
	for size := 2600; size < 2900; size++ {
		rec := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://app.test/login", nil)
		if c.Start(rec, r, oauthflow.WithReturnTo("/"+strings.Repeat("a", size))) == nil {
			longest = max(longest, len(rec.Header().Get("Set-Cookie")))
		}
	}
	require.Equal(t, 4<<10, longest)
}

// Abandoned attempts do not make the browser's header too long for the servers
// on the way, whatever was put into them.
func TestO1_CookiesAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	b := newBrowser(t)
	for range 12 {
		b.start(c, oauthflow.WithReturnTo("/?q="+strings.Repeat("a", 2300)))
	}
	size := 0
	for name, cookie := range b.jar {
		size += len(name) + len(cookie.Value)
	}
	require.LessOrEqual(t, size, 12<<10)
	back, err := s.Authorize(b.start(c), "alice")
	require.NoError(t, err)
	_, err = b.finish(c, back)
	require.NoError(t, err)
}
