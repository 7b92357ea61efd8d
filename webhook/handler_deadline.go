package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// The answer is there by the deadline, whatever the verifier, the queue and the
// functions do with their context. There are two ways to that end. Where it is
// known that a response can be sent while the handler is still at work, the
// work is done on the server's own goroutine and a timer sends the response; this saves every delivery a goroutine with
// a stack to grow. Otherwise the work is done on a goroutine of its own, which is left behind.

// errDeadline is the cause of a handler's context when it ends by itself.
var errDeadline = fmt.Errorf("webhook: the acknowledgement deadline passed: %w", context.DeadlineExceeded)

var errGoexit = errors.New("webhook: a function ended its goroutine")

// process does the work on a goroutine of its own.
func (h *Handler) process(ctx context.Context, r *Request, start time.Time) Answer {
	end := start.Add(h.deadline)
	work, cancel := context.WithDeadlineCause(ctx, end, errDeadline)
	done := make(chan Answer, 1)
	h.running.enter()
	go func() {
		defer cancel()
		h.guarded(work, r, func(a Answer, _ bool) {
			h.running.leave()
			done <- a
		})
	}()
	select {
	case answer := <-done:
		return answer
	case <-work.Done():
	}
	// The caller going away ends the context early, but the work may yet be done in time.
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
	h.logOverrun(ctx, r)
	return unavailable()
}

// serveInPlace does the work on the calling goroutine, and returns when it is
// done; the response is out by the deadline.
func (h *Handler) serveInPlace(w http.ResponseWriter, r *Request, ctx context.Context, start time.Time) {
	end := start.Add(h.deadline)
	work, cancel := context.WithDeadlineCause(ctx, end, errDeadline)
	defer cancel()
	h.running.enter()
	defer h.running.leave()
	out := &response{w: w}
	timer := time.AfterFunc(time.Until(end), func() {
		if out.send(unavailable(), true) {
			h.logOverrun(ctx, r)
		}
	})
	defer timer.Stop()
	h.guarded(work, r, func(a Answer, exiting bool) { out.send(a, exiting) })
}

// response is written once: by the work or, if that takes too long, by a timer.
type response struct {
	mu   sync.Mutex
	w    http.ResponseWriter
	sent bool
}

// send reports whether the answer is the one that was sent. A response that is
// early, because its handler will not return for now or not at all, ends the
// connection, which the handler occupies.
func (p *response) send(a Answer, early bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent {
		return false
	}
	p.sent = true
	if early {
		a.Header.Set("Connection", "close")
		a.Header.Set("Content-Length", fmt.Sprint(len(a.Body)))
	}
	a.write(p.w)
	if early {
		_ = http.NewResponseController(p.w).Flush()
	}
	return true
}

// flushes reports whether a response can be sent before its handler returns.
func flushes(w http.ResponseWriter) bool {
	for {
		switch t := w.(type) {
		case interface{ FlushError() error }, http.Flusher:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return false
		}
	}
}

// guarded does the work and calls answer exactly once, also after a panic and,
// exiting, in a runtime.Goexit. A panic of a function is contained where that is
// called, so one that arrives here is the verifier's, the guard's or the
// queue's, and nothing was decided.
func (h *Handler) guarded(ctx context.Context, r *Request, answer func(a Answer, exiting bool)) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if p := recover(); p != nil {
			a := unavailable()
			h.logFailed(ctx, Receipt{}, a.Status, newPanicError(p))
			answer(a, false)
			return
		}
		a := failed()
		h.logFailed(ctx, Receipt{}, a.Status, errGoexit)
		answer(a, true)
	}()
	a := h.work(ctx, r)
	returned = true
	answer(a, false)
}
