package datadog_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/datadog"
)

// BenchmarkReporterLog takes logs for a service that does not respond: p99.9-ns is what
// one in a thousand takes at least.
func BenchmarkReporterLog(b *testing.B) {
	rt := clienttest.NewTransport(b, clienttest.Hang())
	r, err := datadog.NewReporter(both, prod, client.WithTransport(rt))
	if err != nil {
		b.Fatal(err)
	}
	l := datadog.Log{Message: "an entry of some length", Status: "error", Attributes: map[string]any{"order": 1042}}
	took := make([]time.Duration, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		begin := time.Now()
		r.Log(l)
		if len(took) < cap(took) {
			took = append(took, time.Since(begin))
		}
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*999/1000]), "p99.9-ns")
	_ = r.Close(ended())
}

// ended is a context whose time is over.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
