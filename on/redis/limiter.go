package onredis

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// NewLimiter returns a limiter that keeps its state in rdb, which stays the caller's to
// close. It makes no call. The error says what is wrong with the configuration.
func NewLimiter(rdb redis.UniversalClient, cfg LimiterConfig) (*Limiter, error) {
	l := &Limiter{
		rdb: rdb, cfg: cfg, prefix: prefixOf(cfg.Prefix), id: rand.Text()[:16], timeout: cfg.Timeout,
		most: maxWeight, slack: lease, lanes: make(map[string]*lane),
	}
	switch rdb.(type) {
	case *redis.ClusterClient, *redis.Ring:
	default:
		l.breaker = new(breaker)
	}
	l.cfg.Limits = slices.Clone(cfg.Limits)
	l.log = panics.Logger(cmp.Or(cfg.Log, slog.Default()))
	if l.timeout == 0 {
		l.timeout = 50 * time.Millisecond
	}
	switch {
	case rdb == nil:
		return nil, errors.New("onredis: limiter: the Redis client is nil")
	case strings.ContainsAny(cfg.Prefix, "{}"):
		return nil, errors.New("onredis: limiter: the prefix holds a brace")
	case cfg.Timeout < 0 || cfg.Members < 0:
		return nil, errors.New("onredis: limiter: the timeout or the number of members is negative")
	case cfg.Away != Share && cfg.Away != Fail:
		return nil, errors.New("onredis: limiter: Away is neither Share nor Fail")
	}
	seen := map[string]bool{}
	for _, lim := range cfg.Limits {
		if err := lim.check(); err != nil {
			return nil, fmt.Errorf("onredis: limiter: %w", err)
		}
		if seen[lim.field()] {
			return nil, fmt.Errorf("onredis: limiter: %s: there is another limit of this kind and span", lim)
		}
		seen[lim.field()] = true
		l.most = min(l.most, lim.most())
		switch lim.kind {
		case rateKind:
			if e := lim.every(); e > l.every {
				l.every, l.burst = e, lim.burst
			}
			if len(seen) == 1 || lim.slack() < l.slack {
				l.slack = lim.slack()
			}
		case quotaKind:
			l.quotas = true
		case slotsKind:
			l.slots = true
		}
	}
	return l, nil
}

// Wait takes a token of every limit for key, and waits for it if need be, in the order of
// arrival. It fails at once with [ratelimit.ErrDeadline] when the wait is known to
// pass ctx's deadline, with ctx's error when ctx ends first, and with [ErrAway] where
// Redis is away and the limiter's choice lets nothing through. The error is
// a [*ratelimit.Error].
func (l *Limiter) Wait(ctx context.Context, key string) error { return l.WaitN(ctx, key, 1) }

// WaitN is [Limiter.Wait] for n tokens, which are taken together. It fails at once with
// [ratelimit.ErrNever] where n is more than a [Limit.Burst] or a [Quota]; [InFlight]
// counts a call as one, whatever it weighs. Less than 1 counts as 1.
func (l *Limiter) WaitN(ctx context.Context, key string, n int) error {
	if n = max(n, 1); n > l.most {
		return &ratelimit.Error{Err: fmt.Errorf("the call takes %d tokens at once, of which there are never more than %d: %w", n, l.most, ratelimit.ErrNever)}
	}
	return l.await(ctx, key, n)
}

// await waits for n tokens, or with an n of 0 for what Redis says of pauses.
func (l *Limiter) await(ctx context.Context, key string, n int) error {
	if ctx.Err() != nil {
		return &ratelimit.Error{Err: cause(ctx)}
	}
	a, err := l.lane(key)
	if err != nil {
		return &ratelimit.Error{Err: err}
	}
	defer l.leave(a)
	return a.wait(ctx, n)
}

// Return gives back a token that Wait gave out and that was not used; it takes the place
// of Release. Of a [Rate] it can be had again while its turn lasts, 2 % of the span, or
// 250 ms where calls [InFlight] are limited too: later, other turns have come so close
// that two would meet. Of a [Quota] it is given back within its period, after which it
// is nobody's.
func (l *Limiter) Return(key string) { l.ReturnN(key, 1) }

// ReturnN is Return for what a WaitN of n gave out.
func (l *Limiter) ReturnN(key string, n int) {
	if a := l.known(key); a != nil {
		defer l.leave(a)
		a.giveBack(max(n, 1))
	}
}

// Release ends a call that Wait let through, for [InFlight]. Without that it does
// nothing.
func (l *Limiter) Release(key string) {
	if !l.slots {
		return
	}
	if a := l.known(key); a != nil {
		defer l.leave(a)
		a.release()
	}
}

// Delay returns how long a call with key would have to wait now, as far as this process
// knows: it does not ask Redis, and takes nothing.
func (l *Limiter) Delay(key string) time.Duration { return l.DelayN(key, 1) }

// DelayN is Delay for a call that takes n tokens; [math.MaxInt64] where no wait would
// help.
func (l *Limiter) DelayN(key string, n int) time.Duration {
	if max(n, 1) > l.most {
		return math.MaxInt64
	}
	a := l.known(key)
	if a == nil {
		return 0
	}
	defer l.leave(a)
	return a.delay(max(n, 1))
}

// Close gives back what this process has reserved, so that the others need not wait for
// its leases to end. Calls that wait fail with [ErrClosed]. It returns ctx's error where
// ctx ends first, and then the leases do it.
func (l *Limiter) Close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	lanes := make([]*lane, 0, len(l.lanes))
	for _, a := range l.lanes {
		lanes = append(lanes, a)
	}
	l.mu.Unlock()
	var errs []error
	for _, a := range lanes {
		errs = append(errs, a.close(ctx))
	}
	return errors.Join(errs...)
}

// lane returns the state of key, for a caller who says so when he has done with it.
func (l *Limiter) lane(key string) (*lane, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	a := l.lanes[key]
	if a == nil {
		if len(l.lanes) >= maxLanes {
			l.sweep()
		}
		a = newLane(l, strings.Clone(key))
		l.lanes[a.key] = a
	}
	a.callers++
	return a, nil
}

// known is lane for a key that nobody need have asked for.
func (l *Limiter) known(key string) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.lanes[key]
	if a != nil {
		a.callers++
	}
	return a
}

func (l *Limiter) leave(a *lane) {
	l.mu.Lock()
	a.callers--
	l.mu.Unlock()
}

// sweep forgets the keys of which this process holds nothing: Redis knows them.
func (l *Limiter) sweep() {
	for key, a := range l.lanes {
		if a.callers == 0 && a.idle() {
			delete(l.lanes, key)
		}
	}
}
