package s3test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

// What a server knows unless Options say something else.
const (
	Region          = "us-east-1"
	Bucket          = "bucket"
	AccessKeyID     = "AKIDS3TEST"
	SecretAccessKey = "s3test-secret"
)

// Options are what a server may do in another way. The zero value is S3.
type Options struct {
	Region  string            // "" is Region
	Buckets []string          // nil is Bucket alone
	Keys    map[string]string // access key IDs and their secrets; nil is AccessKeyID's

	// R2 refuses what Cloudflare R2 does: bodies signed or checked chunk by chunk,
	// tagging, ACLs, and parts of different lengths.
	R2 bool
}

// Server is an S3 in memory. It is an http.Handler as well.
type Server struct {
	URL string // of a server that listens; "" of a handler

	opts Options
	http *httptest.Server

	mu      sync.Mutex
	buckets map[string]*bucket
	faults  []*fault
	counts  map[string]int
	serial  int
}

type bucket struct {
	objects map[string]*object
	uploads map[string]*upload
}

// object is what is stored. It is never changed.
type object struct {
	data     []byte
	header   http.Header // settings, metadata and checksums
	etag     string
	modified time.Time
}

// Config is what a client of the server's first bucket is made with.
func (s *Server) Config() s3.Config {
	id := slices.Sorted(keysOf(s.opts.Keys))[0]
	return s3.Config{
		Bucket: s.opts.Buckets[0], Region: s.opts.Region, Endpoint: s.URL,
		Credentials: s3.AccessKey{ID: secret.Static(id), Secret: secret.Static(s.opts.Keys[id])},
	}
}

// Put stores an object in the first bucket.
func (s *Server) Put(key string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first().objects[key] = newObject(slices.Clone(data), http.Header{})
}

// Get returns an object of the first bucket.
func (s *Server) Get(key string) (data []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.first().objects[key]
	if !ok {
		return nil, false
	}
	return slices.Clone(o.data), true
}

// Keys are those of the first bucket, in order.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(keysOf(s.first().objects))
}

// Uploads are the IDs of the uploads of the first bucket that have been neither
// completed nor aborted.
func (s *Server) Uploads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(keysOf(s.first().uploads))
}

// Count says how often an operation was asked for, those that failed included: S3's own
// names, "UploadPart". It panics at a name that there is not.
func (s *Server) Count(operation string) int {
	faketest.MustKnow(slices.Collect(maps.Keys(s.handlers())), operation)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[operation]
}

func (s *Server) first() *bucket { return s.buckets[s.opts.Buckets[0]] }

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// stored names the fields that an object is stored with.
func stored(name string) bool {
	switch name {
	case "Content-Type", "Content-Disposition", "Content-Encoding", "Content-Language", "Cache-Control", "X-Amz-Storage-Class":
		return true
	}
	return strings.HasPrefix(name, "X-Amz-Meta-")
}
