package onredis_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
)

// mini starts a Redis in this process.
func mini(t *testing.T) (*miniredis.Miniredis, *redis.Client) {
	t.Helper()
	s := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr(), MaxRetries: -1, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = rdb.Close() })
	return s, rdb
}

// patience is for a machine that stands still: what fails at once fails at once all the
// same.
const patience = 20 * time.Second

func limiter(t *testing.T, rdb redis.UniversalClient, cfg onredis.LimiterConfig) *onredis.Limiter {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout = patience
	}
	l, err := onredis.NewLimiter(rdb, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close(t.Context()) })
	return l
}

// The limiter keeps what a ratelimit.Limiter promises, whatever it limits by.
func TestConformance(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]func(n int) []onredis.Limit{
		"rate":      func(n int) []onredis.Limit { return []onredis.Limit{onredis.Rate(n+1, time.Hour).Burst(n)} },
		"quota":     func(n int) []onredis.Limit { return []onredis.Limit{onredis.Quota(n, ratelimit.Month)} },
		"in flight": func(n int) []onredis.Limit { return []onredis.Limit{onredis.InFlight(n)} },
		"all": func(n int) []onredis.Limit {
			return []onredis.Limit{
				onredis.Rate(n+1, time.Hour).Burst(n), onredis.Rate(30_000, 30*time.Minute).Burst(100),
				onredis.Quota(1000, ratelimit.Day),
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, rdb := mini(t)
			limitertest.Run(t, func(t *testing.T, n int) ratelimit.Limiter {
				return limiter(t, rdb, onredis.LimiterConfig{Limits: limits(n)})
			})
		})
	}
}
