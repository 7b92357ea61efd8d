package resendtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
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

// New returns a server without a network, to be used by its [Server.Transport], in a
// bubble of testing/synctest for one, or as an [http.Handler].
func New() *Server {
	s := &Server{URL: resend.Profile.BaseURL, closes: func() {}, key: "re_resendtest"}
	s.fake = faketest.New(faketest.Service{
		Routes: s.routes(), Auth: s.auth, Failure: says, Keys: keys(), Finish: s.finish,
		NotFound: (&failure{http.StatusNotFound, "not_found", "The requested endpoint does not exist."}).response(),
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

// Fault is what goes wrong with a request.
type Fault = faketest.Fault

// The faults that [Server.Inject] knows.
const (
	Unavailable   = faketest.Unavailable // 503, and nothing was done
	ServerError   = faketest.ServerError // 500, and nothing was done
	RateLimited   = faketest.RateLimited // 429, and nothing was done
	HTMLPage      = faketest.HTMLPage    // a proxy's page with 502
	DropBefore    = faketest.DropBefore  // the connection breaks, and nothing was done
	DropAfter     = faketest.DropAfter   // it is done, and the connection breaks before the response
	CutBody       = faketest.CutBody     // it is done, and the response breaks off half-way
	Hang          = faketest.Hang        // no response; it is done when the caller has given up
	QuotaExceeded = faketest.Own         // 429 for the quota of the day, which is no throttle
)

// Inject makes the next requests for an operation fail, one for each fault. "" is any
// operation. It panics at the name of one that there is not, whose faults would never
// come.
func (s *Server) Inject(operation string, faults ...Fault) { s.fake.Inject(operation, faults...) }

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

func (s *Server) routes() []faketest.Route {
	var all []faketest.Route
	add := func(name, pattern string, h handler) {
		all = append(all, faketest.Route{Name: name, Pattern: pattern, Handle: func(c *faketest.Call) faketest.Response {
			if c.Fault == QuotaExceeded {
				return says(c.Fault)
			}
			result, wrong := h(s, c)
			if wrong != nil {
				return wrong.response()
			}
			if made, ok := result.(created); ok {
				return faketest.Response{Status: http.StatusCreated, Body: made.any}
			}
			return faketest.Response{Status: http.StatusOK, Body: result}
		}})
	}
	add("emails.send", "POST /emails", sendEmail)
	add("emails.send_batch", "POST /emails/batch", sendBatch)
	add("emails.get", "GET /emails/{id}", getEmail)
	add("emails.list", "GET /emails", listEmails)
	add("emails.reschedule", "PATCH /emails/{id}", rescheduleEmail)
	add("emails.cancel", "POST /emails/{id}/cancel", cancelEmail)
	add("attachments.list", "GET /emails/{id}/attachments", listAttachments)
	add("attachments.get", "GET /emails/{id}/attachments/{attachment}", getAttachment)

	add("webhooks.list_events", "GET /webhooks/{webhook}/events", listEvents)
	add("webhooks.get_event", "GET /webhooks/{webhook}/events/{id}", getEvent)
	add("webhooks.replay_event", "POST /webhooks/{webhook}/events/{id}/replay", replayEvent)

	add("domains.create", "POST /domains", createDomain)
	add("domains.get", "GET /domains/{id}", getDomain)
	add("domains.list", "GET /domains", listDomains)
	add("domains.verify", "POST /domains/{id}/verify", verifyDomain)
	add("domains.delete", "DELETE /domains/{id}", deleteDomain)

	// resend-go v2 files contacts under an audience, of which there may be any.
	for prefix, under := range map[string]string{"": "", "audience_": "/audiences/{audience}"} {
		add(prefix+"contacts.create", "POST "+under+"/contacts", createContact)
		add(prefix+"contacts.get", "GET "+under+"/contacts/{id}", getContact)
		add(prefix+"contacts.update", "PATCH "+under+"/contacts/{id}", updateContact)
		add(prefix+"contacts.delete", "DELETE "+under+"/contacts/{id}", deleteContact)
		add(prefix+"contacts.list", "GET "+under+"/contacts", listContacts)
	}
	add("audiences.create", "POST /audiences", createAudience)
	add("audiences.list", "GET /audiences", listAudiences)

	add("broadcasts.create", "POST /broadcasts", createBroadcast)
	add("broadcasts.get", "GET /broadcasts/{id}", getBroadcast)
	add("broadcasts.list", "GET /broadcasts", listBroadcasts)
	add("broadcasts.send", "POST /broadcasts/{id}/send", sendBroadcast)
	add("broadcasts.cancel", "POST /broadcasts/{id}/cancel", cancelBroadcast)
	add("broadcasts.delete", "DELETE /broadcasts/{id}", deleteBroadcast)
	return all
}

// read decodes a body.
func read[T any](c *faketest.Call) (in T, wrong *failure) {
	if len(c.Body) > 0 && json.Unmarshal(c.Body, &in) != nil {
		return in, &failure{http.StatusBadRequest, "validation_error", "The request body is not valid JSON of this form."}
	}
	return in, nil
}
