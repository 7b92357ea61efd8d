package session_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

var whoAmI = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if s, ok := session.FromContext(r.Context()); ok {
		_, _ = io.WriteString(w, s.Subject)
		return
	}
	_, _ = io.WriteString(w, "nobody")
})

type call struct {
	method  string
	header  http.Header
	cookies []string
}

func (c call) do(h http.Handler) *httptest.ResponseRecorder {
	if c.method == "" {
		c.method = http.MethodGet
	}
	r := httptest.NewRequest(c.method, "https://app.example.com/", nil)
	for name, values := range c.header {
		r.Header[name] = values
	}
	for _, cookie := range c.cookies {
		r.Header.Add("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func TestMiddleware(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	good, expired := i.ClerkToken(nil), i.ClerkToken(claims{"exp": 1})
	var reasons []error
	v := verifier(t, i, i.Clerk())
	plain := session.Middleware(v, session.OnRefused(func(_ *http.Request, err error) { reasons = append(reasons, err) }))(whoAmI)
	tests := []struct {
		name      string
		call      call
		status    int
		challenge string
		reason    error
	}{
		{"good", call{header: bearer(good)}, 200, "", nil},
		{"scheme in lower case", call{header: http.Header{"Authorization": {"bearer " + good}}}, 200, "", nil},
		{"none", call{}, 401, "Bearer", session.ErrNoToken},
		{"other scheme", call{header: http.Header{"Authorization": {"Basic dTpw"}}}, 401, "Bearer", session.ErrNoToken},
		{"no scheme", call{header: http.Header{"Authorization": {good}}}, 401, "Bearer", session.ErrNoToken},
		{"scheme glued", call{header: http.Header{"Authorization": {"Bearer" + good}}}, 401, "Bearer", session.ErrNoToken},
		{"scheme alone", call{header: http.Header{"Authorization": {"Bearer"}}}, 401, `Bearer error="invalid_token"`, session.ErrMalformed},
		{"tab for space", call{header: http.Header{"Authorization": {"Bearer\t" + good}}}, 401, `Bearer error="invalid_token"`, session.ErrMalformed},
		{"empty header", call{header: http.Header{"Authorization": {""}}}, 401, "Bearer", session.ErrNoToken},
		{"empty token", call{header: bearer("")}, 401, `Bearer error="invalid_token"`, session.ErrMalformed},
		{"expired", call{header: bearer(expired)}, 401, `Bearer error="invalid_token"`, session.ErrExpired},
		{"garbage", call{header: bearer(good + "x")}, 401, `Bearer error="invalid_token"`, nil},
		{"tail", call{header: bearer(good + " x")}, 401, `Bearer error="invalid_token"`, session.ErrMalformed},
		{"two headers", call{header: http.Header{"Authorization": {"Bearer " + good, "Bearer " + good}}}, 401, `Bearer error="invalid_token"`, session.ErrMalformed},
		{"cookie not asked for", call{cookies: []string{"__session=" + good}}, 401, "Bearer", session.ErrNoToken},
	}
	bodies := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reasons = nil
			w := tt.call.do(plain)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.challenge, w.Header().Get("WWW-Authenticate"))
			require.Equal(t, []string{"Authorization"}, w.Header().Values("Vary"), "whatever the answer is")
			if tt.status == 200 {
				require.Equal(t, sessiontest.Subject, w.Body.String())
				require.Empty(t, reasons)
				return
			}
			require.Len(t, reasons, 1)
			if tt.reason != nil {
				require.ErrorIs(t, reasons[0], tt.reason)
			}
			bodies[w.Body.String()] = true
		})
	}
	require.Len(t, bodies, 1, "all refusals look the same")
}

// J9: keys unavailable is a 503, not a 401.
func TestJ9_MiddlewareWithoutKeys(t *testing.T) {
	t.Parallel()
	i, _ := stopped()
	i.Fail(http.StatusBadGateway)
	h := session.Middleware(verifier(t, i, i.Clerk()))(whoAmI)
	w := call{header: bearer(i.ClerkToken(nil))}.do(h)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Empty(t, w.Header().Get("WWW-Authenticate"))
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Equal(t, []string{"Authorization"}, w.Header().Values("Vary"))
}

func TestMiddlewareOptional(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	h := session.Middleware(verifier(t, i, i.Clerk()), session.Optional())(whoAmI)
	w := call{}.do(h)
	require.Equal(t, 200, w.Code)
	require.Equal(t, "nobody", w.Body.String())
	require.Equal(t, sessiontest.Subject, call{header: bearer(i.ClerkToken(nil))}.do(h).Body.String())
	require.Equal(t, 401, call{header: bearer(i.ClerkToken(claims{"exp": 1}))}.do(h).Code)
	require.Equal(t, []string{"Authorization"}, w.Header().Values("Vary"), "nobody's page is not for everybody")

	// Credentials that are there but cannot be read are not the lack of any.
	good, other := i.ClerkToken(nil), i.ClerkToken(claims{"sub": "user_2"})
	h = session.Middleware(verifier(t, i, i.Clerk()), session.Optional(), session.FromCookie("__session"))(whoAmI)
	for name, c := range map[string]call{
		"two headers":    {header: http.Header{"Authorization": {"Bearer " + good, "Bearer " + good}}},
		"two cookies":    {cookies: []string{"__session=" + good + "; __session=" + other}},
		"no token":       {header: http.Header{"Authorization": {"Bearer"}}},
		"empty token":    {header: bearer("")},
		"garbage":        {header: bearer("x")},
		"garbage cookie": {cookies: []string{"__session=x"}},
		"expired cookie": {cookies: []string{"__session=" + i.ClerkToken(claims{"exp": 1})}},
		"bearer's tab":   {header: http.Header{"Authorization": {"Bearer\t" + good}}},
	} {
		w := c.do(h)
		require.Equal(t, 401, w.Code, name)
		require.Equal(t, `Bearer error="invalid_token"`, w.Header().Get("WWW-Authenticate"), name)
	}
	for name, c := range map[string]call{
		"nothing":      {},
		"empty cookie": {cookies: []string{"__session="}},
		"other scheme": {header: http.Header{"Authorization": {"Basic dTpw"}}},
	} {
		w := c.do(h)
		require.Equal(t, 200, w.Code, name)
		require.Equal(t, "nobody", w.Body.String(), name)
	}
}

func TestMiddlewareCookie(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	good, other := i.ClerkToken(nil), i.ClerkToken(claims{"sub": "user_2"})
	var reason error
	h := session.Middleware(verifier(t, i, i.Clerk()), session.FromCookie("__session", "https://www.example.com"),
		session.OnRefused(func(_ *http.Request, err error) { reason = err }))(whoAmI)
	cookie := []string{"__session=" + good}
	site := func(s string) http.Header { return http.Header{"Sec-Fetch-Site": {s}} }
	tests := []struct {
		name   string
		call   call
		status int
		reason error
	}{
		{"read", call{cookies: cookie}, 200, nil},
		{"read from elsewhere", call{cookies: cookie, header: site("cross-site")}, 200, nil},
		{"write, same origin", call{method: "POST", cookies: cookie, header: site("same-origin")}, 200, nil},
		{"write, typed in", call{method: "POST", cookies: cookie, header: site("none")}, 200, nil},
		{"write, not a browser", call{method: "POST", cookies: cookie}, 200, nil},
		{"write, old browser, same origin", call{method: "POST", cookies: cookie, header: http.Header{"Origin": {"https://app.example.com"}}}, 200, nil},
		{"write, trusted origin", call{method: "POST", cookies: cookie, header: http.Header{"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://www.example.com"}}}, 200, nil},
		{"write, cross site", call{method: "POST", cookies: cookie, header: site("cross-site")}, 403, session.ErrCrossOrigin},
		{"delete, cross site", call{method: "DELETE", cookies: cookie, header: site("cross-site")}, 403, session.ErrCrossOrigin},
		{"write, other subdomain", call{method: "POST", cookies: cookie, header: site("same-site")}, 403, session.ErrCrossOrigin},
		{"write, old browser, cross site", call{method: "POST", cookies: cookie, header: http.Header{"Origin": {"https://evil.example"}}}, 403, session.ErrCrossOrigin},
		{"write, cross site, with a header", call{method: "POST", header: http.Header{"Sec-Fetch-Site": {"cross-site"}, "Authorization": {"Bearer " + good}}}, 200, nil},
		{"empty cookie", call{cookies: []string{"__session="}}, 401, session.ErrNoToken},
		{"other cookie", call{cookies: []string{"__session_x=" + good}}, 401, session.ErrNoToken},
		{"two equal cookies", call{cookies: []string{"__session=" + good + "; __session=" + good}}, 200, nil},
		{"two cookies", call{cookies: []string{"__session=" + good + "; __session=" + other}}, 401, session.ErrMalformed},
		{"two cookie headers", call{cookies: []string{"__session=" + other, "__session=" + good}}, 401, session.ErrMalformed},
		{"bad header beside a good cookie", call{cookies: cookie, header: bearer("x")}, 401, session.ErrMalformed},
		{"other scheme beside a cookie", call{cookies: cookie, header: http.Header{"Authorization": {"Basic dTpw"}}}, 200, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reason = nil
			w := tt.call.do(h)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, []string{"Authorization", "Cookie"}, w.Header().Values("Vary"))
			if tt.reason != nil {
				require.ErrorIs(t, reason, tt.reason)
				require.NotContains(t, reason.Error(), "\n", "it is logged on one line")
			} else {
				require.NoError(t, reason)
			}
		})
	}
	w := call{header: bearer(other), cookies: cookie}.do(h)
	require.Equal(t, "user_2", w.Body.String(), "the header comes first")
}

func TestRequire(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	wrap := func(require func(http.Handler) http.Handler) http.Handler {
		return session.Middleware(verifier(t, i, i.Auth0()))(require(whoAmI))
	}
	token := i.Auth0Token(claims{"permissions": []string{"a", "b"}, "scope": "s t"})
	for _, tt := range []struct {
		name    string
		require func(http.Handler) http.Handler
		status  int
	}{
		{"one", session.Require("a"), 200},
		{"both", session.Require("a", "b"), 200},
		{"one missing", session.Require("a", "c"), 403},
		{"case", session.Require("A"), 403},
		{"a scope is no permission", session.Require("s"), 403},
		{"scope", session.RequireScope("s", "t"), 200},
		{"scope missing", session.RequireScope("s", "u"), 403},
		{"a permission is no scope", session.RequireScope("a"), 403},
		{"role", session.RequireRole("org:admin"), 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := call{header: bearer(token)}.do(wrap(tt.require))
			require.Equal(t, tt.status, w.Code)
			if tt.status == 403 {
				require.Equal(t, `Bearer error="insufficient_scope"`, w.Header().Get("WWW-Authenticate"))
			}
		})
	}
	admin := session.Middleware(verifier(t, i, i.Clerk()))(session.RequireRole("org:owner", "org:admin")(whoAmI))
	require.Equal(t, 200, call{header: bearer(i.ClerkToken(nil))}.do(admin).Code)
	require.Equal(t, 403, call{header: bearer(i.ClerkToken(claims{"o": absent}))}.do(admin).Code)

	w := call{}.do(session.Require("a")(whoAmI))
	require.Equal(t, 401, w.Code, "without Middleware around it")
	require.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	v := verifier(t, i, i.Clerk())
	require.Panics(t, func() { session.Middleware(nil) })
	require.Panics(t, func() { session.Middleware(v, nil) })
	require.Panics(t, func() { session.Require() })
	require.Panics(t, func() { session.RequireScope("") })
	require.Panics(t, func() { session.Middleware(v, session.FromCookie("x", "not an origin")) })
	for _, name := range []string{"", "a b", "a;b", "a=b", "ä", "a\n"} { // no cookie is called that
		require.Panics(t, func() { session.Middleware(v, session.FromCookie(name)) }, "%q", name)
	}
	require.Panics(t, func() { session.Middleware(v, session.OnRefused(nil)) })
	_, ok := session.FromContext(session.NewContext(t.Context(), nil))
	require.False(t, ok)
}

func TestRevocation(t *testing.T) {
	t.Parallel()
	i, now := shared()
	ended := map[string]bool{sessiontest.SessionID: true}
	var failure error
	hook := session.RevocationFunc(func(_ context.Context, s *session.Session) (bool, error) { return ended[s.ID], failure })
	v := verifier(t, i, i.Clerk(), session.WithRevocation(hook))
	refused(t, v, i.ClerkToken(nil), session.ErrRevoked)
	accepted(t, v, i.ClerkToken(claims{"sid": "sess_2"}))
	failure = errors.New("database down")
	_, err := v.Verify(t.Context(), i.ClerkToken(nil))
	require.ErrorIs(t, err, session.ErrRevocationUnavailable)
	require.ErrorIs(t, err, failure)
	w := call{header: bearer(i.ClerkToken(nil))}.do(session.Middleware(v)(whoAmI))
	require.Equal(t, 503, w.Code)
	// The hook is asked last: not for tokens that are refused anyway.
	refused(t, v, i.ClerkToken(claims{"exp": now.Unix()}), session.ErrExpired)
}

// C37: a hook that panics leaves the request undecided; one that only looks changes
// no answer.
func TestC37_APanicInAHook(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	blow := func() { panic("canary-in-a-panic") }
	for name, hook := range map[string]session.Revocation{
		"RevocationFunc":   session.RevocationFunc(func(context.Context, *session.Session) (bool, error) { blow(); return false, nil }),
		"TokensValidAfter": session.TokensValidAfter(func(context.Context, string) (time.Time, error) { blow(); return time.Time{}, nil }),
	} {
		v := verifier(t, i, i.Clerk(), session.WithRevocation(hook))
		_, err := v.Verify(t.Context(), i.ClerkToken(nil))
		require.ErrorIs(t, err, session.ErrRevocationUnavailable, name)
		require.ErrorContains(t, err, "the revocation hook panicked with a string")
		require.NotContains(t, err.Error(), "canary")
		w := call{header: bearer(i.ClerkToken(nil))}.do(session.Middleware(v, session.OnRefused(func(*http.Request, error) { blow() }))(whoAmI))
		require.Equal(t, 503, w.Code)
		w = call{}.do(session.Middleware(v, session.OnRefused(func(*http.Request, error) { blow() }))(whoAmI))
		require.Equal(t, 401, w.Code)
	}
}

func TestTokensValidAfter(t *testing.T) {
	t.Parallel()
	i, now := shared()
	signedIn := now.Add(-time.Minute)
	var after time.Time
	var failure error
	v := verifier(t, i, i.Firebase(), session.WithRevocation(session.TokensValidAfter(func(_ context.Context, subject string) (time.Time, error) {
		require.Equal(t, sessiontest.Subject, subject)
		return after, failure
	})))
	accepted(t, v, i.FirebaseToken(nil))
	after = signedIn.Add(-time.Second)
	accepted(t, v, i.FirebaseToken(nil))
	after = signedIn.Add(900 * time.Millisecond)
	accepted(t, v, i.FirebaseToken(nil))
	after = signedIn.Add(time.Second)
	refused(t, v, i.FirebaseToken(nil), session.ErrRevoked)
	accepted(t, v, i.FirebaseToken(claims{"auth_time": now.Unix()}))
	failure = errors.New("x")
	refused(t, v, i.FirebaseToken(nil), session.ErrRevocationUnavailable)
	nothing := verifier(t, i, i.Firebase(), session.WithRevocation(session.TokensValidAfter(nil)))
	refused(t, nothing, i.FirebaseToken(nil), session.ErrRevocationUnavailable)
}

func TestLoggedOut(t *testing.T) {
	t.Parallel()
	i, now := stopped()
	list, err := session.NewLoggedOut(time.Hour, i.Now)
	require.NoError(t, err)
	v := verifier(t, i, i.Auth0(), session.WithRevocation(list))
	token := i.Auth0Token(claims{"sid": "s1", "exp": now.Unix() + 10_000})
	subject := "auth0|" + sessiontest.Subject
	issuer := "https://" + sessiontest.Auth0Domain + "/"
	accepted(t, v, token)
	require.NoError(t, list.Add(issuer, "s2", subject))
	require.NoError(t, list.Add("https://other.example/", "s1", subject))
	accepted(t, v, token)
	require.NoError(t, list.Add(issuer, "s1", ""))
	refused(t, v, token, session.ErrRevoked)
	accepted(t, v, i.Auth0Token(nil))

	// By subject: what began before, not what comes after.
	require.NoError(t, list.Add(issuer, "", subject))
	refused(t, v, i.Auth0Token(nil), session.ErrRevoked)
	i.Advance(time.Second)
	accepted(t, v, i.Auth0Token(nil))
	refused(t, v, i.Auth0Token(claims{"auth_time": now.Unix()}), session.ErrRevoked)
	accepted(t, v, i.Auth0Token(claims{"sub": "auth0|user_2"}))

	i.Advance(time.Hour)
	accepted(t, v, token)
	require.NoError(t, list.Add(issuer, "s9", ""))
	require.Error(t, list.Add(issuer, "", ""))
	require.Error(t, list.Add("", "s", ""))
	_, err = session.NewLoggedOut(0, nil)
	require.Error(t, err)
	_, err = session.NewLoggedOut(time.Hour, nil)
	require.NoError(t, err)
}

func TestLongBearerTokenIsNotEchoed(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	w := call{header: bearer(strings.Repeat("canary", 5000))}.do(session.Middleware(verifier(t, i, i.Clerk()))(whoAmI))
	require.Equal(t, 401, w.Code)
	require.NotContains(t, w.Body.String(), "canary")
}
