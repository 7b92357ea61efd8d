package sentrytest

import (
	"net/http"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/faketest"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/secret"
)

// ingest is where a server without a network is.
const ingest = "https://o1.ingest.us.sentry.io"

// Server is a Sentry in memory. It is safe for concurrent use.
type Server struct {
	// URL is where it is reached: on loopback, or by its [Server.Transport] alone.
	URL string

	fake   *faketest.Fake
	closes func()

	// fake.State guards the rest.
	events   []*Event
	known    map[string]*Event // by their IDs
	checkIns []CheckIn
	reports  []Discarded
	limits   []limit
}

const (
	key     = "5e17e57fa4e5ea5e17e57fa4e5ea5e17"
	project = "42"
)

// ServeHTTP answers a request as Sentry would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.fake.ServeHTTP(w, r) }

// Transport answers requests without a network.
func (s *Server) Transport() http.RoundTripper { return s.fake.Transport() }

// DSN is the one that the server accepts: every other key or project is refused.
func (s *Server) DSN() string {
	scheme, host, _ := strings.Cut(s.URL, "://")
	return scheme + "://" + key + "@" + host + "/" + project
}

// Reporter returns a Reporter of the server's project. The options are those of package
// client and come last.
func (s *Server) Reporter(c sentry.ReporterConfig, opts ...client.Option) (*sentry.Reporter, error) {
	if s.URL == ingest {
		opts = append([]client.Option{client.WithTransport(s.Transport())}, opts...)
	}
	return sentry.NewReporter(secret.Static(s.DSN()), c, opts...)
}

// Request is one that the server has received, credential and all: keep it in tests.
type Request struct {
	Operation string // "envelopes"; "" where no operation is meant
	Method    string
	Path      string // with the query
	Header    http.Header
	Body      []byte
	Status    int // of the response; 0 where there was none
	Time      time.Time
}

// Requests returns what was received so far, oldest first.
func (s *Server) Requests() []Request {
	var all []Request
	for _, r := range s.fake.Requests() {
		all = append(all, Request(r))
	}
	return all
}

// Fault is what goes wrong with a request.
type Fault = faketest.Fault

// The faults that [Server.Inject] knows.
const (
	Unavailable = faketest.Unavailable // 503, and nothing was done
	ServerError = faketest.ServerError // 500, and nothing was done
	RateLimited = faketest.RateLimited // 429 without a header, and nothing was done; see [Server.Limit]
	HTMLPage    = faketest.HTMLPage    // a proxy's page with 502
	DropBefore  = faketest.DropBefore  // the connection breaks, and nothing was done
	DropAfter   = faketest.DropAfter   // it is done, and the connection breaks before the response
	CutBody     = faketest.CutBody     // it is done, and the response breaks off half-way
	Hang        = faketest.Hang        // no response; it is done when the caller has given up
)

// Inject makes the next requests fail, one for each fault.
func (s *Server) Inject(faults ...Fault) { s.fake.Inject("", faults...) }

// Events returns the events that were accepted, each once, oldest first.
func (s *Server) Events() []Event {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	var all []Event
	for _, e := range s.events {
		all = append(all, *e)
	}
	return all
}

// CheckIns returns the check-ins that were accepted, oldest first.
func (s *Server) CheckIns() []CheckIn {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	return append([]CheckIn(nil), s.checkIns...)
}

// Discarded returns what clients said that they had dropped, oldest first.
func (s *Server) Discarded() []Discarded {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	return append([]Discarded(nil), s.reports...)
}

// Limit refuses these categories ("error", "monitor", "attachment") for a time from now
// on, or everything without one. Every response says so, that to what is not limited too.
func (s *Server) Limit(d time.Duration, categories ...string) {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	s.limits = append(s.limits, limit{time.Now().Add(d), categories})
}
