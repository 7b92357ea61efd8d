package client

import (
	"net/http"
	"sync"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// limitBy completes the key of the hop's limits, which begins as that of the origin and
// the identity, by what the options or the profile tell requests apart. It asks once a
// hop, before the request gets its credential.
func (x *hop) limitBy() error {
	cfg := &x.c.cfg
	switch {
	case cfg.limitKey != nil:
		return x.ask(cfg.limitKey, func(key string) { x.key = key })
	case cfg.profile.LimitKey != nil:
		return x.ask(cfg.profile.LimitKey, func(name string) {
			x.c.state.limitNames.note(name)
			x.key = resourceKeyOf(x.key, name)
		})
	}
	return nil
}

// ask asks a function of the user's about the hop's request.
func (x *hop) ask(f func(*http.Request) string, use func(string)) (err error) {
	defer panics.Catch(&err, givenCode)
	use(f(x.tmpl))
	return nil
}

// route is the attempt as the pacer tells it from others of the same key.
func (x *hop) route(a *attempt) ratelimit.Route {
	method := a.tmpl.Method
	if method == "" {
		method = http.MethodGet
	}
	cfg := &x.c.cfg
	return ratelimit.Route{Method: method, Path: a.tmpl.URL.Path, Keyed: cfg.limitKey != nil || cfg.profile.LimitKey != nil}
}

// resourceKeyOf is the key of one of the service's limits for an origin and identity.
func resourceKeyOf(key, name string) string { return key + "#" + name }

// maxLimitNames bounds how many of a service's limits are remembered. A service has a
// handful; what a LimitKey tells apart beyond them is limited all the same.
const maxLimitNames = 256

// limitNames are the names that a profile has given the limits of its service, from
// which all keys of an identity can be told. The zero value is empty and ready.
type limitNames struct {
	mu    sync.RWMutex
	known map[string]struct{}
	lost  bool // there were more than can be remembered
}

func (s *limitNames) note(name string) {
	s.mu.RLock()
	_, ok := s.known[name]
	ok = ok || s.lost
	s.mu.RUnlock()
	if ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxLimitNames {
		s.lost = true
		return
	}
	if s.known == nil {
		s.known = map[string]struct{}{}
	}
	s.known[name] = struct{}{}
}

// every reports whether f holds for all names, and there were no more of them.
func (s *limitNames) every(f func(name string) bool) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for name := range s.known {
		if !f(name) {
			return false
		}
	}
	return !s.lost
}
