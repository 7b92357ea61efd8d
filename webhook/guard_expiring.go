package webhook

import "time"

// expiring is a map that forgets its entries in the order they were put: when
// their time has come, and before that when there are more than limit. All
// entries of one map live equally long, so the oldest is also the next to
// expire. It is not safe for concurrent use.
type expiring[V any] struct {
	limit   int
	entries map[guardHash]expiringEntry[V]
	order   []expiringRef
	serial  uint64
}

type expiringEntry[V any] struct {
	value   V
	expires time.Time
	serial  uint64
}

// expiringRef is an entry's place in the order; when the serial differs, the
// entry was removed or put again since.
type expiringRef struct {
	key    guardHash
	serial uint64
}

func newExpiring[V any](limit int) expiring[V] {
	return expiring[V]{limit: limit, entries: map[guardHash]expiringEntry[V]{}}
}

func (m *expiring[V]) get(key guardHash, now time.Time) (V, bool) {
	e, ok := m.entries[key]
	if !ok || !now.Before(e.expires) {
		var zero V
		return zero, false
	}
	return e.value, true
}

func (m *expiring[V]) put(key guardHash, v V, now, expires time.Time) {
	m.trim(now)
	m.serial++
	m.entries[key] = expiringEntry[V]{v, expires, m.serial}
	m.order = append(m.order, expiringRef{key, m.serial})
}

func (m *expiring[V]) remove(key guardHash) { delete(m.entries, key) }

// trim makes room for one more. The order is held to the limit as well: it may
// hold places whose entries are gone.
func (m *expiring[V]) trim(now time.Time) {
	for len(m.order) > 0 {
		ref := m.order[0]
		e := m.entries[ref.key]
		current := e.serial == ref.serial
		if current && now.Before(e.expires) && len(m.order) < m.limit {
			break
		}
		if current {
			delete(m.entries, ref.key)
		}
		m.order = m.order[1:]
	}
}
