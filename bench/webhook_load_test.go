//go:build unix

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

const (
	loadDeliveries  = 10_000
	loadConnections = 100
	loadRounds      = 7
)

// TestWebhookLoad sends 10,000 signed deliveries of 1 KiB over 100 connections
// on loopback, in rounds that go over three handlers of the same server:
//
//	plain  answers 200 to everything
//	own    verifies, finds the event's type and runs its function
//	full   does the same, decodes the event into a struct and claims and commits it with a duplicate guard
//
// 100 connections saturate the processors, so throughput is the inverse of the
// processor time that a delivery takes, client included. That is what is
// compared, because on a shared machine the wall clock measures the neighbours;
// the wall clock's figures are logged. Ratios are taken within a round, and the
// median over the rounds counts. Timings are logged, and judged only with
// STANDPIPE_LOAD=judge: throughput of own, since most of what full adds is
// encoding/json's.
func TestWebhookLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	scheme, err := webhook.Stripe(secret.Static(hookSecret))
	if err != nil {
		t.Fatal(err)
	}
	guard, err := webhook.NewMemoryGuard(webhook.MemoryGuardConfig{Events: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var handled atomic.Int64
	discard := webhook.WithLogger(slog.New(slog.DiscardHandler))
	own, errOwn := webhook.NewHandler(scheme, discard,
		webhook.OnEnvelope("charge.succeeded", func(_ context.Context, e webhook.Event[json.RawMessage]) error {
			handled.Add(1)
			return nil
		}))
	full, errFull := webhook.NewHandler(scheme, discard, webhook.WithDeduplication(guard),
		webhook.OnEnvelope("charge.succeeded", func(_ context.Context, e webhook.Event[rawEvent]) error {
			if e.Data.ID != e.ID {
				return fmt.Errorf("event %s holds %s", e.ID, e.Data.ID)
			}
			handled.Add(1)
			return nil
		}))
	if err := errors.Join(errOwn, errFull); err != nil {
		t.Fatal(err)
	}

	goroutines := runtime.NumGoroutine()
	var throughput, p99, fullThroughput, fullP99 []float64
	var heap []uint64
	for round := range loadRounds {
		deliveries := bodies(round)
		p := runLoad(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), deliveries)
		o := runLoad(t, own, deliveries)
		f := runLoad(t, full, deliveries)
		throughput, p99 = append(throughput, o.perCPUSecond/p.perCPUSecond), append(p99, float64(o.p99)/float64(p.p99))
		fullThroughput, fullP99 = append(fullThroughput, f.perCPUSecond/p.perCPUSecond), append(fullP99, float64(f.p99)/float64(p.p99))
		deliveries = nil
		heap = append(heap, heapInUse())
		t.Logf("round %d: plain %v; own %v; full %v; heap %d KiB", round, p, o, f, heap[round]>>10)
	}

	if n := handled.Load(); n != 2*loadRounds*loadDeliveries {
		t.Errorf("%d events handled, want %d", n, 2*loadRounds*loadDeliveries)
	}
	t.Logf("median of plain: own throughput × %.2f, p99 × %.2f; full throughput × %.2f, p99 × %.2f",
		median(throughput), median(p99), median(fullThroughput), median(fullP99))
	// Timings are judged only where the machine is known to be quiet.
	if os.Getenv("STANDPIPE_LOAD") == "judge" {
		if m := median(throughput); m < 0.8 {
			t.Errorf("throughput is %.2f of a server that answers 200 to everything, want at least 0.8", m)
		}
		for name, ratios := range map[string][]float64{"own": p99, "full": fullP99} {
			if m := median(ratios); m > 3 {
				t.Errorf("%s: p99 is %.2f times that of a server that answers 200 to everything, want at most 3", name, m)
			}
		}
	}
	if first, last := heap[1], heap[loadRounds-1]; last > first+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes over %d deliveries", first, last, 2*(loadRounds-2)*loadDeliveries)
	}
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > goroutines; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d after", goroutines, runtime.NumGoroutine())
		}
	}
}

// bodies makes distinct events of 1 KiB.
func bodies(round int) [][]byte {
	c := newWebhookCase(1 << 10)
	all := make([][]byte, loadDeliveries)
	for i := range all {
		all[i] = bytes.Replace(c.body, []byte("evt_1Qbench"), fmt.Appendf(nil, "evt_%d_%d", round, i), 1)
	}
	return all
}

type loadResult struct {
	perSecond    float64
	perCPUSecond float64 // of one processor
	p99          time.Duration
}

func (r loadResult) String() string {
	return fmt.Sprintf("%.0f/s, %.0f per CPU second, p99 %v", r.perSecond, r.perCPUSecond, r.p99.Round(10*time.Microsecond))
}

// cpuTime is what the process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// runLoad delivers like a provider: each delivery is signed when it is sent.
func runLoad(t *testing.T, h http.Handler, deliveries [][]byte) loadResult {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	tr := &http.Transport{MaxIdleConnsPerHost: loadConnections, MaxConnsPerHost: loadConnections, DisableCompression: true}
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr}
	signer := webhooktest.Stripe(hookSecret).WithURL(srv.URL)

	send := func(body []byte) error {
		res, err := client.Do(signer.Request(body))
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("answered %d", res.StatusCode)
		}
		return nil
	}
	latencies := make([]time.Duration, len(deliveries))
	per := len(deliveries) / loadConnections
	runtime.GC()
	var wg sync.WaitGroup
	begin, used := time.Now(), cpuTime()
	for c := range loadConnections {
		wg.Go(func() {
			for i := c * per; i < (c+1)*per; i++ {
				sent := time.Now()
				if err := send(deliveries[i]); err != nil {
					t.Errorf("delivery %d: %v", i, err)
					return
				}
				latencies[i] = time.Since(sent)
			}
		})
	}
	wg.Wait()
	took, used := time.Since(begin), cpuTime()-used
	slices.Sort(latencies)
	n := float64(len(deliveries))
	return loadResult{n / took.Seconds(), n / used.Seconds(), latencies[len(latencies)*99/100]}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools kept for one more cycle
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
