// Command otel shows a client's calls as OpenTelemetry spans: one for the call
// with all its attempts, one beneath it for each attempt, and no credential in
// either, since no middleware ever sees one.
//
// It needs no collector and no keys: it calls a service of its own on loopback
// and prints the spans. In a program of yours, give otelhttp your own
// TracerProvider and propagator, or set the global ones.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// traced makes an otelhttp transport of whatever it wraps: that is all it takes.
func traced(name string, tp *sdktrace.TracerProvider) client.Middleware {
	return func(next http.RoundTripper) http.RoundTripper {
		return otelhttp.NewTransport(next, otelhttp.WithTracerProvider(tp), otelhttp.WithPropagators(propagation.TraceContext{}),
			otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return name + " " + r.Method }))
	}
}

// newClient calls the service at url, with a span for each call and each attempt.
func newClient(url, key string, tp *sdktrace.TracerProvider) (*client.Client, error) {
	return client.New(url,
		client.WithAuth(client.Bearer(secret.Static(key))),
		client.WithRetry(retry.Policy{Backoff: retry.Constant(10 * time.Millisecond)}),
		client.WithCallMiddleware(traced("call", tp)),
		client.WithAttemptMiddleware(traced("attempt", tp)),
	)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "otel:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx := context.Background()
	spans := tracetest.NewInMemoryExporter()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	defer func() { _ = tp.Shutdown(ctx) }()

	srv := clienttest.Start(clienttest.MustParse(`503, 200 {"id":"cus_1"}`)...)
	defer srv.Close()
	c, err := newClient(srv.URL, "sk_example_key", tp)
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	got, err := client.Get[struct{ ID string }](ctx, c, "/v1/customers/cus_1")
	if err != nil {
		return err
	}
	for _, s := range spans.GetSpans() {
		fmt.Printf("%-12s status %d, trace %s…\n", s.Name, status(s), s.SpanContext.TraceID().String()[:8])
	}
	fmt.Println("customer", got.ID)
	return nil
}

// status is the HTTP status that a span tells of, 0 without one.
func status(s tracetest.SpanStub) int64 {
	i := slices.IndexFunc(s.Attributes, func(kv attribute.KeyValue) bool { return kv.Key == "http.response.status_code" })
	if i < 0 {
		return 0
	}
	return s.Attributes[i].Value.AsInt64()
}
