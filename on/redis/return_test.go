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

// crowd are callers who take what they can of the key "k", and note when.
type crowd struct {
	calls sync.WaitGroup
	ctx   context.Context
	stop  context.CancelFunc
	mu    sync.Mutex
	times []time.Time
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := new(crowd)
	c.ctx, c.stop = context.WithCancel(t.Context())
	t.Cleanup(func() { _ = c.end() })
	return c
}

// call starts two of them.
func (c *crowd) call(l *onredis.Limiter) {
	for range 2 {
		c.calls.Go(func() {
			for l.Wait(c.ctx, "k") == nil {
				c.mu.Lock()
				c.times = append(c.times, time.Now())
				c.mu.Unlock()
			}
		})
	}
}

func (c *crowd) taken() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.times)
}

// take waits until they have taken more than n from now on.
func (c *crowd) take(t *testing.T, n int, why ...any) {
	t.Helper()
	before := c.taken()
	require.Eventually(t, func() bool { return c.taken() > before+n }, time.Minute, time.Millisecond, why...)
}

// end ends them, and returns the times.
func (c *crowd) end() []time.Time {
	c.stop()
	c.calls.Wait()
	return c.times
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
	callers := newCrowd(t)
	cuts := make([]*cut, 4)
	all := make([]*onredis.Limiter, 4)
	for i := range all {
		cuts[i] = new(cut)
		client := redis.NewClient(rdb.Options())
		client.AddHook(cuts[i])
		t.Cleanup(func() { _ = client.Close() })
		all[i] = limiter(t, client, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(n, per)}})
		callers.call(all[i])
	}
	callers.take(t, n)
	for _, c := range cuts {
		c.on.Store(true)
	}
	s.FlushAll()
	for _, l := range all {
		require.Eventually(t, func() bool { return l.Stats().Away }, time.Minute, time.Millisecond)
	}
	callers.take(t, n/2, "by their shares")
	cuts[0].on.Store(false)
	require.Eventually(t, func() bool { return !all[0].Stats().Away }, time.Minute, time.Millisecond)
	time.Sleep(200 * time.Millisecond) // the others ask now and then, within two seconds
	for _, c := range cuts {
		c.on.Store(false)
	}
	for _, l := range all {
		require.Eventually(t, func() bool { return !l.Stats().Away }, time.Minute, time.Millisecond)
	}
	callers.take(t, 2*n, "shared again")
	if most := limitertest.Most(callers.end(), per); most > n+len(all) {
		return fmt.Sprintf("%d calls in %v", most, per)
	}
	return ""
}

// D6: processes that have turns yet to take when Redis loses its state, and goes on, do
// not take them beside others': who asks first knows that he is not alone, and that later
// turns than his own may have been given out.
func TestD6_AStateThatIsLostAgainAndAgain(t *testing.T) {
	t.Parallel()
	stilltest.Undisturbed(t, func() (wrong string) {
		const n, per, processes = 100, time.Second, 4
		s, rdb := mini(t)
		callers := newCrowd(t)
		for range processes {
			callers.call(limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(n, per)}}))
		}
		callers.take(t, n)
		for range 4 {
			s.FlushAll()
			callers.take(t, n/4)
		}
		if most := limitertest.Most(callers.end(), per); most > n+processes {
			return fmt.Sprintf("%d calls in %v", most, per)
		}
		return ""
	})
}
