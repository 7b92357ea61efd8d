package sentry

import (
	"context"
	"strconv"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/tap"
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
	return tap.Failed(report, func(ctx context.Context, c tap.Call) { r.Capture(ctx, failedCall(c)) })
}

func failedCall(c tap.Call) Event {
	status := "none"
	if c.Status != 0 {
		status = strconv.Itoa(c.Status)
	}
	more := map[string]any{
		"attempts": c.Attempts, "duration": c.Duration.String(), "effect": c.Effect.String(),
	}
	for name, value := range map[string]string{"code": c.Code, "type": c.Type, "request_id": c.RequestID} {
		if value != "" {
			more[name] = value
		}
	}
	e := Event{
		Timestamp: c.Time, Level: LevelWarning, Logger: "standpipe.client", Transaction: c.Place(),
		Fingerprint: []string{"call", c.Service, c.Method, c.Host, c.Route, status, c.Cause},
		Tags:        map[string]string{"service": c.Service, "method": c.Method, "host": c.Host, "status": status},
		Contexts:    map[string]any{"call": more},
		Exceptions:  []Exception{{Type: "call to " + c.Service + " failed", Value: c.Place() + ": " + c.Said()}},
	}
	if c.Route != "" {
		e.Tags["route"] = c.Route
	}
	if c.Status == 0 || c.Status >= 500 {
		e.Level = LevelError
	}
	return e
}
