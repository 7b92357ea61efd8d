package resendtest

import (
	"net/http"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// Fault is what goes wrong with a request.
type Fault = faketest.Fault

// Inject makes the next requests for an operation fail, one for each fault. "" is any
// operation. It panics at the name of one that there is not, whose faults would never
// come.
func (s *Server) Inject(operation string, faults ...Fault) { s.fake.Inject(operation, faults...) }

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

// says are the faults that Resend answers itself.
func says(f faketest.Fault) faketest.Response {
	switch f {
	case faketest.RateLimited:
		r := (&failure{http.StatusTooManyRequests, "rate_limit_exceeded", "Too many requests. You can only make 5 requests per second."}).response()
		r.Header = http.Header{"Retry-After": {"0"}, "Ratelimit-Limit": {"5"}, "Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {"1"}}
		return r
	case QuotaExceeded:
		return (&failure{http.StatusTooManyRequests, "daily_quota_exceeded", "You have reached your daily email sending quota."}).response()
	case faketest.Unavailable:
		r := (&failure{http.StatusServiceUnavailable, "application_error", "Resend is temporarily unavailable."}).response()
		r.Header = http.Header{"Retry-After": {"0"}}
		return r
	}
	return (&failure{http.StatusInternalServerError, "internal_server_error", "An unexpected error occurred."}).response()
}
