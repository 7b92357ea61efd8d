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
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/ratelimit"
)

const (
	// horizon is how far ahead a batch is reserved, and lease how long what Redis said of
	// pauses is believed (D7).
	horizon = 250 * time.Millisecond
	lease   = 250 * time.Millisecond
	// memberLease is how long a process counts as there after it last asked, and how long
	// its calls under way are.
	memberLease = 10 * time.Second
	heartbeat   = memberLease / 4
	// longestPause is the longest that is believed (C35).
	longestPause = 24 * time.Hour
	maxRoutes    = 256
	maxBatch     = 512
	maxLanes     = 10_000
)

var (
	// ErrAway is wrapped when Redis cannot be reached and the limiter's choice for that
	// lets nothing through.
	ErrAway = errors.New("redis is away")
	// ErrClosed is wrapped by what a limiter returns after [Limiter.Close].
	ErrClosed = errors.New("the limiter is closed")
)

// Away is what a [Limiter] does while Redis is away.
type Away int

const (
	// Share lets each process have its share of every limit: the number divided by the
	// processes that were there last, rounded down. Of a rate each begins with nothing,
	// so that the limit holds through the switch. On the way back a call of each process
	// may be too many: they find out within two seconds of each other, and until then
	// those who are back have their part. Of a quota the share is of what was left, and
	// what was taken of it counts once Redis is back; the package says how exactly. It
	// is the default. Where nobody has counted the processes yet,
	// [LimiterConfig.Members] does; without that the calls fail.
	Share Away = iota
	// Fail lets nothing through: every call fails with [ErrAway].
	Fail
)

// LimiterConfig says what a [Limiter] keeps. The zero value keeps no limit, only what
// the [Pacer]s of several processes learn.
type LimiterConfig struct {
	// Limits hold for each key by itself, all together: a call takes of each or of none.
	// A kind of limit may be there once for each span or period, InFlight once.
	Limits []Limit
	// Prefix begins the names of the keys in Redis; empty is [DefaultPrefix]. Limiters of
	// one prefix share what they know of a key.
	Prefix string
	// Away is what happens while Redis is away; the zero value is [Share].
	Away Away
	// Members is how many processes there are at most, for [Share] in a process that has
	// not reached Redis yet. 0 is unknown.
	Members int
	// Timeout is how long Redis may take to respond; 0 is 50 ms. After three failures in
	// a row Redis counts as away, and is tried again after 100 ms, and less and less
	// often, up to every 2 s. In a cluster or a ring, whose nodes fail one by one, this
	// goes by the key: those of the other nodes keep their limits.
	Timeout time.Duration
	// Log hears, once each, that Redis is away, that it is back, and that it is set up to
	// forget keys. Nil is [slog.Default]. A handler that panics loses its line, and
	// one that waits for this limiter holds up nobody.
	Log *slog.Logger
}

// Limiter shares limits among all processes that ask the same Redis. It is a
// [ratelimit.Limiter] for client.WithRateLimit, and a Returner, Weighted, Delayer
// and Releaser. Make it with [NewLimiter]; it is safe for concurrent use.
//
// Calls of one process wait in the order of arrival. It asks Redis with one script
// call at a time for each key: one call for a grant at a low rate, one for a batch of
// grants where it is hot. A refusal is remembered until the time that Redis named.
type Limiter struct {
	rdb     redis.UniversalClient
	cfg     LimiterConfig
	prefix  string
	log     *slog.Logger
	id      string
	timeout time.Duration
	most    int
	every   time.Duration // between turns, of the slowest rate
	burst   int           // of the slowest rate
	slack   time.Duration // in which a turn can be taken
	slots   bool
	quotas  bool

	breaker *breaker     // of the whole of Redis; nil where its nodes fail one by one
	away    atomic.Int64 // how many breakers are open
	offset  atomic.Int64 // of Redis' clock to ours, in nanoseconds
	members atomic.Int64 // that were there last, of any key
	warned  atomic.Bool
	stats   counters

	// Its own mutex would be taken inside of a lane's, whose order is the other one.
	pacers atomic.Pointer[[]*Pacer] // that hear of pauses

	mu     sync.Mutex
	lanes  map[string]*lane
	closed bool
}

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

// cause is the error of a context that has ended, with what was given as its cause.
func cause(ctx context.Context) error {
	err := ctx.Err()
	if c := context.Cause(ctx); c != nil && !errors.Is(err, c) {
		return fmt.Errorf("%w: %w", err, c)
	}
	return err
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

// now is Redis' time as far as it is known.
func (l *Limiter) now() time.Time { return time.Now().Add(time.Duration(l.offset.Load())) }
