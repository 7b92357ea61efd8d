package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// attempt is the context of one attempt: cancelled by the clock, it
// reports the call's deadline, and leads back to the hop.
type attempt struct {
	x      *hop
	ending ending

	// As the hop was when the attempt began: a request of it may go on after
	// the hop has gone further.
	spec *spec
	target
	number int32 // in the call's ledger

	observed bool      // the limits have been told
	slots    []*slot   // held by its requests; vacate gives them back
	trace    sendTrace // what a watched request has told

	mu sync.Mutex
	tally
}

// tally counts the requests of one attempt. Middleware may send none, or several,
// also at once (hedging).
type tally struct {
	over     bool    // the attempt has been judged: what still runs is accounted for
	admitted bool    // by the breaker
	probe    bool    // the breaker's one probe is among them
	explicit bool    // a header of the caller's took the credential's place
	held     bool    // a request went out with the credential
	wrapped  bool    // the body of the last was middleware's, maybe around the call's
	failed   bool    // the transport has given one up; noted where there is middleware
	unsent   bool    // nothing has left of the one that it gave up last
	answered bool    // middleware has handed on what it takes: what it still sends is not waited for
	paced    int32   // let through by the limits, which are to hear what came of it
	sent     int32   // handed to the transport
	repeats  int32   // of them, that net/http repeated
	at       instant // when the first of them was, or its last repeat

	limited time.Duration // waits for the limiter and the pacer
	awaited time.Duration // and for the credential
}

// note changes the tally, unless the attempt is over.
func (a *attempt) note(f func(*tally)) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over {
		f(&a.tally)
	}
	return !a.over
}

// settle ends the attempt and returns what was counted, which nothing changes any more.
// From here on note refuses: what a late request does is in nobody's books, so it is not
// let out either.
func (a *attempt) settle() *tally {
	a.mu.Lock()
	a.over = true
	a.mu.Unlock()
	return &a.tally
}

type attemptKey struct{}

func (a *attempt) Value(key any) any {
	switch key {
	case attemptKey{}:
		return a
	case hopKey{}:
		return nil // a call made on the way, for a token say, is none of this one's hops
	}
	if a.awaited() {
		return a.ending.ctx.Value(key)
	}
	return a.x.ctx.Value(key)
}

func (a *attempt) Deadline() (time.Time, bool) {
	d := a.x.call.until()
	return d, !d.IsZero()
}

func (a *attempt) Done() <-chan struct{} { return a.context().Done() }

// Err is DeadlineExceeded where the clock ended the call, as it would be if the
// deadline were the context's own.
func (a *attempt) Err() error {
	ctx := a.context()
	err := ctx.Err()
	if err != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}

// context returns the context that ends when the attempt does.
func (a *attempt) context() context.Context {
	e := &a.ending
	switch {
	case e.made.Load():
	case !e.bounded:
		return a.x.ctx
	default:
		e.begin(a.x.ctx)
		// Outside of the lock, which the clock takes to end the attempt. What was due
		// before anybody waited ends it now.
		a.x.clock.watch(a)
	}
	return e.ctx
}

// awaited reports whether somebody waits for the end of a; of nil nobody does.
func (a *attempt) awaited() bool { return a != nil && a.ending.made.Load() }

// end ends the context with cause; an attempt that is nil has none.
func (a *attempt) end(cause error) {
	if a != nil {
		a.ending.end(cause)
	}
}

// bound sees to it that the body of resp ends with the attempt, until unbound is called.
// No context of ours reaches one that middleware has made.
func (a *attempt) bound(resp *http.Response) (unbound func()) {
	if a.x.c.attempt == nil || !a.ending.bounded {
		return func() {}
	}
	body := &closedOnce{ReadCloser: resp.Body}
	resp.Body = body
	return a.closes(body, a.Err() != nil)
}

// closes closes body, from another goroutine, where a has ended and a read of it goes on,
// until stop is called. What has come too late, of a transport that heeds no context, is
// used all the same: a read of that has the idle timeout, and ends with the call.
func (a *attempt) closes(body *closedOnce, late bool) (stop func()) {
	var end context.Context = a
	untimed := func() bool { return true }
	if late {
		end = a.x.ctx
		if d := a.x.clock.patient(a.x.call.now()); d > 0 {
			untimed = time.AfterFunc(d, func() { _ = guardBody(body).Close() }).Stop
		}
	}
	stopped := make(chan struct{})
	unwatch := context.AfterFunc(end, func() {
		t := time.NewTimer(afterEnd)
		defer t.Stop()
		select {
		case <-t.C:
			_ = guardBody(body).Close()
		case <-stopped: // it has heeded the context
		}
	})
	return func() {
		untimed()
		unwatch()
		close(stopped)
	}
}

// closedOnce is a body that may be closed by two, and is closed by the first.
type closedOnce struct {
	io.ReadCloser
	once sync.Once
	err  error
}

func (b *closedOnce) Close() error {
	b.once.Do(func() { b.err = b.ReadCloser.Close() })
	return b.err
}

// sendTrace tells what may have reached the service from what cannot have. Only
// a transport that reports both ends is believed.
type sendTrace struct {
	asked atomic.Bool // the transport has asked for a connection
	got   atomic.Bool // it has got one: from here on anything may be on its way
}
