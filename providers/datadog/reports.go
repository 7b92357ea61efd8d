package datadog

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/tap"
)

// LogConfig says what of a log is reported.
type LogConfig struct {
	// Level is the least that is reported. Nil is slog.LevelError. A webhook that is
	// refused is a slog.LevelWarn: give its handler a logger of its own, by
	// webhook.WithLogger.
	Level slog.Leveler

	// Next, if set, is given every record that it wants, as before.
	Next slog.Handler
}

// SlogHandler returns a handler that reports the records of a log, with their attributes,
// and the first error among these as the log's error. What is named like a credential is
// left out, as are the user info and the query of a URL. An attribute with the name of a
// field of the entry, such as "status" or "service", goes into the attribute "slog".
func (r *Reporter) SlogHandler(c LogConfig) slog.Handler {
	if c.Level == nil {
		c.Level = slog.LevelError
	}
	return tap.Logs{Level: c.Level, Next: c.Next, Report: func(_ context.Context, rec tap.Record) { r.Log(logOf(rec)) }}.Handler()
}

func logOf(rec tap.Record) Log {
	l := Log{Message: rec.Message, Time: rec.Time, Status: statusOf(rec.Level), Attributes: rec.Attrs}
	if l.Message == "" {
		l.Message = "(no message)" // which Datadog requires
	}
	if l.Attributes == nil {
		l.Attributes = map[string]any{}
	}
	apart := map[string]any{}
	for name, value := range l.Attributes {
		if slices.Contains(reserved[:], name) {
			apart[name] = value
			delete(l.Attributes, name)
		}
	}
	if len(apart) > 0 {
		l.Attributes["slog"] = apart
	}
	if rec.Err != nil {
		l.Attributes["error"] = failure{Kind: fmt.Sprintf("%T", rec.Err), Message: tap.ErrorText(rec.Err)}
	}
	return l
}

// failure is an error as Datadog's own attribute has it ("Standard Attributes", Datadog
// docs).
type failure struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Stack   string `json:"stack,omitempty"`
}

func statusOf(l slog.Level) string {
	switch {
	case l > slog.LevelError:
		return "critical"
	case l == slog.LevelError:
		return "error"
	case l >= slog.LevelWarn:
		return "warn"
	case l >= slog.LevelInfo:
		return "info"
	}
	return "debug"
}

// Observer returns an observer that reports the calls of a client that have failed, for
// client.WithObserver. A call that its caller has given up is no failure; of the others,
// report says which are reported. A nil report is all of them.
//
// What is reported is the service, the operation's route, the status, the service's code
// and request ID, and whether anything may have happened: no path, no query, no body and
// nothing that the service said.
func (r *Reporter) Observer(report func(client.CallEnded) bool) client.Observer {
	return tap.Failed(report, func(_ context.Context, c tap.Call) { r.Log(failedCall(c)) })
}

func failedCall(c tap.Call) Log {
	type httpCall struct {
		Method string `json:"method"`
		Status int    `json:"status_code,omitempty"`
	}
	type call struct {
		Service   string `json:"service"`
		Host      string `json:"host"`
		Route     string `json:"route,omitempty"`
		Cause     string `json:"cause"`
		Code      string `json:"code,omitempty"`
		RequestID string `json:"request_id,omitempty"`
		Attempts  int    `json:"attempts"`
		Effect    string `json:"effect"`
	}
	l := Log{Message: c.String(), Time: c.Time, Status: "warn", Attributes: map[string]any{
		"http":     httpCall{c.Method, c.Status},
		"call":     call{c.Service, c.Host, c.Route, c.Cause, c.Code, c.RequestID, c.Attempts, c.Effect.String()},
		"duration": c.Duration.Nanoseconds(),
		"error":    failure{Kind: c.Cause, Message: c.String()},
	}}
	if c.Status == 0 || c.Status >= 500 {
		l.Status = "error"
	}
	return l
}

// Middleware returns a handler that reports a panic of next, with the request's method,
// path and harmless headers, and then panics on: what the client is told is decided
// outside of it, as before. http.ErrAbortHandler, which ends a response on purpose, is
// not reported.
func (r *Reporter) Middleware(next http.Handler) http.Handler {
	return tap.Middleware(next, func(req *http.Request, p tap.Panic) {
		r.panicked(p, map[string]any{"http": tap.RequestOf(req)})
	})
}

// CapturePanic takes what a deferred function has recovered as a log with the stack of
// the panic. What was panicked with can be a secret, so its type is shown, and of an
// error of package runtime its text. A nil value is nothing.
//
//	defer func() {
//		if v := recover(); v != nil {
//			reporter.CapturePanic(v)
//		}
//	}()
func (r *Reporter) CapturePanic(value any) {
	if value != nil {
		r.panicked(tap.Recovered(value), map[string]any{})
	}
}

func (r *Reporter) panicked(p tap.Panic, attributes map[string]any) {
	attributes["error"] = failure{Kind: "panic", Message: p.Text, Stack: p.Stack}
	r.Log(Log{Message: p.Text, Status: "critical", Attributes: attributes})
}
