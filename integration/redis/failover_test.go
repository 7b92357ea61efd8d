package redis_test

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
)

// replicate makes one server the replica of another, and waits until it has caught up.
func replicate(t *testing.T, replica, primary *servers.Server) {
	t.Helper()
	rdb := connect(replica.Addr)
	defer rdb.Close()
	host, port, err := net.SplitHostPort(primary.Addr)
	require.NoError(t, err)
	require.NoError(t, rdb.ReplicaOf(t.Context(), host, port).Err())
	require.Eventually(t, func() bool {
		info, err := rdb.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	}, time.Minute, 20*time.Millisecond)
}

// D6: a Redis that fails over lets at most one burst more through: to a server that knows
// nothing, to a replica that has not heard of the last second, to one that is up to date,
// by Sentinel's decision or by an administrator's. The clients ask Sentinel who is in
// charge.
func TestD6_Failover(t *testing.T) {
	t.Parallel()
	const n, burst, per = 1000, 100, 2 * time.Second
	for name, c := range map[string]struct {
		empty     bool
		lag       time.Duration // how long the replica has heard nothing
		gone      time.Duration // how long there is no primary
		demoted   bool          // the old primary lives on, as a replica
		automatic bool          // Sentinel finds out and decides
	}{
		"empty at once":           {empty: true},
		"empty after a while":     {empty: true, gone: time.Second},
		"a replica that lags":     {lag: time.Second},
		"a replica without a lag": {gone: 300 * time.Millisecond},
		"planned":                 {demoted: true},
		"by Sentinel":             {automatic: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const soon = "--repl-diskless-sync-delay"
			primary, second := servers.Redis(t, soon, "0"), servers.Redis(t, soon, "0")
			if !c.empty {
				replicate(t, second, primary)
			}
			sentinel := servers.RedisSentinel(t)
			names := redis.NewSentinelClient(&redis.Options{Addr: sentinel.Addr})
			defer names.Close()
			monitor(t, names, primary)
			if c.automatic {
				// Ten times as long may a replica have been without its primary:
				// where Sentinel stands still itself, it decides nothing for half a
				// minute.
				require.NoError(t, names.Set(t.Context(), master, "down-after-milliseconds", "4000").Err())
				require.NoError(t, names.Set(t.Context(), master, "failover-timeout", "1000").Err())
				require.Eventually(t, func() bool {
					replicas, err := names.Replicas(t.Context(), master).Result()
					return err == nil && len(replicas) == 1
				}, time.Minute, 50*time.Millisecond)
			}
			watched := watchServers(t, second)
			all := start(t, job{Sentinel: sentinel.Addr, N: n, Burst: burst, Per: per, Goroutines: 8, Monthly: 1_000_000, Returns: true}, workers)
			promoted := connect(second.Addr)
			defer promoted.Close()
			time.Sleep(2*time.Second - c.lag)
			if c.lag > 0 {
				// What the primary writes from now on never arrives.
				require.NoError(t, promoted.ReplicaOf(t.Context(), "127.0.0.1", "9").Err())
			}
			time.Sleep(c.lag)
			if !c.demoted {
				primary.Kill()
			}
			gone := time.Now()
			time.Sleep(c.gone)
			if c.automatic {
				require.Eventually(t, func() bool {
					addr, err := names.GetMasterAddrByName(t.Context(), master).Result()
					return err == nil && addr[1] == strconv.Itoa(second.Port)
				}, 2*time.Minute, 20*time.Millisecond)
			} else {
				require.NoError(t, promoted.ReplicaOf(t.Context(), "NO", "ONE").Err())
				require.NoError(t, names.Remove(t.Context(), master).Err())
				monitor(t, names, second)
			}
			back := time.Now()
			if c.demoted {
				replicate(t, primary, second)
			}
			time.Sleep(per + 4*time.Second)
			ended, times, reports := gather(t, all)
			most := limitertest.Most(times, per)
			got := rate(t, times, back.Add(per), ended, stood(watched(), reports))
			clamped := int64(0)
			for _, r := range reports {
				clamped += r.Stats.Clamped
			}
			t.Logf("no primary for %v; at most %d in %v of %d and a burst of %d; %.1f a second from %v after it on; %d times cut",
				back.Sub(gone).Round(time.Millisecond), most, per, n, burst, got, per, clamped)
			require.LessOrEqual(t, most, n+burst)
			require.GreaterOrEqual(t, got, 0.5*(n-burst)/per.Seconds(), "the limit is shared again")
			asked, err := promoted.Info(t.Context(), "commandstats").Result()
			require.NoError(t, err)
			require.Contains(t, asked, "cmdstat_evalsha", "by the server that took over")
			for _, r := range reports {
				require.Empty(t, r.Errors)
				require.False(t, r.Stats.Away)
			}
		})
	}
}

// monitor tells Sentinel who is in charge.
func monitor(t *testing.T, names *redis.SentinelClient, primary *servers.Server) {
	t.Helper()
	require.NoError(t, names.Monitor(t.Context(), master, "127.0.0.1", strconv.Itoa(primary.Port), "1").Err())
}

// D6: times in the state that lie in the future, as the clock of a server that fell out
// wrote them, are cut, so that nobody waits for them; the limit holds all the same.
func TestD6_FailoverToAClockThatIsBehind(t *testing.T) {
	t.Parallel()
	tries(t, func() (wrong string) {
		s := servers.Redis(t)
		rdb := connect(s.Addr)
		defer rdb.Close()
		const n, per = 100, time.Second
		watched := watchServers(t, s)
		all := start(t, job{Addr: s.Addr, N: n, Burst: 10, Per: per, Slots: 1000, Goroutines: 4}, 4)
		time.Sleep(2 * time.Second)
		var ahead []string
		require.Eventually(t, func() bool {
			fields, err := rdb.HGetAll(t.Context(), limits).Result()
			ahead = nil
			for field := range fields {
				if strings.HasPrefix(field, "r:") || strings.HasPrefix(field, "m:") || field == "mt" {
					ahead = append(ahead, field)
				}
			}
			return err == nil && len(ahead) == 6
		}, time.Minute, 5*time.Millisecond, "the rate, four processes, and when they were counted")
		for _, field := range ahead {
			require.NoError(t, rdb.HSet(t.Context(), limits, field, strconv.FormatInt(time.Now().Add(time.Hour).UnixMicro(), 10)).Err())
		}
		back := time.Now()
		time.Sleep(per + 4*time.Second)
		ended, times, reports := gather(t, all)
		clamped := int64(0)
		for _, r := range reports {
			require.Empty(t, r.Errors)
			clamped += r.Stats.Clamped
		}
		got := rate(t, times, back.Add(per), ended, stood(watched(), reports))
		t.Logf("%d times cut; at most %d in %v, %.1f a second from %v after it on", clamped, limitertest.Most(times, per), per, got, per)
		require.Positive(t, clamped)
		require.LessOrEqual(t, limitertest.Most(times, per), n)
		return tooSlow(got, 0.8*(n-10)/per.Seconds())
	})
}
