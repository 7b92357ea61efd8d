// Package faketest is what the fakes of services have in common: routes by operation, a
// record of what was asked, faults on demand, idempotency keys as services keep them, a
// server on loopback and a transport without one. What a service knows and says is its
// own fake's.
package faketest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Route is an operation and who answers it.
type Route struct {
	Name    string // "customers.create"
	Pattern string // "POST /v1/customers", as http.ServeMux has it
	Handle  func(*Call) Response
}

// Service is what is particular to a service.
type Service struct {
	Routes []Route

	// Auth refuses a request, or returns nil. It is called under the lock.
	Auth func(*http.Request) *Response

	// NotFound answers what no route does.
	NotFound Response

	// Failure is how the service says a fault that it says itself: Unavailable,
	// ServerError and RateLimited.
	Failure func(Fault) Response

	// Keys are its idempotency keys; nil is none.
	Keys *Keys

	// Finish, if set, completes every response, by a request ID for one.
	Finish func(*Call, *Response)
}

// Fake is a service in memory. It is safe for concurrent use.
type Fake struct {
	service Service
	mux     *http.ServeMux
	done    chan struct{}
	end     sync.Once

	operations []string // by name

	// State is held while a handler runs, and by whoever looks at what it changes.
	State sync.Mutex

	mu     sync.Mutex
	seen   []*Request
	faults []planned
}

// New returns a fake of s.
func New(s Service) *Fake {
	f := &Fake{service: s, mux: http.NewServeMux(), done: make(chan struct{})}
	for _, r := range s.Routes {
		f.operations = append(f.operations, r.Name)
		f.mux.HandleFunc(r.Pattern, func(w http.ResponseWriter, req *http.Request) { f.serve(w, req, r.Name, r.Handle) })
	}
	f.mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		f.serve(w, req, "", func(*Call) Response { return s.NotFound })
	})
	return f
}

// ServeHTTP answers a request.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }

// Requests returns what has been received so far for these operations, or all of it; ""
// is what none answers. It panics where there is no such operation: a test that expects
// no request would pass.
func (f *Fake) Requests(operations ...string) []Request {
	MustKnow(f.operations, operations...)
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []Request
	for _, r := range f.seen {
		if len(operations) == 0 || slices.Contains(operations, r.Operation) {
			found = append(found, *r)
		}
	}
	return found
}

// maxBody bounds what is read of a request.
const maxBody = 64 << 20

func (f *Fake) serve(w http.ResponseWriter, r *http.Request, operation string, handle func(*Call) Response) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler) // the request was broken off
	}
	seen := &Request{Operation: operation, Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: body, Time: time.Now()}
	f.mu.Lock()
	f.seen = append(f.seen, seen)
	fault := f.take(operation)
	f.mu.Unlock()

	r.Body = io.NopCloser(bytes.NewReader(body))
	call := &Call{Request: r, Operation: operation, Body: body, Fault: fault}
	resp, sent := f.answer(call, handle)
	if !sent || fault == DropAfter {
		drop(w)
		return
	}
	f.mu.Lock()
	seen.Status = resp.Status
	f.mu.Unlock()
	write(w, resp, fault == CutBody)
}

// answer is the response to a call; sent says that there is one.
func (f *Fake) answer(c *Call, handle func(*Call) Response) (resp Response, sent bool) {
	defer func() {
		if f.service.Finish != nil {
			f.service.Finish(c, &resp)
		}
	}()
	switch c.Fault {
	case DropBefore:
		return Response{}, false
	case HTMLPage:
		return Response{http.StatusBadGateway, http.Header{"Content-Type": {"text/html"}}, []byte("<html><h1>502 Bad Gateway</h1></html>")}, true
	case Unavailable, RateLimited:
		return f.service.Failure(c.Fault), true
	}
	f.State.Lock()
	refused := f.service.Auth(c.Request)
	f.State.Unlock()
	if refused != nil {
		return *refused, true
	}
	finish := func(Response) {}
	if keys := f.service.Keys; keys != nil {
		before, done := keys.begin(c)
		if before != nil {
			return *before, true
		}
		finish = done
	}
	// A key that is under way ends with its call, also where that panics.
	defer func() { finish(resp) }()
	if c.Fault == ServerError {
		return f.service.Failure(c.Fault), true
	}
	if c.Fault == Hang {
		f.wait(c.Request)
	}
	f.State.Lock()
	defer f.State.Unlock()
	resp = handle(c)
	resp.encode() // it may be of objects that the next request changes
	return resp, c.Fault != Hang
}

// wait waits until the caller gives up.
func (f *Fake) wait(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-f.done:
	}
}

func write(w http.ResponseWriter, r Response, cut bool) {
	r.encode()
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	body, _ := r.Body.([]byte)
	w.WriteHeader(r.Status)
	if !cut {
		_, _ = w.Write(body)
		return
	}
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// encode makes JSON of a body that is none.
func (r *Response) encode() {
	if _, done := r.Body.([]byte); done || r.Body == nil {
		return
	}
	body, err := json.Marshal(r.Body)
	if err != nil {
		panic(err) // a fake's own objects always can
	}
	r.Body, r.Header = body, r.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
}
