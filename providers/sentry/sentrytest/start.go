package sentrytest

import (
	"net/http"
	"testing"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// New returns a server without a network, to be used by its [Server.Transport], in a
// bubble of testing/synctest for one, or as an [http.Handler].
func New() *Server {
	s := &Server{URL: ingest, closes: func() {}, known: map[string]*Event{}}
	s.fake = faketest.New(faketest.Service{
		Routes:   []faketest.Route{{Name: "envelopes", Pattern: "POST /api/{project}/envelope/", Handle: s.envelope}},
		Auth:     func(*http.Request) *faketest.Response { return nil }, // an envelope can have the key inside
		NotFound: detail(http.StatusNotFound, "not found"),
		Failure: func(f faketest.Fault) faketest.Response {
			switch f {
			case RateLimited: // bare, so that it is a minute for everything
				return detail(http.StatusTooManyRequests, "event submission rejected due to rate limits")
			case ServerError:
				return detail(http.StatusInternalServerError, "internal error")
			}
			return detail(http.StatusServiceUnavailable, "service unavailable")
		},
	})
	return s
}

// Start returns a server on loopback, for examples and demonstrations. The caller closes
// it.
func Start() *Server {
	s := New()
	s.URL, s.closes = s.fake.Listen()
	return s
}

// NewServer returns a server on loopback that ends with the test.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	s := Start()
	tb.Cleanup(s.Close)
	return s
}

// Close breaks off what is under way and ends a server on loopback.
func (s *Server) Close() { s.closes() }
