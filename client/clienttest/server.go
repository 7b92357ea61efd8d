package clienttest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Server is a scripted service on a loopback port. It ends with the test.
type Server struct {
	*recorder
	URL string // "http://127.0.0.1:…"

	srv  *httptest.Server
	done chan struct{}
}

// NewServer starts a server that follows the steps. Without any it answers 200.
func NewServer(tb testing.TB, steps ...Step) *Server {
	tb.Helper()
	s := &Server{recorder: &recorder{tb: tb, steps: steps}, done: make(chan struct{})}
	s.srv = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.srv.URL
	tb.Cleanup(func() {
		close(s.done)
		s.srv.CloseClientConnections()
		s.srv.Close()
	})
	return s
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	step, err := s.take(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the request was broken off
	}
	if step.delay > 0 && !s.wait(r, step.delay) {
		return
	}
	switch {
	case step.contents != nil:
		step.contents(w, r)
		return
	case step.fault == reset:
		panic(http.ErrAbortHandler)
	case step.fault == hang:
		s.wait(r, 0)
		panic(http.ErrAbortHandler)
	}
	for name, values := range step.header {
		w.Header()[name] = values
	}
	if step.fault == truncate {
		w.WriteHeader(step.status)
		_, _ = w.Write([]byte(step.body[:step.after]))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(step.status)
	if step.body != "" {
		_, _ = w.Write([]byte(step.body))
	}
}

// wait waits for d, or for ever where it is 0, and reports whether it was not
// interrupted.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	var timeout <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-timeout:
		return true
	case <-r.Context().Done():
	case <-s.done:
	}
	return false
}
