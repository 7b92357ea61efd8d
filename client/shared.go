package client

import (
	"sync"
	"sync/atomic"

	"github.com/standpipe-go/standpipe/retry"
)

// shared is what a client and its copies have in common: what they have learned
// of each origin.
type shared struct {
	scope string
	home  hostState // the base URL's
	base  origin

	mu     sync.RWMutex
	others map[origin]*hostState
}

// hostState is kept for an origin and a credential.
type hostState struct {
	limitKey string
	budget   *retry.Budget
	paced    atomic.Bool // the host has said something about its limits
	breaker  breakerState
	protocols
}

// maxOrigins bounds how many origins are remembered. An SDK under HTTPClient can
// be sent anywhere.
const maxOrigins = 1024

func newShared(base origin) *shared {
	s := &shared{scope: newScope(), base: base, others: map[origin]*hostState{}}
	s.home.init(base, s.scope)
	return s
}

func (h *hostState) init(o origin, scope string) {
	h.limitKey = o.String() + "#" + scope
	h.budget = retry.NewBudget(retry.DefaultBudget)
}

func (s *shared) host(o origin) *hostState {
	if o == s.base {
		return &s.home
	}
	s.mu.RLock()
	h := s.others[o]
	s.mu.RUnlock()
	if h != nil {
		return h
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h = s.others[o]; h != nil {
		return h
	}
	if len(s.others) >= maxOrigins {
		for old := range s.others {
			delete(s.others, old)
			break
		}
	}
	h = &hostState{}
	h.init(o, s.scope)
	s.others[o] = h
	return h
}
