package ratelimit

import (
	"context"
	"time"
)

// Shared returns a limiter that counts the calls of all keys together in l, for
// a limit on the whole process beside limits on each key:
//
//	ratelimit.All(ratelimit.PerSecond(10), ratelimit.Shared(ratelimit.PerSecond(50)))
//
// Where l is a [Releaser], so is what Shared returns.
func Shared(l Limiter) Limiter {
	held, holds := l.(Releaser)
	t, own := l.(taker)
	switch {
	case own && holds:
		return sharedTakerHeld{sharedTaker{t}, held}
	case own:
		return sharedTaker{t}
	case holds:
		return sharedHeld{shared{l}, held}
	}
	return shared{l}
}

type shared struct{ l Limiter }

// Wait waits for the one token that all keys draw on.
func (s shared) Wait(ctx context.Context, _ string) error { return s.l.Wait(ctx, "") }

// WaitN is Wait for n tokens.
func (s shared) WaitN(ctx context.Context, _ string, n int) error { return WaitN(ctx, s.l, "", n) }

// Return gives the token back if the limiter can take it.
func (s shared) Return(string) { ReturnN(s.l, "", 1) }

// ReturnN gives n tokens back if the limiter can take them.
func (s shared) ReturnN(_ string, n int) { ReturnN(s.l, "", n) }

// Delay is that of the limiter, 0 if it cannot tell.
func (s shared) Delay(string) time.Duration { return delayOf(s.l, "", 1) }

// DelayN is Delay for n tokens.
func (s shared) DelayN(_ string, n int) time.Duration { return delayOf(s.l, "", n) }

// Idle is true of any key: all are counted together, so none is known by itself.
func (s shared) Idle(string) bool { return true }

type sharedTaker struct{ t taker }

func (s sharedTaker) Wait(ctx context.Context, _ string) error         { return s.t.Wait(ctx, "") }
func (s sharedTaker) WaitN(ctx context.Context, _ string, n int) error { return s.t.WaitN(ctx, "", n) }
func (s sharedTaker) Return(string)                                    { s.t.Return("") }
func (s sharedTaker) ReturnN(_ string, n int)                          { s.t.ReturnN("", n) }
func (s sharedTaker) Delay(string) time.Duration                       { return s.t.Delay("") }
func (s sharedTaker) DelayN(_ string, n int) time.Duration             { return s.t.DelayN("", n) }
func (s sharedTaker) Idle(string) bool                                 { return true }
func (s sharedTaker) take(_ string, n int) bool                        { return s.t.take("", n) }
func (s sharedTaker) most() int                                        { return s.t.most() }
func (s sharedTaker) delay(_ string, ahead, n int) time.Duration       { return s.t.delay("", ahead, n) }
