package s3test

import (
	"net/http/httptest"
	"testing"
)

// New starts a server that ends with the test.
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

// NewHandler returns a server that does not listen, for one of your own.
func NewHandler(opts ...Options) *Server {
	s := &Server{buckets: map[string]*bucket{}, counts: map[string]int{}}
	if len(opts) > 0 {
		s.opts = opts[0]
	}
	if s.opts.Region == "" {
		s.opts.Region = Region
	}
	if s.opts.Buckets == nil {
		s.opts.Buckets = []string{Bucket}
	}
	if s.opts.Keys == nil {
		s.opts.Keys = map[string]string{AccessKeyID: SecretAccessKey}
	}
	for _, name := range s.opts.Buckets {
		s.buckets[name] = &bucket{objects: map[string]*object{}, uploads: map[string]*upload{}}
	}
	return s
}

// Close ends a server that listens.
func (s *Server) Close() {
	if s.http != nil {
		s.http.CloseClientConnections()
		s.http.Close()
	}
}
