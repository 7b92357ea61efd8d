package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

func TestDemo(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-demo"}, &out))
	require.Equal(t, 3, strings.Count(out.String(), "the page says: Hello, Alice Example"))
	require.Equal(t, 3, strings.Count(out.String(), "and refuse"))
	require.NotRegexp(t, "code=|state=|at_|rt_", out.String(), "nothing secret is printed")
}

func TestServesUntilItIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	require.NoError(t, run(ctx, []string{"-addr", "127.0.0.1:0"}, &out))
	require.Contains(t, out.String(), "GitHub is played by")
	require.Error(t, run(ctx, []string{"-no-such-flag"}, &out))
	require.Error(t, run(ctx, []string{"-addr", "nowhere"}, &out))
}

func TestRealCredentialsLeadToTheRealService(t *testing.T) {
	t.Setenv("GITHUB_CLIENT_ID", "Iv1.0123456789abcdef")
	t.Setenv("GITHUB_CLIENT_SECRET", "not-a-secret")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := newService(ctx, blueprints()[0], "https://app.example.com", setting{env: true})
	require.NoError(t, err)
	require.Nil(t, s.fake)
	a, err := s.client.Begin(ctx)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(a.URL, "https://github.com/login/oauth/authorize?"), a.URL)
	require.Contains(t, a.URL, url.QueryEscape("https://app.example.com/callback/github"))
}

func TestHostileVisitors(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	services, err := newServices(ctx, "http://localhost:8080", setting{fakes: true})
	require.NoError(t, err)
	h := newApp(services, "http://localhost:8080", slog.New(slog.DiscardHandler)).handler()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	hc := &http.Client{Jar: jar, Transport: handlerTransport{h}}
	for address, status := range map[string]int{
		"/callback/github?code=x&state=y":  http.StatusBadRequest,
		"/callback/github":                 http.StatusBadRequest,
		"/callback/google?error=x&state=y": http.StatusBadRequest,
		"/login/nobody":                    http.StatusNotFound,
	} {
		resp, err := hc.Get("http://localhost:8080" + address)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, status, resp.StatusCode, address)
		require.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost:8080/logout", nil)
	require.NoError(t, err)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := hc.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
}

// Two users whom a service does not tell apart must not become one.
func TestNobodyIsSignedInWithoutAnID(t *testing.T) {
	for _, b := range blueprints() {
		t.Run(b.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b.userInfo = func(oauthtest.User) any { return map[string]any{"login": "alice", "name": "Alice"} }
			s, err := newService(ctx, b, "http://localhost:8080", setting{fakes: true})
			require.NoError(t, err)
			h := newApp([]*service{s}, "http://localhost:8080", slog.New(slog.DiscardHandler)).handler()
			jar, err := cookiejar.New(nil)
			require.NoError(t, err)
			hc := &http.Client{Jar: jar, Transport: handlerTransport{h}, CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			}}
			resp, err := hc.Get("http://localhost:8080/login/" + b.name)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			back, err := s.fake.Authorize(resp.Header.Get("Location"), "alice")
			require.NoError(t, err)
			resp, err = hc.Get(back.String())
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, http.StatusBadGateway, resp.StatusCode)
			for _, c := range resp.Cookies() {
				require.NotEqual(t, "session", c.Name)
			}
		})
	}
}

// The fakes sign in anybody as anybody, so the public never meets them.
func TestFakesPlayOnLoopbackOnly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"-addr", ":0"},
		{"-addr", "0.0.0.0:0", "-base", "http://localhost"},
		{"-addr", "127.0.0.1:0", "-base", "https://app.example.com"},
		{"-addr", "127.0.0.1:0", "-base", "http://localhost.example.com"},
	} {
		require.ErrorContains(t, run(ctx, args, io.Discard), "set GITHUB_CLIENT_ID", args)
	}
	t.Setenv("GITHUB_CLIENT_ID", "Iv1.0123456789abcdef")
	t.Setenv("GITHUB_CLIENT_SECRET", "not-a-secret")
	var out strings.Builder
	require.NoError(t, run(ctx, []string{"-addr", "127.0.0.1:0", "-base", "https://app.example.com"}, &out))
	require.Equal(t, "Open https://app.example.com/\n", out.String(), "only the real service is there")
	out.Reset()
	require.NoError(t, run(ctx, []string{"-addr", "[::1]:0"}, &out))
	require.Equal(t, 3, strings.Count(out.String(), "DEMO "), "GitHub is real")
	require.Equal(t, 3, strings.Count(out.String(), "\n"))
}

func TestSessionsEnd(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for base, name := range map[string]string{"http://localhost:8080": "session", "https://app.example.com": "__Host-session"} {
		a := newApp(nil, base, slog.New(slog.DiscardHandler))
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
