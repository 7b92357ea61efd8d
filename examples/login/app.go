package main

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// app is the application: pages, and who is signed in. Sessions live in memory:
// yours will not.
type app struct {
	services []*service
	secure   bool // browsers come by https
	log      *slog.Logger
	now      func() time.Time

	mu       sync.Mutex
	sessions map[string]session
}

// sessionLife is how long a sign-in lasts, whatever the browser does with the
// cookie.
const sessionLife = 12 * time.Hour

type session struct {
	service *service
	profile profile
	until   time.Time
}

// key is where the manager keeps the user's token.
func (s session) key() string { return "user:" + s.profile.ID + "/" + s.service.name }

func newApp(services []*service, base string, log *slog.Logger) *app {
	return &app{services: services, secure: strings.HasPrefix(base, "https:"), log: log, now: time.Now, sessions: map[string]session{}}
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("POST /logout", a.logout)
	for _, s := range a.services {
		mux.HandleFunc("GET /login/"+s.name, a.login(s))
		mux.HandleFunc("GET /callback/"+s.name, a.callback(s))
	}
	return http.NewCrossOriginProtection().Handler(withHeaders(mux))
}

func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// login is the redirect.
func (a *app) login(s *service) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.client.Start(w, r, oauthflow.WithReturnTo("/")); err != nil {
			a.log.Error("start", "service", s.name, "err", err)
			showError(w, http.StatusBadGateway, "Signing in with "+s.title+" is not possible right now.")
		}
	}
}

// callback is callback and exchange.
func (a *app) callback(s *service) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		res, err := s.client.Finish(w, r)
		if err != nil {
			a.refused(w, s, err)
			return
		}
		p, err := s.profile(r.Context(), s.client, res.Token)
		if err == nil && p.ID == "" {
			err = errors.New("the service does not say who the user is") // all of them would be one
		}
		if err != nil {
			a.refused(w, s, err)
			return
		}
		in := session{s, p, a.now().Add(sessionLife)}
		if err := s.tokens.Put(r.Context(), in.key(), res.Token); err != nil {
			a.refused(w, s, err)
			return
		}
		a.signIn(w, in)
		http.Redirect(w, r, res.ReturnTo, http.StatusSeeOther)
	}
}

// refused tells the user what can be done, and the log the rest.
func (a *app) refused(w http.ResponseWriter, s *service, err error) {
	a.log.Warn("sign-in", "service", s.name, "err", err)
	switch {
	case errors.Is(err, oauthflow.ErrAccessDenied):
		showError(w, http.StatusForbidden, "You did not allow it, so you are not signed in.")
	case errors.Is(err, oauthflow.ErrState), errors.Is(err, oauthflow.ErrStateExpired), errors.Is(err, oauthflow.ErrStateUsed):
		showError(w, http.StatusBadRequest, "This sign-in has expired or was not started in this browser. Please try again.")
	default:
		showError(w, http.StatusBadGateway, s.title+" did not complete the sign-in. Please try again.")
	}
}

// cookie is the one that holds the session's ID. Over https its name begins with
// __Host-, so that no other host of the domain can set it (RFC 6265bis, section
// 4.1.3.2).
func (a *app) cookie() *http.Cookie {
	c := &http.Cookie{Name: "session", Path: "/", HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode}
	if a.secure {
		c.Name = "__Host-" + c.Name
	}
	return c
}

func (a *app) signIn(w http.ResponseWriter, in session) {
	c := a.cookie()
	c.Value, c.MaxAge = rand.Text(), int(sessionLife/time.Second)
	a.mu.Lock()
	now := a.now()
	maps.DeleteFunc(a.sessions, func(_ string, old session) bool { return !now.Before(old.until) })
	a.sessions[c.Value] = in
	a.mu.Unlock()
	http.SetCookie(w, c)
}

func (a *app) current(r *http.Request) (session, bool) {
	c, err := r.Cookie(a.cookie().Name)
	if err != nil {
		return session{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	in, ok := a.sessions[c.Value]
	return in, ok && a.now().Before(in.until)
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	in, ok := a.current(r)
	if !ok {
		a.showHome(w)
		return
	}
	// The token is good for a call: refreshed here if it had to be.
	tok, err := in.service.tokens.Token(r.Context(), in.key())
	if errors.Is(err, tokens.ErrReauthorizationRequired) {
		a.forget(w, r)
		a.showHome(w)
		return
	}
	if err != nil {
		a.log.Error("token", "service", in.service.name, "err", err)
		showError(w, http.StatusBadGateway, in.service.title+" cannot be reached right now.")
		return
	}
	showProfile(w, in, tok.Expiry)
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	if in, ok := a.current(r); ok {
		tok, err := in.service.tokens.Delete(r.Context(), in.key())
		if err == nil && tok != nil {
			err = in.service.client.Revoke(r.Context(), tok)
		}
		if err != nil && !errors.Is(err, oauthflow.ErrUnsupported) {
			a.log.Warn("sign-out", "service", in.service.name, "err", err) // the session ends all the same
		}
	}
	a.forget(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) forget(w http.ResponseWriter, r *http.Request) {
	gone := a.cookie()
	if c, err := r.Cookie(gone.Name); err == nil {
		a.mu.Lock()
		delete(a.sessions, c.Value)
		a.mu.Unlock()
	}
	gone.MaxAge = -1
	http.SetCookie(w, gone)
}
