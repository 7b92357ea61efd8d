package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const testBase = "http://localhost:8080"

// plainPages says in a line of text what is on a page.
type plainPages struct{}

func (plainPages) choose(w http.ResponseWriter, among []*service) {
	fmt.Fprintf(w, "choose among %d", len(among))
}

func (plainPages) welcome(w http.ResponseWriter, user session, _ time.Time) {
	fmt.Fprintf(w, "welcome %+v", user.profile)
}

func (plainPages) failed(w http.ResponseWriter, status int, message string) {
	http.Error(w, message, status)
}

// userInfo is what each service says of its user. Make one for each that you add.
var userInfo = map[string]any{
	"github": map[string]any{"id": 583231, "login": "alice", "name": "Alice"},
	"google": map[string]any{"sub": "alice", "name": "Alice", "email": "alice@example.com"},
	"x":      map[string]any{"data": map[string]any{"id": "2244994945", "name": "Alice", "username": "alice"}},
}

// play puts an authorization server in memory in the place of the service.
func play(t *testing.T, s *service, userInfo any) *oauthtest.Server {
	t.Helper()
	srv := oauthtest.New(oauthtest.Config{
		Clients:  []oauthtest.Client{{ID: "app", Secret: "app-secret", RedirectURIs: []string{testBase + "/callback/" + s.name}}},
		UserInfo: func(oauthtest.User) any { return userInfo },
	})
	s.provider = srv.Provider()
	s.transport = srv.HTTPClient().Transport
	require.NoError(t, s.connect(testBase, credentials{id: "app", secret: secret.Static("app-secret")}))
	t.Cleanup(func() { require.NoError(t, shutDown(context.WithoutCancel(t.Context()), []*service{s})) })
	return srv
}

// browser has a window on the application alone: it does not follow redirects.
type browser struct {
	t    *testing.T
	http *http.Client
}

func newBrowser(t *testing.T, services ...*service) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	h := newApp(services, testBase, plainPages{}, slog.New(slog.DiscardHandler)).handler()
	return browser{t, &http.Client{Jar: jar, Transport: handlerTransport{h}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// handlerTransport calls a handler without a network.
type handlerTransport struct{ h http.Handler }

func (t handlerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	in := req.Clone(req.Context())
	in.RequestURI = req.URL.RequestURI()
	t.h.ServeHTTP(rec, in)
	return rec.Result(), nil
}

// send returns the response and what its page says.
func (b browser) send(method, address string, header ...string) (*http.Response, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, nil)
	require.NoError(b.t, err)
	if len(header) == 2 {
		req.Header.Set(header[0], header[1])
	}
	resp, err := b.http.Do(req)
	require.NoError(b.t, err)
	page, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	require.NoError(b.t, resp.Body.Close())
	return resp, strings.TrimSpace(string(page))
}

// signIn goes to the service, where decide presses a button, and back.
func (b browser) signIn(s *service, decide func(authURL string) (*url.URL, error)) (*http.Response, string) {
	b.t.Helper()
	resp, _ := b.send(http.MethodGet, testBase+"/login/"+s.name)
	back, err := decide(resp.Header.Get("Location"))
	require.NoError(b.t, err)
	return b.send(http.MethodGet, back.String())
}

func TestSignInAndOut(t *testing.T) {
	want := map[string]string{
		"github": "welcome {ID:583231 Name:Alice Handle:alice}",
		"google": "welcome {ID:alice Name:Alice Handle:alice@example.com}",
		"x":      "welcome {ID:2244994945 Name:Alice Handle:@alice}",
	}
	for _, s := range services() {
		t.Run(s.name, func(t *testing.T) {
			srv := play(t, s, userInfo[s.name])
			b := newBrowser(t, s)
			resp, page := b.signIn(s, srv.Deny)
			require.Equal(t, http.StatusForbidden, resp.StatusCode)
			require.Contains(t, page, "You did not allow it")

			resp, _ = b.signIn(s, func(authURL string) (*url.URL, error) { return srv.Authorize(authURL, "alice") })
			require.Equal(t, "/", resp.Header.Get("Location"))
			_, page = b.send(http.MethodGet, testBase+"/")
			require.Equal(t, want[s.name], page)

			resp, _ = b.send(http.MethodPost, testBase+"/logout")
			require.Equal(t, http.StatusSeeOther, resp.StatusCode)
			_, page = b.send(http.MethodGet, testBase+"/")
			require.Equal(t, "choose among 1", page)
		})
	}
}

// Who has taken the access back is asked to sign in again, also a moment after a refresh
// and where there is nothing to refresh with.
func TestARevokedUserSignsInAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		age         time.Duration
		refreshable bool
	}{
		"at once":                  {0, true},
		"a moment after a refresh": {2 * time.Hour, true},
		"nothing to refresh with":  {0, false},
	} {
		for _, s := range services() {
			t.Run(s.name+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := play(t, s, userInfo[s.name])
					b := newBrowser(t, s)
					consent := func(authURL string) (*url.URL, error) { return srv.Authorize(authURL, "alice") }
					b.signIn(s, consent)
					if !tc.refreshable {
						put(t, s, &oauth2.Token{AccessToken: srv.Issue("app", "alice").AccessToken})
					}
					time.Sleep(tc.age)
					_, page := b.send(http.MethodGet, testBase+"/")
					require.Contains(t, page, "Name:Alice")

					srv.RevokeUser("alice")
					resp, page := b.send(http.MethodGet, testBase+"/")
					require.Equal(t, "choose among 1", page)
					require.Negative(t, resp.Cookies()[0].MaxAge)

					b.signIn(s, consent)
					_, page = b.send(http.MethodGet, testBase+"/")
					require.Contains(t, page, "Name:Alice")
				})
			})
		}
	}
}

// A token that turns out to be somebody else's shows nobody their page.
func TestATokenOfAnotherUserEndsTheSession(t *testing.T) {
	s := services()[0]
	who := map[string]any{"id": 1, "login": "alice", "name": "Alice"}
	srv := play(t, s, who)
	b := newBrowser(t, s)
	b.signIn(s, func(authURL string) (*url.URL, error) { return srv.Authorize(authURL, "alice") })
	who["id"], who["name"] = 2, "Bob"
	_, page := b.send(http.MethodGet, testBase+"/")
	require.Equal(t, "choose among 1", page)
}

// put replaces the token that is kept for the user of userInfo.
func put(t *testing.T, s *service, tok *oauth2.Token) {
	t.Helper()
	who, err := s.profile(func(into any) error { return s.client.UserInfo(t.Context(), tok, into) })
	require.NoError(t, err)
	require.NoError(t, s.tokens.Put(t.Context(), session{service: s, profile: who}.key(), tok))
}

// A service that fails has not signed anybody out.
func TestAFailingServiceEndsNoSession(t *testing.T) {
	s := services()[0]
	srv := play(t, s, userInfo[s.name])
	down := false
	s.transport = roundTripper(func(req *http.Request) (*http.Response, error) {
		if down && strings.HasSuffix(req.URL.Path, "/userinfo") {
			return nil, errors.New("the network is down")
		}
		return srv.HTTPClient().Transport.RoundTrip(req)
	})
	require.NoError(t, s.connect(testBase, credentials{id: "app", secret: secret.Static("app-secret")}))
	synctest.Test(t, func(t *testing.T) {
		b := newBrowser(t, s)
		b.signIn(s, func(authURL string) (*url.URL, error) { return srv.Authorize(authURL, "alice") })
		down = true
		resp, page := b.send(http.MethodGet, testBase+"/")
		require.Equal(t, http.StatusBadGateway, resp.StatusCode)
		require.Equal(t, "GitHub cannot be reached right now.", page)
		down = false
		_, page = b.send(http.MethodGet, testBase+"/")
		require.Contains(t, page, "Name:Alice")
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Two users whom a service does not tell apart must not become one.
func TestNobodyIsSignedInWithoutAnID(t *testing.T) {
	for _, s := range services() {
		t.Run(s.name, func(t *testing.T) {
			srv := play(t, s, map[string]any{"login": "alice", "name": "Alice"})
			resp, _ := newBrowser(t, s).signIn(s, func(authURL string) (*url.URL, error) { return srv.Authorize(authURL, "alice") })
			require.Equal(t, http.StatusBadGateway, resp.StatusCode)
			for _, c := range resp.Cookies() {
				require.NotEqual(t, "session", c.Name)
			}
		})
	}
}

func TestHostileVisitors(t *testing.T) {
	all := services()
	for _, s := range all {
		play(t, s, userInfo[s.name])
	}
	b := newBrowser(t, all...)
	for address, status := range map[string]int{
		"/callback/github?code=x&state=y":  http.StatusBadRequest,
		"/callback/github":                 http.StatusBadRequest,
		"/callback/google?error=x&state=y": http.StatusBadRequest,
		"/login/nobody":                    http.StatusNotFound,
	} {
		resp, _ := b.send(http.MethodGet, testBase+address)
		require.Equal(t, status, resp.StatusCode, address)
		require.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
	}
	resp, _ := b.send(http.MethodPost, testBase+"/logout", "Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
}

func TestConnectLeadsToTheRealService(t *testing.T) {
	s := services()[0]
	require.NoError(t, s.connect("https://app.example.com", credentials{id: "Iv1.0123456789abcdef", secret: secret.Static("not-a-secret")}))
	a, err := s.client.Begin(t.Context())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(a.URL, "https://github.com/login/oauth/authorize?"), a.URL)
	require.Contains(t, a.URL, url.QueryEscape("https://app.example.com/callback/github"))
}

func TestSessionsEnd(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for base, name := range map[string]string{testBase: "session", "https://app.example.com": "__Host-session"} {
		a := newApp(nil, base, plainPages{}, slog.New(slog.DiscardHandler))
		a.now = func() time.Time { return now }
		rec := httptest.NewRecorder()
		a.signIn(rec, session{until: now.Add(sessionLife)})
		c := rec.Result().Cookies()[0]
		require.Equal(t, name, c.Name)
		require.Equal(t, strings.HasPrefix(base, "https"), c.Secure)
		require.True(t, c.HttpOnly)
		require.Equal(t, "/", c.Path)
		require.Empty(t, c.Domain)
		require.Equal(t, 12*60*60, c.MaxAge)

		req := httptest.NewRequest(http.MethodGet, base, nil)
		req.AddCookie(c)
		_, ok := a.current(req)
		require.True(t, ok)
		a.now = func() time.Time { return now.Add(sessionLife) }
		_, ok = a.current(req)
		require.False(t, ok, "a cookie that the browser kept is no session any more")
		a.signIn(httptest.NewRecorder(), session{until: now.Add(2 * sessionLife)})
		require.Len(t, a.sessions, 1, "what has ended is not kept")

		rec = httptest.NewRecorder()
		a.forget(rec, req)
		require.Equal(t, name, rec.Result().Cookies()[0].Name)
		require.Negative(t, rec.Result().Cookies()[0].MaxAge)
	}
}
