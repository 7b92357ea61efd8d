// This file and app_test.go are for copying: a web application in which people sign in
// with GitHub, Google or X, and whose tokens stay alive until a user takes the access
// back. Change services, and give it pages of your own. Sessions and tokens live in
// memory here: keep yours in a database (for tokens there is package sqlstore). In your
// main, for each of services():
//
//	err := s.connect("https://app.example.com", credentials{
//		id: os.Getenv("GITHUB_CLIENT_ID"), secret: secret.Env("GITHUB_CLIENT_SECRET"), cookieKey: secret.Env("OAUTH_COOKIE_KEY")})
//
// then serve newApp(…).handler(), and at the end call shutDown. Register
// https://app.example.com/callback/github and so on as redirect URLs.

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/secret"
)

// service is one way to sign in.
type service struct {
	name, title string
	provider    oauthflow.Provider
	scopes      []string
	profile     func(get func(into any) error) (profile, error)
	transport   http.RoundTripper // nil is the network, anything else a test's

	client *oauthflow.Client // from connect on
	tokens *tokens.Manager   // keeps the users' tokens alive
	api    *client.Client    // without a credential: each call has its user's
}

// profile is what the application keeps of a user. Without an ID nobody is signed in.
type profile struct{ ID, Name, Handle string }

// services are those whose tokens expire and are refreshed: a GitHub App, which has
// permissions of its own in place of scopes, Google with a refresh token, and X with the
// scope for one. Where the sign-in is all there is, oauthflow.GitHub and oauthflow.Google
// will do: tokens of the first do not expire, and the second hands out no refresh token.
func services() []*service {
	return []*service{
		{name: "github", title: "GitHub", provider: oauthflow.GitHubApp(), profile: githubProfile},
		{name: "google", title: "Google", provider: oauthflow.GoogleOffline(), scopes: []string{"openid", "profile", "email"}, profile: googleProfile},
		{name: "x", title: "X", provider: oauthflow.X(), scopes: []string{"users.read", "tweet.read", "offline.access"}, profile: xProfile},
	}
}

func githubProfile(get func(into any) error) (profile, error) {
	var u struct {
		ID          json.Number
		Login, Name string
	}
	err := get(&u)
	return profile{ID: u.ID.String(), Name: u.Name, Handle: u.Login}, err
}

func googleProfile(get func(into any) error) (profile, error) {
	var u struct{ Sub, Name, Email string }
	err := get(&u)
	return profile{ID: u.Sub, Name: u.Name, Handle: u.Email}, err
}

func xProfile(get func(into any) error) (profile, error) {
	var u struct {
		Data struct{ ID, Name, Username string }
	}
	err := get(&u)
	return profile{ID: u.Data.ID, Name: u.Data.Name, Handle: "@" + u.Data.Username}, err
}

// credentials are what a service has given to the application. The cookieKey seals what
// a browser keeps during a sign-in; nil is a key of this process alone.
type credentials struct {
	id                string
	secret, cookieKey secret.Source
}

// connect makes the service ready for an application that browsers reach at base.
func (s *service) connect(base string, own credentials) error {
	var err error
	s.client, err = oauthflow.New(oauthflow.Config{
		Provider: s.provider, ClientID: own.id, ClientSecret: own.secret, CookieKey: own.cookieKey,
		RedirectURL: base + "/callback/" + s.name, Scopes: s.scopes,
	}, oauthflow.WithHTTPClient(&http.Client{Transport: s.transport}), oauthflow.WithSingleUse(&oauthflow.MemoryUses{}))
	if err != nil {
		return err
	}
	if s.tokens, err = tokens.New(tokens.NewMemoryStore(), s.client); err != nil {
		return err
	}
	s.api, err = client.New(s.provider.UserInfoURL, client.WithTransport(s.transport), client.WithTimeout(10*time.Second))
	return err
}

// who asks the service about the user whose token is kept under key. It is here that a
// user shows who has taken the access back: a token that is kept looks as good as before.
func (s *service) who(ctx context.Context, key string) (profile, error) {
	api, err := s.api.With(client.WithAuth(client.OAuth2(s.tokens.Source(key))))
	if err != nil {
		return profile{}, err
	}
	return s.profile(func(into any) error {
		body, err := client.Call[json.RawMessage](ctx, api, client.Request{URL: s.provider.UserInfoURL})
		if err != nil {
			return err
		}
		return json.Unmarshal(body, into)
	})
}

// ended reports whether a call failed because only the user can help, by signing in
// again: the token cannot be refreshed any more, or the service refuses one that was
// refreshed a moment ago.
func ended(err error) bool {
	return errors.Is(err, tokens.ErrReauthorizationRequired) || errors.Is(err, tokens.ErrRefreshedRecently)
}

// shutDown lets refreshes that are under way come to their end: call it last. What is
// left when ctx ends is finished by the next process.
func shutDown(ctx context.Context, services []*service) error {
	var errs []error
	for _, s := range services {
		errs = append(errs, s.tokens.Shutdown(ctx))
		s.api.CloseIdleConnections()
	}
	return errors.Join(errs...)
}

// pages is what the application looks like.
type pages interface {
	choose(w http.ResponseWriter, among []*service)
	welcome(w http.ResponseWriter, user session, tokenUntil time.Time)
	failed(w http.ResponseWriter, status int, message string)
}

// app knows who is signed in.
type app struct {
	services []*service
	pages    pages
	secure   bool // browsers come by https
	log      *slog.Logger
	now      func() time.Time

	mu       sync.Mutex
	sessions map[string]session
}

// sessionLife is how long a sign-in lasts, whatever the browser does with the cookie.
const sessionLife = 12 * time.Hour

type session struct {
	service *service
	profile profile
	until   time.Time
}

// key is where the manager keeps the user's token.
func (s session) key() string { return "user:" + s.profile.ID + "/" + s.service.name }

func newApp(services []*service, base string, p pages, log *slog.Logger) *app {
	return &app{services: services, pages: p, secure: strings.HasPrefix(base, "https:"), log: log, now: time.Now, sessions: map[string]session{}}
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

// login sends the browser to the service.
func (a *app) login(s *service) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.client.Start(w, r, oauthflow.WithReturnTo("/")); err != nil {
			a.log.Error("start", "service", s.name, "err", err)
			a.pages.failed(w, http.StatusBadGateway, "Signing in with "+s.title+" is not possible right now.")
		}
	}
}

// callback is where the browser comes back.
func (a *app) callback(s *service) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		res, err := s.client.Finish(w, r)
		if err != nil {
			a.refused(w, s, err)
			return
		}
		p, err := s.profile(func(into any) error { return s.client.UserInfo(r.Context(), res.Token, into) })
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
		a.pages.failed(w, http.StatusForbidden, "You did not allow it, so you are not signed in.")
	case errors.Is(err, oauthflow.ErrState), errors.Is(err, oauthflow.ErrStateExpired), errors.Is(err, oauthflow.ErrStateUsed):
		a.pages.failed(w, http.StatusBadRequest, "This sign-in has expired or was not started in this browser. Please try again.")
	default:
		a.pages.failed(w, http.StatusBadGateway, s.title+" did not complete the sign-in. Please try again.")
	}
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	in, ok := a.current(r)
	if !ok {
		a.pages.choose(w, a.services)
		return
	}
	// A page that calls the service anyway needs no call of its own for this.
	p, err := in.service.who(r.Context(), in.key())
	var tok *oauth2.Token
	if err == nil {
		tok, err = in.service.tokens.Token(r.Context(), in.key())
	}
	switch {
	case ended(err), err == nil && p.ID != in.profile.ID:
		a.forget(w, r)
		a.pages.choose(w, a.services)
		return
	case err != nil:
		a.log.Error("profile", "service", in.service.name, "err", err)
		a.pages.failed(w, http.StatusBadGateway, in.service.title+" cannot be reached right now.")
		return
	}
	in.profile = p
	a.pages.welcome(w, in, tok.Expiry)
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

// cookie is the one that holds the session's ID. Over https its name begins with __Host-,
// so that no other host of the domain can set it (RFC 6265bis, section 4.1.3.2).
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
