package client

import (
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// A limiter may count the calls that are under way, see ratelimit.InFlight. Each request
// that it let through and that is handed to the transport holds a slot, which is given
// back once: when the transport fails, when the response's body has been read to its
// end, has broken or is closed, or when the attempt's context ends, whichever is first.
// A request that was not handed to the transport is returned as unused, see
// hop.unused; and what is kept while another attempt is waited for is under way no
// more, since that one would wait for it.

// slot returns the slot of a request that the limits have let through; nil where nobody
// counts them.
func (a *attempt) slot() *slot {
	if held := a.x.c.held; held != nil {
		return &slot{limits: held, key: a.key, held: true}
	}
	return nil
}

// roundTrip hands req to the transport, and holds its slot for as long as it is under
// way.
func (a *attempt) roundTrip(req *http.Request, w *watch, s *slot) (resp *http.Response, err error) {
	c := a.x.c
	if s == nil {
		return c.cfg.transport.RoundTrip(req)
	}
	if w != nil {
		w.slot = s
	}
	handed := false
	defer func() {
		if !handed { // it failed, or panicked, or has no body to wait for
			_ = s.end()
		}
	}()
	resp, err = c.cfg.transport.RoundTrip(req)
	if err != nil || resp == nil || resp.Body == nil || resp.Body == http.NoBody {
		return resp, err
	}
	handed = true
	s.until(a)
	resp.Body = s.over(resp)
	return resp, nil
}

// vacate gives back the slots of an attempt that another one follows. Its response may
// be kept with its body open, and would hold the place that the next one waits for.
func (a *attempt) vacate() {
	a.mu.Lock()
	slots := a.slots
	a.slots = nil
	a.mu.Unlock()
	for _, s := range slots {
		_ = s.end()
	}
}

// slot is the place of one request among the calls under way.
type slot struct {
	limits ratelimit.Releaser // of which it was taken
	key    string             // under which; a hop's may differ by then

	mu    sync.Mutex
	held  bool        // it is taken, and not given back yet
	ended bool        // for good: what resume takes is given back at once
	stop  func() bool // stops waiting for the context
}

// until ends the slot with ctx, so that a body which nobody closes does not hold it.
func (s *slot) until(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { _ = s.end() })
	s.mu.Lock()
	s.stop = stop
	s.mu.Unlock()
}

// over returns the body of resp, the end of which is that of the slot.
func (s *slot) over(resp *http.Response) io.ReadCloser {
	if rwc, ok := resp.Body.(io.ReadWriteCloser); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		return &slotConn{rwc, s}
	}
	return &slotBody{resp.Body, s}
}

// leave gives the slot back for the time being. A nil slot is none. net/http sends the
// request again then, which waits for the limits like any other, and for its own place
// if it kept that.
func (s *slot) leave() {
	if s != nil {
		_ = s.give(false)
	}
}

// resume notes that a slot was taken in place of the one that was left.
func (s *slot) resume() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.held = true
	ended := s.ended
	s.mu.Unlock()
	// The request ended while its repeat waited, when nothing was held that end could
	// give back.
	if ended {
		_ = s.give(true)
	}
}

// end gives the slot back for good. A panic of the limiter's is an error.
func (s *slot) end() error {
	err := s.give(true)
	s.mu.Lock()
	stop := s.stop
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
	return err
}

// give gives the slot back if it is held. It decides under the lock and tells the
// limiter outside of it: that is code of the user's.
func (s *slot) give(forGood bool) (err error) {
	s.mu.Lock()
	held := s.held
	s.held, s.ended = false, s.ended || forGood
	s.mu.Unlock()
	if !held {
		return nil
	}
	defer panics.Catch(&err, givenCode)
	s.limits.Release(s.key)
	return nil
}

// slotBody is a response body that ends its request's slot.
type slotBody struct {
	io.ReadCloser
	slot *slot
}

func (b *slotBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		// A body that broke has its own error, which is worth more.
		if failed := b.slot.end(); failed != nil && err == io.EOF {
			err = failed
		}
	}
	return n, err
}

func (b *slotBody) Close() (err error) { return closeWith(b.ReadCloser, b.slot) }

// slotConn is a connection that was handed over: it is under way until it is closed.
type slotConn struct {
	io.ReadWriteCloser
	slot *slot
}

func (b *slotConn) Close() error { return closeWith(b.ReadWriteCloser, b.slot) }

func closeWith(c io.Closer, s *slot) (err error) {
	defer func() {
		if failed := s.end(); err == nil {
			err = failed
		}
	}()
	return c.Close()
}
