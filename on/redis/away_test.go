package onredis_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
)

// log keeps what is logged.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// requireOnce checks that something was said, and once. It is said just after the
// callers know of it.
func (l *log) requireOnce(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return l.count(text) > 0 }, time.Minute, time.Millisecond)
	require.Equal(t, 1, l.count(text))
}

func logged() (*log, *slog.Logger) {
	l := new(log)
	return l, slog.New(slog.NewTextHandler(l, nil))
}

// nowhere is a client that nobody listens to.
func nowhere(t *testing.T) *redis.Client {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true, Dialer: func(context.Context, string, string) (net.Conn, error) {
		return nil, syscall.ECONNREFUSED
	}})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// D6: where Redis was never reached, a process has its share by the number of processes
// that it was told of, and without that, or as the choice says, nothing. It is said once.
func TestD6_AwayFromTheStart(t *testing.T) {
	t.Parallel()
	rate := []onredis.Limit{onredis.Rate(100, 500*time.Millisecond)}
	for name, cfg := range map[string]onredis.LimiterConfig{
		"fail":                 {Limits: rate, Away: onredis.Fail, Members: 4},
		"unknown share":        {Limits: rate},
		"no share of so few":   {Limits: []onredis.Limit{onredis.Rate(3, time.Second)}, Members: 4},
		"no slot of so few":    {Limits: []onredis.Limit{onredis.InFlight(3)}, Members: 4},
		"no quota of so few":   {Limits: []onredis.Limit{onredis.Quota(3, ratelimit.Day)}, Members: 4},
		"a pacer that may not": {Away: onredis.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, log := logged()
			cfg.Log = log
			l := limiter(t, nowhere(t), cfg)
			for range 3 {
				err := l.Wait(t.Context(), "k")
				require.ErrorIs(t, err, onredis.ErrAway)
				var typed *ratelimit.Error
				require.ErrorAs(t, err, &typed)
			}
			out.requireOnce(t, "Redis is away")
			require.True(t, l.Stats().Away)
		})
	}
	t.Run("share", func(t *testing.T) {
		t.Parallel()
		_, log := logged()
		l := limiter(t, nowhere(t), onredis.LimiterConfig{Limits: rate, Members: 4, Log: log})
		var times []time.Time
		for range 60 {
			require.NoError(t, l.Wait(soon(t), "k"))
			times = append(times, time.Now())
		}
		require.LessOrEqual(t, limitertest.Most(times, 500*time.Millisecond), 25)
		require.EqualValues(t, len(times), l.Stats().Local)
	})
	t.Run("slots and quota", func(t *testing.T) {
		t.Parallel()
		_, log := logged()
		l := limiter(t, nowhere(t), onredis.LimiterConfig{
			Limits:  []onredis.Limit{onredis.InFlight(8), onredis.Quota(12, ratelimit.Month)},
			Members: 4, Log: log,
		})
		require.NoError(t, l.Wait(t.Context(), "k"))
		require.NoError(t, l.Wait(t.Context(), "k"))
		require.Error(t, l.Wait(short(t), "k"), "two slots")
		l.Release("k")
		require.NoError(t, l.Wait(t.Context(), "k"))
		l.Release("k")
		l.Release("k")
		require.Error(t, l.Wait(short(t), "k"), "three of the quota")
		require.ErrorIs(t, l.WaitN(t.Context(), "k", 4), onredis.ErrAway)
	})
	t.Run("a pacer", func(t *testing.T) {
		t.Parallel()
		_, log := logged()
		p := onredis.NewPacer(limiter(t, nowhere(t), onredis.LimiterConfig{Log: log}))
		require.NoError(t, p.Wait(t.Context(), "k"))
		p.Observe("k", 429, map[string][]string{"Retry-After": {"60"}}, true)
		require.ErrorIs(t, p.Wait(soon(t), "k"), ratelimit.ErrDeadline, "what it was told itself holds")
	})
}

// D6: what a process took while Redis was away is told to it, once, when it is back.
func TestD6_BackWithoutCountingTwice(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	out, log := logged()
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(10, ratelimit.Month)}, Log: log}
	l := limiter(t, rdb, cfg)
	require.NoError(t, l.Wait(t.Context(), "k"))
	s.SetError("LOADING Redis is loading the dataset in memory")
	for range 3 {
		require.NoError(t, l.Wait(t.Context(), "k"))
	}
	require.EqualValues(t, 3, l.Stats().Local)
	s.SetError("")
	require.Eventually(t, func() bool {
		_ = l.Wait(short(t), "other key")
		return !l.Stats().Away
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, l.Wait(t.Context(), "k"))
	time.Sleep(300 * time.Millisecond) // what it has reserved beside goes back
	require.NoError(t, l.Wait(t.Context(), "k"))
	require.NoError(t, l.Close(t.Context()))
	require.Equal(t, 4, taken(t, rdb, cfg), "six of ten were taken")
	out.requireOnce(t, "Redis is away")
	out.requireOnce(t, "Redis is back")
}

// A Redis that does not respond holds a call up for the timeout, a few times.
func TestTimeout(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	go func() {
		for {
			c, err := silent.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	// As clients are by default: patient, and deaf to contexts.
	rdb := redis.NewClient(&redis.Options{Addr: silent.Addr().String(), ReadTimeout: time.Minute, MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	out, log := logged()
	l, err := onredis.NewLimiter(rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(10, time.Second)}, Away: onredis.Fail, Log: log})
	require.NoError(t, err)
	began := time.Now()
	require.ErrorIs(t, l.Wait(t.Context(), "k"), onredis.ErrAway)
	require.Less(t, time.Since(began), 30*time.Second)
	began = time.Now()
	for range 100 {
		require.ErrorIs(t, l.Wait(t.Context(), "k"), onredis.ErrAway)
	}
	require.Less(t, time.Since(began), 30*time.Second, "the breaker is open")
	out.requireOnce(t, "no response in time")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_ = l.Close(ctx)
}

// hook fails as the user's own code may.
type hook struct{ redis.Hook }

func (hook) DialHook(next redis.DialHook) redis.DialHook { return next }
func (hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (hook) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(context.Context, redis.Cmder) error { panic("in a hook") }
}

// C37, X1: a panic in a hook of the Redis client ends no process, and what it panics with
// is not logged.
func TestC37_PanicInAHook(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	rdb.AddHook(hook{})
	out, log := logged()
	l, err := onredis.NewLimiter(rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(10, time.Second)}, Away: onredis.Fail, Log: log, Timeout: patience})
	require.NoError(t, err)
	require.ErrorIs(t, l.Wait(t.Context(), "k"), onredis.ErrAway)
	out.requireOnce(t, "the Redis client panicked with a string")
	require.Zero(t, out.count("in a hook"))
	require.ErrorContains(t, l.Close(t.Context()), "the Redis client panicked with a string")
}

// A Redis that may evict keys is warned of, once.
func TestEvictionIsWarnedOf(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	rdb.AddHook(info("# Memory\r\nmaxmemory_policy:allkeys-lru\r\n"))
	out, log := logged()
	l := limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(1000, time.Second)}, Log: log})
	require.NoError(t, l.Wait(t.Context(), "k"))
	require.NoError(t, l.Wait(t.Context(), "other"))
	require.Eventually(t, func() bool { return out.count("allkeys-lru") == 1 }, time.Minute, 5*time.Millisecond)
}

// info is what Redis says of itself.
type info string

func (info) DialHook(next redis.DialHook) redis.DialHook { return next }
func (info) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (i info) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if text, ok := cmd.(*redis.StringCmd); ok && cmd.Name() == "info" {
			text.SetVal(string(i))
			return nil
		}
		return next(ctx, cmd)
	}
}

// D6: a Redis that is back has no burst to give: what was used up while it was away is
// not used once more.
func TestD6_BackWithoutABurst(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	_, log := logged()
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(101, 20*time.Second).Burst(50)}, Log: log}
	l := limiter(t, rdb, cfg)
	require.NoError(t, l.Wait(t.Context(), "k"))
	s.SetError("LOADING Redis is loading the dataset in memory")
	require.Eventually(t, func() bool {
		_ = l.Wait(short(t), "k")
		return l.Stats().Away
	}, time.Minute, 10*time.Millisecond)
	s.SetError("")
	require.Eventually(t, func() bool {
		_ = l.Wait(short(t), "k")
		return !l.Stats().Away
	}, time.Minute, 10*time.Millisecond)
	require.Less(t, takenWith(t, rdb, cfg, short), 10, "one in 400 ms, but no 49 at once")
}

// D6: turns that Redis has lost are told to it by the processes that know of them.
func TestD6_TurnsThatRedisForgot(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(21, time.Hour).Burst(20)}}
	l := limiter(t, rdb, cfg)
	require.NoError(t, l.WaitN(t.Context(), "k", 20))
	s.FlushAll()
	require.Error(t, l.Wait(short(t), "k"))
	require.Zero(t, taken(t, rdb, cfg))
}

// odd is a Redis, or something in front of it, that returns what no script of ours does.
type odd struct {
	info
	val any
}

func (o odd) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		if c, ok := cmd.(*redis.Cmd); ok {
			c.SetVal(o.val)
		}
		return nil
	}
}

// What is not what the script returns counts as no response, and panics nowhere.
func TestOddResponses(t *testing.T) {
	t.Parallel()
	good := func() []any {
		return []any{int64(1), time.Now().UnixMicro(), int64(0), int64(1), int64(0), []any{int64(0)}, []any{}, []any{"1", "1 2 3 4"}}
	}
	with := func(i int, v any) []any {
		list := good()
		list[i] = v
		return list
	}
	for name, val := range map[string]any{
		"nothing": nil, "a number": int64(1), "a text": "OK", "too short": []any{int64(1)}, "no status": with(0, "1"), "no time": with(1, nil),
		"a grant that is none": with(5, []any{"0"}), "a pause that is none": with(6, []any{int64(1), "k"}), "a pause of no length": with(6, []any{"", "1"}),
		"a limit too few": with(7, []any{"1"}), "a limit that is none": with(7, []any{int64(1), "1 2 3 4"}),
		"a quota that is none": with(7, []any{"1", "1 2 3"}), "a turn that is none": with(7, []any{"", "1 2 3 4"}), "no numbers": with(7, []any{"x", "a b c d"}),
		"always another clock": with(0, int64(3)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, rdb := mini(t)
			rdb.AddHook(odd{val: val})
			_, log := logged()
			l, err := onredis.NewLimiter(rdb, onredis.LimiterConfig{
				Limits: []onredis.Limit{onredis.Rate(10, time.Second), onredis.Quota(10, ratelimit.Day)}, Away: onredis.Fail, Log: log, Timeout: patience,
			})
			require.NoError(t, err)
			require.ErrorIs(t, l.Wait(t.Context(), "k"), onredis.ErrAway)
		})
	}
}
