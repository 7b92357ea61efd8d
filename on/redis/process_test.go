package onredis_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// process is a limiter that can be cut off from Redis.
type process struct {
	*onredis.Limiter
	cut   cut
	deaf  deaf
	times int // that it was cut off or back
}

// another is a key that has not been used yet.
func (p *process) another() string {
	p.times++
	return "another key " + strconv.Itoa(p.times)
}

func newProcess(t *testing.T, rdb *redis.Client, cfg onredis.LimiterConfig) *process {
	t.Helper()
	p := new(process)
	client := redis.NewClient(&redis.Options{Addr: rdb.Options().Addr, MaxRetries: -1, ContextTimeoutEnabled: true})
	client.AddHook(&p.cut)
	client.AddHook(&p.deaf)
	t.Cleanup(func() { _ = client.Close() })
	_, cfg.Log = logged()
	p.Limiter = limiter(t, client, cfg)
	return p
}

// away cuts the process off, and returns once it has noticed.
func (p *process) away(t *testing.T) {
	t.Helper()
	p.cut.on.Store(true)
	key := p.another()
	require.Eventually(t, func() bool {
		_ = p.Wait(short(t), key)
		return p.Stats().Away
	}, time.Minute, time.Millisecond)
}

// back ends that.
func (p *process) back(t *testing.T) {
	t.Helper()
	p.cut.on.Store(false)
	key := p.another()
	require.Eventually(t, func() bool {
		_ = p.Wait(short(t), key)
		return !p.Stats().Away
	}, time.Minute, time.Millisecond)
}

// backByAnother ends it by a call that has nothing to do with the key.
func (p *process) backByAnother(t *testing.T, key string) {
	t.Helper()
	p.cut.on.Store(false)
	onredis.NewPacer(p.Limiter).Observe(key, 429, map[string][]string{"Retry-After": {"60"}}, true)
	require.Eventually(t, func() bool { return !p.Stats().Away }, time.Minute, time.Millisecond)
}

// spend takes what there is, up to most. It waits less than the shares of others are
// kept.
func (p *process) spend(t *testing.T, most int) (n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	for n < most && p.Wait(ctx, "k") == nil {
		n++
	}
	return n
}

// deaf is a hook that loses Redis' responses to what was asked of a key, or what is
// asked too.
type deaf struct {
	redis.Hook
	to   atomic.Pointer[string]
	mute atomic.Bool
	lost atomic.Int64
}

func (*deaf) DialHook(next redis.DialHook) redis.DialHook { return next }

func (*deaf) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (d *deaf) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		to := d.to.Load()
		if to == nil || len(cmd.Args()) < 4 {
			return next(ctx, cmd)
		}
		key, _ := cmd.Args()[3].(string)
		if !strings.Contains(key, "{="+*to+"}") {
			return next(ctx, cmd)
		}
		if !d.mute.Load() {
			_ = next(ctx, cmd)
		}
		d.lost.Add(1)
		return errors.New("lost")
	}
}

// hear has each of the processes ask so often, one after the other: so that what one has
// reserved beside is over when the next asks, and each hears of those before it. It
// returns how much they took.
func hear(t *testing.T, often int, all ...*process) (total int) {
	t.Helper()
	for range often {
		for _, p := range all {
			total += p.spend(t, 1)
			time.Sleep(300 * time.Millisecond)
		}
	}
	return total
}

// noon is in the middle of a month.
var noon = time.Date(2031, 5, 15, 12, 0, 0, 0, time.UTC)

// stopped is a Redis whose clock says noon until it is told otherwise, and processes that
// keep to a quota of n a month there.
func stopped(t *testing.T, n, processes int) (*miniredis.Miniredis, []*process) {
	t.Helper()
	s, rdb := mini(t)
	s.SetTime(noon)
	all := make([]*process, processes)
	for i := range all {
		all[i] = newProcess(t, rdb, monthly(n))
	}
	return s, all
}

// counted requires that so many of a quota are used up, as Redis counts it.
func counted(t *testing.T, s *miniredis.Miniredis, field string, want int) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		taken, _ := strconv.Atoi(s.HGet("standpipe:{=k}:limits", field))
		back, _ := strconv.Atoi(s.HGet("standpipe:{=k}:limits", field+":back"))
		assert.Equal(c, want, taken-back, "%d were taken and %d came back", taken, back)
	}, time.Minute, time.Millisecond)
}

func monthly(n int) onredis.LimiterConfig {
	return onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(n, ratelimit.Month)}, Members: 2}
}
