package bench

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/secret"
)

// queue is a reporter under load: how an entry is handed over, and what came of all.
type queue struct {
	offer   func() bool // whether it was accepted
	close   func(context.Context) error
	counts  func() (captured, sent uint64, dropped map[string]uint64, pending int)
	entries func(*http.Request) int64 // in a request that arrived
}

func sentryQueue(t *testing.T, base string, held int) queue {
	dsn := secret.Static(strings.Replace(base, "://", "://0123456789abcdef@", 1) + "/42")
	r, err := sentry.NewReporter(dsn, sentry.ReporterConfig{MaxItems: held, NoClientReports: true})
	if err != nil {
		t.Fatal(err)
	}
	return queue{
		offer: func() bool {
			return r.Capture(context.Background(), sentry.Event{Message: "out of stock", Tags: reportedTags}) != ""
		},
		close: r.Close,
		counts: func() (captured, sent uint64, dropped map[string]uint64, pending int) {
			s := r.Stats()
			return s.Captured, s.Sent, named(s.Dropped), int(s.Pending)
		},
		entries: func(*http.Request) int64 { return 1 },
	}
}

func datadogQueue(t *testing.T, base string, held int) queue {
	r, err := datadog.NewReporter(datadog.Config{APIKey: secret.Static("k")}, datadog.ReporterConfig{Service: "shop", MaxItems: held}, client.WithBaseURL(base))
	if err != nil {
		t.Fatal(err)
	}
	attributes := map[string]any{"region": "eu"}
	return queue{
		offer: func() bool {
			return r.Log(datadog.Log{Message: "out of stock", Status: "error", Attributes: attributes})
		},
		close: r.Close,
		counts: func() (captured, sent uint64, dropped map[string]uint64, pending int) {
			s := r.Stats().Logs
			return s.Captured, s.Sent, named(s.Dropped), s.Pending
		},
		entries: func(req *http.Request) int64 {
			body := req.Body
			if req.Header.Get("Content-Encoding") == "gzip" {
				z, err := gzip.NewReader(body)
				if err != nil {
					return 0
				}
				body = z
			}
			var logs []json.RawMessage
			if json.NewDecoder(body).Decode(&logs) != nil {
				return 0
			}
			return int64(len(logs))
		},
	}
}

// named is a map by text, and nil where it is empty.
func named[R ~string](of map[R]uint64) map[string]uint64 {
	var by map[string]uint64
	for _, reason := range slices.Sorted(maps.Keys(of)) {
		if by == nil {
			by = map[string]uint64{}
		}
		by[string(reason)] = of[reason]
	}
	return by
}

// TestEnqueueLoad offers 10,000 entries a second for ten seconds, in CI for one, to a
// server on loopback that is slow for a third of the time, then breaks connections, then
// has limits. The counts and the memory are judged, and how long it takes to hand an
// entry over is logged: judged with STANDPIPE_LOAD=judge, since elsewhere the machine may
// have other things to do.
func TestEnqueueLoad(t *testing.T) {
	t.Run("sentry", func(t *testing.T) { load(t, sentryQueue) })
	t.Run("datadog", func(t *testing.T) { load(t, datadogQueue) })
}

func load(t *testing.T, start func(t *testing.T, base string, held int) queue) {
	const perSecond, producers, held = 10_000, 4, 2_000
	seconds := 10
	if testing.Short() || os.Getenv("CI") == "true" {
		seconds = 1
	}
	n := perSecond * seconds
	begin := time.Now()
	third := time.Duration(seconds) * time.Second / 3
	var (
		q              queue
		arrived, asked atomic.Int64
	)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch since := time.Since(begin); {
		case since < third:
			time.Sleep(5 * time.Millisecond)
		case since < 2*third:
			panic(http.ErrAbortHandler)
		case asked.Add(1)%500 == 0:
			w.Header().Set("X-Sentry-Rate-Limits", "0.1:error:organization")
			w.Header().Set("X-RateLimit-Reset", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		arrived.Add(q.entries(r))
	}))
	defer srv.Close()
	q = start(t, srv.URL, held)
	before := heapInUse()
	took := make([]time.Duration, n)
	var accepted atomic.Int64
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for i := p; i < n; i += producers {
				if wait := time.Until(begin.Add(time.Duration(i) * time.Second / perSecond)); wait > 0 {
					time.Sleep(wait)
				}
				start := time.Now()
				if q.offer() {
					accepted.Add(1)
				}
				took[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	if grown := int64(heapInUse()) - int64(before); grown > 16<<20 {
		t.Errorf("the heap has grown by %d KiB", grown>>10)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := q.close(ctx); err != nil {
		t.Error(err)
	}
	captured, sent, reasons, pending := q.counts()
	dropped := uint64(0)
	for _, of := range reasons {
		dropped += of
	}
	if captured != uint64(n) || sent+dropped != captured || pending != 0 {
		t.Errorf("%d offered, %d captured, %d sent, dropped %v, %d pending", n, captured, sent, reasons, pending)
	}
	if sent != uint64(arrived.Load()) || sent > uint64(accepted.Load()) {
		t.Errorf("%d sent, %d arrived, %d accepted", sent, arrived.Load(), accepted.Load())
	}
	slices.Sort(took)
	at := func(part float64) time.Duration { return took[int(part*float64(n-1))] }
	t.Logf("to hand over: median %v, p99 %v, p99.9 %v, longest %v; %d of %d accepted; %d sent, dropped %v",
		at(0.5), at(0.99), at(0.999), at(1), accepted.Load(), n, sent, reasons)
	if os.Getenv("STANDPIPE_LOAD") == "judge" && at(0.999) > time.Millisecond {
		t.Errorf("p99.9 is %v, want at most 1 ms", at(0.999))
	}
}
