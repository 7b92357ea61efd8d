package compare

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// many makes n calls from so many goroutines, and returns how many succeeded and
// how long that took.
func many(ctx context.Context, do Do, n, goroutines int) (succeeded int, took time.Duration) {
	began := time.Now()
	var left, good atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if timed(ctx, do, Request{Method: http.MethodGet, Path: "/v1/things"}).succeeded() {
					good.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return int(good.Load()), time.Since(began)
}

var outage = Behaviour[Caller]{
	ID: "outage", Title: "1,000 calls in a total outage",
	Asks: "Every request is answered with 503, while 50 goroutines make 1,000 calls. Retries are not to multiply the load on a " +
		"service that is down: at most 1.1 requests a call are right, and 2 or more are wrong.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		s := serve(func(_ int, w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, http.StatusServiceUnavailable, `{}`)
		})
		defer s.close()
		svc := s.service()
		svc.Wait = time.Millisecond
		do, err := c.Open(svc)
		if err != nil {
			return Outcome{}, err
		}
		const calls = 1000
		many(ctx, do, calls, 50)
		n := s.requests()
		o := judged(n <= calls*11/10, "%.2f requests a call", float64(n)/calls)
		if o.Verdict == Fails && n < 2*calls {
			o.Verdict = Open
		}
		return o, nil
	},
}

var goodput = Behaviour[Caller]{
	ID: "goodput", Title: "200 calls at a service that allows 100/s",
	Asks: "30 goroutines make 200 calls, 10 s for each; over 100/s (bursts of 10) the service answers 429 with Retry-After: 1, and nothing else " +
		"says what it allows. All calls are to succeed; at 100/s they take 2 s.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		allowed := rate.NewLimiter(100, 10)
		s := serve(func(_ int, w http.ResponseWriter, _ *http.Request) {
			if !allowed.Allow() {
				w.Header().Set("Retry-After", "1")
				answerJSON(w, http.StatusTooManyRequests, `{}`)
				return
			}
			answerJSON(w, http.StatusOK, `{"ok":true}`)
		})
		defer s.close()
		do, err := c.Open(s.service())
		if err != nil {
			return Outcome{}, err
		}
		const calls = 200
		each := func(ctx context.Context, r Request) (Reply, error) {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			return do(ctx, r)
		}
		good, took := many(ctx, each, calls, 30)
		if good < calls && s.requests() == calls {
			return notCovered("not retried"), nil
		}
		return judged(good == calls, "%d succeed, %s, %s", good, times(s.requests(), "request"), seconds(took)), nil
	},
}
