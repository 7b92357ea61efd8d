package intake

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Queue takes items without ever waiting, and sends them. It is safe for concurrent use.
type Queue[T any] struct {
	config Config[T]
	wake   chan struct{} // there may be something to do earlier than was thought

	// The lock is held for what memory takes, never while something is sent or waited
	// for.
	mu      sync.Mutex
	waiting ring[T]
	batch   []T // taken from waiting, and not yet settled
	bytes   int // of batch
	begun   time.Time
	running bool               // there is a goroutine
	cancel  context.CancelFunc // of the latest call of Send

	failures  int // in a row
	notBefore time.Time
	ours      bool // notBefore is the queue's own back-off: the service asked for none

	offered uint64
	settled uint64 // of what was accepted: sent or dropped
	told    uint64 // of those: the callbacks know
	sent    uint64
	dropped map[Reason]uint64

	flushes []*flush
	closed  bool // nothing more is accepted
	ended   bool // nothing more is sent
}

// New returns an empty queue. It panics without a c.Send.
func New[T any](c Config[T]) *Queue[T] {
	if c.Send == nil {
		panic("intake: a Config without Send")
	}
	return &Queue[T]{config: c.withDefaults(), wake: make(chan struct{}, 1), cancel: func() {}, dropped: map[Reason]uint64{}}
}

// Offer takes an item of so many bytes, or drops it and returns false. It never waits
// for the service, nor for anyone who does.
func (q *Queue[T]) Offer(item T, size int) bool {
	size = max(size, 0)
	q.mu.Lock()
	q.offered++
	reason := q.refusal(size)
	if reason != "" {
		q.dropped[reason]++
		q.mu.Unlock()
		q.config.Dropped(reason, item)
		return false
	}
	before := q.full()
	q.waiting.push(entry[T]{item, size, time.Now()})
	filled := !before && q.full()
	if !q.running {
		q.running, filled = true, false
		go q.run()
	}
	q.mu.Unlock()
	if filled {
		q.stir()
	}
	return true
}

// refusal is why an item of this size cannot be accepted, "" if it can.
func (q *Queue[T]) refusal(size int) Reason {
	switch {
	case q.closed:
		return Closed
	case size > q.config.BatchBytes:
		return TooLarge
	case q.pending() >= q.config.MaxItems, size > q.config.MaxBytes-q.waiting.bytes-q.bytes:
		return Full
	}
	return ""
}

// full reports whether a batch has nothing more to wait for.
func (q *Queue[T]) full() bool {
	return q.waiting.count >= q.config.BatchItems || q.waiting.bytes >= q.config.BatchBytes
}

// stir makes the goroutine look again.
func (q *Queue[T]) stir() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Stats returns what has been counted so far.
func (q *Queue[T]) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Stats{
		Offered: q.offered, Sent: q.sent, Dropped: maps.Clone(q.dropped),
		Pending: q.pending(), PendingBytes: q.waiting.bytes + q.bytes,
	}
}

// pending is how many items are accepted and not settled, under the lock.
func (q *Queue[T]) pending() int { return q.waiting.count + len(q.batch) }

// flush waits until so many items are settled, and the callbacks know.
type flush struct {
	upTo     uint64
	deadline time.Time // zero is none
	done     chan error
}
