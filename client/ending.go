package client

import (
	"context"
	"sync"
	"sync/atomic"
)

// ending is how an attempt's context ends. The context that the clock cancels is made,
// and its timer is started, when somebody first asks for it: net/http does so at once,
// and a transport that responds from memory never.
type ending struct {
	mu    sync.Mutex // guards the making, and what happens before
	cause error      // of its end
	over  bool       // it has ended

	bounded bool // something may end it beside the caller's own context

	made   atomic.Bool // the rest is there, and stays as it is
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// begin makes the context, unless another goroutine just has.
func (e *ending) begin(parent context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.made.Load() {
		return
	}
	e.ctx, e.cancel = context.WithCancelCause(parent)
	if e.over {
		e.cancel(e.cause)
	}
	e.made.Store(true)
}

// end ends the context with cause, nil for one that nothing has gone wrong with. Only
// the first end counts.
func (e *ending) end(cause error) {
	e.mu.Lock()
	first := !e.over
	if first {
		e.over, e.cause = true, cause
	}
	e.mu.Unlock()
	if first && e.made.Load() {
		e.cancel(cause) // outside of the lock: what waits for it may come back here
	}
}

// Why the clock ends something. The texts are read by people.
var (
	errCallDeadline   = failWrap(ErrTimeout, "the call's deadline passed", context.DeadlineExceeded)
	errUploadStalled  = failf(ErrTimeout, "the request body stalled")
	errTooSlow        = failf(ErrTimeout, "a body moved by less than 1 KiB a second for a minute")
	errAttemptTimeout = failf(ErrTimeout, "no response headers within the attempt's timeout")
	errDrainTimeout   = failf(ErrTimeout, "the error body did not arrive in time")
	errIdleTimeout    = failf(ErrTimeout, "the response body stalled")
)
