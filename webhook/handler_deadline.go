package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The response is sent by the deadline, whatever the scheme, the queue and the
// functions do with their context: the work is done on a goroutine of its own, which
// is left behind.

// errDeadline is the cause of a handler's context when it ends by itself.
var errDeadline = fmt.Errorf("webhook: the acknowledgement deadline passed: %w", context.DeadlineExceeded)

var errGoexit = errors.New("webhook: a function ended its goroutine")

// process does the work on a goroutine of its own.
func (h *Handler) process(ctx context.Context, r *Request, end time.Time) Answer {
	work, cancel := context.WithDeadlineCause(ctx, end, errDeadline)
	done := make(chan Answer, 1)
	h.running.enter()
	go func() {
		defer cancel()
		h.guarded(work, r, func(a Answer) {
			h.running.leave()
			done <- a
		})
	}()
	select {
	case answer := <-done:
		return answer
	case <-work.Done():
	}
	// The caller going away ends the context early, but the work may yet be
	// done in time.
	late := time.NewTimer(time.Until(end))
	defer late.Stop()
	select {
	case answer := <-done:
		return answer
	case <-late.C:
	}
	select {
	case answer := <-done: // both at once
		return answer
	default:
	}
	h.logOverrun(ctx)
	return unavailable()
}

// guarded does the work and calls answered exactly once, also after a panic and in a
// runtime.Goexit. A panic of a function is contained where that is called, so one
// that arrives here is the scheme's, the guard's or the queue's, and nothing was
// decided.
func (h *Handler) guarded(ctx context.Context, r *Request, answered func(a Answer)) {
	returned := false
	defer func() {
		if returned {
			return
		}
		a, err := failed(), errGoexit
		if p := recover(); p != nil {
			a, err = unavailable(), newPanicError(p)
		}
		h.logFailed(ctx, &Delivery{}, a.Status, err)
		answered(a)
	}()
	a := h.work(ctx, r)
	returned = true
	answered(a)
}
