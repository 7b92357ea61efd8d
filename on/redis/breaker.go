package onredis

import (
	"sync"
	"time"
)

const (
	failuresToOpen = 3
	firstProbe     = 100 * time.Millisecond
	lastProbe      = 2 * time.Second
)

// breaker keeps calls from a Redis that is away, but for one now and then that finds out
// whether it is back.
type breaker struct {
	mu       sync.Mutex
	failures int
	away     bool
	since    time.Time
	every    time.Duration
	probe    time.Time // when the next may be sent
	returns  int       // how often Redis has come back
}

// state returns whether Redis is away, since when, and how often it has come back.
func (b *breaker) state() (away bool, since time.Time, returns int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.away, b.since, b.returns
}

// allow reports whether a call may be sent now: of an open breaker one at its time.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away && now.Before(b.probe) {
		return false
	}
	b.every = min(2*b.every, lastProbe)
	b.probe = now.Add(b.every)
	return true
}

// failed notes a failure, and reports whether it opened the breaker.
func (b *breaker) failed(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures++; b.away || b.failures < failuresToOpen {
		return false
	}
	b.away, b.since, b.every, b.probe = true, now, firstProbe, now.Add(firstProbe)
	return true
}

// worked notes a success, and reports whether it closed the breaker and after how long.
func (b *breaker) worked(now time.Time) (bool, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = 0
	if !b.away {
		return false, 0
	}
	b.away = false
	b.returns++
	return true, now.Sub(b.since)
}

// next is when the next call may be sent.
func (b *breaker) next() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.probe
}
