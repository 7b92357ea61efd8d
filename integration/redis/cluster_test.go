package redis_test

import (
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

// What the interfaces promise holds on a single server, and on a cluster, which refuses
// a call whose keys are not all in one slot. One node with all slots is as strict as
// many.
func TestConformance(t *testing.T) {
	t.Parallel()
	suites := map[string]func(t *testing.T, open opener){
		"limiter": testLimiter, "guard": testGuard, "token store": testTokenStore, "logged out": testLoggedOut,
	}
	t.Run("single", func(t *testing.T) {
		t.Parallel()
		s := servers.Redis(t)
		for name, test := range suites {
			t.Run(name, func(t *testing.T) { test(t, closing(func() redis.UniversalClient { return connect(s.Addr) })) })
		}
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		s := servers.Redis(t, "--cluster-enabled", "yes")
		node := connect(s.Addr)
		defer node.Close()
		require.NoError(t, node.ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
		open := func() redis.UniversalClient {
			return redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{s.Addr}, MaxRedirects: -1, ContextTimeoutEnabled: true})
		}
		rdb := open()
		defer rdb.Close()
		require.Eventually(t, func() bool { return rdb.Set(t.Context(), "ready", 1, 0).Err() == nil }, 10*time.Second, 50*time.Millisecond)
		for name, test := range suites {
			t.Run(name, func(t *testing.T) { test(t, closing(open)) })
		}
	})
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
	for name, limits := range map[string]func(n int) []onredis.Limit{
		"rate and quota": func(n int) []onredis.Limit {
			return []onredis.Limit{onredis.Rate(n+1, time.Hour).Burst(n), onredis.Quota(1000, ratelimit.Month)}
		},
		"quota":     func(n int) []onredis.Limit { return []onredis.Limit{onredis.Quota(n, ratelimit.Month)} },
		"in flight": func(n int) []onredis.Limit { return []onredis.Limit{onredis.InFlight(n)} },
	} {
		t.Run(name, func(t *testing.T) {
			limitertest.Run(t, func(t *testing.T, n int) ratelimit.Limiter {
				l, err := onredis.NewLimiter(open(t), onredis.LimiterConfig{Limits: limits(n), Timeout: time.Second})
				require.NoError(t, err)
				t.Cleanup(func() { _ = l.Close(t.Context()) })
				return l
			})
		})
	}
}

func testGuard(t *testing.T, open opener) {
	const lease = 300 * time.Millisecond
	guardtest.Run(t, func(t *testing.T) guardtest.Backend {
		rdb := open(t)
		g, err := onredis.NewGuard(rdb, onredis.GuardConfig{Lease: lease})
		require.NoError(t, err)
		other, err := onredis.NewGuard(rdb, onredis.GuardConfig{Lease: lease})
		require.NoError(t, err)
		return guardtest.Backend{Guards: []webhook.Guard{g, other}, Lapse: func() { time.Sleep(lease + 50*time.Millisecond) }, Away: func() { _ = rdb.Close() }}
	})
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
		l, err := onredis.NewLoggedOut(rdb, onredis.LoggedOutConfig{Keep: time.Hour})
		require.NoError(t, err)
		return revocationtest.Backend{
			Revocation: l,
			End:        func(s *session.Session) error { return l.Add(t.Context(), s.Issuer, s.ID, "") },
			EndAll:     func(issuer, subject string) error { return l.Add(t.Context(), issuer, "", subject) },
			Away:       func() { _ = rdb.Close() },
		}
	})
}
