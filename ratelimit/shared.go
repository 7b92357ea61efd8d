package ratelimit

import (
	"context"
	"time"
)

// Shared returns a limiter that counts the calls of all keys together in l, for
// a limit on the whole process beside limits on each key:
//
//	ratelimit.All(ratelimit.PerSecond(10), ratelimit.Shared(ratelimit.PerSecond(50)))
func Shared(l Limiter) Limiter {
	if t, ok := l.(taker); ok {
		return sharedTaker{t}
	}
	return shared{l}
}

type shared struct{ l Limiter }

// Wait waits for the one token that all keys draw on.
func (s shared) Wait(ctx context.Context, _ string) error { return s.l.Wait(ctx, "") }

// Return gives the token back if the limiter can take it.
func (s shared) Return(string) { giveBack([]Limiter{s.l}, "") }

// Delay is that of the limiter, 0 if it cannot tell.
func (s shared) Delay(string) time.Duration { return delayOf(s.l, "") }

// Idle is true of any key: all are counted together, so none is known by itself.
func (s shared) Idle(string) bool { return true }

type sharedTaker struct{ t taker }

func (s sharedTaker) Wait(ctx context.Context, _ string) error { return s.t.Wait(ctx, "") }
func (s sharedTaker) Return(string)                            { s.t.Return("") }
func (s sharedTaker) Delay(string) time.Duration               { return s.t.Delay("") }
func (s sharedTaker) Idle(string) bool                         { return true }
func (s sharedTaker) take(string) bool                         { return s.t.take("") }
func (s sharedTaker) delay(_ string, n int) time.Duration      { return s.t.delay("", n) }
