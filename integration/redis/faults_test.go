package redis_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
)

// D6: what processes had reserved that are killed comes back: the others use up the
// limit again, and it holds.
func TestD6_KilledProcesses(t *testing.T) {
	t.Parallel()
	tries(t, func() (wrong string) {
		s := servers.Redis(t)
		const n, per = 1000, 2 * time.Second
		watched := watchServers(t, s)
		all := start(t, job{Addr: s.Addr, N: n, Per: per, Goroutines: 8}, workers)
		time.Sleep(2 * time.Second)
		for _, p := range all[:4] {
			require.NoError(t, p.Process.Kill())
		}
		killed := time.Now()
		time.Sleep(4 * time.Second)
		ended, times, reports := gather(t, all[4:])
		require.LessOrEqual(t, limitertest.Most(times, per), n)
		// A batch's turns are over when those of the horizon are; the processes
		// themselves are counted for ten seconds, which makes batches smaller and nothing
		// else.
		got := rate(t, times, killed.Add(500*time.Millisecond), ended, stood(watched(), reports))
		t.Logf("half a second after four of eight were killed, the others got %.1f a second of %v", got, n/per.Seconds())
		return tooSlow(got, 0.9*n/per.Seconds())
	})
}

// D6: calls in flight of a process that is killed have ended when its lease has.
func TestD6_KilledWithCallsInFlight(t *testing.T) {
	t.Parallel()
	s := servers.Redis(t)
	rdb := connect(s.Addr)
	defer rdb.Close()
	holder := start(t, job{Addr: s.Addr, Slots: 4, Goroutines: 4, Hold: time.Hour}, 1)
	id := ""
	require.Eventually(t, func() bool {
		fields, err := rdb.HGetAll(t.Context(), limits).Result()
		for field, value := range fields {
			if whose, ok := strings.CutPrefix(field, "h:"); ok && value == "4" {
				id = whose
			}
		}
		return err == nil && id != ""
	}, time.Minute, 5*time.Millisecond, "it has all of them")
	others := start(t, job{Addr: s.Addr, Slots: 4, Goroutines: 3, Hold: 50 * time.Millisecond}, 2)
	time.Sleep(time.Second)
	require.NoError(t, holder[0].Process.Kill())
	<-holder[0].done
	told, err := rdb.HGet(t.Context(), limits, "m:"+id).Int64()
	require.NoError(t, err)
	lease := time.UnixMicro(told)
	require.Eventually(t, func() bool { // its lease is over, and the others have calls
		fields, err := rdb.HGetAll(t.Context(), limits).Result()
		calls := slices.ContainsFunc(slices.Collect(maps.Keys(fields)), func(field string) bool { return strings.HasPrefix(field, "h:") })
		return err == nil && fields["m:"+id] == "" && calls
	}, time.Minute, 5*time.Millisecond)
	time.Sleep(time.Second)
	_, times, reports := gather(t, others)
	require.NotEmpty(t, times)
	first := slices.MinFunc(times, time.Time.Compare)
	t.Logf("the first call %v after the lease", first.Sub(lease).Round(time.Millisecond))
	require.False(t, first.Before(lease), "the calls were counted until the lease ended")
	require.Less(t, first.Sub(lease), 5*time.Second)
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
	watched := watchServers(t, s)
	all := start(t, job{Addr: s.Addr, Slots: 10, Goroutines: 4, Hold: 20 * time.Millisecond}, workers)
	began := time.Now()
	time.Sleep(4 * time.Second)
	ended, times, reports := gather(t, all)
	calls, asked := 0, int64(0)
	for _, r := range reports {
		require.Empty(t, r.Errors)
		calls, asked = calls+len(r.Times), asked+r.Stats.Asked
	}
	got := rate(t, times, began, ended, stood(watched(), reports))
	t.Logf("%.1f calls of 20 ms a second by 10 at once, at most %d at once, %.2f calls of Redis each", got, atOnce(reports), float64(asked)/float64(calls))
	require.LessOrEqual(t, atOnce(reports), 10)
	require.Greater(t, got, 250.0, "500 would be all of it")
}

// D6: a Redis that loses its state, while it is up or by a restart, lets at most one
// burst more through, and so does each way there and back.
func TestD6_RedisLosesItsState(t *testing.T) {
	t.Parallel()
	const n, burst, per = 1000, 100, 2 * time.Second
	for name, lose := range map[string]func(t *testing.T, s *servers.Server, all []*process){
		"flushed": func(t *testing.T, s *servers.Server, _ []*process) {
			rdb := connect(s.Addr)
			defer rdb.Close()
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
		},
		"killed and restarted": func(t *testing.T, s *servers.Server, all []*process) {
			s.Kill()
			time.Sleep(1500 * time.Millisecond)
			heard(t, all, "Redis is away")
			s.Restart(t)
			heard(t, all, "Redis is back")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servers.Redis(t)
			all := start(t, job{Addr: s.Addr, N: n, Burst: burst, Per: per, Goroutines: 8, Monthly: 1_000_000, Returns: true}, workers)
			time.Sleep(2 * time.Second)
			lose(t, s, all)
			back := time.Now()
			time.Sleep(4 * time.Second)
			ended, times, reports := gather(t, all)
			t.Logf("at most %d in %v, %.1f a second after it", limitertest.Most(times, per), per,
				float64(between(times, back.Add(2*time.Second), ended))/ended.Sub(back.Add(2*time.Second)).Seconds())
			require.LessOrEqual(t, limitertest.Most(times, per), n+burst)
			require.Greater(t, between(times, back.Add(2*time.Second), ended), 0, "the limit is shared again")
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
			tries(t, func() (wrong string) {
				s := servers.Redis(t)
				all := start(t, job{Addr: s.Addr, N: n, Per: per, Goroutines: 8, Fail: fail}, workers)
				time.Sleep(2 * time.Second)
				s.Kill()
				heard(t, all, "Redis is away")
				gone := time.Now()
				time.Sleep(4 * time.Second)
				ended, times, reports := gather(t, all)
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
					require.Zero(t, between(times, gone.Add(time.Second), ended))
					return ""
				}
				got := rate(t, times, gone.Add(time.Second), ended, stood(nil, reports))
				t.Logf("at most %d in %v; %.1f a second without Redis", limitertest.Most(times, per), per, got)
				return tooSlow(got, 0.8*n/per.Seconds())
			})
		})
	}
}

// D7: what one process is told holds for all, a batch lease of 250 ms later at most.
func TestD7_OnePauseHoldsForAll(t *testing.T) {
	t.Parallel()
	s := servers.Redis(t)
	rdb := connect(s.Addr)
	defer rdb.Close()
	const wait = 4 * time.Second
	all := start(t, job{Addr: s.Addr, N: 1000, Per: 2 * time.Second, Goroutines: 4, Pacer: true, For: wait}, workers)
	time.Sleep(2 * time.Second)
	all[0].tell(t, "429")
	for _, there := range []int64{1, 0} {
		require.Eventually(t, func() bool {
			n, err := rdb.Exists(t.Context(), pauses).Result()
			return err == nil && n == there
		}, time.Minute, 5*time.Millisecond, "the pause begins, and ends")
	}
	time.Sleep(2 * time.Second)
	ended, times, reports := gather(t, all)
	told, known := reports[0].Told, reports[0].Known
	over := told.Add(wait)
	held := known.Add(350 * time.Millisecond) // 100 ms are for the processes to be scheduled
	t.Logf("in the 250 ms after the pause %d calls, in the rest of it %d, afterwards %d", between(times, known, known.Add(250*time.Millisecond)),
		between(times, held, over), between(times, over, ended))
	require.Positive(t, between(times, told.Add(-time.Minute), told))
	require.Greater(t, over.Sub(held), time.Second, "the machine stands still too long to tell")
	require.Zero(t, between(times, held, over))
	require.Positive(t, between(times, over, ended))
}
