package redis_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/oauthflow/tokens/storetest"
	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/revocationtest"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/guardtest"
)

// What the interfaces promise holds on a single server, of Redis and, where the
// distribution has it, of Valkey, and on a cluster of three, each of which refuses a call
// whose keys are not all in one slot, or are another's.
func TestConformance(t *testing.T) {
	t.Parallel()
	suites := map[string]func(t *testing.T, open opener){
		"limiter": testLimiter, "pauses": testPauses, "guard": testGuard, "token store": testTokenStore, "logged out": testLoggedOut,
	}
	single := map[string]func(testing.TB, ...string) *servers.Server{"redis": servers.Redis}
	if servers.HasValkey() {
		single["valkey"] = servers.Valkey
	} else {
		t.Log("valkey-server is not installed: this shows nothing of Valkey")
	}
	for server, start := range single {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			for name, test := range suites {
				t.Run(name, func(t *testing.T) { test(t, closing(func() redis.UniversalClient { return connect(s.Addr) })) })
			}
		})
	}
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		nodes := cluster(t, 3)
		for name, test := range suites {
			t.Run(name, func(t *testing.T) {
				test(t, closing(func() redis.UniversalClient { return connectCluster(nodes[0].Addr) }))
			})
		}
		for _, s := range nodes {
			rdb := connect(s.Addr)
			defer rdb.Close()
			n, err := rdb.DBSize(t.Context()).Result()
			require.NoError(t, err)
			require.Positive(t, n, "each node has its part")
		}
	})
}

func connectCluster(addr string) *redis.ClusterClient {
	return redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{addr}, ContextTimeoutEnabled: true})
}

const slots = 16384

// cluster starts so many servers that share the slots, and returns when all agree.
func cluster(t *testing.T, nodes int, flags ...string) []*servers.Server {
	t.Helper()
	all := make([]*servers.Server, nodes)
	clients, buses := make([]*redis.Client, nodes), make([]int, nodes)
	for i := range all {
		var err error
		buses[i], err = servers.FreePort()
		require.NoError(t, err)
		all[i] = servers.Redis(t, append([]string{"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(buses[i])}, flags...)...)
		clients[i] = connect(all[i].Addr)
		defer clients[i].Close()
		require.NoError(t, clients[i].ClusterAddSlotsRange(t.Context(), i*slots/nodes, (i+1)*slots/nodes-1).Err())
		require.NoError(t, clients[i].Do(t.Context(), "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err())
		for other := range i {
			require.NoError(t, clients[i].Do(t.Context(), "CLUSTER", "MEET", "127.0.0.1", all[other].Port, buses[other]).Err())
		}
	}
	known := "cluster_known_nodes:" + strconv.Itoa(nodes) + "\r"
	for _, rdb := range clients {
		require.Eventually(t, func() bool {
			info, err := rdb.ClusterInfo(t.Context()).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, known)
		}, time.Minute, 50*time.Millisecond)
	}
	return all
}

// D6: the limit holds while its slot moves from one node of a cluster to another, and the
// processes go on with what the slot holds.
func TestD6_TheSlotMoves(t *testing.T) {
	t.Parallel()
	tries(t, func() (wrong string) {
		nodes := cluster(t, 3)
		const n, per = 1000, 2 * time.Second
		watched := watchServers(t, nodes...)
		all := start(t, job{Cluster: nodes[0].Addr, N: n, Burst: 100, Per: per, Goroutines: 8, Returns: true}, workers)
		rdb := connectCluster(nodes[0].Addr)
		defer rdb.Close()
		time.Sleep(2 * time.Second)

		slot, err := rdb.ClusterKeySlot(t.Context(), limits).Result()
		require.NoError(t, err)
		from, to := nodes[int(slot)*len(nodes)/slots], nodes[(int(slot)*len(nodes)/slots+1)%len(nodes)]
		old, next := connect(from.Addr), connect(to.Addr)
		defer old.Close()
		defer next.Close()
		id := func(rdb *redis.Client) string {
			s, err := rdb.Do(t.Context(), "CLUSTER", "MYID").Text()
			require.NoError(t, err)
			return s
		}
		require.NoError(t, next.Do(t.Context(), "CLUSTER", "SETSLOT", slot, "IMPORTING", id(old)).Err())
		require.NoError(t, old.Do(t.Context(), "CLUSTER", "SETSLOT", slot, "MIGRATING", id(next)).Err())
		keys, err := old.ClusterGetKeysInSlot(t.Context(), int(slot), 100).Result()
		require.NoError(t, err)
		require.Contains(t, keys, limits)
		for _, key := range keys {
			require.NoError(t, old.Migrate(t.Context(), "127.0.0.1", strconv.Itoa(to.Port), key, 0, time.Minute).Err())
		}
		owner := id(next)
		require.NoError(t, next.Do(t.Context(), "CLUSTER", "SETSLOT", slot, "NODE", owner).Err())
		require.NoError(t, old.Do(t.Context(), "CLUSTER", "SETSLOT", slot, "NODE", owner).Err())
		moved := time.Now()

		time.Sleep(4 * time.Second)
		ended, times, reports := gather(t, all)
		got := rate(t, times, moved.Add(500*time.Millisecond), ended, stood(watched(), reports))
		t.Logf("at most %d in %v, %.1f a second half a second after the slot had moved", limitertest.Most(times, per), per, got)
		require.LessOrEqual(t, limitertest.Most(times, per), n)
		there, err := next.Exists(t.Context(), limits).Result()
		require.NoError(t, err)
		require.EqualValues(t, 1, there)
		for _, r := range reports {
			require.Empty(t, r.Errors)
			require.False(t, r.Stats.Away)
		}
		return tooSlow(got, 0.8*(n-100)/per.Seconds())
	})
}

// D6: a node of a cluster that is down is away for its keys alone, of which each process
// has its share. The others keep their limits and their rate, and it is said once.
func TestD6_OneNodeAway(t *testing.T) {
	t.Parallel()
	nodes := cluster(t, 3, "--cluster-require-full-coverage", "no")
	rdb := connectCluster(nodes[0].Addr)
	defer rdb.Close()
	keys := make([]string, len(nodes)) // one of each node
	for i := 0; slices.Contains(keys, ""); i++ {
		key := "key-" + strconv.Itoa(i)
		slot, err := rdb.ClusterKeySlot(t.Context(), "standpipe:{="+key+"}:limits").Result()
		require.NoError(t, err)
		keys[int(slot)*len(nodes)/slots] = key
	}
	const n, per = 400, time.Second
	var said safeBuffer
	l, err := onredis.NewLimiter(rdb, onredis.LimiterConfig{
		Limits: []onredis.Limit{onredis.Rate(n, per).Burst(100)}, Log: slog.New(slog.NewTextHandler(&said, nil)), Timeout: patience,
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	times := make([][]time.Time, len(nodes))
	var wg sync.WaitGroup
	for i, key := range keys {
		wg.Go(func() {
			for ctx.Err() == nil {
				if l.Wait(ctx, key) == nil {
					times[i] = append(times[i], time.Now())
				}
			}
		})
	}
	watched := watchServers(t, nodes[:2]...)
	time.Sleep(2 * time.Second)
	nodes[2].Kill()
	require.Eventually(t, func() bool { return l.Stats().Away }, time.Minute, 5*time.Millisecond)
	gone := time.Now()
	time.Sleep(5 * time.Second)
	require.True(t, l.Stats().Away)
	back := time.Now()
	nodes[2].Restart(t)
	require.Eventually(t, func() bool { return !l.Stats().Away }, time.Minute, 5*time.Millisecond)
	time.Sleep(2 * per)
	cancel()
	wg.Wait()
	stood := stood(watched(), nil)
	for i := range keys {
		got := rate(t, times[i], gone.Add(time.Second), back, stood)
		t.Logf("node %d: at most %d in %v, %.1f a second after the third had gone", i, limitertest.Most(times[i], per), per, got)
		require.LessOrEqual(t, limitertest.Most(times[i], per), n+i/2*100, "the third lost its state")
		require.GreaterOrEqual(t, got, 0.5*(n-100)/per.Seconds())
	}
	t.Log(said.String())
	require.Equal(t, 1, strings.Count(said.String(), "Redis is away"))
	require.Equal(t, 1, strings.Count(said.String(), "Redis is back"))
	require.False(t, l.Stats().Away)
}

// opener returns a client of a test's own, which may close it.
type opener func(t *testing.T) redis.UniversalClient

func closing(open func() redis.UniversalClient) opener {
	return func(t *testing.T) redis.UniversalClient {
		rdb := open()
		t.Cleanup(func() { _ = rdb.Close() })
		return rdb
	}
}

func testLimiter(t *testing.T, open opener) {
	for name, of := range map[string]func(n int) []onredis.Limit{
		"rate and quota": func(n int) []onredis.Limit {
			return []onredis.Limit{onredis.Rate(n+1, time.Hour).Burst(n), onredis.Quota(1000, ratelimit.Month)}
		},
		"quota":     func(n int) []onredis.Limit { return []onredis.Limit{onredis.Quota(n, ratelimit.Month)} },
		"in flight": func(n int) []onredis.Limit { return []onredis.Limit{onredis.InFlight(n)} },
	} {
		t.Run(name, func(t *testing.T) {
			limitertest.Run(t, func(t *testing.T, n int) ratelimit.Limiter {
				l, err := onredis.NewLimiter(open(t), onredis.LimiterConfig{Limits: of(n), Timeout: patience})
				require.NoError(t, err)
				t.Cleanup(func() { _ = l.Close(t.Context()) })
				return l
			})
		})
	}
}

// D7: a pause that one process is told of is another one's too.
func testPauses(t *testing.T, open opener) {
	newPacer := func() *onredis.Pacer {
		l, err := onredis.NewLimiter(open(t), onredis.LimiterConfig{Timeout: time.Second})
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close(t.Context()) })
		return onredis.NewPacer(l)
	}
	told, other := newPacer(), newPacer()
	require.NoError(t, other.Wait(t.Context(), "paused"))
	told.Observe("paused", http.StatusTooManyRequests, http.Header{"Retry-After": {"60"}}, true)
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		return errors.Is(other.Wait(ctx, "paused"), ratelimit.ErrDeadline)
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, other.Wait(t.Context(), "another"))
}

func testGuard(t *testing.T, open opener) {
	const lease = time.Minute
	guardtest.Run(t, func(t *testing.T) guardtest.Backend {
		rdb := open(t)
		g, err := onredis.NewGuard(rdb, onredis.GuardConfig{Lease: lease})
		require.NoError(t, err)
		other, err := onredis.NewGuard(rdb, onredis.GuardConfig{Lease: lease})
		require.NoError(t, err)
		return guardtest.Backend{Guards: []webhook.Guard{g, other}, Lapse: func() { lapse(t, rdb, lease) }, Away: func() { _ = rdb.Close() }}
	})
}

// lapse has the leases end now that Redis would end within lease.
func lapse(t *testing.T, rdb redis.UniversalClient, lease time.Duration) {
	t.Helper()
	node := func(ctx context.Context, c redis.UniversalClient) error {
		keys, err := c.Keys(ctx, "*:event:*").Result()
		for _, key := range keys {
			left, leftErr := c.PTTL(ctx, key).Result()
			if err = errors.Join(err, leftErr); left > 0 && left <= lease {
				err = errors.Join(err, c.PExpire(ctx, key, time.Millisecond).Err())
			}
		}
		return err
	}
	if all, ok := rdb.(*redis.ClusterClient); ok {
		require.NoError(t, all.ForEachMaster(t.Context(), func(ctx context.Context, c *redis.Client) error { return node(ctx, c) }))
	} else {
		require.NoError(t, node(t.Context(), rdb))
	}
	time.Sleep(5 * time.Millisecond)
}

// O3: exactly one of those who save at one version wins.
func testTokenStore(t *testing.T, open opener) {
	storetest.Run(t, func(t *testing.T) tokens.Store {
		s, err := onredis.NewTokenStore(open(t), "")
		require.NoError(t, err)
		return s
	})
}

func testLoggedOut(t *testing.T, open opener) {
	revocationtest.Run(t, func(t *testing.T) revocationtest.Backend {
		rdb := open(t)
		l, err := onredis.NewLoggedOut(rdb, onredis.LoggedOutConfig{Keep: time.Hour, Timeout: time.Minute})
		require.NoError(t, err)
		return revocationtest.Backend{
			Revocation: l,
			End:        func(s *session.Session) error { return l.Add(t.Context(), s.Issuer, s.ID, "") },
			EndAll:     func(issuer, subject string) error { return l.Add(t.Context(), issuer, "", subject) },
			Away:       func() { _ = rdb.Close() },
		}
	})
}
