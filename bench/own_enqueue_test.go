package bench

import (
	"context"
	"testing"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/secret"
)

// ownEnqueue returns the project's entries of the group Enqueue.
func ownEnqueue(t testing.TB) []entry {
	ctx := context.Background()
	r, err := sentry.NewReporter(secret.Static(ingestDSN), sentry.ReporterConfig{ServerName: "s", Release: "r", Environment: "e"}, client.WithTransport(ingest{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(ctx) })
	return []entry{
		{"own", func() error {
			r.Capture(ctx, sentry.Event{Message: "out of stock", Tags: reportedTags})
			return nil
		}},
	}
}
