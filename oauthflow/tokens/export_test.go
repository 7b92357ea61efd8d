package tokens

import (
	"context"
	"time"

	"golang.org/x/oauth2"
)

// TokenOfEvicted is m.Token for a caller whose entry is evicted before it asks.
func TokenOfEvicted(ctx context.Context, m *Manager, key string) (*oauth2.Token, error) {
	e, err := m.cache.entry(key)
	if err != nil {
		return nil, err
	}
	m.cache.shard(key).drop(e)
	return m.token(ctx, e, "")
}

// Evict drops the entry of key if it may be, while something else uses it or not, and
// reports whether it is gone.
func Evict(m *Manager, key string, inUse bool) bool {
	s := m.cache.shard(key)
	e := s.entries[key]
	if inUse {
		e.mu.Lock()
		defer e.mu.Unlock()
		s.makeRoom(time.Now().Add(2*maxIdle), 1)
	}
	s.drop(e)
	return s.entries[key] == nil
}

// MakeRoom makes room in the shard of key as for one more than limit at the given
// time from now, and returns how many it holds then.
func MakeRoom(m *Manager, key string, in time.Duration, limit int) int {
	s := m.cache.shard(key)
	s.makeRoom(time.Now().Add(in), limit)
	return len(s.entries)
}
