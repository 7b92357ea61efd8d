package resendtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/faketest"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/secret"
)

// Server is a Resend in memory. It is safe for concurrent use.
type Server struct {
	// URL is where it is reached: on loopback, or by its [Server.Transport] alone.
	URL string

	fake   *faketest.Fake
	closes func()

	// fake.State guards the rest.
	key        string
	made       int // how many IDs
	emails     []*email
	domains    []*domain
	contacts   []*contact
	broadcasts []*broadcast
	audiences  []*audience
	events     []*event
}

// ServeHTTP answers a request as Resend would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.fake.ServeHTTP(w, r) }

// Transport answers requests without a network.
func (s *Server) Transport() http.RoundTripper { return s.fake.Transport() }

// Client returns a client of the server's account. The options are those of package
// client and come last.
func (s *Server) Client(opts ...client.Option) (*resend.Client, error) {
	to := client.WithBaseURL(s.URL)
	if s.URL == resend.Profile.BaseURL {
		to = client.WithTransport(s.Transport())
	}
	return resend.New(secret.Static(s.Key()), append([]client.Option{to}, opts...)...)
}

// Key is the API key that the server accepts: every other is refused.
func (s *Server) Key() string {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	return s.key
}

// Roll replaces the key. The one before was deleted.
func (s *Server) Roll(key string) {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	s.key = key
}

// Request is one that the server has received, credential and all: keep it in tests.
type Request struct {
	Operation string // "emails.send", as resend.Operations has it; "" where no operation is meant
	Method    string
	Path      string // with the query
	Header    http.Header
	Body      []byte
	Status    int // of the response; 0 where there was none
	Time      time.Time
}

// Requests returns what was received so far for these operations, or all of it, oldest
// first. It panics at the name of an operation that there is not.
func (s *Server) Requests(operations ...string) []Request {
	var all []Request
	for _, r := range s.fake.Requests(operations...) {
		all = append(all, Request(r))
	}
	return all
}

// id makes one, which is a UUID as Resend's are.
func (s *Server) id() string {
	s.made++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.made)
}

// auth holds a request to the server's key. Resend says of a wrong one that it is
// unauthorized where it sends, and elsewhere that it is a wrong parameter.
func (s *Server) auth(r *http.Request) *faketest.Response {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	wrong := &failure{http.StatusUnauthorized, "missing_api_key", "Missing API Key"}
	switch {
	case ok && given == s.key:
		return nil
	case ok && sends(r):
		wrong = &failure{http.StatusUnauthorized, "validation_error", "API key is invalid"}
	case ok:
		wrong = &failure{http.StatusBadRequest, "validation_error", "API key is invalid"}
	}
	refused := wrong.response()
	return &refused
}

func sends(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == "/emails" || r.URL.Path == "/emails/batch")
}

// keys are Resend's (Resend docs, "Idempotency keys"): for what sends, for a day.
func keys() *faketest.Keys {
	return &faketest.Keys{
		Header: "Idempotency-Key", Life: 24 * time.Hour,
		For:   func(c *faketest.Call) bool { return sends(c.Request) },
		Keeps: func(r faketest.Response) bool { return r.Status < 300 },
		Check: func(key string) (r faketest.Response) {
			if utf8.RuneCountInString(key) > 256 {
				r = (&failure{http.StatusBadRequest, "invalid_idempotency_key", "The key must be between 1-256 chars."}).response()
			}
			return r
		},
		InUse: (&failure{http.StatusConflict, "concurrent_idempotent_requests",
			"Same idempotency key used while original request is still in progress."}).response(),
		Misused: (&failure{http.StatusConflict, "invalid_idempotent_request",
			"Same idempotency key used with a different request payload."}).response(),
	}
}

// finish adds what every response has.
func (s *Server) finish(_ *faketest.Call, r *faketest.Response) {
	r.Header = r.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	s.fake.State.Lock()
	r.Header.Set("X-Request-Id", "req_"+s.id())
	s.fake.State.Unlock()
}

// handler answers an operation; its result is sent with 200, or 201 by a created.
type handler func(s *Server, c *faketest.Call) (any, *failure)

// created is a result that is new.
type created struct{ any }

// read decodes a body.
func read[T any](c *faketest.Call) (in T, wrong *failure) {
	if len(c.Body) > 0 && json.Unmarshal(c.Body, &in) != nil {
		return in, &failure{http.StatusBadRequest, "validation_error", "The request body is not valid JSON of this form."}
	}
	return in, nil
}
