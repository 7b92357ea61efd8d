package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// The answer is there by the deadline, whatever the verifier, the queue and the
// functions do with their context. There are two ways to that end. Where it is
// known that a response can be sent while the handler is still at work, the
// work is done on the server's own goroutine and a timer sends the response;
// this saves every delivery a goroutine with a stack to grow. Otherwise the
// work is done on a goroutine of its own, which is left behind.

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

// serveInPlace does the work on the calling goroutine and returns when it is
// done; the response is out by the deadline.
func (h *Handler) serveInPlace(ctx context.Context, out *response, r *Request, end time.Time) {
	work, cancel := context.WithDeadlineCause(ctx, end, errDeadline)
	defer cancel()
	h.running.enter()
	defer h.running.leave()
	h.guarded(work, r, func(a Answer, exiting bool) { out.send(a, exiting) })
}

// overrun runs on a timer when the deadline passes before ServeHTTP is done.
func (h *Handler) overrun(ctx context.Context, out *response) {
	if out.expire() {
		h.logOverrun(ctx)
	}
}

// response is what a ServeHTTP shares with the timer of its deadline.
type response struct {
	w       http.ResponseWriter
	inPlace bool // the response can be sent while the handler is at work
	mu      sync.Mutex
	phase   phase
}

// phase is what ServeHTTP is about, and so what the timer is to do.
type phase int

const (
	reading phase = iota // the body: end that, so that a sender who drips does not outlast the deadline
	working              // in place: send the response
	expired              // nothing: it did so while the body was read
	settled              // nothing: the response is sent, or is not the timer's business
)

// bodyRead ends the phase of reading and returns the next.
func (p *response) bodyRead(err error) phase {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.phase == expired:
	case err == nil && p.inPlace:
		p.phase = working
	default:
		p.phase = settled
	}
	return p.phase
}

// expire does what the phase asks for, and reports whether it sent the response.
func (p *response) expire() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.phase {
	case reading:
		p.phase = expired
		// Where a middleware's writer hides it, the server's own timeouts have
		// to do.
		_ = http.NewResponseController(p.w).SetReadDeadline(time.Unix(1, 0))
	case working:
		p.phase = settled
		p.sendEarly(unavailable())
		return true
	}
	return false
}

// send sends the answer, unless the timer was first. exiting says that the
// goroutine does not get back to the server.
func (p *response) send(a Answer, exiting bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.phase == settled:
		return
	case exiting:
		p.sendEarly(a)
	default:
		a.write(p.w)
	}
	p.phase = settled
}

// sendEarly sends a response whose handler does not return for now or at all.
// It ends the connection, which the handler occupies.
func (p *response) sendEarly(a Answer) {
	a.Header.Set("Connection", "close")
	a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	a.write(p.w)
	_ = http.NewResponseController(p.w).Flush()
}

// sendsEarly reports whether a response reaches the client whole before its
// handler returns: under a server, over HTTP/1 (a stream of HTTP/2 ends only
// with its handler), through a writer that flushes.
func sendsEarly(w http.ResponseWriter, r *http.Request) bool {
	if r.ProtoMajor != 1 || r.Context().Value(http.ServerContextKey) == nil {
		return false
	}
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
// exiting, in a runtime.Goexit. A panic of a function is contained where that
// is called, so one that arrives here is the verifier's, the guard's or the
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
