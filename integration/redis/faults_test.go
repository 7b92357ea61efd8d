package redis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
)

// start starts so many workers, which begin together in a second.
func start(t *testing.T, j job, workers int, d time.Duration) (job, []*process) {
	t.Helper()
	j.From = time.Now().Add(time.Second)
	j.To = j.From.Add(d)
	all := make([]*process, workers)
	for i := range all {
		all[i] = startWorker(t, j)
	}
	return j, all
}

func gather(t *testing.T, all []*process) (times []time.Time, reports []*report) {
	t.Helper()
	for _, p := range all {
		r := p.report(t)
		reports = append(reports, r)
		times = append(times, r.times()...)
	}
	return times, reports
}

// between returns how many of the times lie between two moments.
func between(times []time.Time, from, to time.Time) (n int) {
	for _, at := range times {
		if !at.Before(from) && at.Before(to) {
			n++
		}
	}
	return n
}

// D6: what processes had reserved that are killed comes back: the others use up the
// limit again, and it holds.
func TestD6_KilledProcesses(t *testing.T) {
	t.Parallel()
	s := servers.Redis(t)
	const n, per = 1000, 2 * time.Second
	j, all := start(t, job{Addr: s.Addr, N: n, Per: per, Goroutines: 8}, workers, 5*time.Second)
	time.Sleep(time.Until(j.From.Add(2 * time.Second)))
	for _, p := range all[:4] {
		require.NoError(t, p.Process.Kill())
	}
	killed := time.Now()
	times, _ := gather(t, all[4:])
	require.LessOrEqual(t, limitertest.Most(times, per), n)
	// A batch's turns are over when those of the horizon are; the processes themselves
	// are counted for ten seconds, which makes batches smaller and nothing else.
	rate := float64(between(times, killed.Add(500*time.Millisecond), j.To)) / j.To.Sub(killed.Add(500*time.Millisecond)).Seconds()
	t.Logf("half a second after four of eight were killed, the others got %.1f a second of %v", rate, n/per.Seconds())
	require.GreaterOrEqual(t, rate, 0.9*n/per.Seconds())
}

// D6: calls in flight of a process that is killed have ended when its lease has.
func TestD6_KilledWithCallsInFlight(t *testing.T) {
	t.Parallel()
	s := servers.Redis(t)
	j, holder := start(t, job{Addr: s.Addr, Slots: 4, Goroutines: 4, Hold: time.Hour}, 1, time.Minute)
	time.Sleep(time.Until(j.From.Add(500 * time.Millisecond)))
	_, others := start(t, job{Addr: s.Addr, Slots: 4, Goroutines: 3, Hold: 50 * time.Millisecond}, 2, 13*time.Second)
	time.Sleep(time.Second)
	require.NoError(t, holder[0].Process.Kill())
	killed := time.Now()
	times, reports := gather(t, others)
	require.NotEmpty(t, times)
	first := slices.MinFunc(times, time.Time.Compare)
	t.Logf("the first call after %v", first.Sub(killed).Round(time.Millisecond))
	require.Greater(t, first.Sub(killed), 5*time.Second, "the calls were counted until the lease ended")
	require.Less(t, first.Sub(killed), 11*time.Second)
	require.LessOrEqual(t, atOnce(reports), 4)
}

// atOnce returns how many calls were under way at the same time, at most.
func atOnce(reports []*report) int {
	type edge struct {
		at    int64
		delta int
	}
	var edges []edge
	for _, r := range reports {
		for i := range r.Times {
			edges = append(edges, edge{r.Times[i], 1}, edge{r.Ends[i], -1})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int {
		if a.at == b.at {
			return a.delta - b.delta
		}
		return int(a.at - b.at)
	})
	now, most := 0, 0
	for _, e := range edges {
		now += e.delta
		most = max(most, now)
	}
	return most
}

// D6: never more calls in flight than the limit, and all of them in use.
func TestD6_InFlight(t *testing.T) {
	t.Parallel()
	s := servers.Redis(t)
	reports := run(t, job{Addr: s.Addr, Slots: 10, Goroutines: 4, Hold: 20 * time.Millisecond}, workers, 3*time.Second)
	calls, asked := 0, int64(0)
	for _, r := range reports {
		require.Empty(t, r.Errors)
		calls, asked = calls+len(r.Times), asked+r.Stats.Asked
	}
	t.Logf("%d calls of 20 ms in 3 s by 10 at once, at most %d at once, %.2f calls of Redis each", calls, atOnce(reports), float64(asked)/float64(calls))
	require.LessOrEqual(t, atOnce(reports), 10)
	require.Greater(t, calls, 750, "1,500 would be all of it")
}

// D6: a Redis that loses its state, while it is up or by a restart, lets at most one
// burst more through, and so does each way there and back.
func TestD6_RedisLosesItsState(t *testing.T) {
	t.Parallel()
	const n, burst, per = 1000, 100, 2 * time.Second
	for name, lose := range map[string]func(t *testing.T, s *servers.Server){
		"flushed": func(t *testing.T, s *servers.Server) {
			rdb := connect(s.Addr)
			defer rdb.Close()
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
		},
		"killed and restarted": func(t *testing.T, s *servers.Server) {
			s.Kill()
			time.Sleep(1500 * time.Millisecond)
			s.Restart(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servers.Redis(t)
			j, all := start(t, job{Addr: s.Addr, N: n, Burst: burst, Per: per, Goroutines: 8, Daily: 1_000_000}, workers, 6*time.Second)
			time.Sleep(time.Until(j.From.Add(2 * time.Second)))
			lose(t, s)
			back := time.Now()
			times, reports := gather(t, all)
			t.Logf("at most %d in %v, %.1f a second after it", limitertest.Most(times, per), per,
				float64(between(times, back.Add(2*time.Second), j.To))/j.To.Sub(back.Add(2*time.Second)).Seconds())
			require.LessOrEqual(t, limitertest.Most(times, per), n+burst)
			require.Greater(t, between(times, back.Add(2*time.Second), j.To), 0, "the limit is shared again")
			for i, r := range reports {
				require.Empty(t, r.Errors)
				require.False(t, r.Stats.Away)
				if name != "flushed" {
					require.Equal(t, 1, strings.Count(all[i].log.String(), "Redis is away"), all[i].log.String())
					require.Equal(t, 1, strings.Count(all[i].log.String(), "Redis is back"), all[i].log.String())
				}
			}
		})
	}
}

// D6: while Redis is away for good, each process keeps to its share, and the limit
// holds through the switch; or all calls fail.
func TestD6_RedisAway(t *testing.T) {
	t.Parallel()
	const n, per = 800, 2 * time.Second
	for _, fail := range []bool{false, true} {
		t.Run(map[bool]string{false: "share", true: "fail"}[fail], func(t *testing.T) {
			t.Parallel()
			s := servers.Redis(t)
			j, all := start(t, job{Addr: s.Addr, N: n, Per: per, Goroutines: 8, Fail: fail}, workers, 5*time.Second)
			time.Sleep(time.Until(j.From.Add(2 * time.Second)))
			s.Kill()
			gone := time.Now()
			times, reports := gather(t, all)
			after := between(times, gone.Add(time.Second), j.To)
			rate := float64(after) / j.To.Sub(gone.Add(time.Second)).Seconds()
			t.Logf("at most %d in %v; %.1f a second without Redis", limitertest.Most(times, per), per, rate)
			require.LessOrEqual(t, limitertest.Most(times, per), n)
			for i, r := range reports {
				require.Equal(t, 1, strings.Count(all[i].log.String(), "Redis is away"), all[i].log.String())
				if fail {
					require.NotEmpty(t, r.Errors)
				} else {
					require.Empty(t, r.Errors)
				}
			}
			if fail {
				require.Zero(t, after)
			} else {
				require.GreaterOrEqual(t, rate, 0.8*n/per.Seconds())
			}
		})
	}
}

// D7: what one process is told holds for all, a batch lease of 250 ms later at most.
func TestD7_OnePauseHoldsForAll(t *testing.T) {
	t.Parallel()
	s := servers.Redis(t)
	j := job{Addr: s.Addr, N: 1000, Per: 2 * time.Second, Goroutines: 4, Pacer: true}
	j.From = time.Now().Add(time.Second)
	j.To = j.From.Add(5 * time.Second)
	all := []*process{}
	for i := range workers {
		worker := j
		if i == 0 {
			worker.Throttle, worker.For = j.From.Add(2*time.Second), 2*time.Second
		}
		all = append(all, startWorker(t, worker))
	}
	times, _ := gather(t, all)
	told := j.From.Add(2 * time.Second)
	t.Logf("in the 250 ms after the pause %d calls, in the rest of it %d, afterwards %d", between(times, told, told.Add(250*time.Millisecond)),
		between(times, told.Add(300*time.Millisecond), told.Add(2*time.Second)), between(times, told.Add(2*time.Second), j.To))
	require.Positive(t, between(times, j.From, told))
	require.Zero(t, between(times, told.Add(300*time.Millisecond), told.Add(2*time.Second)), "50 ms are for the processes to be scheduled")
	require.Positive(t, between(times, told.Add(2*time.Second), j.To))
}
