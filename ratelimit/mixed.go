package ratelimit

import (
	"context"
	"errors"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
)

// mixed is all together with limiters from elsewhere, which can only be waited for.
type mixed struct {
	own    *all
	others []Limiter
}

// Wait waits for the limiters from elsewhere, then for the rest.
func (m *mixed) Wait(ctx context.Context, key string) error { return m.WaitN(ctx, key, 1) }

// WaitN takes n tokens from the limiters from elsewhere, then from the rest.
func (m *mixed) WaitN(ctx context.Context, key string, n int) error {
	n = max(n, 1)
	if most := m.own.most(); n > most {
		return tooMany(n, most)
	}
	if err := pause.Err(ctx); err != nil {
		return &Error{Err: err}
	}
	wait := m.own.delay(key, 0, n)
	if err := hopeless(ctx, wait); err != nil {
		return &Error{Wait: wait, Err: err}
	}
	for i, l := range m.others {
		if err := WaitN(ctx, l, key, n); err != nil {
			m.giveBack(key, n, i)
			return asError(err)
		}
	}
	if err := m.own.WaitN(ctx, key, n); err != nil {
		m.giveBack(key, n, len(m.others))
		return err
	}
	return nil
}

// giveBack gives n tokens back to the first so many of the limiters from elsewhere. One
// that panics keeps those of no other.
func (m *mixed) giveBack(key string, n, first int) {
	for _, l := range m.others[:first] {
		giveQuietly(l, key, n)
	}
}

func giveQuietly(l Limiter, key string, n int) {
	var nobody error // is left to tell
	defer panics.Catch(&nobody, "the limiter")
	ReturnN(l, key, n)
}

// Return gives the token back to every limiter that can take it.
func (m *mixed) Return(key string) { m.ReturnN(key, 1) }

// ReturnN gives n tokens back to every limiter that can take them.
func (m *mixed) ReturnN(key string, n int) {
	m.giveBack(key, n, len(m.others))
	m.own.ReturnN(key, n)
}

// Delay returns the longest of the limiters' waits, as far as they can tell.
func (m *mixed) Delay(key string) time.Duration { return m.DelayN(key, 1) }

// DelayN is Delay for n tokens.
func (m *mixed) DelayN(key string, n int) time.Duration {
	d := m.own.DelayN(key, n)
	for _, l := range m.others {
		d = max(d, delayOf(l, key, n))
	}
	return d
}

// Idle reports whether key is as good as new to every limiter. Those that cannot tell
// may know something of it.
func (m *mixed) Idle(key string) bool {
	for _, l := range m.others {
		if i, ok := l.(interface{ Idle(key string) bool }); !ok || !i.Idle(key) {
			return false
		}
	}
	return m.own.Idle(key)
}

func asError(err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{Err: err}
}
