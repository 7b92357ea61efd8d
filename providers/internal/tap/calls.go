package tap

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// Call is a call that has failed. It has no path, query or body, and nothing that the
// service said but its code and request ID.
type Call struct {
	Time      time.Time
	Service   string // its profile's name, or its host
	Method    string
	Host      string
	Route     string // "" where the call named none
	Status    int    // 0 without a response
	Cause     string // what kind of failure it is, in words
	Code      string // the service's own
	Type      string // the service's own
	RequestID string // the service's own
	Attempts  int
	Duration  time.Duration
	Effect    client.Effect
}

// Failed returns an observer that reports the calls of a client that have failed. A call
// that its caller has given up is no failure; of the others wants, if it is not nil, says
// which are reported. report is never called by who makes a call.
func Failed(wants func(client.CallEnded) bool, report func(context.Context, Call)) client.Observer {
	return &failed{wants, report}
}

type failed struct {
	wants  func(client.CallEnded) bool
	report func(context.Context, Call)
}

// Observe reports a call that has failed.
func (f *failed) Observe(ctx context.Context, o client.Observation) {
	ended, ok := o.(client.CallEnded)
	if !ok || ended.Err == nil || errors.Is(ended.Err, context.Canceled) || IsOwn(ctx) || f.wants != nil && !f.wants(ended) {
		return
	}
	f.report(ctx, callOf(ended))
}

func callOf(c client.CallEnded) Call {
	call := Call{
		Time: c.Time, Service: cmp.Or(c.Call.Provider, c.Call.Host), Method: c.Call.Method, Host: c.Call.Host, Route: c.Call.Route,
		Status: c.Status, Cause: cause(c.Err), Attempts: c.Attempts, Duration: c.Duration, Effect: c.Effect,
	}
	if e, ok := errors.AsType[*client.Error](c.Err); ok {
		call.Code, call.Type, call.RequestID = Text(e.Code), Text(e.Type), Text(e.RequestID)
	}
	return call
}

// String is one sentence: "call to resend failed: POST api.resend.com/emails: 503 Service
// Unavailable: service failure".
func (c Call) String() string {
	return "call to " + c.Service + " failed: " + c.Place() + ": " + c.Said()
}

// Place is "POST api.resend.com/emails".
func (c Call) Place() string { return strings.TrimSpace(c.Method + " " + c.Host + c.Route) }

// Said is "503 Service Unavailable: service failure".
func (c Call) Said() string {
	if c.Status == 0 {
		return c.Cause
	}
	return strings.TrimSpace(strconv.Itoa(c.Status)+" "+http.StatusText(c.Status)) + ": " + c.Cause
}

// cause is the first of package client's sentinels that an error matches.
func cause(err error) string {
	for _, kind := range []error{
		client.ErrTimeout, client.ErrRateLimited, client.ErrCircuitOpen, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound,
		client.ErrConflict, client.ErrBadRequest, client.ErrUnavailable, client.ErrDecode, client.ErrEmptyBody, client.ErrTooLarge, client.ErrRedirect,
		client.ErrOrigin, client.ErrReadOnly, client.ErrConfig, client.ErrRequest,
	} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return "no response"
}
