package ratelimit

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
)

// All returns a limiter that lets a call through when every one of limiters
// does, such as 10 a second and 5,000 a day. Of this package's limiters a token is
// taken from all or from none, at the moment when all have one: tokens of the
// faster limiter do not pile up while the slower one is waited for. Limiters from
// elsewhere are waited for one after the other, before the rest; when a later one
// refuses, those that implement [Returner] get their token back.
//
// Nil limiters and repetitions are left out. Without any limiter every call passes.
func All(limiters ...Limiter) Limiter {
	own := &all{lines: make(map[string]*line)}
	var others []Limiter
	for i, l := range limiters {
		if l == nil || repeated(limiters[:i], l) {
			continue
		}
		if t, ok := l.(taker); ok {
			own.takers = append(own.takers, t)
		} else {
			others = append(others, l)
		}
	}
	if len(others) == 0 {
		return own
	}
	return &mixed{own: own, others: others}
}

func repeated(before []Limiter, l Limiter) bool {
	return reflect.TypeOf(l).Comparable() &&
		slices.ContainsFunc(before, func(b Limiter) bool { return b != nil && reflect.TypeOf(b).Comparable() && b == l })
}

// all takes from several of this package's limiters.
type all struct {
	takers []taker

	waiting atomic.Int32
	mu      sync.Mutex
	lines   map[string]*line
}

// Wait takes a token from every limiter as soon as all have one.
func (a *all) Wait(ctx context.Context, key string) error {
	if err := pause.Err(ctx); err != nil {
		return &Error{Err: err}
	}
	if a.waiting.Load() == 0 && a.take(key) {
		return nil
	}
	a.mu.Lock()
	l := a.lines[key]
	if l == nil {
		l = new(line)
		a.lines[key] = l
	}
	a.waiting.Add(1)
	return l.await(ctx, &a.mu,
		func() bool { return a.take(key) },
		func(n int) time.Duration { return a.delay(key, n) },
		func() {
			a.waiting.Add(-1)
			if l.n == 0 {
				delete(a.lines, key)
			}
		})
}

func (a *all) take(key string) bool {
	if a.delay(key, 1) > 0 { // do not borrow tokens only to give them back
		return false
	}
	for i, t := range a.takers {
		if !t.take(key) {
			for _, taken := range a.takers[:i] {
				taken.Return(key)
			}
			return false
		}
	}
	return true
}

func (a *all) delay(key string, n int) time.Duration {
	var d time.Duration
	for _, t := range a.takers {
		d = max(d, t.delay(key, n))
	}
	return d
}

// waitFor waits for a limiter from elsewhere. A panic in it is an error, so that
// those before it get their token back.
func waitFor(ctx context.Context, l Limiter, key string) (err error) {
	defer panics.Catch(&err, "the limiter")
	return l.Wait(ctx, key)
}

// Idle reports whether key is new to every limiter, or as good as new.
func (a *all) Idle(key string) bool {
	for _, t := range a.takers {
		if !t.Idle(key) {
			return false
		}
	}
	return true
}

// Return gives the token back to every limiter.
func (a *all) Return(key string) {
	for _, t := range a.takers {
		t.Return(key)
	}
}

// mixed is all together with limiters from elsewhere, which can only be waited for.
type mixed struct {
	own    *all
	others []Limiter
}

// Wait waits for the limiters from elsewhere, then for the rest.
func (m *mixed) Wait(ctx context.Context, key string) error {
	if err := pause.Err(ctx); err != nil {
		return &Error{Err: err}
	}
	wait := m.own.delay(key, 1)
	if err := hopeless(ctx, wait); err != nil {
		return &Error{Wait: wait, Err: err}
	}
	for i, l := range m.others {
		if err := waitFor(ctx, l, key); err != nil {
			giveBack(m.others[:i], key)
			return asError(err)
		}
	}
	if err := m.own.Wait(ctx, key); err != nil {
		giveBack(m.others, key)
		return err
	}
	return nil
}

// Return gives the token back to every limiter that can take it.
func (m *mixed) Return(key string) {
	giveBack(m.others, key)
	m.own.Return(key)
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

func giveBack(limiters []Limiter, key string) {
	for _, l := range limiters {
		if r, ok := l.(Returner); ok {
			r.Return(key)
		}
	}
}

func asError(err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{Err: err}
}
