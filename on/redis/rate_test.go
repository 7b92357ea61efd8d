package onredis_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/stilltest"
	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
)

// D6: whatever the burst, no span holds more calls than the limit.
func TestD6_NoSpanHoldsMore(t *testing.T) {
	t.Parallel()
	for name, rate := range map[string]onredis.Limit{
		"even":        onredis.Rate(40, 400*time.Millisecond),
		"burst":       onredis.Rate(40, 400*time.Millisecond).Burst(20),
		"all at once": onredis.Rate(40, 400*time.Millisecond).Burst(39),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A goroutine that does not go on sees its turn later than it came.
			stilltest.Undisturbed(t, func() (wrong string) {
				_, rdb := mini(t)
				cfg := onredis.LimiterConfig{Limits: []onredis.Limit{rate}}
				var mu sync.Mutex
				var times []time.Time
				var wg sync.WaitGroup
				ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
				defer cancel()
				for range 3 {
					l := limiter(t, rdb, cfg)
					for range 3 {
						wg.Go(func() {
							for l.Wait(ctx, "k") == nil {
								mu.Lock()
								times = append(times, time.Now())
								mu.Unlock()
							}
						})
					}
				}
				wg.Wait()
				if n := limitertest.Most(times, 400*time.Millisecond); n > 40 || n == 0 {
					return fmt.Sprintf("%d calls in a span", n)
				}
				return ""
			})
		})
	}
}

// A call that weighs more than there ever is at once is an error, and costs no call.
func TestWeightAboveTheBurst(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	l := limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(10, time.Minute).Burst(4), onredis.Quota(3, ratelimit.Day)}})
	for _, n := range []int{4, 5, 1 << 30} {
		err := l.WaitN(t.Context(), "k", n)
		require.ErrorIs(t, err, ratelimit.ErrNever)
		require.ErrorContains(t, err, "never more than 3")
	}
	require.Zero(t, l.Stats().Asked)
	require.NoError(t, l.WaitN(t.Context(), "k", 3))
	require.Error(t, l.Wait(short(t), "k"))
}

// A call for which there are too few tokens keeps none waiting that takes less.
func TestACallThatTakesLessThanTheOneRefused(t *testing.T) {
	t.Parallel()
	for name, lim := range map[string]onredis.Limit{
		"quota": onredis.Quota(6, ratelimit.Month),
		"rate":  onredis.Rate(7, time.Hour).Burst(6),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, rdb := mini(t)
			l := limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{lim}})
			require.NoError(t, l.WaitN(soon(t), "k", 4))
			require.ErrorIs(t, l.WaitN(soon(t), "k", 3), ratelimit.ErrDeadline)
			require.Positive(t, l.DelayN("k", 3))
			require.Zero(t, l.DelayN("k", 2))
			asked := l.Stats().Asked
			for _, n := range []int{3, 4} {
				require.ErrorIs(t, l.WaitN(soon(t), "k", n), ratelimit.ErrDeadline)
			}
			require.LessOrEqual(t, l.Stats().Asked, asked+2, "known, but for a look each second")
			require.NoError(t, l.WaitN(soon(t), "k", 2))
			require.ErrorIs(t, l.Wait(soon(t), "k"), ratelimit.ErrDeadline)
		})
	}
}

// Several limits are taken of together or not at all.
func TestAllOrNone(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	both := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(100, time.Hour).Burst(50), onredis.Quota(2, ratelimit.Month)}}
	l := limiter(t, rdb, both)
	require.NoError(t, l.WaitN(t.Context(), "k", 2))
	for range 5 {
		require.Error(t, limiter(t, rdb, both).Wait(short(t), "k"))
	}
	rate := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(100, time.Hour).Burst(50)}}
	require.NoError(t, limiter(t, rdb, rate).WaitN(soon(t), "k", 48), "the refused took none of the rate")
	require.Error(t, limiter(t, rdb, rate).Wait(short(t), "k"))
}

// D6: a turn that lies absurdly far ahead, since the clock of Redis has gone back, is
// cut to the farthest that may have been given out, and counted: the turns up to there
// are of those who have them. Nobody waits longer, whatever the call weighs.
func TestD6_TurnsFarAheadAreCut(t *testing.T) {
	t.Parallel()
	for name, weight := range map[string]int{"a call": 1, "one that takes the burst": 50} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, rdb := mini(t)
			cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(101, time.Second).Burst(50)}}
			noon := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
			s.SetTime(noon)
			require.NoError(t, limiter(t, rdb, cfg).Wait(t.Context(), "k"))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			l := limiter(t, rdb, cfg)
			began := time.Now()
			pass := func() { s.SetTime(noon.Add(time.Since(began) - time.Hour)) }
			pass()
			done := make(chan error, 1)
			go func() { done <- l.WaitN(ctx, "k", weight) }()
			for waits := true; waits; pass() {
				select {
				case err := <-done:
					require.NoError(t, err)
					waits = false
				case <-time.After(time.Millisecond):
				}
			}
			require.Greater(t, time.Since(began), 250*time.Millisecond, "a batch spans as much")
			require.EqualValues(t, 2, l.Stats().Clamped, "the turn, and the lease of the other process")
		})
	}
}

// D6: what is cut does not lie before the turns that a process still has to take.
func TestD6_TurnsThatAreTakenYetAreNotCut(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	noon := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	s.SetTime(noon)
	l := limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(101, 100*time.Second)}})
	require.NoError(t, l.Wait(t.Context(), "k"))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for range 3 {
		wg.Go(func() { _ = l.Wait(ctx, "k") })
	}
	const state, field = "standpipe:{=k}:limits", "r:100000000"
	turn := func() time.Duration {
		at, err := strconv.ParseInt(s.HGet(state, field), 10, 64)
		require.NoError(t, err)
		return time.UnixMicro(at).Sub(noon)
	}
	require.Eventually(t, func() bool { return turn() > 1500*time.Millisecond }, 5*time.Second, time.Millisecond, "the second is reserved")
	reserved := turn()
	s.HSet(state, field, strconv.FormatInt(noon.Add(time.Hour).UnixMicro(), 10))
	cancel()
	wg.Wait()
	require.Error(t, l.Wait(short(t), "k"))
	require.Eventually(t, func() bool {
		_ = l.Wait(short(t), "k")
		return turn() < time.Hour
	}, 5*time.Second, time.Millisecond)
	require.GreaterOrEqual(t, turn(), reserved)
}

// Redis forgets scripts when it restarts.
func TestScriptsAreLoadedAgain(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	l := limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(1000, time.Second)}})
	for range 3 {
		require.NoError(t, l.Wait(t.Context(), "k"))
		require.NoError(t, rdb.ScriptFlush(t.Context()).Err())
		time.Sleep(30 * time.Millisecond) // what was reserved is over
	}
	require.False(t, l.Stats().Away)
}

// All keys of one call are in one slot of a cluster, and two keys never the same one.
func TestKeysHaveOneTag(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.InFlight(9)}, Prefix: "app"}
	l := limiter(t, rdb, cfg)
	p := onredis.NewPacer(l)
	keys := []string{"", "k", "k}", "k{", "%7D", "k%7D", "{}", strings.Repeat("x", 200), strings.Repeat("x", 201), strings.Repeat("x", 202)}
	for _, key := range keys {
		require.NoError(t, l.Wait(t.Context(), key))
		p.Observe(key, 429, map[string][]string{"Retry-After": {"60"}}, true)
	}
	require.Eventually(t, func() bool { return len(s.Keys()) == 2*len(keys) }, time.Minute, 5*time.Millisecond)
	tags := map[string]int{}
	for _, name := range s.Keys() {
		prefix, rest, _ := strings.Cut(name, "{")
		tag, kind, _ := strings.Cut(rest, "}")
		require.Equal(t, "app:", prefix)
		require.NotEmpty(t, tag)
		require.Contains(t, []string{":limits", ":pauses"}, kind)
		tags[tag]++
	}
	require.Len(t, tags, len(keys))
}

// Those who wait have their turns in the order of arrival; who gives up takes none.
func TestOrderOfArrival(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	l := limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(50, time.Second)}})
	require.NoError(t, l.Wait(t.Context(), "k"))
	var mu sync.Mutex
	var order []int
	var wg sync.WaitGroup
	cancelled, cancel := context.WithCancel(t.Context())
	for i := range 6 {
		ctx := &awaited{Context: t.Context(), begun: make(chan struct{})}
		if i == 2 {
			ctx.Context = cancelled
		}
		wg.Go(func() {
			err := l.Wait(ctx, "k")
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				order = append(order, i)
			} else if !errors.Is(err, context.Canceled) {
				t.Errorf("wait: %v", err)
			}
		})
		<-ctx.begun
	}
	cancel()
	wg.Wait()
	require.Equal(t, []int{0, 1, 3, 4, 5}, order)
}

// awaited is a context that tells when somebody begins to wait for its end.
type awaited struct {
	context.Context
	once  sync.Once
	begun chan struct{}
}

func (c *awaited) Done() <-chan struct{} {
	c.once.Do(func() { close(c.begun) })
	return c.Context.Done()
}

// Slots: a call that ends makes room at once, here and elsewhere.
func TestSlots(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.InFlight(2), onredis.Rate(1000, time.Minute).Burst(500)}}
	one, other := limiter(t, rdb, cfg), limiter(t, rdb, cfg)
	require.NoError(t, one.WaitN(t.Context(), "k", 7), "a call is one call, whatever it weighs")
	require.NoError(t, other.Wait(t.Context(), "k"))
	require.Error(t, one.Wait(short(t), "k"))
	require.Error(t, other.Wait(short(t), "k"))
	one.Release("k")
	ctx := soon(t)
	require.NoError(t, other.Wait(ctx, "k"))
	other.Return("k") // it was not sent, which ends it too
	require.NoError(t, one.Wait(ctx, "k"))
	require.Error(t, other.Wait(short(t), "k"))
	one.Release("k")
	one.Release("k") // once too often changes nothing
	require.NoError(t, other.Wait(ctx, "k"))
	require.Error(t, one.Wait(short(t), "k"))
}

// A limiter that is closed gives back its slots and lets nobody through.
func TestClose(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.InFlight(1)}}
	one, other := limiter(t, rdb, cfg), limiter(t, rdb, cfg)
	require.NoError(t, one.Wait(t.Context(), "k"))
	waits := make(chan error, 1)
	go func() { waits <- one.Wait(t.Context(), "k") }()
	require.Error(t, other.Wait(short(t), "k"))
	require.NoError(t, one.Close(t.Context()))
	require.ErrorIs(t, <-waits, onredis.ErrClosed)
	require.ErrorIs(t, one.Wait(t.Context(), "k"), onredis.ErrClosed)
	ctx := soon(t)
	require.NoError(t, other.Wait(ctx, "k"))
}

// What a call to Redis brings that is under way while the limiter is closed is given
// back too: the call had not been made yet, and would have taken the slot again.
func TestCloseDuringACall(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.InFlight(1)}}
	held := &held{reached: make(chan struct{}), left: make(chan struct{})}
	slow := redis.NewClient(rdb.Options())
	slow.AddHook(held)
	t.Cleanup(func() { _ = slow.Close() })
	one, other := limiter(t, slow, cfg), limiter(t, rdb, cfg)
	require.NoError(t, other.Wait(t.Context(), "another"), "Redis knows the script")
	go func() { _ = one.Wait(t.Context(), "k") }()
	<-held.reached
	require.NoError(t, one.Close(t.Context()))
	<-held.left
	require.NoError(t, other.Wait(soon(t), "k"))
}

// held is a hook that keeps the first call of a script until the client removes a field
// of a hash, or 200 ms at most.
type held struct {
	redis.Hook
	once          sync.Once
	removed       atomic.Bool
	reached, left chan struct{}
}

func (h *held) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *held) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *held) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		switch cmd.Name() {
		case "evalsha":
			first := false
			h.once.Do(func() { first = true })
			if first {
				close(h.reached)
				defer close(h.left)
				for range 200 {
					if h.removed.Load() {
						break
					}
					time.Sleep(time.Millisecond)
				}
			}
		case "hdel":
			defer h.removed.Store(true)
		}
		return next(ctx, cmd)
	}
}
