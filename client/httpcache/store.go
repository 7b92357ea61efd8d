package httpcache

import (
	"container/list"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// maxVariants bounds how many responses are kept under one key for what Vary tells apart.
const maxVariants = 8

// store is what is kept, the least recently used to go first. It owns its tables; the
// entries in them are shared and never changed.
type store struct {
	maxBytes   int64
	maxEntries int

	mu    sync.Mutex
	bytes int64
	order list.List                   // of *node, the next to go at the back
	kept  map[key][]*list.Element     // at most maxVariants each, the newest first
	keys  map[digest]map[key]struct{} // of each URL, whoever has asked
	epoch [256]atomic.Uint64          // counts the writes to URLs, by their first byte
	held  atomic.Int64                // bytes of bodies that are on their way
}

// node is an entry with where it is.
type node struct {
	key
	names   []string // that Vary has
	variant digest   // of what was said there
	*entry
}

func newStore(maxBytes int64, maxEntries int) *store {
	return &store{
		maxBytes: maxBytes, maxEntries: maxEntries,
		kept: map[key][]*list.Element{}, keys: map[digest]map[key]struct{}{},
	}
}

// get returns what is kept for a request, and whether anything is under its key at all.
func (s *store) get(k key, h http.Header) (e *entry, others bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, el := range s.kept[k] {
		if n := el.Value.(*node); n.variant == variant(n.names, h) {
			s.order.MoveToFront(el)
			return n.entry, true
		}
	}
	return nil, len(s.kept[k]) > 0
}

// writes is how often something has been written to the URL, or to one that is taken for
// it. What was asked for before a write must not be kept after it.
func (s *store) writes(u digest) uint64 { return s.epoch[u[0]].Load() }

// put keeps e for a request, unless the URL has been written to since writes was asked.
func (s *store) put(k key, h http.Header, e *entry, writes uint64) {
	n := &node{key: k, names: varies(e.header), entry: e}
	n.variant = variant(n.names, h)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writes(k.uri) != writes {
		return
	}
	for _, el := range s.kept[k] {
		if old := el.Value.(*node); old.variant == variant(old.names, h) && old.asked.After(e.asked) {
			return // it is the newer one
		}
	}
	s.drop(k, func(old *node) bool { return old.variant == variant(old.names, h) })
	if e.size() > s.maxBytes || s.maxEntries <= 0 {
		return
	}
	if same := s.kept[k]; len(same) >= maxVariants {
		s.remove(same[len(same)-1])
	}
	for s.order.Len() > 0 && (s.bytes+e.size() > s.maxBytes || s.order.Len() >= s.maxEntries) {
		s.remove(s.order.Back())
	}
	s.kept[k] = slices.Insert(s.kept[k], 0, s.order.PushFront(n))
	if s.keys[k.uri] == nil {
		s.keys[k.uri] = map[key]struct{}{}
	}
	s.keys[k.uri][k] = struct{}{}
	s.bytes += e.size()
}

// forget drops what is kept for a request.
func (s *store) forget(k key, h http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(k, func(n *node) bool { return n.variant == variant(n.names, h) })
}

// invalidate drops what is kept of a URL, whoever has asked for it.
func (s *store) invalidate(u digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch[u[0]].Add(1)
	for k := range s.keys[u] {
		s.drop(k, func(*node) bool { return true })
	}
}

func (s *store) drop(k key, which func(*node) bool) {
	for _, el := range slices.Clone(s.kept[k]) {
		if which(el.Value.(*node)) {
			s.remove(el)
		}
	}
}

func (s *store) remove(el *list.Element) {
	n := s.order.Remove(el).(*node)
	s.bytes -= n.size()
	rest := slices.DeleteFunc(s.kept[n.key], func(other *list.Element) bool { return other == el })
	if s.kept[n.key] = rest; len(rest) > 0 {
		return
	}
	delete(s.kept, n.key)
	if delete(s.keys[n.uri], n.key); len(s.keys[n.uri]) == 0 {
		delete(s.keys, n.uri)
	}
}

// stats are for Stats.
func (s *store) stats() (entries int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.order.Len(), s.bytes
}
