package githubtest

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// Fault is something that goes wrong with the requests that it is for. The zero Fault is
// one 503.
type Fault struct {
	Operation string // as github.Operations name it, "issues.create"; "" is any
	Skip      int    // how many requests of these go well first
	Times     int    // how many then go wrong; 0 is one, -1 all

	// Status is that of GitHub's error; 0 is 503. Message is what it says.
	Status  int
	Message string

	// Limit makes it a limit of GitHub's: a 403 unless Status is 429, or inside a 200
	// where the request is for GraphQL. RetryAfter is told in its header, if it is not 0.
	Limit      LimitKind
	RetryAfter time.Duration

	HTML     bool // the error is a page, as that of a proxy
	CutAfter int  // the connection breaks off after so many bytes of the body
	Reset    bool // the connection breaks off without a response
	Lost     bool // the same, after what was asked for was done
}

// LimitKind is a kind of GitHub's limits.
type LimitKind int

// The kinds of limits. After a primary limit X-RateLimit-Remaining is 0; a secondary one
// tells no more than a message, and Retry-After if Fault has it.
const (
	NoLimit LimitKind = iota
	Primary
	Secondary
)

type fault struct {
	Fault
	skip, left int
}

// Inject has f happen from now on. Of several that fit a request, the first is taken. It
// panics at the name of an operation that there is not, whose fault would never come.
func (s *Server) Inject(f Fault) {
	faketest.MustKnow(s.operations, f.Operation)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{f, f.Skip, cmp.Or(f.Times, 1)})
}

// fault finds what is to go wrong with a request, which it counts.
func (s *Server) fault(operation string) *Fault {
	s.counts[operation]++
	for _, f := range s.faults {
		if f.left == 0 || f.Operation != "" && f.Operation != operation {
			continue
		}
		if f.skip > 0 {
			f.skip--
			continue
		}
		f.left--
		return &f.Fault
	}
	return nil
}

// answer is what goes wrong in place of the answer; nil where it is something else.
func (f *Fault) answer(operation string, now time.Time) *answer {
	if f == nil || f.Reset || f.Lost || f.CutAfter > 0 {
		return nil
	}
	const page = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-"
	a := refuse(cmp.Or(f.Status, http.StatusServiceUnavailable), cmp.Or(f.Message, "Service unavailable."))
	switch f.Limit {
	case Primary:
		a = refer(page+"primary-rate-limits", cmp.Or(f.Status, http.StatusForbidden), cmp.Or(f.Message, "API rate limit exceeded for user ID 1."))
		if operation == "graphql" && f.Status == 0 {
			a = respond(http.StatusOK, object{"errors": []object{{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}}})
		}
		a.header.Set("X-RateLimit-Remaining", "0")
		a.header.Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(cmp.Or(f.RetryAfter, time.Hour)).Unix(), 10))
	case Secondary:
		a = refer(page+"secondary-rate-limits", cmp.Or(f.Status, http.StatusForbidden), cmp.Or(f.Message, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."))
		if f.RetryAfter > 0 {
			a.header.Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
		}
	}
	if f.HTML {
		a.header.Set("Content-Type", "text/html; charset=utf-8")
		a.body = []byte("<html><body><h1>Unicorn!</h1></body></html>")
	}
	return a
}
