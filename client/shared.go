package client

import (
	"sync"
	"sync/atomic"

	"github.com/standpipe-go/standpipe/retry"
)

// shared is what a client and all its copies have in common: what each origin has
// taught them, and who they have called as.
type shared struct {
	mu    sync.RWMutex
	hosts map[origin]*hostState

	identities identities
	limitNames limitNames // as the profile's LimitKey has named them

	deprecations deprecations
}

// hostState is what an origin has taught, whoever called it.
type hostState struct {
	budget  *retry.Budget
	paced   atomic.Bool  // the host has said something about its limits
	newest  atomic.Int64 // Date of its responses, in epoch seconds
	breaker breakerState
	protocols
}

// maxOrigins bounds how many origins are remembered. An SDK under HTTPClient can
// be sent anywhere.
const maxOrigins = 1024

func newShared() *shared { return &shared{hosts: map[origin]*hostState{}} }

func (s *shared) host(o origin) *hostState {
	s.mu.RLock()
	h := s.hosts[o]
	s.mu.RUnlock()
	if h != nil {
		return h
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h = s.hosts[o]; h != nil {
		return h
	}
	if len(s.hosts) >= maxOrigins {
		s.forget()
	}
	h = &hostState{budget: retry.NewBudget(retry.DefaultBudget)}
	s.hosts[o] = h
	return h
}

// forget makes room: an origin that has taught nothing that a new one would not
// know goes, if one is found soon, else any.
func (s *shared) forget() {
	var victim origin
	looked := 0
	for o, h := range s.hosts {
		if victim, looked = o, looked+1; h.asNew() || looked == 64 {
			break
		}
	}
	delete(s.hosts, victim)
}

func (h *hostState) asNew() bool {
	return h.budget.Tokens() == retry.DefaultBudget && !h.paced.Load() && h.breaker.asNew()
}

// origins lists the origins that are remembered.
func (s *shared) origins() []origin {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]origin, 0, len(s.hosts))
	for o := range s.hosts {
		list = append(list, o)
	}
	return list
}
