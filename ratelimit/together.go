package ratelimit

import (
	"context"
	"time"
)

// Together returns a limiter that counts the calls of all keys together in l, for
// a limit on the whole process beside limits on each key:
//
//	ratelimit.All(ratelimit.PerSecond(10), ratelimit.Together(ratelimit.PerSecond(50)))
//
// Where l is a [Releaser], so is what Together returns.
func Together(l Limiter) Limiter {
	held, holds := l.(Releaser)
	t, own := l.(taker)
	switch {
	case own && holds:
		return togetherTakerHeld{togetherTaker{t}, held}
	case own:
		return togetherTaker{t}
	case holds:
		return togetherHeld{together{l}, held}
	}
	return together{l}
}

type together struct{ l Limiter }

// Wait waits for the one token that all keys draw on.
func (s together) Wait(ctx context.Context, _ string) error { return s.l.Wait(ctx, "") }

// WaitN is Wait for n tokens.
func (s together) WaitN(ctx context.Context, _ string, n int) error { return WaitN(ctx, s.l, "", n) }

// Return gives the token back if the limiter can take it.
func (s together) Return(string) { ReturnN(s.l, "", 1) }

// ReturnN gives n tokens back if the limiter can take them.
func (s together) ReturnN(_ string, n int) { ReturnN(s.l, "", n) }

// Delay is that of the limiter, 0 if it cannot tell.
func (s together) Delay(string) time.Duration { return delayOf(s.l, "", 1) }

// DelayN is Delay for n tokens.
func (s together) DelayN(_ string, n int) time.Duration { return delayOf(s.l, "", n) }

// Idle is true of any key: all are counted together, so none is known by itself.
func (s together) Idle(string) bool { return true }

type togetherTaker struct{ t taker }

func (s togetherTaker) Wait(ctx context.Context, _ string) error { return s.t.Wait(ctx, "") }
func (s togetherTaker) WaitN(ctx context.Context, _ string, n int) error {
	return s.t.WaitN(ctx, "", n)
}
func (s togetherTaker) Return(string)                        { s.t.Return("") }
func (s togetherTaker) ReturnN(_ string, n int)              { s.t.ReturnN("", n) }
func (s togetherTaker) Delay(string) time.Duration           { return s.t.Delay("") }
func (s togetherTaker) DelayN(_ string, n int) time.Duration { return s.t.DelayN("", n) }
func (s togetherTaker) Idle(string) bool                     { return true }
func (s togetherTaker) fault(string) error {
	if f, ok := s.t.(interface{ fault(key string) error }); ok {
		return f.fault("")
	}
	return nil
}
func (s togetherTaker) prepare(ctx context.Context, _ string, n int) {
	if p, ok := s.t.(preparer); ok {
		p.prepare(ctx, "", n)
	}
}
func (s togetherTaker) take(_ string, n int) bool                  { return s.t.take("", n) }
func (s togetherTaker) most() int                                  { return s.t.most() }
func (s togetherTaker) delay(_ string, ahead, n int) time.Duration { return s.t.delay("", ahead, n) }

// togetherHeld is together, over a limiter that is to hear of a call's end.
type togetherHeld struct {
	together
	held Releaser
}

// Release ends a call, of whatever key.
func (s togetherHeld) Release(string) { s.held.Release("") }

// togetherTakerHeld is togetherTaker over a limiter that is to hear of a call's end.
type togetherTakerHeld struct {
	togetherTaker
	held Releaser
}

func (s togetherTakerHeld) Release(string) { s.held.Release("") }
