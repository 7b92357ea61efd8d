package stripetest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/faketest"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
)

// Server is a Stripe in memory. It is safe for concurrent use.
type Server struct {
	// URL is where it is reached: on loopback, or by its [Server.Transport] alone.
	URL string

	fake   *faketest.Fake
	closes func()

	// fake.State guards the rest.
	key       string
	expired   map[string]bool
	accounts  map[string]*account
	made      map[string]int // how many of each prefix
	events    []object
	told      int                 // how many of the events Deliver has delivered
	declines  map[string]string   // why payments with a payment method are declined
	checkouts map[string]checkout // by their sessions
}

// ServeHTTP answers a request as Stripe would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.fake.ServeHTTP(w, r) }

// Transport answers requests without a network.
func (s *Server) Transport() http.RoundTripper { return s.fake.Transport() }

// Client returns a client of the server's account. The options are those of package
// client and come last.
func (s *Server) Client(opts ...client.Option) (*stripe.Client, error) {
	to := client.WithBaseURL(s.URL)
	if s.URL == sdk.APIURL {
		to = client.WithTransport(s.Transport())
	}
	return stripe.New(secret.Static(s.Key()), append([]client.Option{to}, opts...)...)
}

// Key is the secret key that the server accepts: every other gets a 401.
func (s *Server) Key() string {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	return s.key
}

// Roll replaces the key. The one before has expired.
func (s *Server) Roll(key string) {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	s.expired[s.key], s.key = true, key
}

// Request is one that the server has received, credential and all: keep it in tests.
type Request struct {
	Operation string // "customers.create", as stripe.Operations has it; "" where no operation is meant
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
	Unavailable  = faketest.Unavailable // 503, and nothing was done
	ServerError  = faketest.ServerError // 500, which is then stored under the idempotency key
	RateLimited  = faketest.RateLimited // 429, and nothing was done
	HTMLPage     = faketest.HTMLPage    // a proxy's page with 502
	DropBefore   = faketest.DropBefore  // the connection breaks, and nothing was done
	DropAfter    = faketest.DropAfter   // it is done, and the connection breaks before the response
	CutBody      = faketest.CutBody     // it is done, and the response breaks off half-way
	Hang         = faketest.Hang        // no response; it is done when the caller has given up
	CardDeclined = faketest.Own         // of a payment that is confirmed: 402
)

// Inject makes the next requests for an operation fail, one for each fault. "" is any
// operation. It panics at the name of one that there is not, whose faults would never
// come.
func (s *Server) Inject(operation string, faults ...Fault) { s.fake.Inject(operation, faults...) }

func (s *Server) now() time.Time { return time.Now() }

// auth holds a request to the server's key.
func (s *Server) auth(r *http.Request) *faketest.Response {
	given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if user, _, ok := r.BasicAuth(); ok {
		given = user
	}
	switch {
	case given == "":
		return wrongKey("", "You did not provide an API key.")
	case s.expired[given]:
		return wrongKey("api_key_expired", "Expired API Key provided: "+masked(given))
	case given != s.key:
		return wrongKey("", "Invalid API Key provided: "+masked(given))
	}
	return nil
}

// masked is a key as Stripe repeats it.
func masked(key string) string {
	if len(key) < 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:8] + strings.Repeat("*", len(key)-12) + key[len(key)-4:]
}

// keys are Stripe's ("Idempotent requests" in the API reference): for POST, for a day,
// with whatever an endpoint answered that has begun to execute, 500s included.
func keys() *faketest.Keys {
	return &faketest.Keys{
		Header: "Idempotency-Key", Life: 24 * time.Hour,
		For:   func(c *faketest.Call) bool { return c.Method == http.MethodPost },
		Scope: func(c *faketest.Call) string { return c.Header.Get("Stripe-Account") },
		Keeps: func(r faketest.Response) bool {
			return r.Status < 300 || r.Status == http.StatusPaymentRequired || r.Status >= 500
		},
		Check: func(key string) (r faketest.Response) {
			if len(key) > 255 {
				r = (&failure{status: 400, kind: "idempotency_error", message: "Idempotency keys are at most 255 characters long."}).response()
			}
			return r
		},
		InUse: (&failure{status: http.StatusConflict, kind: "idempotency_error", code: "idempotency_key_in_use",
			message: "There is currently another in-progress request using this Idempotent Key."}).response(),
		Misused: (&failure{status: http.StatusBadRequest, kind: "idempotency_error",
			message: "Keys for idempotent requests can only be used with the same parameters they were first used with."}).response(),
		Replayed: func(r *faketest.Response) { r.Header.Set("Idempotent-Replayed", "true") },
	}
}

// finish adds what every response has.
func (s *Server) finish(c *faketest.Call, r *faketest.Response) {
	r.Header = r.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	s.fake.State.Lock()
	s.made["req"]++
	id := "req_" + strconv.Itoa(s.made["req"])
	s.fake.State.Unlock()
	r.Header.Set("Request-Id", id)
	r.Header.Set("Stripe-Version", version)
	if key := c.Header.Get("Idempotency-Key"); key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
}
