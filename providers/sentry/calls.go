package sentry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// Observer returns an observer that reports the calls of a client that have failed, for
// client.WithObserver. Failures of the same operation with the same status are one issue.
// A call that its caller has given up is no failure; of the others, report says which are
// reported. A nil report is all of them.
//
// What is reported is the service, the operation's route, the status, the service's code
// and request ID, and whether anything may have happened: no path, no query, no body and
// nothing that the service said.
func (r *Reporter) Observer(report func(client.CallEnded) bool) client.Observer {
	return &callObserver{r, report}
}

type callObserver struct {
	r      *Reporter
	report func(client.CallEnded) bool
}

// Observe reports a call that has failed.
func (o *callObserver) Observe(ctx context.Context, seen client.Observation) {
	ended, ok := seen.(client.CallEnded)
	if !ok || ended.Err == nil || errors.Is(ended.Err, context.Canceled) || isOwn(ctx) || o.report != nil && !o.report(ended) {
		return
	}
	o.r.Capture(ctx, failedCall(ended))
}

func failedCall(c client.CallEnded) Event {
	what := kindOf(c.Err)
	status := "none"
	if c.Status != 0 {
		status = strconv.Itoa(c.Status)
	}
	service := c.Call.Provider
	if service == "" {
		service = c.Call.Host
	}
	place := strings.TrimSpace(c.Call.Method + " " + c.Call.Host + c.Call.Route)
	more := map[string]any{
		"attempts": c.Attempts, "duration": c.Duration.String(), "effect": c.Effect.String(),
	}
	if e, ok := errors.AsType[*client.Error](c.Err); ok {
		for name, value := range map[string]string{"code": e.Code, "type": e.Type, "request_id": e.RequestID} {
			if value != "" {
				more[name] = shown(value)
			}
		}
	}
	e := Event{
		Timestamp: c.Time, Level: LevelWarning, Logger: "standpipe.client", Transaction: place,
		Fingerprint: []string{"call", service, c.Call.Method, c.Call.Host, c.Call.Route, status, what},
		Tags:        map[string]string{"service": service, "method": c.Call.Method, "host": c.Call.Host, "status": status},
		Contexts:    map[string]any{"call": more},
		Exceptions:  []Exception{{Type: "call to " + service + " failed", Value: fmt.Sprintf("%s: %s", place, said(c.Status, what))}},
	}
	if c.Call.Route != "" {
		e.Tags["route"] = c.Call.Route
	}
	if c.Status == 0 || c.Status >= 500 {
		e.Level = LevelError
	}
	return e
}

// said is "503 Service Unavailable: service failure".
func said(status int, what string) string {
	if status == 0 {
		return what
	}
	return strings.TrimSpace(strconv.Itoa(status)+" "+http.StatusText(status)) + ": " + what
}

// kindOf is the first of package client's sentinels that an error matches.
func kindOf(err error) string {
	for _, kind := range []error{
		client.ErrTimeout, client.ErrRateLimited, client.ErrCircuitOpen, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound,
		client.ErrConflict, client.ErrBadRequest, client.ErrUnavailable, client.ErrDecode, client.ErrEmptyBody, client.ErrTooLarge,
		client.ErrRedirect, client.ErrOrigin, client.ErrReadOnly, client.ErrConfig, client.ErrRequest,
	} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return "no response"
}
