package onredis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// lease is how long what Redis said of pauses is believed (D7).
	lease = 250 * time.Millisecond
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

// cause is the error of a context that has ended, with what was given as its cause.
func cause(ctx context.Context) error {
	err := ctx.Err()
	if c := context.Cause(ctx); c != nil && !errors.Is(err, c) {
		return fmt.Errorf("%w: %w", err, c)
	}
	return err
}

// now is Redis' time as far as it is known.
func (l *Limiter) now() time.Time { return time.Now().Add(time.Duration(l.offset.Load())) }

type counters struct{ asked, granted, local, clamped atomic.Int64 }
