package redis_test

import (
	"fmt"
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

// tries has a test measure again where it did not come out, for a machine that had other
// things to do. measure returns what is wrong.
func tries(t *testing.T, measure func() (wrong string)) {
	t.Helper()
	wrong := ""
	for range 3 {
		if wrong = measure(); wrong == "" {
			return
		}
		t.Log(wrong)
	}
	require.Empty(t, wrong)
}

// tooSlow says so of a rate that is below the least.
func tooSlow(got, least float64) string {
	if got >= least {
		return ""
	}
	return fmt.Sprintf("%.1f a second, where %.1f are the least", got, least)
}

// D6: eight processes on one key never exceed the limit in any window, and use it up;
// a grant costs a tenth of a call of Redis, and none of them gets more than the others.
func TestD6_EightProcessesOneKey(t *testing.T) {
	const n, per = 5000, 5 * time.Second
	d := lasts(20 * time.Second)
	tries(t, func() (wrong string) {
		s := servers.Redis(t)
		watched := watchServers(t, s)
		all := start(t, job{Addr: s.Addr, N: n, Per: per, Goroutines: 8}, workers)
		began := time.Now()
		time.Sleep(d)
		ended, times, reports := gather(t, all)
		stood := stood(watched(), reports)
		var asked, granted int64
		least, most := n*1000, 0
		for _, r := range reports {
			require.Empty(t, r.Errors)
			asked, granted = asked+r.Stats.Asked, granted+r.Stats.Granted
			own, _ := calm(r.times(), began, ended, stood)
			least, most = min(least, own), max(most, own)
		}
		sum, long := calm(times, began, ended, stood)
		got := float64(sum) / long.Seconds()
		window := limitertest.Most(times, per)
		t.Logf("%d processes for %v: %.1f a second of %d, at most %d in %v, %.3f calls of Redis a grant, %d to %d each",
			workers, long.Round(time.Millisecond), got, n/int(per.Seconds()), window, per, float64(asked)/float64(granted), least, most)
		require.LessOrEqual(t, window, n)
		switch {
		case long < d/4, got < 0.95*n/per.Seconds():
			return "the limit is not used up"
		case float64(asked) > 0.1*float64(granted):
			return "a grant costs more than a tenth of a call of Redis"
		case float64(most) > 1.2*float64(sum)/workers, float64(least) < 0.8*float64(sum)/workers:
			return "some have more than the others"
		}
		return ""
	})
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
			tries(t, func() (wrong string) {
				j.Addr = servers.Redis(t).Addr
				all := start(t, j, workers)
				time.Sleep(5 * time.Second)
				_, times, reports := gather(t, all)
				var asked int64
				for _, r := range reports {
					require.Empty(t, r.Errors)
					asked += r.Stats.Asked
				}
				t.Logf("%d grants, at most %d in %v, %.3f calls of Redis a grant", len(times), limitertest.Most(times, j.Per), j.Per, float64(asked)/float64(len(times)))
				require.LessOrEqual(t, limitertest.Most(times, j.Per), j.N)
				if float64(asked) > 1.2*float64(len(times)) {
					return "a grant costs more than about one call of Redis"
				}
				return ""
			})
		})
	}
}
