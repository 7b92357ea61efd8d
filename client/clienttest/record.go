package clienttest

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// Recorded is a request as the service saw it, credentials and all: keep it in
// tests.
type Recorded struct {
	Method string
	Host   string
	URL    string // path and query
	Header http.Header
	Body   []byte
	Time   time.Time
}

// asReceived returns a copy of h with its names as a server reads them: in canonical
// form, however a client has spelled them.
func asReceived(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		name = http.CanonicalHeaderKey(name)
		out[name] = append(out[name], values...)
	}
	return out
}

// recorder follows a script and keeps what it saw.
type recorder struct {
	tb testing.TB // nil outside of a test

	mu    sync.Mutex
	steps []Step
	next  int
	seen  []Recorded
}

// maxBody bounds what is kept of a request's body.
const maxBody = 64 << 20

// take returns the next step, and the request's body.
func (r *recorder) take(req *http.Request) (Step, []byte, error) {
	var body []byte
	var err error
	if req.Body != nil {
		body, err = io.ReadAll(io.LimitReader(req.Body, maxBody))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	r.seen = append(r.seen, Recorded{
		Method: req.Method, Host: host, URL: req.URL.RequestURI(),
		Header: asReceived(req.Header), Body: body, Time: time.Now(),
	})
	if len(r.steps) == 0 {
		return Status(http.StatusOK), body, err
	}
	step := r.steps[min(r.next, len(r.steps)-1)]
	r.next++
	return step, body, err
}

// Requests returns what has been seen so far, oldest first.
func (r *recorder) Requests() []Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// Count returns how many requests have been seen so far.
func (r *recorder) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// Last returns the last request seen. If there was none, it fails the test;
// outside of one it returns the zero Recorded.
func (r *recorder) Last() Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) == 0 {
		if r.tb != nil {
			r.tb.Helper()
			r.tb.Fatal("clienttest: no request has been seen")
		}
		return Recorded{}
	}
	return r.seen[len(r.seen)-1]
}

// Script replaces the script and starts it from the beginning.
func (r *recorder) Script(steps ...Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps, r.next = steps, 0
}
