package faketest

import (
	"bytes"
	"net/http"
	"sync"
	"time"
)

// Keys are the idempotency keys of a service.
type Keys struct {
	Header string                // in which a key comes
	For    func(*Call) bool      // whether one counts for a call
	Scope  func(*Call) string    // whose key it is; nil is one scope
	Life   time.Duration         // after which it is forgotten
	Keeps  func(Response) bool   // whether a response is kept under its key
	Check  func(string) Response // refuses a key by a Status other than 0; nil refuses none

	InUse    Response // to a key whose first request is still under way
	Misused  Response // to a key that came with something else before
	Replayed func(*Response)

	mu    sync.Mutex
	known map[string]*entry
}

// entry is what is known of a key.
type entry struct {
	method, path string
	body         []byte
	begun        time.Time
	running      bool
	resp         Response
}

// begin returns the response to a call whose key is known, or how the call tells of its
// own.
func (k *Keys) begin(c *Call) (before *Response, done func(Response)) {
	key := c.Header.Get(k.Header)
	if key == "" || !k.For(c) {
		return nil, func(Response) {}
	}
	if k.Check != nil {
		if r := k.Check(key); r.Status != 0 {
			return &r, nil
		}
	}
	if k.Scope != nil {
		key = k.Scope(c) + "\x00" + key
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.known[key]
	if e != nil && !e.running && time.Since(e.begun) >= k.Life {
		e = nil
	}
	switch {
	case e == nil:
	case e.method != c.Method || e.path != c.URL.Path || !bytes.Equal(e.body, c.Body):
		return &k.Misused, nil
	case e.running:
		return &k.InUse, nil
	default:
		r := e.resp
		r.Header = r.Header.Clone()
		if r.Header == nil {
			r.Header = http.Header{}
		}
		if k.Replayed != nil {
			k.Replayed(&r)
		}
		return &r, nil
	}
	if k.known == nil {
		k.known = map[string]*entry{}
	}
	e = &entry{method: c.Method, path: c.URL.Path, body: c.Body, begun: time.Now(), running: true}
	k.known[key] = e
	return nil, func(r Response) {
		k.mu.Lock()
		defer k.mu.Unlock()
		e.running, e.resp = false, r
		if r.Status == 0 || !k.Keeps(r) {
			delete(k.known, key)
		}
	}
}
