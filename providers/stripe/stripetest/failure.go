package stripetest

import (
	"net/http"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// failure is an error as Stripe says it ("Errors" and "Error codes" in the API
// reference).
type failure struct {
	status                             int
	kind, code, message, param, reason string
	payment                            object
}

func (f *failure) response() faketest.Response {
	said := object{"type": f.kind, "message": f.message}
	for name, v := range map[string]string{"code": f.code, "param": f.param, "decline_code": f.reason} {
		if v != "" {
			said[name] = v
		}
	}
	if f.payment != nil {
		said["payment_intent"] = f.payment
	}
	return faketest.Response{Status: f.status, Body: object{"error": said}}
}

const invalidRequest = "invalid_request_error"

func invalid(param, code, message string) *failure {
	return &failure{status: http.StatusBadRequest, kind: invalidRequest, code: code, message: message, param: param}
}

func missing(param string) *failure {
	return invalid(param, "parameter_missing", "Missing required param: "+param+".")
}

// noSuch is a 404 for the object that is asked for, and a 400 for one that a parameter
// names.
func noSuch(kind, id, param string) *failure {
	f := invalid(param, "resource_missing", "No such "+kind+": '"+id+"'")
	if param == "id" {
		f.status = http.StatusNotFound
	}
	return f
}

func unexpectedState(code, message string) *failure { return invalid("", code, message) }

func declined(reason string, payment object) *failure {
	return &failure{
		status: http.StatusPaymentRequired, kind: "card_error", code: "card_declined", reason: reason,
		message: "Your card was declined.", payment: payment,
	}
}

func wrongKey(code, message string) *faketest.Response {
	r := (&failure{status: http.StatusUnauthorized, kind: invalidRequest, code: code, message: message}).response()
	return &r
}

// says are the faults that Stripe answers itself.
func says(f faketest.Fault) faketest.Response {
	switch f {
	case faketest.RateLimited:
		r := (&failure{status: http.StatusTooManyRequests, kind: invalidRequest, code: "rate_limit", message: "Request rate limit exceeded."}).response()
		r.Header = http.Header{"Stripe-Rate-Limited-Reason": {"global-rate"}, "Retry-After": {"0"}}
		return r
	case faketest.Unavailable:
		r := (&failure{status: http.StatusServiceUnavailable, kind: "api_error", message: "Stripe is temporarily unavailable."}).response()
		r.Header = http.Header{"Stripe-Should-Retry": {"true"}, "Retry-After": {"0"}}
		return r
	}
	r := (&failure{status: http.StatusInternalServerError, kind: "api_error", message: "An unknown error occurred"}).response()
	r.Header = http.Header{"Stripe-Should-Retry": {"false"}} // it would be the stored response
	return r
}
