package onredis_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/stilltest"
	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
)

// cut is a hook whose calls fail while it is on.
type cut struct {
	redis.Hook
	on atomic.Bool
}

func (*cut) DialHook(next redis.DialHook) redis.DialHook { return next }

func (*cut) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (c *cut) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if c.on.Load() {
			return errors.New("cut off")
		}
		return next(ctx, cmd)
	}
}

// D6: processes do not find out at the same time that Redis is back. Until all have, the
// first has no more than its part, and afterwards all of it. A process' last call by its
// share and its first by Redis may be close to each other.
func TestD6_OneIsBackBeforeTheOthers(t *testing.T) {
	t.Parallel()
	// Who stands still finds out later than within two seconds.
	stilltest.Undisturbed(t, func() (wrong string) { return oneIsBack(t) })
}

func oneIsBack(t *testing.T) (wrong string) {
	t.Helper()
	const n, per = 100, time.Second
	s, rdb := mini(t)
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(n, per)}}
	var mu sync.Mutex
	var times []time.Time
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer wg.Wait()
	defer cancel()
	cuts := make([]*cut, 4)
	all := make([]*onredis.Limiter, 4)
	for i := range all {
		cuts[i] = new(cut)
		client := redis.NewClient(rdb.Options())
		client.AddHook(cuts[i])
		t.Cleanup(func() { _ = client.Close() })
		all[i] = limiter(t, client, cfg)
		for range 2 {
			wg.Go(func() {
				for all[i].Wait(ctx, "k") == nil {
					mu.Lock()
					times = append(times, time.Now())
					mu.Unlock()
				}
			})
		}
	}
	taken := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(times)
	}
	require.Eventually(t, func() bool { return taken() > n }, time.Minute, time.Millisecond)
	for _, c := range cuts {
		c.on.Store(true)
	}
	s.FlushAll()
	for _, l := range all {
		require.Eventually(t, func() bool { return l.Stats().Away }, time.Minute, time.Millisecond)
	}
	before := taken()
	require.Eventually(t, func() bool { return taken() > before+n/2 }, time.Minute, time.Millisecond, "by their shares")
	cuts[0].on.Store(false)
	require.Eventually(t, func() bool { return !all[0].Stats().Away }, time.Minute, time.Millisecond)
	time.Sleep(200 * time.Millisecond) // the others ask now and then, within two seconds
	for _, c := range cuts {
		c.on.Store(false)
	}
	for _, l := range all {
		require.Eventually(t, func() bool { return !l.Stats().Away }, time.Minute, time.Millisecond)
	}
	before = taken()
	require.Eventually(t, func() bool { return taken() > before+2*n }, time.Minute, time.Millisecond, "shared again")
	cancel()
	wg.Wait()
	if most := limitertest.Most(times, per); most > n+len(all) {
		return fmt.Sprintf("%d calls in %v", most, per)
	}
	return ""
}

// D6: processes that have turns yet to take when Redis loses its state, and goes on, do
// not take them beside others': who asks first knows that he is not alone, and that later
// turns than his own may have been given out.
func TestD6_AStateThatIsLostAgainAndAgain(t *testing.T) {
	t.Parallel()
	const n, per, processes = 100, time.Second, 4
	s, rdb := mini(t)
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(n, per)}}
	var mu sync.Mutex
	var times []time.Time
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for range processes {
		l := limiter(t, rdb, cfg)
		for range 2 {
			wg.Go(func() {
				for l.Wait(ctx, "k") == nil {
					mu.Lock()
					times = append(times, time.Now())
					mu.Unlock()
				}
			})
		}
	}
	taken := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(times)
	}
	require.Eventually(t, func() bool { return taken() > n }, time.Minute, time.Millisecond)
	for range 4 {
		before := taken()
		s.FlushAll()
		require.Eventually(t, func() bool { return taken() > before+n/4 }, time.Minute, time.Millisecond)
	}
	cancel()
	wg.Wait()
	require.LessOrEqual(t, limitertest.Most(times, per), n+processes)
}
