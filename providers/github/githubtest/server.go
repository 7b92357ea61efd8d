package githubtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// What a server knows unless Options say something else.
const (
	Token = "ghp_githubtest"        // of Login
	Login = "octocat"               // a user
	Owner = "octocat"               // of Repo
	Repo  = "hello-world"           // a repository, with the file README.md
	AppID = "Iv1.githubtest"        // the client ID of an app
	ID    = github.ID("1234567890") // of the app's installation

	// Limit is how many requests an hour a caller has of each resource.
	Limit = 5000
)

// Options are what a server may do in another way. The zero value is as the constants
// say.
type Options struct {
	Tokens       map[string]string // tokens, and the login of each
	Repositories []string          // "owner/name"
	Limit        int               // requests an hour for each caller and resource
	Now          func() time.Time  // nil is time.Now

	// GraphQL answers an operation of the GraphQL API with its data, its errors, or both.
	// Nil knows the viewer's login alone. It is called by one goroutine at a time.
	GraphQL func(query string, variables map[string]any) (data any, errors []map[string]any)
}

// Server is a GitHub in memory. It is an http.Handler as well.
type Server struct {
	URL string // of a server that listens; GitHub's own of a handler

	opts Options
	mux  *http.ServeMux
	http *httptest.Server
	app  app

	operations []string // by name

	mu     sync.Mutex
	repos  map[string]*repository
	hooks  map[string][]github.Delivery // the newest first, by the path of the webhook
	used   map[string]*quota
	faults []*fault
	counts map[string]int
	minted map[string]mint // tokens of the installation
	serial int64
}

// ServeHTTP makes the Server a handler. The paths of GitHub Enterprise Server
// (/api/v3/…, /api/uploads/…) are its too.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, prefix := range []string{"/api/v3", "/api/uploads"} {
		if rest, ok := strings.CutPrefix(r.URL.Path, prefix); ok {
			u := *r.URL
			u.Path, u.RawPath = rest, strings.TrimPrefix(u.RawPath, prefix)
			r = r.Clone(r.Context())
			r.URL = &u
			break
		}
	}
	s.mux.ServeHTTP(w, r)
}

// Count says how often an operation was asked for, as github.Operations name it:
// "issues.create". What failed is counted too. It panics at a name that there is not.
func (s *Server) Count(operation string) int {
	faketest.MustKnow(s.operations, operation)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[operation]
}

// next is a number that nothing else has.
func (s *Server) next() int64 {
	s.serial++
	return 1000 + s.serial
}

// now is in whole seconds, as GitHub's times are.
func (s *Server) now() time.Time { return s.opts.Now().UTC().Truncate(time.Second) }

// quota is what one caller has of one resource.
type quota struct {
	resource    string
	limit, used int
	reset       time.Time
}
