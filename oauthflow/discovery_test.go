package oauthflow_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func readCloser(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

func TestDiscover(t *testing.T) {
	t.Parallel()
	s := oauthtest.Start(t, oauthtest.Config{Name: ""})
	p, err := oauthflow.Discover(t.Context(), s.URL, oauthflow.WithHTTPClient(s.HTTPClient()))
	require.NoError(t, err)
	want := s.Provider()
	want.Name = s.URL
	require.Equal(t, want, p)

	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider = p })
	b, back := attempt(t, s, c)
	res, err := b.finish(c, back)
	require.NoError(t, err)
	require.Equal(t, "alice", res.IDToken.Subject)
}

func discovering(t *testing.T, h http.HandlerFunc) (oauthflow.Provider, error) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return oauthflow.Discover(t.Context(), srv.URL, oauthflow.WithHTTPClient(srv.Client()))
}

func TestDiscoverFallsBackToRFC8414(t *testing.T) {
	t.Parallel()
	var paths []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		if r.URL.Path != "/.well-known/oauth-authorization-server/tenant" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"issuer":"http://`+r.Host+`/tenant","token_endpoint":"https://a.test/t","token_endpoint_auth_methods_supported":["client_secret_post"],
			"code_challenge_methods_supported":["plain"],"id_token_signing_alg_values_supported":["none","HS256","PS256","EdDSA"]}`)
	}))
	t.Cleanup(srv.Close)
	p, err := oauthflow.Discover(t.Context(), srv.URL+"/tenant")
	require.NoError(t, err)
	require.Equal(t, []string{"/tenant/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/tenant"}, paths)
	require.Equal(t, oauth2.AuthStyleInParams, p.Endpoint.AuthStyle)
	require.True(t, p.NoPKCE)
	require.Equal(t, []string{"PS256", "EdDSA"}, p.IDTokenAlgorithms)
}

// What a server says of a path that it does not know is not always a 404.
func TestDiscoverFallsBackFromWhateverIsNoDescription(t *testing.T) {
	t.Parallel()
	const first, second = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
	page := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<!doctype html><p>{}")
		}
	}
	there := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"issuer":"http://`+r.Host+`","token_endpoint":"https://a.test/t"}`)
	}
	discover := func(answers map[string]http.HandlerFunc) ([]string, error) {
		var paths []string
		_, err := discovering(t, func(w http.ResponseWriter, r *http.Request) {
			paths = append(paths, r.URL.Path)
			answers[r.URL.Path](w, r)
		})
		return paths, err
	}
	status := func(err error) int {
		de, ok := errors.AsType[*oauthflow.DiscoveryError](err)
		require.True(t, ok, "%v", err)
		return de.Status
	}
	for _, code := range []int{200, 204, 300, 302, 307, 399, 400, 401, 403, 404, 405, 406, 410, 421, 451} {
		paths, err := discover(map[string]http.HandlerFunc{first: page(code), second: there})
		require.NoError(t, err, code)
		require.Equal(t, []string{first, second}, paths, code)
	}
	// What may be another in a moment is told, rather than passed over for a
	// description that says less.
	for _, code := range []int{408, 425, 429, 500, 502, 503, 504} {
		paths, err := discover(map[string]http.HandlerFunc{first: page(code), second: there})
		require.Equal(t, code, status(err))
		require.Equal(t, []string{first}, paths, code)
	}
	// Of two reasons the one that says more, and of two alike the first.
	for _, tc := range [][3]int{{404, 404, 404}, {403, 404, 403}, {404, 403, 403}, {401, 403, 401}, {404, 503, 503}, {302, 404, 302}} {
		_, err := discover(map[string]http.HandlerFunc{first: page(tc[0]), second: page(tc[1])})
		require.Equal(t, tc[2], status(err), tc)
	}
	for code, redirect := range map[int]bool{300: true, 302: true, 399: true, 400: false, 401: false} {
		_, err := discover(map[string]http.HandlerFunc{first: page(code), second: page(404)})
		require.Equal(t, redirect, errors.Is(err, oauthflow.ErrRedirect), code)
	}
	// An error in JSON is no description either.
	paths, err := discover(map[string]http.HandlerFunc{second: there, first: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":"not_found"}`)
	}})
	require.NoError(t, err)
	require.Equal(t, []string{first, second}, paths)
	_, err = discover(map[string]http.HandlerFunc{first: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, ` {"issuer":`) }})
	require.ErrorIs(t, err, oauthflow.ErrMalformedResponse)
	// A description of somebody else, or one that is damaged, is there and is
	// not passed over.
	for _, body := range []string{`{"issuer":"https://evil.test","token_endpoint":"https://a.test/t"}`, ` {"issuer":`, `{}`} {
		paths, err := discover(map[string]http.HandlerFunc{first: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }, second: there})
		require.Error(t, err, body)
		require.Equal(t, []string{first}, paths)
	}
}

// torn is a body that ends too early.
type torn struct {
	io.Reader
	err error
}

func (b torn) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

func (torn) Close() error { return nil }

// A description that cannot be had is told as that, and nothing else is asked.
func TestDiscoverCannotBeAnswered(t *testing.T) {
	t.Parallel()
	reset := errors.New("reset")
	for name, tc := range map[string]struct {
		issuer string
		answer func() (*http.Response, error)
		asked  int
	}{
		"no connection": {"https://issuer.test", func() (*http.Response, error) { return nil, reset }, 1},
		"torn": {"https://issuer.test", func() (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: torn{strings.NewReader(`{"issuer":"https://issuer.test","token_endpoint":"https://a.test/t"}`), reset}}, nil
		}, 1},
		"plain http":    {issuer: "http://issuer.test"},
		"no URL":        {issuer: "issuer.test"},
		"nothing":       {issuer: ""},
		"a user":        {issuer: "https://u:canary@issuer.test"},
		"a fragment":    {issuer: "https://issuer.test#x"},
		"a second zone": {"https://[fe80::1%25eth0]", func() (*http.Response, error) { return plainAnswer(404, ""), nil }, 1},
	} {
		asked := 0
		_, err := oauthflow.Discover(t.Context(), tc.issuer, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			asked++
			return tc.answer()
		})}))
		de, ok := errors.AsType[*oauthflow.DiscoveryError](err)
		require.True(t, ok, "%s: %v", name, err)
		require.Equal(t, tc.asked, asked, name)
		require.NotContains(t, err.Error(), "canary")
		switch name {
		case "no connection", "torn":
			require.ErrorIs(t, de, reset, name)
		case "a second zone":
			require.ErrorContains(t, de, "cannot be parsed", name)
		}
	}
}

// A method that is no text names no method.
func TestDiscoveredListsOfSomethingElse(t *testing.T) {
	t.Parallel()
	for methods, none := range map[string]bool{`[7]`: false, `"S256"`: false, `[]`: false, `["plain"]`: true, `[7,"S256"]`: false} {
		p, err := discovering(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"issuer":"http://`+r.Host+`","token_endpoint":"https://a.test/t","code_challenge_methods_supported":`+methods+`}`)
		})
		require.NoError(t, err)
		require.Equal(t, none, p.NoPKCE, methods)
	}
}

// The path of an issuer is taken as it is written.
func TestDiscoverKeepsAnEscapedPath(t *testing.T) {
	t.Parallel()
	var paths []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.EscapedPath())
		http.NotFound(w, r)
	}))
	t.Cleanup(srv.Close)
	_, err := oauthflow.Discover(t.Context(), srv.URL+"/a%2Fb/")
	require.Error(t, err)
	require.Equal(t, []string{"/a%2Fb/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/a%2Fb"}, paths)
}

// J9
func TestDiscoverRefuses(t *testing.T) {
	t.Parallel()
	answer := func(format string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, strings.ReplaceAll(format, "ISS", "http://"+r.Host))
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"another issuer":     answer(`{"issuer":"https://evil.test","token_endpoint":"https://a.test/t"}`),
		"a slash more":       answer(`{"issuer":"ISS/","token_endpoint":"https://a.test/t"}`),
		"no issuer":          answer(`{"token_endpoint":"https://a.test/t"}`),
		"issuer twice":       answer(`{"issuer":"https://evil.test","issuer":"ISS","token_endpoint":"https://a.test/t"}`),
		"no token endpoint":  answer(`{"issuer":"ISS"}`),
		"token in the clear": answer(`{"issuer":"ISS","token_endpoint":"http://a.test/t"}`),
		"keys in the clear":  answer(`{"issuer":"ISS","token_endpoint":"https://a.test/t","jwks_uri":"http://a.test/k"}`),
		"no JSON":            answer(`<html>`),
		"trailing JSON":      answer(`{"issuer":"ISS","token_endpoint":"https://a.test/t"}{}`),
		"huge":               answer(`{"x":"` + strings.Repeat("x", 1<<20) + `"}`),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.test/", http.StatusFound)
		},
		"not found": http.NotFound,
		"down":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := discovering(t, h)
			_, ok := errors.AsType[*oauthflow.DiscoveryError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, oauthflow.Provider{}, p)
		})
	}
	for _, issuer := range []string{"", "http://issuer.example.com", "https://u:canary@issuer.test", "issuer.test", "https://issuer.test/#x"} {
		_, err := oauthflow.Discover(t.Context(), issuer)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "canary")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := oauthflow.Discover(ctx, "https://issuer.test")
	require.ErrorIs(t, err, context.Canceled)
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{Users: []oauthtest.User{{Subject: "alice", Name: "Alice"}, {Subject: "bob"}}})
	c := newClient(t, s, "web", nil)
	b, back := attempt(t, s, c)
	res, err := b.finish(c, back)
	require.NoError(t, err)
	var info struct{ Sub, Name string }
	require.NoError(t, c.UserInfo(t.Context(), res.Token, &info))
	require.Equal(t, "alice", info.Sub)
	require.Equal(t, "Alice", info.Name)

	// OpenID Connect Core section 5.3.2: bob's answer to alice's ID token.
	bob := s.Issue("web", "bob").WithExtra(map[string]any{"id_token": res.Token.Extra("id_token")})
	require.ErrorIs(t, c.UserInfo(t.Context(), bob, &info), oauthflow.ErrMalformedResponse)

	te := tokenError(t, c.UserInfo(t.Context(), &oauth2.Token{AccessToken: "canary"}, &info))
	require.Equal(t, 401, te.Status)
	require.False(t, te.MaybeApplied)
	require.NotContains(t, te.Error(), "canary")
	none := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.UserInfoURL = "" })
	require.ErrorIs(t, none.UserInfo(t.Context(), res.Token, &info), oauthflow.ErrUnsupported)
}

func TestLogoutURL(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	b, back := attempt(t, s, c)
	res, err := b.finish(c, back)
	require.NoError(t, err)
	u, err := c.LogoutURL(res.Token, "https://app.test/bye", "st")
	require.NoError(t, err)
	q := query(t, u)
	require.Equal(t, res.Token.Extra("id_token"), q.Get("id_token_hint"))
	require.Equal(t, "web", q.Get("client_id"))

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
	require.NoError(t, err)
	resp, err := s.HTTPClient().Transport.RoundTrip(req)
	require.NoError(t, err)
	require.Equal(t, "https://app.test/bye?state=st", resp.Header.Get("Location"))

	u, err = c.LogoutURL(nil, "", "dropped")
	require.NoError(t, err)
	require.Equal(t, s.URL+"/logout?client_id=web", u)
	u, err = c.LogoutURL(&oauth2.Token{AccessToken: "a"}, "https://app.test/bye", "")
	require.NoError(t, err)
	require.Equal(t, url.Values{"client_id": {"web"}, "post_logout_redirect_uri": {"https://app.test/bye"}}, query(t, u))
	none := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.EndSessionURL = "" })
	_, err = none.LogoutURL(nil, "", "")
	require.ErrorIs(t, err, oauthflow.ErrUnsupported)
}

// What is compared is what is decoded: a member that encoding/json takes for
// the subject does not take its place.
func TestUserInfoOfTwoSubjects(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	b, back := attempt(t, s, c)
	res, err := b.finish(c, back)
	require.NoError(t, err)
	for _, body := range []string{`{"SUB":"victim","sub":"alice"}`, `{"sub":"alice","SUB":"victim"}`, `{"sub":"alice","\u017fub":"victim"}`, `{"sub":"alice","sub":"victim"}`} {
		c = newClient(t, s, "web", nil, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return plainAnswer(200, body), nil
		})}))
		var info struct {
			Sub string `json:"sub"`
		}
		require.ErrorIs(t, c.UserInfo(t.Context(), res.Token, &info), oauthflow.ErrMalformedResponse, body)
		require.Empty(t, info.Sub)
	}
}

// Slack refuses with status 200: that is no user without a name.
func TestUserInfoRefusedWith200(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	for body, code := range map[string]string{
		`{"ok":false,"error":"invalid_auth"}`: "invalid_auth", `{"ok":false}`: "", `{"error":"invalid_token"}`: "invalid_token",
	} {
		c := newClient(t, s, "web", nil, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return plainAnswer(200, body), nil
		})}))
		var info map[string]any
		te := tokenError(t, c.UserInfo(t.Context(), &oauth2.Token{AccessToken: "a"}, &info))
		require.Equal(t, code, te.Code)
		require.False(t, te.MaybeApplied)
		require.Nil(t, info)
	}
}

// An issuer that is reached by https does not send secrets elsewhere in the
// clear, not even to this machine.
func TestDiscoverKeepsToHTTPS(t *testing.T) {
	t.Parallel()
	const issuer = "https://issuer.test"
	for _, name := range []string{
		"authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "jwks_uri", "userinfo_endpoint", "revocation_endpoint",
		"introspection_endpoint", "pushed_authorization_request_endpoint", "end_session_endpoint",
	} {
		doc := map[string]any{"issuer": issuer, "token_endpoint": issuer + "/token", name: "http://127.0.0.1:8080/x"}
		body, err := json.Marshal(doc)
		require.NoError(t, err)
		_, err = oauthflow.Discover(t.Context(), issuer, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return plainAnswer(200, string(body)), nil
		})}))
		require.ErrorIs(t, err, oauthflow.ErrMalformedResponse, name)
	}
	_, err := oauthflow.Discover(t.Context(), issuer+"/?tenant=x", oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return plainAnswer(200, `{"issuer":"https://issuer.test/?tenant=x","token_endpoint":"https://issuer.test/token"}`), nil
	})}))
	require.ErrorContains(t, err, "query", "OpenID Connect Discovery section 3")
}
