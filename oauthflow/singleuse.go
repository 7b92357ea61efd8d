package oauthflow

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// SingleUseStore remembers which attempts were completed, so that a redirect
// that somebody recorded together with its cookie does not work a second time.
// All processes that complete attempts must share it. Implementations must be
// safe for concurrent use.
type SingleUseStore interface {
	// Use notes id and reports whether it was new. It may forget id at expires.
	// Of concurrent calls with one id exactly one gets true.
	Use(ctx context.Context, id string, expires time.Time) (first bool, err error)
}

// WithSingleUse makes attempts strictly single-use. Without it a second use is
// stopped by the cookie's removal and by the provider, which takes each code
// once. If the store fails, so does the attempt.
func WithSingleUse(store SingleUseStore) Option {
	return func(s *settings) error { s.uses = store; return nil }
}

func (c *Client) useOnce(ctx context.Context, in *sealedAttempt) error {
	if c.uses == nil {
		return nil
	}
	first, err := panics.Do(ctx, "the store", func(ctx context.Context) (bool, error) {
		return c.uses.Use(ctx, in.State, time.Unix(in.Expires, 0))
	})
	if err != nil {
		return fmt.Errorf("single-use store: %w", err)
	}
	if !first {
		return ErrStateUsed
	}
	return nil
}

// MemoryUses is a [SingleUseStore] for a single process. The zero value is
// ready. Its size is bounded by the attempts of ten minutes.
type MemoryUses struct {
	mu    sync.Mutex
	used  map[string]time.Time
	swept time.Time
}

// Use implements [SingleUseStore].
func (m *MemoryUses) Use(_ context.Context, id string, expires time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if now.Sub(m.swept) > time.Minute {
		m.swept = now
		maps.DeleteFunc(m.used, func(_ string, expires time.Time) bool { return expires.Before(now) })
	}
	if _, ok := m.used[id]; ok {
		return false, nil
	}
	if m.used == nil {
		m.used = map[string]time.Time{}
	}
	m.used[id] = expires
	return true, nil
}
