package client

import "sync"

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
