package limitertest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// The limiters of package ratelimit keep their promises, alone and put together.
func TestOwnLimiters(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(n int) ratelimit.Limiter{
		"rate":      func(n int) ratelimit.Limiter { return ratelimit.PerMinute(1./60, ratelimit.WithBurst(n)) },
		"quota":     func(n int) ratelimit.Limiter { return ratelimit.Quota(n, ratelimit.Month) },
		"in flight": func(n int) ratelimit.Limiter { return ratelimit.InFlight(n) },
		"all": func(n int) ratelimit.Limiter {
			return ratelimit.All(ratelimit.PerMinute(1./60, ratelimit.WithBurst(n)), ratelimit.Quota(n, ratelimit.Day))
		},
		"all with one from elsewhere": func(n int) ratelimit.Limiter {
			return ratelimit.All(ratelimit.PerMinute(1./60, ratelimit.WithBurst(n)), &returning{counter{left: map[string]int{}, n: n}})
		},
		"all with slots": func(n int) ratelimit.Limiter {
			return ratelimit.All(ratelimit.InFlight(n), ratelimit.Quota(1000, ratelimit.Month))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limitertest.Check(t, func(_ *testing.T, n int) ratelimit.Limiter { return open(n) })
			})
		})
	}
}

// counter is the smallest limiter that keeps its promises: it has nothing but Wait.
type counter struct {
	mu   sync.Mutex
	left map[string]int
	n    int
}

func (c *counter) Wait(ctx context.Context, key string) error {
	if ctx.Err() != nil {
		return &ratelimit.Error{Err: fmt.Errorf("%w: %w", ctx.Err(), context.Cause(ctx))}
	}
	c.mu.Lock()
	used := c.left[key]
	if used < c.n {
		c.left[key]++
	}
	c.mu.Unlock()
	if used < c.n {
		return nil
	}
	if _, ok := ctx.Deadline(); ok {
		return &ratelimit.Error{Err: ratelimit.ErrDeadline}
	}
	<-ctx.Done()
	return &ratelimit.Error{Err: context.Cause(ctx)}
}

// returning takes tokens back.
type returning struct{ counter }

func (r *returning) Return(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left[key] = max(r.left[key]-1, 0)
}

func TestTheSmallestLimiter(t *testing.T) {
	t.Parallel()
	limitertest.Run(t, func(_ *testing.T, n int) ratelimit.Limiter { return &counter{left: map[string]int{}, n: n} })
}

func TestMost(t *testing.T) {
	t.Parallel()
	at := func(seconds ...float64) (times []time.Time) {
		for _, s := range seconds {
			times = append(times, time.Unix(1_800_000_000, 0).Add(time.Duration(s*float64(time.Second))))
		}
		return times
	}
	require.Zero(t, limitertest.Most(nil, time.Second))
	require.Equal(t, 1, limitertest.Most(at(1), time.Second))
	require.Equal(t, 2, limitertest.Most(at(3, 1, 2), time.Second), "in any order, the ends included")
	require.Equal(t, 3, limitertest.Most(at(0, 5, 5, 5, 7), time.Second))
	require.Equal(t, 2, limitertest.Most(at(0, 0.9, 1.1, 2.2), time.Second))
	require.Equal(t, 4, limitertest.Most(at(0, 0.9, 1.1, 2.2), time.Minute))
}

// The times of calls show whether a limit held.
func ExampleMost() {
	began := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	calls := []time.Time{began, began.Add(200 * time.Millisecond), began.Add(1100 * time.Millisecond)}
	fmt.Println(limitertest.Most(calls, time.Second), "in a second")
	// Output: 2 in a second
}
