package intake

import "time"

// entry is an item that waits.
type entry[T any] struct {
	item T
	size int
	at   time.Time // when it was accepted
}

// ring is a first-in, first-out list. It grows by doubling, so that a queue that has
// seen its rush takes an item without an allocation.
type ring[T any] struct {
	slots []entry[T]
	head  int
	count int
	bytes int
}

func (r *ring[T]) push(e entry[T]) {
	if r.count == len(r.slots) {
		grown := make([]entry[T], max(16, 2*r.count))
		n := copy(grown, r.slots[r.head:])
		copy(grown[n:], r.slots[:r.head])
		r.slots, r.head = grown, 0
	}
	r.slots[(r.head+r.count)%len(r.slots)] = e
	r.count++
	r.bytes += e.size
}

// oldest is the first of a ring that is not empty.
func (r *ring[T]) oldest() *entry[T] { return &r.slots[r.head] }

func (r *ring[T]) pop() entry[T] {
	e := r.slots[r.head]
	r.slots[r.head] = entry[T]{} // for the garbage collector
	r.head = (r.head + 1) % len(r.slots)
	r.count--
	r.bytes -= e.size
	return e
}
