package sentry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/redact"
	"github.com/standpipe-go/standpipe/providers/internal/tap"
)

// Middleware returns a handler that reports a panic of next, with the request's method,
// path and harmless headers, and then panics on: what the client is told is decided
// outside of it, as before. The event shows the type of what was panicked with; see
// [ReporterConfig].PanicValues. http.ErrAbortHandler, which ends a response on purpose,
// is not reported.
func (r *Reporter) Middleware(next http.Handler) http.Handler { return guarded{r, next} }

// guarded is a type of its own, since the frame of a function literal that is inlined
// bears the caller's package, and would be shown as the program's own code.
type guarded struct {
	reporter *Reporter
	next     http.Handler
}

func (g guarded) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v != http.ErrAbortHandler {
			g.reporter.panicked(req.Context(), v, Event{Request: requestOf(req), Transaction: req.Pattern})
		}
		panic(v)
	}()
	g.next.ServeHTTP(w, req)
}

// CapturePanic takes what a deferred function has recovered as an event with the stack of
// the panic, and returns its ID as [Reporter.Capture] does. A nil value is nothing.
//
//	defer func() {
//		if v := recover(); v != nil {
//			reporter.CapturePanic(ctx, v)
//		}
//	}()
func (r *Reporter) CapturePanic(ctx context.Context, value any) string {
	if value == nil {
		return ""
	}
	return r.panicked(ctx, value, Event{})
}

// panicked is called by the deferred function, or by what it calls.
func (r *Reporter) panicked(ctx context.Context, value any, e Event) string {
	handled := false
	x := Exception{Type: "panic", Value: panics.New("the program", value).Error(), Stacktrace: here(r.module), Mechanism: &Mechanism{Type: "panic", Handled: &handled}}
	if r.config.PanicValues {
		x.Value = printed(value)
	}
	e.Level, e.Exceptions = LevelFatal, []Exception{x}
	return r.Capture(ctx, e)
}

// printed is what was panicked with. Package fmt survives a value that panics.
func printed(value any) string { return tap.Text(fmt.Sprint(value)) }

// requestOf is what an event shows of a request. One made by hand may lack its URL.
func requestOf(req *http.Request) *Request {
	if req.URL == nil {
		return &Request{Method: req.Method}
	}
	u := *req.URL
	if u.Host == "" {
		u.Host, u.Scheme = req.Host, "http"
		if req.TLS != nil {
			u.Scheme = "https"
		}
	}
	headers := map[string]string{}
	for name, values := range redact.Header(req.Header) {
		if len(values) > 0 {
			headers[name] = values[0]
		}
	}
	return &Request{Method: req.Method, URL: redact.URL(&u), Headers: headers}
}
