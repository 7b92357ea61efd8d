package ratelimit

import (
	"context"
	"math"
	"time"
)

// Slots limits how many calls of each key are under way at once. Make it with
// [InFlight]; it is safe for concurrent use and must not be copied. It counts calls,
// whatever they weigh.
type Slots struct{ store store }

// InFlight returns a limiter of n calls of each key that are under way at once, such as a
// service asks for that allows so many parallel requests. It does not bound how many
// are made a second; combine it with [PerSecond] through [All] for that.
//
// A call is under way from Wait to [Slots.Release]. Under package client that is once
// the response's body has been read to its end, or closed, or the attempt has failed:
// a body that is left open holds its slot, as it does its connection. To get the
// credential counts, so a token source should not draw on the same slots.
//
// An n of zero or less lets nothing through. A key with calls under way is never
// forgotten; where there is no room for another, see [WithMaxKeys], further keys share n
// calls among them until all of those have ended.
func InFlight(n int, opts ...Option) *Slots {
	c := apply(opts)
	s := new(Slots)
	s.store.init(c.maxKeys, maxWeight, false, func() bucket { return &busy{most: max(n, 0)} })
	s.store.kept = true
	return s
}

// Wait takes a slot of key, and waits for one if need be, in the order of arrival. How
// long that takes nobody can tell: it fails at once with [ErrDeadline] only where ctx is
// about to end.
func (s *Slots) Wait(ctx context.Context, key string) error { return s.store.wait(ctx, key, 1, nil) }

// WaitN is Wait: a call is one call, whatever it weighs.
func (s *Slots) WaitN(ctx context.Context, key string, n int) error {
	return s.store.wait(ctx, key, 1, nil)
}

// Allow takes a slot of key if there is one now that nobody waits for, and reports
// whether it did.
func (s *Slots) Allow(key string) bool { return s.store.allow(key, 1) }

// Release ends a call of key that Wait or Allow let through. Whoever waits first goes
// on at once.
func (s *Slots) Release(key string) { s.store.give(key, 1) }

// Return takes back a call of key that was never made, in place of Release.
func (s *Slots) Return(key string) { s.store.give(key, 1) }

// ReturnN is Return of the one call that WaitN let through.
func (s *Slots) ReturnN(key string, n int) { s.store.give(key, min(n, 1)) }

// Delay returns 0 where a slot of key is free, a moment where one has to be waited for,
// since nobody can tell for how long, and [math.MaxInt64] where there is none at all.
func (s *Slots) Delay(key string) time.Duration { return s.store.ahead(key, 1) }

// DelayN is Delay.
func (s *Slots) DelayN(key string, n int) time.Duration { return s.store.ahead(key, 1) }

// Idle reports whether no call of key is under way and nobody waits to make one.
func (s *Slots) Idle(key string) bool { return s.store.idle(key) }

// Len returns how many keys are kept apart now.
func (s *Slots) Len() int { return s.store.keys() }

func (s *Slots) take(key string, n int) bool { return s.store.take(key, n) }
func (s *Slots) most() int                   { return s.store.most }
func (s *Slots) delay(key string, ahead, n int) time.Duration {
	return s.store.delay(key, ahead, n)
}

// busy counts the calls of one key that are under way.
type busy struct{ calls, most int }

func (b *busy) take(time.Time, int) bool {
	if b.calls >= b.most {
		return false
	}
	b.calls++
	return true
}

func (b *busy) give(time.Time, int) { b.calls = max(b.calls-1, 0) }

func (b *busy) delay(_ time.Time, ahead, _ int) time.Duration {
	switch {
	case b.most == 0:
		return math.MaxInt64
	case b.calls+ahead < b.most:
		return 0
	}
	return lookAgain
}

func (b *busy) idle(time.Time) bool { return b.calls == 0 }

// successor is not asked for: a bucket that has calls under way is kept, see store.
func (b *busy) successor(time.Time) bucket { return &busy{most: b.most} }
