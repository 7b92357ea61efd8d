package onredis

import (
	"context"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// A token of a quota that nobody took in time goes back before a call is refused for
// want of it: a process that stood still finds out by that call.
func TestTheLastTokenOfAQuotaIsNotForgotten(t *testing.T) {
	t.Parallel()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr(), MaxRetries: -1})
	defer rdb.Close()
	l, err := NewLimiter(rdb, LimiterConfig{Limits: []Limit{Quota(1, ratelimit.Month)}, Timeout: 20 * time.Second})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, l.Wait(ctx, "k"))
	a, err := l.lane("k")
	require.NoError(t, err)
	for range 2 { // once where it was refused nothing yet
		func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.pool, a.recent = append(a.pool, a.recent...), nil
			for i := range a.pool {
				a.pool[i].until = time.Now()
			}
		}()
		require.NoError(t, l.Wait(ctx, "k"))
		require.ErrorIs(t, l.Wait(ctx, "k"), ratelimit.ErrDeadline)
	}
	func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.recent, a.asking = nil, true // its turn is over, and Redis is being asked
	}()
	l.Return("k")
	require.Zero(t, l.Delay("k"))
	func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.asking = false
		a.step()
	}()
	require.NoError(t, l.Wait(ctx, "k"))
	l.leave(a)
	require.NoError(t, l.Close(t.Context()))
}
