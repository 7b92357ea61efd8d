package session

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// MiddlewareOption adjusts [Middleware].
type MiddlewareOption func(*middleware) error

type middleware struct {
	verifier *Verifier
	cookie   string
	origins  *http.CrossOriginProtection
	optional bool
	refused  func(*http.Request, error)
}

// FromCookie also takes the token from the cookie of that name, such as Clerk's
// __session, when there is no bearer token in the Authorization header.
//
// A browser sends cookies with requests that other sites make it send, so a
// request that is authenticated by the cookie and may change something (any method
// but GET, HEAD and OPTIONS) must come from a page of the same origin or of one
// of trustedOrigins (https://app.example.com), as [http.CrossOriginProtection]
// tells it; others are answered with 403. This is the protection against
// cross-site request forgery, on the condition that GET, HEAD and OPTIONS change
// nothing. [Middleware] panics if a trusted origin is not one, or the name no cookie's.
func FromCookie(name string, trustedOrigins ...string) MiddlewareOption {
	return func(m *middleware) error {
		if err := (&http.Cookie{Name: name}).Valid(); err != nil {
			return errors.New("FromCookie: no cookie can have the name " + quote.Text(name, maxQuoted))
		}
		origins := http.NewCrossOriginProtection()
		for _, o := range trustedOrigins {
			if err := origins.AddTrustedOrigin(o); err != nil {
				return fmt.Errorf("FromCookie: %w", err)
			}
		}
		m.cookie, m.origins = name, origins
		return nil
	}
}

// Optional lets requests without any token pass, without a session in the
// context. A token that is there must still be good.
func Optional() MiddlewareOption { return func(m *middleware) error { m.optional = true; return nil } }

// OnRefused calls f with every request that is not let through and the reason,
// which the response does not tell: for logs and metrics. The error of a refused
// token is an *[Error].
func OnRefused(f func(r *http.Request, err error)) MiddlewareOption {
	return func(m *middleware) error {
		if f == nil {
			return errors.New("OnRefused: the function is nil")
		}
		m.refused = f
		return nil
	}
}

// ErrNoToken is the error that [OnRefused] gets for a request without a token.
var ErrNoToken = errors.New("session: no token in the request")

// ErrCrossOrigin is wrapped by the error that [OnRefused] gets for a request that
// another site made with the user's cookie.
var ErrCrossOrigin = errors.New("session: cross-origin request with a cookie")

// Middleware verifies the token of each request with v and puts the session into
// the request's context, where [FromContext] finds it. The token is the bearer
// token of the Authorization header (RFC 6750 section 2.1), and nothing else
// unless [FromCookie] says so; query parameters never count.
//
// A request without a good token is answered with 401 and a WWW-Authenticate
// header by RFC 6750 section 3; the response says no more than that. When no
// decision can be made because keys are unavailable, the response is 503. Every
// response, the handler's included, has a Vary header that names what was looked at.
// Middleware panics if v is nil, or what an option was given cannot work.
func Middleware(v *Verifier, options ...MiddlewareOption) func(http.Handler) http.Handler {
	if v == nil {
		panic("session: Middleware: nil verifier")
	}
	m := &middleware{verifier: v, refused: func(*http.Request, error) {}}
	if err := option.Apply(m, options); err != nil {
		panic("session: middleware: " + err.Error())
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, next) })
	}
}

func (m *middleware) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	// What a shared cache stores of a response to one caller must not reach another,
	// and a refusal is no exception.
	w.Header().Add("Vary", "Authorization")
	if m.cookie != "" {
		w.Header().Add("Vary", "Cookie")
	}
	raw, fromCookie, err := m.token(r)
	switch {
	case err == nil && fromCookie:
		if err := m.origins.Check(r); err != nil {
			m.tell(r, fmt.Errorf("%w: %w", ErrCrossOrigin, err))
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
	case errors.Is(err, ErrNoToken) && m.optional:
		next.ServeHTTP(w, r)
		return
	case errors.Is(err, ErrNoToken):
		m.tell(r, err)
		challenge(w, http.StatusUnauthorized, "Bearer")
		return
	}
	var s *Session
	if err == nil {
		s, err = m.verifier.Verify(r.Context(), raw)
	}
	if err != nil {
		m.tell(r, err)
		if e, ok := errors.AsType[*Error](err); ok && !e.Reason.Decided() {
			w.Header().Set("Retry-After", "5")
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
			return
		}
		challenge(w, http.StatusUnauthorized, `Bearer error="invalid_token"`)
		return
	}
	next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), s)))
}

// tell calls the function of OnRefused, which changes no response by panicking.
func (m *middleware) tell(r *http.Request, refusal error) {
	var nobody error // is left to tell
	defer panics.Catch(&nobody, "the function of OnRefused")
	m.refused(r, refusal)
}

// token finds the token in the request. Two that contradict each other are an
// error: somebody else may have put one of them there.
func (m *middleware) token(r *http.Request) (raw string, fromCookie bool, err error) {
	if headers := r.Header["Authorization"]; len(headers) > 1 {
		return "", false, refuse(ErrMalformed, "several Authorization headers")
	} else if len(headers) == 1 {
		// Without a token, or with one after a tab, it is still a bearer's attempt.
		scheme := headers[0]
		if end := strings.IndexAny(scheme, " \t"); end >= 0 {
			scheme = scheme[:end]
		}
		if strings.EqualFold(scheme, "Bearer") {
			return strings.Trim(headers[0][len(scheme):], " "), false, nil
		}
	}
	if m.cookie == "" {
		return "", false, ErrNoToken
	}
	cookies := r.CookiesNamed(m.cookie)
	switch {
	case len(cookies) == 0 || cookies[0].Value == "" && len(cookies) == 1:
		return "", false, ErrNoToken
	case slices.ContainsFunc(cookies, func(c *http.Cookie) bool { return c.Value != cookies[0].Value }):
		return "", false, refuse(ErrMalformed, "several cookies of the name")
	}
	return cookies[0].Value, true, nil
}

func challenge(w http.ResponseWriter, status int, header string) {
	w.Header().Set("WWW-Authenticate", header)
	http.Error(w, http.StatusText(status), status)
}

// Require lets only requests pass whose session has all of the permissions. It
// goes inside [Middleware]; without a session the response is 401, with one that
// lacks a permission 403 (RFC 6750 section 3.1, insufficient_scope). It panics
// if no permission is given.
func Require(permissions ...string) func(http.Handler) http.Handler {
	return require("Require", permissions, (*Session).HasPermission)
}

// RequireScope is [Require] for scopes.
func RequireScope(scopes ...string) func(http.Handler) http.Handler {
	return require("RequireScope", scopes, (*Session).HasScope)
}

// RequireRole lets only requests pass whose session has one of the roles, as
// [Session.HasRole] tells it. Otherwise it is as [Require].
func RequireRole(roles ...string) func(http.Handler) http.Handler {
	roles = slices.Clone(roles)
	one := func(s *Session, _ string) bool { return slices.ContainsFunc(roles, s.HasRole) }
	return require("RequireRole", roles, one)
}

func require(name string, needed []string, has func(*Session, string) bool) func(http.Handler) http.Handler {
	if len(needed) == 0 || slices.Contains(needed, "") {
		panic("session: " + name + ": nothing required, or an empty name")
	}
	needed = slices.Clone(needed)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, ok := FromContext(r.Context())
			if !ok {
				challenge(w, http.StatusUnauthorized, "Bearer")
				return
			}
			for _, n := range needed {
				if !has(s, n) {
					challenge(w, http.StatusForbidden, `Bearer error="insufficient_scope"`)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}
