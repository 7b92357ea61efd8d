package datadog

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// SubmitChecks submits states of services, at most ten minutes old. The same state of the
// same moment is one, so it is sent again after a failure that may pass.
var SubmitChecks = client.Op[[]Check, client.None]{
	Name: "checks.submit", Method: http.MethodPost, Route: "/api/v1/check_run", Repeatable: true, Encode: encodeChecks,
}

// CheckStatus is the state of a service.
type CheckStatus int

// The states.
const (
	OK CheckStatus = iota
	Warning
	Critical
	Unknown
)

// Check is the state of a service on a host.
type Check struct {
	Check   string      `json:"check"`     // "app.is_ok"
	Host    string      `json:"host_name"` // "" is none
	Status  CheckStatus `json:"status"`
	Tags    []string    `json:"tags"`
	Message string      `json:"message,omitempty"`
	Time    Time        `json:"timestamp,omitzero"` // the zero Time is now
}

func encodeChecks(in []Check, r *client.Request) error {
	if len(in) == 0 {
		return unfit("there are no checks to submit")
	}
	checks := make([]Check, len(in))
	for i, c := range in {
		if c.Check == "" {
			return unfit("the check at index %d has no name", i)
		}
		if c.Tags == nil {
			c.Tags = []string{} // which Datadog wants to see
		}
		checks[i] = c
	}
	r.Body = checks
	return nil
}
