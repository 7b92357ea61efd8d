package resendtest

import (
	"net/http"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// failure is an error as Resend says it ("Errors" in the Resend docs).
type failure struct {
	status        int
	name, message string
}

func (f *failure) response() faketest.Response {
	return faketest.Response{Status: f.status, Body: map[string]any{"statusCode": f.status, "name": f.name, "message": f.message}}
}

func missing(field string) *failure {
	return &failure{http.StatusUnprocessableEntity, "missing_required_field", "Missing `" + field + "` field."}
}

func invalid(message string) *failure {
	return &failure{http.StatusUnprocessableEntity, "validation_error", message}
}

func noSuch(kind string) *failure {
	return &failure{http.StatusNotFound, "not_found", kind + " not found"}
}

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
