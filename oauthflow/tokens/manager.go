package tokens

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
)

// Manager keeps tokens alive: many keys, many goroutines, many processes. The
// package comment says what it promises. Create it with [New], and call
// [Manager.Shutdown] before the process ends. It is safe for concurrent use.
type Manager struct {
	store       Store
	refresher   Refresher
	cfg         config
	cache       cache
	closing     chan struct{} // closed by Shutdown: begin nothing
	abort       chan struct{} // closed when Shutdown gives up: drop what cannot be stored
	flights     sync.WaitGroup
	lifecycle   sync.Mutex // guards closing, abort and additions to flights
	closed      bool
	abortedOnce sync.Once
}

// New returns a manager of the tokens in store. The refresher may be nil only with
// [WithRefresherFor].
func New(store Store, refresher Refresher, opts ...Option) (*Manager, error) {
	cfg, err := newConfig(opts)
	wrong := []error{err}
	if store == nil {
		wrong = append(wrong, errors.New("the store is nil"))
	}
	if err == nil && refresher == nil && cfg.choose == nil {
		wrong = append(wrong, errors.New("there is no refresher"))
	}
	if err := option.Join(wrong...); err != nil {
		return nil, fmt.Errorf("tokens: new manager: %w", err)
	}
	return &Manager{
		store: store, refresher: refresher, cfg: cfg, cache: cache{seed: maphash.MakeSeed(), capacity: cfg.capacity},
		closing: make(chan struct{}), abort: make(chan struct{}),
	}, nil
}

// Shutdown waits until the refreshes that are in flight have ended and are stored,
// and begins no new ones; tokens in memory are handed out for as long as they live.
// If ctx ends first, its error is returned, and what could not be stored is given up.
func (m *Manager) Shutdown(ctx context.Context) error {
	m.lifecycle.Lock()
	if !m.closed {
		m.closed = true
		close(m.closing)
	}
	m.lifecycle.Unlock()
	done := make(chan struct{})
	go func() {
		m.flights.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		m.abortedOnce.Do(func() { close(m.abort) })
		return fmt.Errorf("tokens: shut down the token manager: %w", pause.Err(ctx))
	}
}

// refresherFor returns the refresher of a key, and which extra members of its
// tokens are kept.
func (m *Manager) refresherFor(key string) (Refresher, []string, error) {
	r := m.refresher
	if m.cfg.choose != nil {
		var err error
		if r, err = m.chosen(key); err != nil {
			return nil, nil, err
		}
	}
	if r == nil {
		return nil, nil, errors.New("there is no refresher for this key")
	}
	if c, ok := r.(interface{ Metadata() []string }); ok {
		return r, slices.Concat(m.cfg.extra, c.Metadata()), nil
	}
	return r, m.cfg.extra, nil
}

func (m *Manager) chosen(key string) (r Refresher, err error) {
	defer panics.Catch(&err, "the function that chooses the refresher")
	return m.cfg.choose(key)
}

// begin counts a flight, unless Shutdown has been called.
func (m *Manager) begin() bool {
	m.lifecycle.Lock()
	defer m.lifecycle.Unlock()
	if m.closed {
		return false
	}
	m.flights.Add(1)
	return true
}

func (m *Manager) isClosing() bool {
	select {
	case <-m.closing:
		return true
	default:
		return false
	}
}
