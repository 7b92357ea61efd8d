package tokens

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/standpipe-go/standpipe/secret"
)

// MemoryStore is a [Store] in memory: for tests, and for programs of one
// process that may lose their tokens when they end. Create it with
// [NewMemoryStore]. It is safe for concurrent use.
type MemoryStore struct {
	mu      sync.RWMutex
	version int64 // of all keys together, so that none is given twice
	records map[string]memoryRecord
}

type memoryRecord struct {
	data    secret.Value // so that no printer shows it
	version int64
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore {
	return &MemoryStore{records: make(map[string]memoryRecord)}
}

// Load implements [Store].
func (s *MemoryStore) Load(ctx context.Context, key string) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.records[key]
	if !ok {
		return Record{}, fmt.Errorf("memory store: %w", ErrNotFound)
	}
	return Record{Data: []byte(r.data.Reveal()), Version: r.version}, nil
}

// Save implements [Store].
func (s *MemoryStore) Save(ctx context.Context, key string, r Record) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records[key].version != r.Version {
		return 0, fmt.Errorf("memory store: %w", ErrConflict)
	}
	s.version++
	s.records[key] = memoryRecord{secret.New(string(r.Data)), s.version}
	return s.version, nil
}

// Delete implements [Store].
func (s *MemoryStore) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, key)
	return nil
}

// DeleteVersion implements [VersionDeleter].
func (s *MemoryStore) DeleteVersion(ctx context.Context, key string, version int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[key]; ok && r.version != version {
		return fmt.Errorf("memory store: %w", ErrConflict)
	}
	delete(s.records, key)
	return nil
}

// Keys implements [KeyLister], over the keys at the time when the iteration begins.
func (s *MemoryStore) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		s.mu.RLock()
		keys := slices.Sorted(maps.Keys(s.records))
		s.mu.RUnlock()
		for _, key := range keys {
			if err := ctx.Err(); err != nil {
				yield("", err)
				return
			}
			if strings.HasPrefix(key, prefix) && !yield(key, nil) {
				return
			}
		}
	}
}
