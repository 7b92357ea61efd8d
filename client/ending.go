package client

import (
	"context"
	"sync"
	"sync/atomic"
)

// ending is how an attempt's context ends. The context that the clock cancels is made,
// and its timer is started, when somebody first asks for it: net/http does at once, a
// transport that responds from memory does not, and neither does what has succeeded.
type ending struct {
	bounded bool // something may end it beside the caller's own context

	mu     sync.Mutex // guards the making, and what happens before
	over   bool       // it has ended
	cause  error      // of that
	waited atomic.Pointer[waited]
}

// waited is a context that somebody waits for.
type waited struct {
	context.Context
	cancel context.CancelCauseFunc
}

// context returns the context that ends when the attempt does.
func (a *attempt) context() context.Context {
	e := &a.ending
	if w := e.waited.Load(); w != nil {
		return w
	}
	if !e.bounded {
		return a.x.ctx
	}
	w := e.begin(a.x.ctx)
	// Outside of the lock, which the clock takes to end the attempt. What was due before
	// anybody waited ends it now.
	a.x.clock.watch(a)
	return w
}

// awaited reports whether somebody waits for the end of a; of nil nobody does.
func (a *attempt) awaited() bool { return a != nil && a.ending.waited.Load() != nil }

// begin makes the context, unless another goroutine just has.
func (e *ending) begin(parent context.Context) *waited {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.waited.Load()
	if w == nil {
		w = new(waited)
		w.Context, w.cancel = context.WithCancelCause(parent)
		if e.over {
			w.cancel(e.cause)
		}
		e.waited.Store(w)
	}
	return w
}

// end ends the context with cause, nil for one that nothing has gone wrong with. Only
// the first end counts. An attempt that is nil has none.
func (a *attempt) end(cause error) {
	if a == nil {
		return
	}
	e := &a.ending
	e.mu.Lock()
	w, first := e.waited.Load(), !e.over
	if first {
		e.over, e.cause = true, cause
	}
	e.mu.Unlock()
	if first && w != nil {
		w.cancel(cause) // outside of the lock: what waits for it may come back here
	}
}
