package client

import (
	"sync"
	"time"
)

// Breaker stops calling a service that keeps failing: after Failures attempts have
// failed in a row it is open, and every attempt fails at once with [ErrCircuitOpen];
// after Cooldown one attempt at a time is let through, and the first success closes it
// again. A failure is a 5xx status, a timeout or a broken connection; a cancelled
// context counts neither way. One is kept for each origin, for a client and all copies
// made of it by [Client.With]. The zero Breaker is the default one.
type Breaker struct {
	Failures int           // in a row; 0 is 10
	Cooldown time.Duration // 0 is 10 s
}

const (
	defaultFailures = 10
	defaultCooldown = 10 * time.Second
)

func (b *Breaker) check() error {
	if b.Failures < 0 || b.Cooldown < 0 {
		return failf(ErrConfig, "WithBreaker: its numbers cannot be negative")
	}
	return nil
}

func (b *Breaker) limits() (int, time.Duration) {
	failures, cooldown := b.Failures, b.Cooldown
	if failures == 0 {
		failures = defaultFailures
	}
	if cooldown == 0 {
		cooldown = defaultCooldown
	}
	return failures, cooldown
}

// health is an attempt as the breaker sees it.
type health int

const (
	unknown health = iota
	healthy
	failing
)

// breakerState is where the breaker of one origin stands: closed, open, or half open
// once its cooldown is over, when one probe at a time decides.
type breakerState struct {
	mu      sync.Mutex
	row     int       // failures in a row
	opened  time.Time // zero while closed
	probing bool      // half open, with its one attempt under way
}

// allow admits an attempt, or says why not. Every attempt that is admitted is
// reported.
func (s *breakerState) allow(b *Breaker) (probe bool, err error) {
	_, cooldown := b.limits()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened.IsZero() {
		return false, nil
	}
	left := cooldown - time.Since(s.opened)
	if left > 0 || s.probing {
		return false, refused(ErrCircuitOpen, "the circuit breaker is open after repeated failures", nil)
	}
	// Half open. One request is enough to find out, and all that have waited at once
	// would be the end of a service that has just come back.
	s.probing = true
	return true, nil
}

// report counts an attempt. Only the probe itself ends the half-open state.
func (s *breakerState) report(b *Breaker, o health, probe bool) (changed bool) {
	failures, _ := b.limits()
	s.mu.Lock()
	defer s.mu.Unlock()
	// Whatever came of it, the next probe may go: one of which nothing is known must
	// not be the last.
	if probe {
		s.probing = false
	}
	switch {
	// Responses to what was sent before it opened still come in. They say how the
	// service was, and do not close it.
	case o == healthy && (probe || s.opened.IsZero()):
		changed = !s.opened.IsZero()
		s.row, s.opened = 0, time.Time{}
	case o == failing:
		s.row++
		// From now on for a whole cooldown. A late failure does not make it longer.
		if probe || s.opened.IsZero() && s.row >= failures {
			s.opened, changed = time.Now(), true
		}
	}
	return changed
}

// BreakerState is how a circuit breaker stands.
type BreakerState struct {
	Open     bool      // nothing but a probe is let through
	Failures int       // in a row
	RetryAt  time.Time // when the next probe is let through, or when one was that is out; zero while closed
}

func (s *breakerState) state(b *Breaker) BreakerState {
	_, cooldown := b.limits()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened.IsZero() {
		return BreakerState{Failures: s.row}
	}
	return BreakerState{Open: true, Failures: s.row, RetryAt: s.opened.Add(cooldown)}
}

// left returns how long the breaker stays open yet.
func (s *breakerState) left(b *Breaker) time.Duration {
	_, cooldown := b.limits()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened.IsZero() {
		return 0
	}
	return max(cooldown-time.Since(s.opened), 0)
}

// asNew reports whether the breaker is as it began.
func (s *breakerState) asNew() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.row == 0 && s.opened.IsZero()
}
