package main

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

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
	s, err := newService(ctx, blueprints()[0], "https://app.example.com", true)
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
	services, err := newServices(ctx, "http://localhost:8080", false)
	require.NoError(t, err)
	h := newApp(services, "http://localhost:8080").handler()
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
			s, err := newService(ctx, b, "http://localhost:8080", false)
			require.NoError(t, err)
			h := newApp([]*service{s}, "http://localhost:8080").handler()
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
				require.NotEqual(t, sessionCookie, c.Name)
			}
		})
	}
}
