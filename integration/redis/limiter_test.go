package redis_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
)

const workers = 8

// lasts is how long the processes compete: the nightly run has two minutes.
func lasts(d time.Duration) time.Duration {
	if os.Getenv("STANDPIPE_NIGHTLY") != "" {
		return 2 * time.Minute
	}
	return d
}

// D6: eight processes on one key never exceed the limit in any window, and use it up;
// a grant costs a tenth of a call of Redis, and none of them gets more than the others.
func TestD6_EightProcessesOneKey(t *testing.T) {
	s := servers.Redis(t)
	const n, per = 5000, 5 * time.Second
	d := lasts(8 * time.Second)
	reports := run(t, job{Addr: s.Addr, N: n, Per: per, Goroutines: 8}, workers, d)
	var times []time.Time
	var asked, granted int64
	least, most := n*1000, 0
	for _, r := range reports {
		require.Empty(t, r.Errors)
		times = append(times, r.times()...)
		asked, granted = asked+r.Stats.Asked, granted+r.Stats.Granted
		least, most = min(least, len(r.Times)), max(most, len(r.Times))
	}
	rate := float64(len(times)) / d.Seconds()
	window := limitertest.Most(times, per)
	t.Logf("%d processes for %v: %.1f a second of %d, at most %d in %v, %.3f calls of Redis a grant, %d to %d each",
		workers, d, rate, n/int(per.Seconds()), window, per, float64(asked)/float64(granted), least, most)
	require.LessOrEqual(t, window, n)
	require.GreaterOrEqual(t, rate, 0.95*n/per.Seconds())
	require.LessOrEqual(t, float64(asked), 0.1*float64(granted))
	require.LessOrEqual(t, float64(most), 1.2*float64(len(times))/workers)
	require.GreaterOrEqual(t, float64(least), 0.8*float64(len(times))/workers)
}

// D6: where calls are few, one costs about one call of Redis, whether the limit is
// reached or not.
func TestD6_CallsAtALowRate(t *testing.T) {
	t.Parallel()
	for name, j := range map[string]job{
		"below the limit": {N: 6000, Per: time.Minute, Goroutines: 1, Pause: 500 * time.Millisecond},
		"at the limit":    {N: 40, Per: 2 * time.Second, Goroutines: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j.Addr = servers.Redis(t).Addr
			var times []time.Time
			var asked int64
			for _, r := range run(t, j, workers, 5*time.Second) {
				require.Empty(t, r.Errors)
				times, asked = append(times, r.times()...), asked+r.Stats.Asked
			}
			t.Logf("%d grants, at most %d in %v, %.3f calls of Redis a grant", len(times), limitertest.Most(times, j.Per), j.Per, float64(asked)/float64(len(times)))
			require.LessOrEqual(t, limitertest.Most(times, j.Per), j.N)
			require.LessOrEqual(t, float64(asked), 1.2*float64(len(times)))
		})
	}
}
