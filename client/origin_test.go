package client_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// hosts answers by scheme and host, and records what each saw.
type hosts struct {
	t      *testing.T
	routes map[string]http.HandlerFunc // "https://a.example/path"
	seen   []*http.Request
}

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	h.seen = append(h.seen, r.Clone(r.Context()))
	u := *r.URL
	u.RawQuery = ""
	f, ok := h.routes[u.String()]
	if !ok {
		f = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":"end"}`) }
	}
	return clienttest.NewTransport(h.t, clienttest.Handle(f)).RoundTrip(r)
}

func to(status int, location string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(status)
	}
}

// carries reports whether any part of r holds the canary.
func carries(r *http.Request) bool {
	for _, values := range r.Header {
		for _, v := range values {
			if strings.Contains(v, "canary") {
				return true
			}
		}
	}
	return strings.Contains(r.URL.String(), "canary")
}

func TestC14_CredentialStaysOnItsOrigins(t *testing.T) {
	const a, b = "https://api.example.com", "https://evil.example.net"
	auths := map[string]client.Auth{
		"bearer": client.Bearer(secret.Static("canary-secret")),
		"header": client.APIKeyHeader("X-Custom-Thing", secret.Static("canary-secret")),
		"query":  client.APIKeyQuery("api_key", secret.Static("canary-secret")),
		"basic":  client.BasicKey(secret.Static("canary-secret")),
		"own":    ownAuth{},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		for name, auth := range auths {
			for _, through := range []string{"Call", "HTTPClient", "Call with middleware"} {
				t.Run(strings.Join([]string{name, through, http.StatusText(status)}, "/"), func(t *testing.T) {
					rt := &hosts{t: t, routes: map[string]http.HandlerFunc{
						a + "/start": to(status, b+"/hop?api_key=canary-echoed&x=1"),
						b + "/hop":   to(status, a+"/back"),
					}}
					opts := []client.Option{client.WithAuth(auth), client.WithTransport(rt), client.WithPacing(nil)}
					if through == "Call with middleware" {
						opts = append(opts, client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper { return next }))
					}
					c, err := client.New(a, opts...)
					require.NoError(t, err)
					if through == "HTTPClient" {
						req, _ := http.NewRequest("GET", a+"/start", nil)
						req.Header.Set("Authorization", "Bearer canary-of-the-sdk")
						req.Header.Set("X-Custom-Thing", "canary-of-the-sdk")
						req.Header.Set("X-Api-Key", "canary-of-the-sdk")
						resp, err := c.HTTPClient().Do(req)
						require.NoError(t, err)
						require.NoError(t, resp.Body.Close())
						require.Equal(t, "Bearer canary-of-the-sdk", req.Header.Get("Authorization"), "the caller's request is untouched")
					} else {
						got, err := client.Get[thing](t.Context(), c, "/start")
						require.NoError(t, err)
						require.Equal(t, "end", got.ID)
					}
					require.Len(t, rt.seen, 3)
					require.True(t, carries(rt.seen[0]) || name == "basic" && rt.seen[0].Header.Get("Authorization") != "", "the credential goes to its own origin")
					if name != "query" { // the echo in the Location is the service's own doing, except under the credential's name
						require.Contains(t, rt.seen[1].URL.RawQuery, "x=1")
					}
					for _, name := range []string{"Authorization", "X-Custom-Thing", "X-Api-Key", "Referer"} {
						require.Empty(t, rt.seen[1].Header.Values(name))
						require.Empty(t, rt.seen[2].Header.Values(name), "once a chain has left, nothing is attached again")
					}
					if name == "query" {
						require.False(t, carries(rt.seen[1]), "the query key is stripped")
					}
					require.False(t, carries(rt.seen[2]))
				})
			}
		}
	}
}

// ownAuth is an Auth of a user's own, which changes the URL in place too.
type ownAuth struct{}

func (ownAuth) Authorize(r *http.Request) error {
	r.Header.Set("X-Custom-Thing", "canary-secret")
	q := r.URL.Query()
	q.Set("sig", "canary-signature")
	r.URL.RawQuery = q.Encode()
	return nil
}

func TestC14_AuthCannotLeakThroughTheCallersRequest(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
	c, err := client.New(base, client.WithAuth(ownAuth{}), client.WithTransport(rt))
	require.NoError(t, err)
	req, _ := http.NewRequest("GET", base+"/x?a=1", nil)
	resp, err := c.HTTPClient().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, rt.Last().URL, "canary")
	require.False(t, carries(req))
	require.False(t, carries(resp.Request), "resp.Request holds no credential that the stack added")

	resp, err = c.Do(t.Context(), client.Request{Path: "/x"})
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.False(t, carries(resp.Request))
}

// mover tries to send the request elsewhere.
type mover struct{}

func (mover) Authorize(r *http.Request) error {
	r.URL = &url.URL{Scheme: "https", Host: "evil.example.net", Path: "/"}
	r.Header.Set("Authorization", "canary")
	return nil
}

func TestC14_AuthCannotMoveTheRequest(t *testing.T) {
	rt := clienttest.NewTransport(t)
	c, err := client.New(base, client.WithAuth(mover{}), client.WithTransport(rt))
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), c, "/x")
	require.ErrorIs(t, err, client.ErrConfig)
	require.Zero(t, rt.Count())
}

func TestC14_OriginSets(t *testing.T) {
	profile := client.Profile{
		Name: "p", BaseURL: "https://api.example.com",
		Origins:     []string{"https://files.example.com"},
		OriginMatch: func(u *url.URL) bool { return u.Scheme == "https" && strings.HasSuffix(u.Host, ".bucket.example.com") },
	}
	bearer := client.WithAuth(client.Bearer(secret.Static("canary-secret")))
	for _, tc := range []struct {
		name string
		base string
		opts []client.Option
		url  string
		want bool
	}{
		{"base", "", nil, "https://api.example.com/x", true},
		{"upper case and default port", "", nil, "https://API.example.com:443/x", true},
		{"other port", "", nil, "https://api.example.com:8443/x", false},
		{"profile's second", "", nil, "https://files.example.com/x", true},
		{"profile's predicate", "", nil, "https://a.bucket.example.com/x", true},
		{"lookalike", "", nil, "https://api.example.com.evil.net/x", false},
		{"subdomain", "", nil, "https://x.api.example.com/x", false},
		{"http", "", nil, "http://api.example.com/x", false},
		{"overriding the base replaces the set", "https://proxy.example.org", nil, "https://files.example.com/x", false},
		{"and the predicate", "https://proxy.example.org", nil, "https://a.bucket.example.com/x", false},
		{"by option", "https://proxy.example.org", []client.Option{client.WithOrigins("https://up.example.org")}, "https://up.example.org/x", true},
		{"loopback in the clear", "http://127.0.0.1:8080", nil, "http://127.0.0.1:8080/x", true},
		{"cleartext by a loud option", "http://10.0.0.1", []client.Option{client.WithInsecureCleartextCredentials()}, "http://10.0.0.1/x", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rt := &hosts{t: t}
			c, err := client.New(tc.base, append([]client.Option{client.WithProfile(profile), bearer, client.WithTransport(rt)}, tc.opts...)...)
			require.NoError(t, err)
			resp, err := c.HTTPClient().Get(tc.url)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, tc.want, carries(rt.seen[0]))
		})
	}
	_, err := client.New("http://10.0.0.1", bearer)
	require.ErrorIs(t, err, client.ErrConfig, "a credential over plain http to another machine")
	c, err := client.New("", client.WithProfile(profile), bearer, client.WithTransport(&hosts{t: t}))
	require.NoError(t, err)
	derived, err := c.With(client.WithBaseURL("https://proxy.example.org"))
	require.NoError(t, err)
	_, err = client.Call[thing](t.Context(), derived, client.Request{URL: "https://files.example.com/next"})
	require.ErrorIs(t, err, client.ErrOrigin, "With replaces the set too")
}

func TestC14_SDKCredentialIsReplacedOnItsOriginsOnly(t *testing.T) {
	rt := &hosts{t: t}
	c, err := client.New(base, client.WithAuth(client.Bearer(secret.Static("stack"))), client.WithTransport(rt))
	require.NoError(t, err)
	for _, target := range []string{base + "/x", "https://other.example.com/x"} {
		req, _ := http.NewRequest("GET", target, nil)
		req.Header.Set("Authorization", "Bearer sdk")
		resp, err := c.HTTPClient().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	require.Equal(t, "Bearer stack", rt.seen[0].Header.Get("Authorization"))
	require.Equal(t, "Bearer sdk", rt.seen[1].Header.Get("Authorization"))

	_, err = client.Call[thing](t.Context(), c, client.Request{Path: "/x", Header: http.Header{"authorization": {"Bearer explicit"}}})
	require.NoError(t, err)
	require.Equal(t, []string{"Bearer explicit"}, rt.seen[2].Header["Authorization"], "in Call an explicit header of the caller's wins")
}

func TestC14_NeverFromHTTPSToHTTP(t *testing.T) {
	rt := &hosts{t: t, routes: map[string]http.HandlerFunc{
		"https://localhost/start": to(302, "http://localhost/next"),
		"https://localhost/post":  to(307, "http://localhost/next"),
	}}
	c, err := client.New("https://localhost", client.WithOrigins("http://localhost"), client.WithTransport(rt),
		client.WithAuth(client.Bearer(secret.Static("canary-secret"))), client.WithInsecureCleartextCredentials())
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), c, "/start")
	require.NoError(t, err)
	require.True(t, carries(rt.seen[0]))
	_, err = client.Post[thing](t.Context(), c, "/post", thing{ID: "body"})
	require.ErrorIs(t, err, client.ErrRedirect, "nor does a body go on without TLS")
}

func TestRedirectsFollowTheRFC(t *testing.T) {
	for _, tc := range []struct {
		status         int
		method, want   string
		body, keepBody bool
	}{
		{301, "POST", "GET", true, false},
		{302, "POST", "GET", true, false},
		{303, "PUT", "GET", true, false},
		{302, "HEAD", "HEAD", false, false},
		{307, "POST", "POST", true, true},
		{308, "PUT", "PUT", true, true},
	} {
		rt := clienttest.NewTransport(t, clienttest.Redirect(tc.status, "../b?c=d"), clienttest.JSON(200, `{"id":"x"}`))
		c := over(t, rt, client.WithProfile(keyed))
		var body any
		if tc.body {
			body = thing{ID: "in"}
		}
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: tc.method, Path: "/v1/a/x", Body: body})
		require.NoError(t, err)
		last := rt.Last()
		require.Equal(t, tc.want, last.Method)
		require.Equal(t, "/v1/b?c=d", last.URL)
		require.Equal(t, tc.keepBody, len(last.Body) > 0)
		require.Equal(t, tc.keepBody, last.Header.Get("Content-Type") != "")
	}
	rt := clienttest.NewTransport(t, clienttest.Redirect(302, "https://elsewhere.example.com/"))
	_, err := client.Get[thing](t.Context(), over(t, rt, client.WithMaxRedirects(0)), "/x")
	require.Equal(t, 302, asError(t, err).Status)
	for _, bad := range []string{"ftp://example.com/", "https://", "javascript:alert(1)", "http://[::1", "%zz"} {
		rt := clienttest.NewTransport(t, clienttest.Redirect(302, bad))
		_, err := client.Get[thing](t.Context(), over(t, rt), "/x")
		require.ErrorIs(t, err, client.ErrRedirect, bad)
		require.Equal(t, 1, rt.Count())
	}
}
