package githubtest

import (
	"cmp"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/providers/github"
)

// New starts a server on loopback that ends with the test.
func New(t testing.TB, opts ...Options) *Server {
	t.Helper()
	s := Start(opts...)
	t.Cleanup(s.Close)
	return s
}

// Start starts a server on loopback, for a program. Close it.
func Start(opts ...Options) *Server {
	s := NewHandler(opts...)
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// NewHandler returns a server that does not listen, for [Server.Transport] or a server of
// your own.
func NewHandler(opts ...Options) *Server {
	s := &Server{
		URL: github.Profile.BaseURL, repos: map[string]*repository{}, hooks: map[string][]github.Delivery{},
		used: map[string]*quota{}, counts: map[string]int{}, minted: map[string]mint{},
	}
	if len(opts) > 0 {
		s.opts = opts[0]
	}
	if s.opts.Tokens == nil {
		s.opts.Tokens = map[string]string{Token: Login}
	}
	if s.opts.Repositories == nil {
		s.opts.Repositories = []string{Owner + "/" + Repo}
	}
	s.opts.Limit = cmp.Or(s.opts.Limit, Limit)
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	for _, full := range s.opts.Repositories {
		s.repos[full] = s.newRepository(full)
	}
	s.mux = s.routes()
	return s
}

// Close ends a server that listens.
func (s *Server) Close() {
	if s.http != nil {
		s.http.CloseClientConnections()
		s.http.Close()
	}
}
