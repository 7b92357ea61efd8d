package ratelimit

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
)

// all takes from several of this package's limiters.
type all struct {
	takers []taker
	joint  bool // one of them counts the calls of all keys together

	waiting atomic.Int32
	mu      sync.Mutex
	lines   map[string]*line
}

// Wait takes a token from every limiter as soon as all have one.
func (a *all) Wait(ctx context.Context, key string) error { return a.WaitN(ctx, key, 1) }

// WaitN takes n tokens from every limiter as soon as all have them.
func (a *all) WaitN(ctx context.Context, key string, n int) error {
	return explained(a.wait(ctx, key, n), a, key)
}

// fault returns why one of the limiters cannot do its work, if that is so.
func (a *all) fault(key string) error {
	for _, t := range a.takers {
		if f, ok := t.(interface{ fault(key string) error }); ok {
			if err := f.fault(key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *all) wait(ctx context.Context, key string, n int) error {
	if err := pause.Err(ctx); err != nil {
		return &Error{Err: err}
	}
	n = max(n, 1)
	if most := a.most(); n > most {
		return tooMany(n, most)
	}
	if a.waiting.Load() == 0 && a.take(key, n) {
		return nil
	}
	prepare := func() { a.prepare(ctx, key, n) }
	prepare()
	if err := pause.Err(ctx); err != nil {
		return &Error{Err: err}
	}
	if a.waiting.Load() == 0 && a.take(key, n) {
		return nil
	}
	a.mu.Lock()
	l := a.lines[key]
	if l == nil {
		l = newLine()
		a.lines[key] = l
	}
	a.waiting.Add(1)
	return l.await(ctx, &a.mu, n, prepare,
		func() bool { return a.take(key, n) },
		func(ahead int) time.Duration { return a.delay(key, ahead, n) },
		func() {
			a.waiting.Add(-1)
			if l.n == 0 {
				delete(a.lines, key)
			}
		})
}

// prepare prepares those of the limiters that have something to do before tokens of
// theirs can be taken.
func (a *all) prepare(ctx context.Context, key string, n int) {
	for _, t := range a.takers {
		if p, ok := t.(preparer); ok {
			p.prepare(ctx, key, n)
		}
	}
}

func (a *all) take(key string, n int) bool {
	if a.delay(key, 0, n) > 0 { // do not borrow tokens only to give them back
		return false
	}
	for i, t := range a.takers {
		if !t.take(key, n) {
			for _, taken := range a.takers[:i] {
				taken.ReturnN(key, n)
			}
			return false
		}
	}
	return true
}

func (a *all) delay(key string, ahead, n int) time.Duration {
	var d time.Duration
	for _, t := range a.takers {
		d = max(d, t.delay(key, ahead, n))
	}
	return d
}

func (a *all) most() int {
	most := maxWeight
	for _, t := range a.takers {
		most = min(most, t.most())
	}
	return most
}

// Delay returns the longest of the limiters' waits, behind those who wait with the
// same key already.
func (a *all) Delay(key string) time.Duration { return a.DelayN(key, 1) }

// DelayN is Delay for n tokens.
func (a *all) DelayN(key string, n int) time.Duration {
	if n = max(n, 1); n > a.most() {
		return math.MaxInt64
	}
	a.mu.Lock()
	ahead := a.lines[key].waiting()
	a.mu.Unlock()
	return a.delay(key, ahead, n)
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
func (a *all) Return(key string) { a.ReturnN(key, 1) }

// ReturnN gives n tokens back to every limiter.
func (a *all) ReturnN(key string, n int) {
	for _, t := range a.takers {
		t.ReturnN(key, n)
	}
	if a.joint {
		a.rouseAll()
		return
	}
	a.rouse(key)
}

// rouse lets whoever waits first with key look again.
func (a *all) rouse(key string) {
	if a.waiting.Load() == 0 {
		return
	}
	a.mu.Lock()
	a.lines[key].rouse()
	a.mu.Unlock()
}

// rouseAll lets whoever waits first with any key look again: what was given back by one
// may be what another waits for. A Release need not, since nobody waits long for that
// without looking.
func (a *all) rouseAll() {
	if a.waiting.Load() == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.lines {
		l.rouse()
	}
}
