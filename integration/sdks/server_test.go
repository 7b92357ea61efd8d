package sdks

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// The faults of a server; but for the last it has one, and then recovers.
const (
	refuses   = "503"
	resets    = "reset"
	throttles = "429"
	isDown    = "503 always"
)

// service plays every service: it reads each request to its end, counts it, has
// its fault and answers.
type service struct {
	url      *url.URL
	requests atomic.Int64
	answered atomic.Int64 // with a success
}

func serve(t *testing.T, fault, reply string) *service {
	t.Helper()
	s := &service{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := s.requests.Add(1)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		// For the SDKs that would wait a second otherwise.
		w.Header().Set("Retry-After-Ms", "1")
		w.Header().Set("Content-Type", "application/json")
		switch {
		case n > 1 && fault != isDown:
			s.answered.Add(1)
			io.WriteString(w, cmp.Or(reply, "{}"))
		case fault == resets:
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			if tcp, ok := conn.(*net.TCPConn); ok {
				tcp.SetLinger(0)
			}
			conn.Close()
		case fault == throttles:
			w.WriteHeader(http.StatusTooManyRequests)
			io.WriteString(w, "{}")
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "{}")
		}
	}))
	t.Cleanup(server.Close)
	var err error
	s.url, err = url.Parse(server.URL)
	require.NoError(t, err)
	return s
}

// transport returns one that takes every request to the service, whatever host the
// SDK would call.
func (s *service) transport(t *testing.T) http.RoundTripper {
	t.Helper()
	next := &http.Transport{}
	t.Cleanup(next.CloseIdleConnections)
	return redirect{s.url, next}
}

type redirect struct {
	to   *url.URL
	next http.RoundTripper
}

func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host = r.to.Scheme, r.to.Host
	return r.next.RoundTrip(req)
}
