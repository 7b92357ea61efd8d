package onredis_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// short is the context of a call that does not wait.
func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// soon is the context of a call that has its turn at once, or is told that there is none
// for long.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// taken returns how many of the key's tokens can be had now, up to 20, by a process
// that knows nothing yet. After them there are none for long.
func taken(t *testing.T, rdb redis.UniversalClient, cfg onredis.LimiterConfig) (n int) {
	t.Helper()
	return takenWith(t, rdb, cfg, soon)
}

func takenWith(t *testing.T, rdb redis.UniversalClient, cfg onredis.LimiterConfig, ctx func(*testing.T) context.Context) (n int) {
	t.Helper()
	l := limiter(t, rdb, cfg)
	for n < 20 && l.Wait(ctx(t), "k") == nil {
		n++
	}
	return n
}

// D6: a quota is of the calendar of Redis, whatever clock a process has.
func TestD6_QuotaByRedisCalendar(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	s.SetTime(time.Date(2031, 3, 31, 23, 50, 0, 0, time.UTC))
	daily := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(3, ratelimit.Day)}}
	require.Equal(t, 3, taken(t, rdb, daily))
	require.Equal(t, 0, taken(t, rdb, daily), "all processes together")
	l := limiter(t, rdb, daily)
	err := l.Wait(soon(t), "k")
	require.ErrorIs(t, err, ratelimit.ErrDeadline)
	require.InDelta(t, 10*time.Minute, l.Delay("k"), float64(20*time.Second))
	asked := l.Stats().Asked
	for range 100 {
		require.ErrorIs(t, l.Wait(soon(t), "k"), ratelimit.ErrDeadline)
	}
	require.Less(t, l.Stats().Asked, asked+10, "a refusal is remembered until the time that Redis named, but for a look each second")
	s.SetTime(time.Date(2031, 4, 1, 0, 0, 0, 0, time.UTC))
	require.Equal(t, 3, taken(t, rdb, daily))
	s.SetTime(time.Date(2031, 4, 1, 23, 59, 0, 0, time.UTC))
	require.Equal(t, 0, taken(t, rdb, daily))
}

// Periods begin in the time zone that was asked for.
func TestQuotaInATimeZone(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	tokyo := time.FixedZone("JST", 9*3600)
	daily := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(2, ratelimit.Day).In(tokyo)}}
	s.SetTime(time.Date(2031, 1, 1, 14, 59, 0, 0, time.UTC))
	require.Equal(t, 2, taken(t, rdb, daily))
	s.SetTime(time.Date(2031, 1, 1, 15, 0, 0, 0, time.UTC))
	require.Equal(t, 2, taken(t, rdb, daily))
}

// D6: a clock of Redis that goes back, as in a failover, makes a period no longer than
// the calendar says and lets nothing more through.
func TestD6_QuotaWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	daily := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(3, ratelimit.Day)}}
	s.SetTime(time.Date(2031, 5, 2, 0, 0, 5, 0, time.UTC))
	require.Equal(t, 3, taken(t, rdb, daily))
	s.SetTime(time.Date(2031, 5, 1, 23, 59, 0, 0, time.UTC))
	require.Equal(t, 0, taken(t, rdb, daily))
	s.SetTime(time.Date(2031, 5, 2, 0, 0, 0, 0, time.UTC))
	require.Equal(t, 3, taken(t, rdb, daily))
}

// C17: a token that is returned after its period has ended is nobody's; one that is
// returned within it can be had again, by whomever.
func TestC17_ReturnedAfterItsPeriod(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	daily := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(5, ratelimit.Day)}}
	s.SetTime(time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC))
	l := limiter(t, rdb, daily)
	for range 3 {
		require.NoError(t, l.Wait(t.Context(), "k"))
	}
	s.SetTime(time.Date(2031, 5, 2, 12, 0, 0, 0, time.UTC))
	time.Sleep(300 * time.Millisecond) // its turn is over, as it would be by midnight
	l.Return("k")                      // it has not heard of the new day yet
	time.Sleep(10 * time.Millisecond)
	require.NoError(t, l.Wait(t.Context(), "k"))
	l.ReturnN("k", 2) // yesterday's
	require.NoError(t, l.Close(t.Context()))
	require.Equal(t, 4, taken(t, rdb, daily), "one was taken today")
}

func TestReturnedWithinItsPeriod(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	monthly := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(5, ratelimit.Month)}}
	l, other := limiter(t, rdb, monthly), limiter(t, rdb, monthly)
	for range 4 {
		require.NoError(t, l.Wait(t.Context(), "k"))
	}
	require.NoError(t, other.Wait(t.Context(), "k"))
	require.Error(t, other.Wait(short(t), "k"))
	l.Return("k")
	require.NoError(t, l.Close(t.Context()), "which gives back what is not used")
	require.Equal(t, 1, taken(t, rdb, monthly))
}

// late is a hook that lets the next call of a script through only once it is released,
// whether or not anybody still waits for it.
type late struct {
	info
	armed             atomic.Bool
	reached, released chan struct{}
}

func (l *late) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" && l.armed.CompareAndSwap(true, false) {
			close(l.reached)
			<-l.released
			ctx = context.WithoutCancel(ctx)
		}
		return next(ctx, cmd)
	}
}

// D6: what is given back comes back once, also where Redis does it so late that the
// process has given it up, and asks for more before.
func TestD6_ReturnedLate(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	hook := &late{reached: make(chan struct{}), released: make(chan struct{})}
	rdb.AddHook(hook)
	l := limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(9, ratelimit.Month)}, Timeout: 500 * time.Millisecond})
	for range 4 {
		require.NoError(t, l.Wait(t.Context(), "k"))
	}
	time.Sleep(300 * time.Millisecond)
	counted(t, s, "q:Month", 4)
	hook.armed.Store(true)
	l.Return("k")
	<-hook.reached
	require.NoError(t, l.Wait(t.Context(), "k"))
	close(hook.released)
	require.NoError(t, l.Close(t.Context()))
	counted(t, s, "q:Month", 4)
}

// D6: a quota whose count Redis has lost is told by the processes that know it.
func TestD6_QuotaThatRedisForgot(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	monthly := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(10, ratelimit.Month)}}
	l := limiter(t, rdb, monthly)
	for range 4 {
		require.NoError(t, l.Wait(t.Context(), "k"))
	}
	s.FlushAll()
	time.Sleep(300 * time.Millisecond) // so that what it has reserved is over, and it asks
	require.NoError(t, l.Wait(t.Context(), "k"))
	require.NoError(t, l.Close(t.Context()))
	require.Equal(t, 5, taken(t, rdb, monthly))
}

// A quota is kept to its end where somebody else has only pauses of the same key.
func TestQuotaBesideAnotherLimiter(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	s.SetTime(time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC))
	require.NoError(t, limiter(t, rdb, monthly(5)).Wait(t.Context(), "k"))
	require.NoError(t, onredis.NewPacer(limiter(t, rdb, onredis.LimiterConfig{})).Wait(t.Context(), "k"))
	require.Greater(t, s.TTL("standpipe:{=k}:limits"), 30*24*time.Hour)
}

// A turn that comes in the next period is not of this one's quota.
func TestQuotaAndATurnInTheNextPeriod(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	s.SetTime(time.Date(2031, 5, 1, 12, 59, 59, 950_000_000, time.UTC)) // where it stays
	l := limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(100, 10*time.Second), onredis.Quota(50, ratelimit.Hour)}})
	require.NoError(t, l.Wait(t.Context(), "k"))
	require.Error(t, l.Wait(short(t), "k"), "the next turn is 53 ms after the hour")
	require.Equal(t, "1", s.HGet("standpipe:{=k}:limits", "q:Hour"), "and takes nothing of this one")
	s.SetTime(time.Date(2031, 5, 1, 13, 0, 0, 60_000_000, time.UTC))
	require.NoError(t, l.Wait(t.Context(), "k"))
}
