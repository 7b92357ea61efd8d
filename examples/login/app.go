package main

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/standpipe-go/standpipe/oauthflow"
)

// app is the application: pages, and who is signed in. Sessions live in memory,
// and until the process ends: yours will not.
type app struct {
	services []*service
	secure   bool // browsers come by https

	mu       sync.Mutex
	sessions map[string]session
}

type session struct {
	service *service
	profile profile
}

// key is where the manager keeps the user's token.
func (s session) key() string { return "user:" + s.profile.ID + "/" + s.service.name }

func newApp(services []*service, base string) *app {
	return &app{services: services, secure: strings.HasPrefix(base, "https:"), sessions: map[string]session{}}
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
			slog.Error("start", "service", s.name, "err", err)
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
		in := session{s, p}
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
	slog.Warn("sign-in", "service", s.name, "err", err)
	switch {
	case errors.Is(err, oauthflow.ErrAccessDenied):
		showError(w, http.StatusForbidden, "You did not allow it, so you are not signed in.")
	case errors.Is(err, oauthflow.ErrState), errors.Is(err, oauthflow.ErrStateExpired), errors.Is(err, oauthflow.ErrStateUsed):
		showError(w, http.StatusBadRequest, "This sign-in has expired or was not started in this browser. Please try again.")
	default:
		showError(w, http.StatusBadGateway, s.title+" did not complete the sign-in. Please try again.")
	}
}

const sessionCookie = "session"

func (a *app) signIn(w http.ResponseWriter, in session) {
	id := rand.Text()
	a.mu.Lock()
	a.sessions[id] = in
	a.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode})
}

func (a *app) current(r *http.Request) (session, bool) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	in, ok := a.sessions[c.Value]
	return in, ok
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	in, ok := a.current(r)
	if !ok {
		showHome(w, a.services)
		return
	}
	// The token is good for a call: refreshed here if it had to be.
	tok, err := in.service.tokens.Token(r.Context(), in.key())
	if errors.Is(err, oauthflow.ErrReauthorizationRequired) {
		a.forget(w, r)
		showHome(w, a.services)
		return
	}
	if err != nil {
		slog.Error("token", "service", in.service.name, "err", err)
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
			slog.Warn("sign-out", "service", in.service.name, "err", err) // the session ends all the same
		}
	}
	a.forget(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) forget(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(sessionCookie); err == nil {
		a.mu.Lock()
		delete(a.sessions, c.Value)
		a.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: a.secure})
}
