package onredis_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

func retryAfter(seconds string) http.Header { return http.Header{"Retry-After": {seconds}} }

// waits reports whether the pacer holds a call back, for longer than it may take.
func waits(t *testing.T, p *onredis.Pacer, key string) bool {
	if p.Wait(soon(t), key) != nil {
		return true
	}
	p.Return(key)
	return false
}

// D7, C17: what one process is told holds for the others, a lease later at most, and for
// no other key.
func TestD7_PauseOfAnotherProcess(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	one, other := onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{})), onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{}))
	require.NoError(t, one.Wait(t.Context(), "k"))
	require.False(t, waits(t, other, "k"))
	one.Observe("k", http.StatusTooManyRequests, retryAfter("60"), true)
	require.True(t, waits(t, one, "k"), "at once where it was told")
	require.Eventually(t, func() bool { return waits(t, other, "k") }, time.Minute, 10*time.Millisecond)
	require.InDelta(t, time.Minute, other.Delay("k"), float64(20*time.Second))
	require.False(t, waits(t, other, "another"))
	require.True(t, waits(t, onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{})), "k"), "a process that starts in the pause")
}

// D7: of two pauses the longer one holds, whoever learned it when.
func TestD7_TheLongerPauseHolds(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	one, other := onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{})), onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{}))
	for _, p := range []*onredis.Pacer{one, other} {
		require.NoError(t, p.Wait(t.Context(), "k"))
	}
	one.Observe("k", 429, retryAfter("600"), true)
	require.Eventually(t, func() bool { return s.Exists("standpipe:{=k}:pauses") }, time.Minute, time.Millisecond)
	until := s.HGet("standpipe:{=k}:pauses", "")
	other.Observe("k", 429, retryAfter("5"), true)
	time.Sleep(50 * time.Millisecond)
	require.Equal(t, until, s.HGet("standpipe:{=k}:pauses", ""))
}

// C35, D7: no pause is believed for more than a day, whoever wrote it.
func TestC35_PausesEndAfterADay(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	now := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	s.SetTime(now)
	p := onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{}))
	require.NoError(t, p.Wait(t.Context(), "k"))
	p.Observe("k", 429, retryAfter("31536000"), true)
	require.Eventually(t, func() bool { return s.Exists("standpipe:{=k}:pauses") }, time.Minute, time.Millisecond)
	require.LessOrEqual(t, p.Delay("k"), 24*time.Hour+2*time.Second)
	s.SetTime(now.Add(-365 * 24 * time.Hour)) // a failover to a server whose clock is behind
	other := onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{}))
	require.True(t, waits(t, other, "k"))
	require.LessOrEqual(t, other.Delay("k"), 24*time.Hour+2*time.Second)
	s.SetTime(now.Add(-365*24*time.Hour + 25*time.Hour))
	require.False(t, waits(t, onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{})), "k"))
}

// D7: what is told of one route holds that route back, elsewhere too.
func TestD7_PauseOfARoute(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	one, other := onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{})), onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{}))
	search := ratelimit.Route{Method: "GET", Path: "/search me"}
	require.NoError(t, one.WaitRoute(t.Context(), "k", search))
	require.NoError(t, one.Wait(t.Context(), "k"))
	h := retryAfter("60")
	h.Set("X-RateLimit-Resource", "search")
	h.Set("X-RateLimit-Remaining", "0")
	h.Set("X-RateLimit-Reset", "60")
	one.ObserveRoute("k", search, 429, h, true)
	held := func(r ratelimit.Route) bool {
		return other.WaitRoute(soon(t), "k", r) != nil
	}
	require.Eventually(t, func() bool { return held(search) }, time.Minute, 10*time.Millisecond)
	require.InDelta(t, time.Minute, other.DelayRoute("k", search), float64(20*time.Second))
	require.False(t, held(ratelimit.Route{Method: "GET", Path: "/other"}))
	require.False(t, waits(t, other, "k"))
	other.ReturnRoute("k", ratelimit.Route{Method: "GET", Path: "/other"})
}

// D7: under the client: two processes, of which one meets a 429. The pacer costs no call
// beside the limiter's.
func TestD7_TwoClients(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		defer func() { _, _ = w.Write([]byte("{}")) }()
		if r.URL.Path == "/limited" {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	t.Cleanup(srv.Close)
	limits := []onredis.Limit{onredis.Rate(6000, time.Minute), onredis.InFlight(10)}
	var limiters []*onredis.Limiter
	process := func() *client.Client {
		l := limiter(t, rdb, onredis.LimiterConfig{Limits: limits})
		limiters = append(limiters, l)
		c, err := client.New(srv.URL, client.WithRetry(retry.Never),
			client.WithRateLimit(l), client.WithPacing(onredis.NewPacer(l)))
		require.NoError(t, err)
		return c
	}
	one, other := process(), process()
	get := func(c *client.Client, path string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := client.Get[struct{}](ctx, c, path)
		return err
	}
	require.NoError(t, get(one, "/"))
	require.NoError(t, get(other, "/"))
	require.ErrorIs(t, get(one, "/limited"), client.ErrRateLimited)
	time.Sleep(300 * time.Millisecond)
	before := calls.Load()
	began := time.Now()
	require.ErrorIs(t, get(one, "/"), ratelimit.ErrDeadline)
	require.ErrorIs(t, get(other, "/"), ratelimit.ErrDeadline)
	require.Less(t, time.Since(began), 20*time.Second, "the wait is known to be too long")
	require.Equal(t, before, calls.Load())
}
