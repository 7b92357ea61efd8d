package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/loopback/loopbacktest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// sent is a request as it reached a host.
type sent struct {
	method, url, host, body string
	header                  http.Header
}

// wire stands for the network: it answers by scheme, host and path, and keeps what
// was sent.
type wire struct {
	mu     sync.Mutex
	routes map[string]http.HandlerFunc // "https://a.example/path"; any other is answered with {}
	seen   []sent
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	s := sent{method: r.Method, url: r.URL.String(), host: r.Host, header: r.Header.Clone()}
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		s.body = string(b)
		_ = r.Body.Close()
	}
	w.mu.Lock()
	w.seen = append(w.seen, s)
	w.mu.Unlock()
	rec := httptest.NewRecorder()
	if f := w.routes[r.URL.Scheme+"://"+r.URL.Host+r.URL.Path]; f != nil {
		f(rec, r)
	} else {
		_, _ = io.WriteString(rec, `{}`)
	}
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

func (w *wire) last() sent { return w.seen[len(w.seen)-1] }

// auth is the credential fields of what was sent, of the stack and of an SDK's own.
func (s sent) auth() string {
	return strings.Join(append(s.header["Authorization"], s.header["X-Api-Key"]...), " ")
}

// contentType is what was sent under that name, however it was spelled.
func (s sent) contentType() (all string) {
	for name, values := range s.header {
		if strings.EqualFold(name, "Content-Type") {
			all += strings.Join(values, ", ")
		}
	}
	return all
}

const (
	own     = "https://api.example.com"
	foreign = "https://files.example.net"
	third   = "https://evil.example.org"
)

// on returns a client of own over w, whose credential is a canary.
func (w *wire) on(t *testing.T, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(own, append([]client.Option{
		client.WithAuth(client.Bearer(secret.Static("canary-secret"))), client.WithTransport(w), client.WithPacing(nil),
	}, opts...)...)
	require.NoError(t, err)
	return c
}

// sdk makes a request as an SDK does, with a credential of its own.
func sdk(t *testing.T, hc *http.Client, method, target, body string) error {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, r)
	require.NoError(t, err)
	req.Header.Set("X-Api-Key", "of-the-sdk")
	resp, err := hc.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// C14, C40: what a host that is not the client's sends the client to gets no
// credential, on the client's own origins too.
func TestC40_ChainThatBeganElsewhere(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{"GET", "POST", "DELETE", "PUT", "HEAD"} {
			t.Run(http.StatusText(status)+"/"+method, func(t *testing.T) {
				w := &wire{routes: map[string]http.HandlerFunc{
					foreign + "/file": to(status, own+"/v1/account"),
					foreign + "/a":    to(status, foreign+"/b"),
					foreign + "/b":    to(status, third+"/c"),
				}}
				hc := w.on(t).HTTPClient()
				err := sdk(t, hc, method, foreign+"/file", "")
				require.Equal(t, "of-the-sdk", w.seen[0].auth(), "elsewhere the SDK's requests pass as they are")
				for _, s := range w.seen[1:] {
					require.Empty(t, s.auth(), s.url)
				}
				if err != nil {
					require.ErrorIs(t, err, client.ErrRedirect)
				}

				w.seen = nil
				_ = sdk(t, hc, method, foreign+"/a", "")
				require.Equal(t, "of-the-sdk", w.seen[1].auth(), "it goes on where it began")
				for _, s := range w.seen[2:] {
					require.Empty(t, s.auth(), s.url)
				}
			})
		}
	}
}

// move is middleware that sends requests elsewhere.
func move(change func(*http.Request) *http.Request) client.Middleware {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { return next.RoundTrip(change(r)) })
	}
}

// C14, C40: where a request goes is told by what is sent, however middleware has
// changed it.
func TestC40_MovedRequestsAreJudgedByWhereTheyGo(t *testing.T) {
	const second = "https://uploads.example.com"
	parse := func(s string) *url.URL { u, _ := url.Parse(s); return u }
	for name, tc := range map[string]struct {
		change func(*http.Request) *http.Request
		want   bool
	}{
		"not at all":       {func(r *http.Request) *http.Request { return r }, true},
		"path in place":    {func(r *http.Request) *http.Request { r.URL.Path = "/other"; return r }, true},
		"host in place":    {func(r *http.Request) *http.Request { r.URL.Host = "files.example.net"; return r }, false},
		"scheme in place":  {func(r *http.Request) *http.Request { r.URL.Scheme = "http"; return r }, false},
		"port in place":    {func(r *http.Request) *http.Request { r.URL.Host += ":8443"; return r }, false},
		"opaque in place":  {func(r *http.Request) *http.Request { r.URL.Opaque = "//files.example.net/x"; return r }, false},
		"absolute opaque":  {func(r *http.Request) *http.Request { r.URL.Opaque = foreign + "/x"; return r }, false},
		"opaque with user": {func(r *http.Request) *http.Request { r.URL.Opaque = "//api.example.com@evil.example/x"; return r }, false},
		"own opaque":       {func(r *http.Request) *http.Request { r.URL.Opaque = "//API.example.com/a%2Fb?x=1"; return r }, true},
		"opaque path":      {func(r *http.Request) *http.Request { r.URL.Opaque = "/a%2Fb"; return r }, true},
		"Host field":       {func(r *http.Request) *http.Request { r.Host = "files.example.net"; return r }, false},
		"own Host field":   {func(r *http.Request) *http.Request { r.Host = "uploads.example.com"; return r }, true},
		"Host with port":   {func(r *http.Request) *http.Request { r.Host = "api.example.com:443"; return r }, true},
		"another URL":      {func(r *http.Request) *http.Request { r.URL = parse(foreign + "/x"); return r }, false},
		"clone": {func(r *http.Request) *http.Request {
			r = r.Clone(r.Context())
			r.URL.Host = "files.example.net"
			return r
		}, false},
		"own in place":  {func(r *http.Request) *http.Request { r.URL.Host = "uploads.example.com"; return r }, true},
		"own clone":     {func(r *http.Request) *http.Request { r = r.Clone(r.Context()); r.URL = parse(second + "/x"); return r }, true},
		"case and port": {func(r *http.Request) *http.Request { r.URL.Host = "API.example.com:443"; return r }, true},
	} {
		for where, use := range map[string]func(...client.Middleware) client.Option{"attempt": client.WithAttemptMiddleware, "call": client.WithCallMiddleware} {
			for _, auth := range []client.Auth{client.Bearer(secret.Static("canary-secret")), client.APIKeyQuery("k", secret.Static("canary-secret")), ownAuth{}} {
				w := &wire{}
				c := w.on(t, use(move(tc.change)), client.WithOrigins(second), client.WithAuth(auth))
				_, err := client.Get[client.None](t.Context(), c, "/x")
				require.NoError(t, err)
				require.NoError(t, sdk(t, c.HTTPClient(), "GET", own+"/x", ""))
				require.Len(t, w.seen, 2)
				for _, s := range w.seen {
					got := strings.Contains(s.url+s.header.Get("Authorization")+s.header.Get("X-Custom-Thing"), "canary")
					require.Equal(t, tc.want, got, "%s, %s middleware, %T: %+v", name, where, auth, s)
				}
			}
		}
	}
}

// C14: an SDK's own opaque URL or Host field counts as well, and a caller's explicit
// Host in Call is the caller's word.
func TestC14_OpaqueURLsAndHostFieldsOfAnSDK(t *testing.T) {
	w := &wire{}
	c := w.on(t)
	for name, change := range map[string]func(*http.Request){
		"opaque": func(r *http.Request) { r.URL.Opaque = "//files.example.net/x" },
		"host":   func(r *http.Request) { r.Host = "files.example.net" },
	} {
		req, _ := http.NewRequest("GET", own+"/x", nil)
		change(req)
		resp, err := c.HTTPClient().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Empty(t, w.last().auth(), name)
	}
	w.routes = map[string]http.HandlerFunc{own + "/start": to(302, own+"/chosen")}
	req, _ := http.NewRequest("GET", own+"/start", nil)
	req.Host = "files.example.net"
	resp, err := c.HTTPClient().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, own+"/chosen", w.last().url)
	require.Empty(t, w.last().auth(), "who answered under that Host field chose where to go")
	_, err = client.Call[client.None](t.Context(), c, client.Request{Header: http.Header{"Host": {"virtual.example"}}})
	require.NoError(t, err)
	require.Equal(t, "virtual.example", w.last().host)
	require.Equal(t, "Bearer canary-secret", w.last().auth())
}

// Middleware that changes its request in place changes that attempt: neither the next
// one nor the caller's request.
func TestC9_AttemptMiddlewareChangesItsAttemptAlone(t *testing.T) {
	w := &wire{routes: map[string]http.HandlerFunc{foreign + "/x": to(503, ""), own + "/x": to(503, "")}}
	n := 0
	first := move(func(r *http.Request) *http.Request {
		if n++; n == 1 {
			r.URL.Host = "files.example.net"
			r.Header.Set("X-Moved", "yes")
			delete(r.Header, "X-Api-Key")
		}
		return r
	})
	policy := retry.Policy{MaxAttempts: 2, Backoff: retry.Constant(0)}
	c := w.on(t, client.WithAttemptMiddleware(first), client.WithRetry(policy))
	req, _ := http.NewRequest("GET", own+"/x", nil)
	req.Header.Set("X-Api-Key", "of-the-sdk")
	resp, err := c.HTTPClient().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Len(t, w.seen, 2)
	require.Empty(t, w.seen[0].auth())
	require.Equal(t, "Bearer canary-secret of-the-sdk", w.seen[1].auth())
	require.Empty(t, w.seen[1].header["X-Moved"])
	require.Equal(t, own+"/x", req.URL.String())
	require.Equal(t, http.Header{"X-Api-Key": {"of-the-sdk"}}, req.Header)
}

// C40: a redirect that is the word of a host to which middleware moved the request
// leads to no credential.
func TestC40_RedirectFromWhereMiddlewareWent(t *testing.T) {
	w := &wire{routes: map[string]http.HandlerFunc{foreign + "/start": to(302, own+"/chosen")}}
	away := move(func(r *http.Request) *http.Request {
		if r.URL.Path == "/start" {
			r = r.Clone(r.Context())
			r.URL.Host = "files.example.net"
		}
		return r
	})
	for _, use := range []func(...client.Middleware) client.Option{client.WithAttemptMiddleware, client.WithCallMiddleware} {
		c := w.on(t, use(away))
		w.seen = nil
		_, err := client.Get[client.None](t.Context(), c, "/start")
		require.NoError(t, err)
		require.NoError(t, sdk(t, c.HTTPClient(), "GET", own+"/start", ""))
		require.Len(t, w.seen, 4)
		require.Equal(t, own+"/chosen", w.seen[1].url)
		require.Empty(t, w.seen[1].auth())
		require.Equal(t, own+"/chosen", w.seen[3].url)
		require.Empty(t, w.seen[3].auth())
	}
}

// C15: a 401 from where the credential did not go renews nothing.
func TestC15_NoRenewalOutsideTheOrigins(t *testing.T) {
	unauthorized := to(401, "")
	w := &wire{routes: map[string]http.HandlerFunc{
		foreign + "/moved": unauthorized, foreign + "/x": unauthorized, own + "/away": to(307, foreign+"/x"), own + "/x": unauthorized,
	}}
	renewals := 0
	auth := renewable{func() { renewals++ }}
	away := move(func(r *http.Request) *http.Request {
		if r.URL.Path == "/moved" {
			r.URL.Host = "files.example.net"
		}
		return r
	})
	c := w.on(t, client.WithAuth(auth), client.WithAttemptMiddleware(away))
	for _, target := range []string{own + "/moved", own + "/away", foreign + "/x"} {
		require.NoError(t, sdk(t, c.HTTPClient(), "GET", target, ""))
		require.Zero(t, renewals, target)
	}
	for _, path := range []string{"/moved", "/away"} {
		_, err := client.Get[client.None](t.Context(), c, path)
		require.ErrorIs(t, err, client.ErrUnauthorized)
		require.Zero(t, renewals, path)
	}
	_, err := client.Get[client.None](t.Context(), c, "/x")
	require.ErrorIs(t, err, client.ErrUnauthorized)
	require.Equal(t, 1, renewals, "on its own origin it is renewed")
}

// renewable is a credential that can be renewed.
type renewable struct{ renewed func() }

func (renewable) Authorize(r *http.Request) error {
	r.Header.Set("Authorization", "Bearer canary-secret")
	return nil
}

func (r renewable) Challenge(*http.Request, *http.Response) (bool, error) {
	r.renewed()
	return false, nil
}

// C14: an https hop is not followed by one in the clear that has the credential, under
// the loud option and on loopback too.
func TestC14_NoCredentialFromHTTPSToHTTP(t *testing.T) {
	for _, host := range []string{"10.0.0.1", "localhost"} {
		secure, clear := "https://"+host, "http://"+host
		w := &wire{routes: map[string]http.HandlerFunc{
			secure + "/down": to(302, clear+"/x"),
			clear + "/up":    to(302, secure+"/down"),
			clear + "/flat":  to(302, clear+"/x"),
		}}
		down := move(func(r *http.Request) *http.Request {
			if r.URL.Path == "/moved" {
				r.URL.Scheme = "http"
			}
			return r
		})
		for _, base := range []string{secure, clear} {
			c, err := client.New(base, client.WithOrigins(secure, clear), client.WithInsecureCleartextCredentials(), client.WithTransport(w),
				client.WithAuth(client.Bearer(secret.Static("canary-secret"))), client.WithPacing(nil), client.WithAttemptMiddleware(down))
			require.NoError(t, err)
			for path, want := range map[string]string{"/down": "", "/up": "", "/flat": "Bearer canary-secret", "/moved": ""} {
				if (path == "/down" || path == "/moved") != (base == secure) {
					continue
				}
				_, err = client.Get[client.None](t.Context(), c, path)
				require.NoError(t, err)
				require.Equal(t, "http", strings.SplitN(w.last().url, ":", 2)[0])
				require.Equal(t, want, w.last().auth(), "Call %s%s", base, path)
				resp, err := c.HTTPClient().Get(base + path)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, want, w.last().auth(), "HTTPClient %s%s", base, path)
			}
		}
	}
}

// C14: nor is a body sent again without TLS, whoever drives the redirects.
func TestC14_NoBodyFromHTTPSToHTTP(t *testing.T) {
	for _, status := range []int{307, 308} {
		w := &wire{routes: map[string]http.HandlerFunc{
			own + "/x":     to(status, "http://api.example.com/x"),
			foreign + "/x": to(status, "http://files.example.net/x"),
		}}
		c := w.on(t)
		for _, method := range []string{"POST", "PUT", "GET"} {
			for _, target := range []string{own, foreign} {
				require.ErrorIs(t, sdk(t, c.HTTPClient(), method, target+"/x", "body"), client.ErrRedirect)
			}
			_, err := client.Call[client.None](t.Context(), c, client.Request{Method: method, Path: "/x", Body: client.Raw("text/plain", []byte("body"))})
			require.ErrorIs(t, err, client.ErrRedirect)
		}
		for _, s := range w.seen {
			require.True(t, strings.HasPrefix(s.url, "https:"), s.url)
		}
	}
}

// C40: a chain that middleware, or something around the stack, has lost is one that
// may have been anywhere.
func TestC40_LostChains(t *testing.T) {
	anew := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err == nil { // as a cache or a recorder does
				resp = &http.Response{StatusCode: resp.StatusCode, Header: resp.Header, Body: resp.Body, ContentLength: -1}
			}
			return resp, err
		})
	}
	w := &wire{routes: map[string]http.HandlerFunc{
		own + "/start": to(302, foreign+"/x"), foreign + "/x": to(302, own+"/chosen"), own + "/moved": to(302, own+"/here"),
	}}
	within := w.on(t, client.WithCallMiddleware(anew)).HTTPClient()
	around := w.on(t).HTTPClient()
	around.Transport = anew(around.Transport)
	for name, hc := range map[string]*http.Client{"middleware": within, "around the stack": around} {
		require.NoError(t, sdk(t, hc, "GET", own+"/start", ""))
		require.Equal(t, own+"/chosen", w.last().url)
		require.Empty(t, w.last().auth(), name)
	}
	require.NoError(t, sdk(t, within, "GET", own+"/moved", ""))
	require.Equal(t, "Bearer canary-secret of-the-sdk", w.last().auth(), "middleware does not lose it on the client's own origins")
	require.NoError(t, sdk(t, around, "GET", own+"/moved", ""))
	require.Empty(t, w.last().auth())
	w.routes[own+"/down"] = to(307, "http://api.example.com/x")
	require.ErrorIs(t, sdk(t, around, "POST", own+"/down", "body"), client.ErrRedirect, "it may have been over TLS")
}

// C40: a hop that middleware answers by itself is one all the same.
func TestC40_HopsThatMiddlewareAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		start string
		cache map[string]string
		want  string
	}{
		"the first one":     {foreign + "/x", map[string]string{foreign + "/x": own + "/chosen"}, ""},
		"a foreign one":     {own + "/start", map[string]string{foreign + "/x": own + "/chosen"}, ""},
		"all":               {own + "/start", map[string]string{own + "/start": foreign + "/x", foreign + "/x": own + "/chosen"}, ""},
		"one of its own":    {own + "/own", map[string]string{own + "/own": own + "/chosen"}, "Bearer canary-secret of-the-sdk"},
		"one that goes off": {own + "/own", map[string]string{own + "/own": third + "/chosen"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := &wire{routes: map[string]http.HandlerFunc{own + "/start": to(302, foreign+"/x")}}
			cached := func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					if location, ok := tc.cache[r.URL.String()]; ok {
						return &http.Response{StatusCode: 302, Header: http.Header{"Location": {location}}, Body: http.NoBody}, nil
					}
					return next.RoundTrip(r)
				})
			}
			c := w.on(t, client.WithCallMiddleware(cached))
			require.NoError(t, sdk(t, c.HTTPClient(), "GET", tc.start, ""))
			require.Contains(t, w.last().url, "/chosen")
			require.Equal(t, tc.want, w.last().auth())
			if path, ok := strings.CutPrefix(tc.start, own); ok {
				_, err := client.Call[client.None](t.Context(), c, client.Request{Path: path, Header: http.Header{"X-Api-Key": {"of-the-sdk"}}})
				require.NoError(t, err)
				require.Contains(t, w.last().url, "/chosen")
				require.Equal(t, tc.want, w.last().auth())
			}
		})
	}
}

// C14: no header that may be a credential crosses to another origin, a subdomain
// included, to which http.Client itself would send it; nor does a query key.
func TestC14_WhatForeignHopsDoNotGet(t *testing.T) {
	credentials := http.Header{
		"Cookie": {"session=of-the-sdk"}, "X-Api-Key": {"of-the-sdk"}, "Proxy-Authorization": {"of-the-sdk"}, "x-api-token": {"of-the-sdk"},
		"Referer": {own + "/?of-the-sdk"}, "Stripe-Account": {"of-the-sdk"},
	}
	for _, status := range []int{302, 307} {
		for _, host := range []string{foreign, "https://uploads.api.example.com", "http://api.example.com", own + ":8443"} {
			w := &wire{routes: map[string]http.HandlerFunc{own + "/x": to(status, strings.Replace(host, "://", "://u:p@", 1)+"/y?X-If-Canary=other&b=2")}}
			for i, auth := range []client.Auth{client.APIKeyHeader("X-If-Canary", secret.Static("canary-secret")), client.APIKeyQuery("X-If-Canary", secret.Static("canary-secret"))} {
				c := w.on(t, client.WithAuth(auth))
				mine := credentials.Clone()
				if i == 0 {
					mine["X-If-Canary"] = []string{"of-the-sdk"} // the credential's own field, whatever it is called
				}
				_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x", Header: mine})
				require.NoError(t, err)
				req, _ := http.NewRequest("GET", own+"/x", nil)
				req.Header = mine.Clone()
				resp, err := c.HTTPClient().Do(req)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
			}
			for _, s := range w.seen {
				if strings.HasPrefix(s.url, own+"/x") {
					continue
				}
				for name, values := range s.header {
					require.NotContains(t, strings.Join(values, " "), "of-the-sdk", name)
					require.NotContains(t, strings.Join(values, " "), "canary", name)
				}
				require.NotContains(t, s.url, "@")
			}
			require.Equal(t, host+"/y?b=2", w.last().url, "the query key is stripped, and nothing else")
		}
	}
}

// C40: over plain http the credential goes to this machine alone, as the module's one
// rule has it.
func TestC40_PlainHTTPIsForThisMachine(t *testing.T) {
	for host, want := range loopbacktest.Hosts {
		_, err := client.New(loopbacktest.URL(host), client.WithAuth(client.Bearer(secret.Static("canary-secret"))))
		require.Equal(t, want, err == nil, "%q: %v", host, err)
		if _, bad := url.Parse(loopbacktest.URL(host)); bad != nil || host == "" {
			continue
		}
		w := &wire{}
		c := w.on(t, client.WithOrigins(loopbacktest.URL(strings.ToLower(host))))
		require.NoError(t, sdk(t, c.HTTPClient(), "GET", loopbacktest.URL(host)+"/x", ""))
		require.Equal(t, want, strings.Contains(w.last().auth(), "canary"), "%q", host)
	}
}
