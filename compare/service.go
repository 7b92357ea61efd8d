package compare

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// server is a service that a behaviour scripts. It writes down every request.
type server struct {
	http  *httptest.Server
	ended chan struct{} // closed when the behaviour is over

	mu    sync.Mutex
	seen  []sighting
	conns int
}

// A sighting is a request that has been read to its end.
type sighting struct {
	at     time.Time
	method string
	url    string
	header http.Header
	body   []byte
}

// serve starts a service. answer is called with the number of the request, from 1,
// after its body has been read.
func serve(answer func(n int, w http.ResponseWriter, r *http.Request)) *server {
	s := &server{ended: make(chan struct{})}
	s.start(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.seen = append(s.seen, sighting{time.Now(), r.Method, r.URL.String(), r.Header.Clone(), body})
		n := len(s.seen)
		s.mu.Unlock()
		answer(n, w, r)
	})
	return s
}

// start starts the server with a handler of its own, and counts connections.
func (s *server) start(handler http.HandlerFunc) {
	s.http = httptest.NewUnstartedServer(handler)
	s.http.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			s.conns++
			s.mu.Unlock()
		}
	}
	s.http.Start()
}

// close ends the service at once, with what is under way.
func (s *server) close() {
	close(s.ended)
	s.http.CloseClientConnections()
	s.http.Close()
}

func (s *server) sightings() []sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *server) requests() int { return len(s.sightings()) }

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

const (
	exampleKey = "sk_live_compare_4eC39HqLyjWDarjtT1zdp7dc"
	firstWait  = 20 * time.Millisecond
)

// service describes s with a bearer key and short waits.
func (s *server) service() Service {
	return Service{URL: s.http.URL, Credential: Credential{Key: exampleKey}, Wait: firstWait}
}

func answerJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// reset ends the connection so that the other side sees it reset, without a response.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}
