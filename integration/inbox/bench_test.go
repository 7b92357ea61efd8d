package inbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func benchDatabases(b *testing.B, run func(b *testing.B, d database)) {
	for name, start := range map[string]func(testing.TB) database{"postgres": postgres, "sqlite": sqliteFile} {
		b.Run(name, func(b *testing.B) { run(b, start(b)) })
	}
}

func benchInbox(b *testing.B, d database, opts ...inbox.Option) (*inbox.Inbox, *sql.DB) {
	b.Helper()
	db, err := d.open()
	require.NoError(b, err)
	db.SetMaxIdleConns(16)
	b.Cleanup(func() { _ = db.Close() })
	ib, err := inbox.New(db, d.dialect(), append(opts, inbox.WithPrefix(fmt.Sprintf("b%d", serial.Add(1))), inbox.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))))...)
	require.NoError(b, err)
	require.NoError(b, ib.Migrate(b.Context()))
	return ib, db
}

func benchHandler(b *testing.B, opts ...webhook.HandlerOption) *webhook.Handler {
	b.Helper()
	scheme, err := stripe()
	require.NoError(b, err)
	h, err := webhook.NewHandler(scheme, opts...)
	require.NoError(b, err)
	return h
}

// processTime is how long this process' threads have run.
func processTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkAcknowledge verifies and commits deliveries of about 2 KB. SQLite's work is a
// part of the process' time, and Postgres' is not.
func BenchmarkAcknowledge(b *testing.B) {
	benchDatabases(b, func(b *testing.B, d database) {
		for _, senders := range []int{1, 16, 64} {
			b.Run(fmt.Sprint(senders), func(b *testing.B) {
				ib, _ := benchInbox(b, d)
				h := benchHandler(b, webhook.WithQueue(ib))
				signer, filler := webhooktest.Stripe(stripeKey), make([]byte, 900)
				var next atomic.Int64
				before := processTime(b)
				b.ResetTimer()
				var wg sync.WaitGroup
				for range senders {
					wg.Go(func() {
						for {
							i := next.Add(1)
							if i > int64(b.N) {
								return
							}
							body := fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"invoice.paid","data":{"object":{"filler":"%x"}}}`, i, filler)
							if h.Process(context.Background(), webhook.FromHTTP(signer.Request(body), body)).Status != 200 {
								b.Error("not acknowledged")
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "acks/s")
				b.ReportMetric(float64((processTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/ack")
			})
		}
	})
}

// BenchmarkHandle works what is there, by a function that does nothing, in a transaction
// or without one.
func BenchmarkHandle(b *testing.B) {
	benchDatabases(b, func(b *testing.B, d database) {
		for name, fn := range map[string]func(done func()) webhook.HandlerOption{
			"plain": func(done func()) webhook.HandlerOption {
				return webhook.On("invoice.paid", func(context.Context, webhook.Event[struct{}]) error { done(); return nil })
			},
			"tx": func(done func()) webhook.HandlerOption {
				return inbox.OnTx("invoice.paid", func(context.Context, *sql.Tx, webhook.Event[struct{}]) error { done(); return nil })
			},
		} {
			b.Run(name, func(b *testing.B) {
				ib, _ := benchInbox(b, d)
				var n atomic.Int64
				all := make(chan struct{})
				h := benchHandler(b, webhook.WithQueue(ib), fn(func() {
					if n.Add(1) == int64(b.N) {
						close(all)
					}
				}))
				var wg sync.WaitGroup
				for k := range 64 {
					wg.Go(func() {
						for i := k; i < b.N; i += 64 {
							body := paid(fmt.Sprint("evt_", i))
							if h.Process(context.Background(), webhook.FromHTTP(webhooktest.Stripe(stripeKey).Request(body), body)).Status != 200 {
								b.Error("not acknowledged")
							}
						}
					})
				}
				wg.Wait()
				ctx, cancel := context.WithCancel(context.Background())
				stopped := make(chan error, 1)
				b.ResetTimer()
				go func() { stopped <- ib.Run(ctx, h) }()
				<-all
				b.StopTimer()
				cancel()
				require.NoError(b, <-stopped)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	})
}

// BenchmarkDisk is what the acknowledgements of SQLite are measured by.
func BenchmarkDisk(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "sync"))
	require.NoError(b, err)
	defer f.Close()
	block := make([]byte, 4096)
	begun := time.Now()
	for b.Loop() {
		if _, err := f.Write(block); err != nil && err != io.EOF {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "syncs/s")
}
