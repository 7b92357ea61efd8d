package bench

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/secret"
)

// TestEnqueueLoad offers 10,000 events a second for ten seconds, in CI for one, to a
// server on loopback that is slow for a third of the time, then breaks connections, then
// has limits. The counts and the memory are judged, and how long it takes to hand an
// event over is logged: judged with STANDPIPE_LOAD=judge, since elsewhere the machine may
// have other things to do.
func TestEnqueueLoad(t *testing.T) {
	const perSecond, producers, held = 10_000, 4, 2_000
	seconds := 10
	if testing.Short() || os.Getenv("CI") == "true" {
		seconds = 1
	}
	n := perSecond * seconds
	begin := time.Now()
	third := time.Duration(seconds) * time.Second / 3
	var arrived, asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch since := time.Since(begin); {
		case since < third:
			time.Sleep(5 * time.Millisecond)
		case since < 2*third:
			panic(http.ErrAbortHandler)
		case asked.Add(1)%500 == 0:
			w.Header().Set("X-Sentry-Rate-Limits", "0.1:error:organization")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		arrived.Add(1)
	}))
	defer srv.Close()
	r, err := sentry.NewReporter(secret.Static(strings.Replace(srv.URL, "://", "://0123456789abcdef@", 1)+"/42"), sentry.ReporterConfig{MaxItems: held, NoClientReports: true})
	if err != nil {
		t.Fatal(err)
	}
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
				if r.Capture(context.Background(), sentry.Event{Message: "out of stock", Tags: reportedTags}) != "" {
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
	if err := r.Close(ctx); err != nil {
		t.Error(err)
	}
	s := r.Stats()
	dropped := uint64(0)
	for _, of := range s.Dropped {
		dropped += of
	}
	if s.Captured != uint64(n) || s.Sent+dropped != s.Captured || s.Pending != 0 {
		t.Errorf("%d offered: %+v", n, s)
	}
	if s.Sent != uint64(arrived.Load()) || s.Sent > uint64(accepted.Load()) {
		t.Errorf("%d sent, %d arrived, %d accepted", s.Sent, arrived.Load(), accepted.Load())
	}
	slices.Sort(took)
	at := func(part float64) time.Duration { return took[int(part*float64(n-1))] }
	t.Logf("to hand over: median %v, p99 %v, p99.9 %v, longest %v; %d of %d accepted; %+v", at(0.5), at(0.99), at(0.999), at(1), accepted.Load(), n, s)
	if os.Getenv("STANDPIPE_LOAD") == "judge" && at(0.999) > time.Millisecond {
		t.Errorf("p99.9 is %v, want at most 1 ms", at(0.999))
	}
}
