package sentry_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/providers/sentry/sentrytest"
)

// 10,000 events a second, against a Sentry that is slow, then dead, then limits: nobody
// waits, what is held is bounded, and each event has arrived once or is counted. It lasts
// ten seconds in bench.
func TestRush(t *testing.T) {
	const perSecond, seconds = 10_000, 3
	synctest.Test(t, func(t *testing.T) {
		srv := sentrytest.New()
		begin := time.Now()
		third := time.Duration(seconds) * time.Second / 3
		served := 0 // since it is back
		slow := func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(req *http.Request) (*http.Response, error) {
				switch since := time.Since(begin); {
				case since < third:
					time.Sleep(time.Millisecond)
				case since < 2*third:
					time.Sleep(10 * time.Millisecond)
					return nil, clienttest.ErrReset
				default:
					if served++; served == 100 {
						srv.Limit(third/4, "error")
					}
				}
				return next.RoundTrip(req)
			})
		}
		r, err := srv.Reporter(sentry.ReporterConfig{MaxItems: 5_000}, client.WithAttemptMiddleware(slow))
		require.NoError(t, err)
		accepted := uint64(0)
		for i := range perSecond * seconds {
			if r.Capture(t.Context(), sentry.Event{Message: "x"}) != "" {
				accepted++
			}
			time.Sleep(time.Second / perSecond)
			if i%1000 == 0 {
				balanced(t, r)
				require.LessOrEqual(t, r.Stats().Pending, uint64(5_001))
			}
		}
		require.LessOrEqual(t, time.Since(begin), time.Duration(seconds)*time.Second, "nobody has waited")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		require.NoError(t, r.Close(ctx))
		balanced(t, r)
		s := r.Stats()
		require.EqualValues(t, perSecond*seconds, s.Captured)
		require.Zero(t, s.Pending)
		require.EqualValues(t, s.Sent, len(srv.Events()))
		late := accepted - s.Sent - s.Dropped[sentry.DropRateLimited] // in the queue when the limit came
		require.LessOrEqual(t, late, min(uint64(5_001), s.Dropped[sentry.DropBackoff]), "what was taken has arrived, or met the limit")
		for reason := range s.Dropped {
			require.Contains(t, []sentry.DropReason{sentry.DropQueueOverflow, sentry.DropBackoff, sentry.DropRateLimited}, reason)
		}
		told := map[string]int{}
		for _, d := range srv.Discarded() {
			require.Equal(t, "error", d.Category)
			told[d.Reason] += d.Quantity
		}
		require.EqualValues(t, s.Dropped[sentry.DropQueueOverflow], told["queue_overflow"])
		require.EqualValues(t, s.Dropped[sentry.DropBackoff], told["ratelimit_backoff"])
		t.Logf("%+v", s)
	})
}
