package clienttest

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Server is a scripted service on a loopback port.
type Server struct {
	*recorder
	URL string // "http://127.0.0.1:…"

	srv  *httptest.Server
	done chan struct{}
	once sync.Once
}

// NewServer starts a server that follows the steps and ends with the test.
// Without any step it responds with 200.
func NewServer(tb testing.TB, steps ...Step) *Server {
	tb.Helper()
	s := Start(steps...)
	s.tb = tb
	tb.Cleanup(s.Close)
	return s
}

// Start is [NewServer] outside of a test, for examples and demonstrations. The
// caller closes the server.
func Start(steps ...Step) *Server {
	s := &Server{recorder: &recorder{steps: steps}, done: make(chan struct{})}
	s.srv = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.srv.URL
	return s
}

// Close breaks what is under way off and ends the server.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.done)
		s.srv.CloseClientConnections()
		s.srv.Close()
	})
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	step, body, err := s.take(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the request was broken off
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if step.delay > 0 && !s.wait(r, step.delay) {
		return
	}
	switch {
	case step.contents != nil:
		step.contents(w, r)
		return
	case step.fault == reset:
		resetConnection(w)
		return
	case step.fault == hang:
		s.wait(r, 0)
		panic(http.ErrAbortHandler)
	}
	if step.fault == truncate {
		maps.Copy(w.Header(), step.header)
		w.WriteHeader(step.status)
		_, _ = w.Write([]byte(step.body[:step.after]))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	step.Serve(w)
}

// resetConnection ends the connection with a TCP reset: where it ended in order, the
// client would read an EOF, and not what a [Transport] returns.
func resetConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// Serve writes the step's status, header and body, for handlers that respond with
// a step of their choice. Delays and faults are left out.
func (s Step) Serve(w http.ResponseWriter) {
	maps.Copy(w.Header(), s.header)
	w.WriteHeader(s.status)
	if s.body != "" {
		_, _ = w.Write([]byte(s.body))
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
