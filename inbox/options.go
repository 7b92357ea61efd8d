package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/webhook"
)

// Option adapts an [Inbox]. An argument that cannot work is an error of [New].
type Option func(*config) error

type config struct {
	prefix      string
	log         *slog.Logger
	concurrency int
	lease       time.Duration
	timeout     time.Duration
	txTimeout   time.Duration
	grace       time.Duration
	poll        time.Duration
	attempts    int
	backoff     retry.Backoff
	bodies      time.Duration
	keys        time.Duration
	order       func(endpoint string, e webhook.Raw) string
	hold        time.Duration
	wake        <-chan struct{}
	send        func(ctx context.Context, tx *sql.Tx, events []int64) ([]int64, error) // of [WithCourier]
	jobs        func() string                                                          // of [WithCourierJobs]
}

func defaults() config {
	return config{
		prefix:      "inbox",
		concurrency: 8,
		lease:       time.Minute,
		timeout:     5 * time.Minute,
		txTimeout:   30 * time.Second,
		grace:       10 * time.Second,
		poll:        time.Second,
		attempts:    20,
		backoff:     retry.FullJitter(2*time.Second, time.Hour),
		bodies:      14 * day,
		keys:        60 * day,
	}
}

const day = 24 * time.Hour

// longest bounds every setting and wait, so that no sum of times overflows.
const longest = 10 * 365 * day

// spanning is an option for a time.
func spanning(name string, d, least time.Duration, set func(*config)) Option {
	return func(c *config) error {
		if d < least || d > longest {
			return fmt.Errorf("%s: %v is not between %v and %v", name, d, least, longest)
		}
		set(c)
		return nil
	}
}

var prefixForm = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,31}(\.[a-z_][a-z0-9_]{0,31})?$`)

// WithPrefix sets what the names of the tables begin with: lower-case letters, digits
// and underscores, at most 32, and for Postgres also schema.prefix. Default: "inbox",
// for inbox_event, inbox_due and so on.
func WithPrefix(prefix string) Option {
	return func(c *config) error {
		if !prefixForm.MatchString(prefix) {
			return fmt.Errorf("WithPrefix: %q must be 1 to 32 lower-case letters, digits and underscores, and not begin with a digit", prefix)
		}
		c.prefix = prefix
		return nil
	}
}

// WithLogger sets where dead letters, quarantined events, lost leases and a database
// that is away are logged; [slog.Default] otherwise. No body is logged; the errors
// that functions return are.
func WithLogger(log *slog.Logger) Option {
	return func(c *config) error {
		if log == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		c.log = log
		return nil
	}
}

// WithConcurrency sets how many events one [Inbox.Run] handles at once. Default: 8. The
// pool needs a connection for each function of [OnTx] and two more (SetMaxOpenConns of
// database/sql). With SQLite, functions of OnTx run one after the other all the same,
// since one transaction writes at a time.
func WithConcurrency(n int) Option {
	return func(c *config) error {
		if n < 1 || n > 10_000 {
			return fmt.Errorf("WithConcurrency: %d is not between 1 and 10000", n)
		}
		c.concurrency = n
		return nil
	}
}

// WithLease sets after how long the event of a worker that has died is taken up by
// another, by the database's clock. A living worker renews its leases in good time.
// Default: a minute; at least a second.
func WithLease(d time.Duration) Option {
	return spanning("WithLease", d, time.Second, func(c *config) { c.lease = d })
}

// WithTimeout sets how long a function may take; then its context ends, and five
// seconds later the event counts as failed even if the function goes on. Default: five
// minutes.
func WithTimeout(d time.Duration) Option {
	return spanning("WithTimeout", d, time.Millisecond, func(c *config) { c.timeout = d })
}

// WithTxTimeout sets how long the transaction of [OnTx] may be open, which holds up
// other writers with SQLite and the cleaning of tables with Postgres. Default: 30
// seconds.
func WithTxTimeout(d time.Duration) Option {
	return spanning("WithTxTimeout", d, time.Millisecond, func(c *config) { c.txTimeout = d })
}

// WithGrace sets for how long functions may go on after the context of [Inbox.Run] has
// ended. What is not done by then is run again, and its attempt does not count.
// Default: 10 seconds; 0 ends them at once.
func WithGrace(d time.Duration) Option {
	return spanning("WithGrace", d, 0, func(c *config) { c.grace = d })
}

// WithPoll sets the longest time between two looks at the database while nothing is
// due; what is enqueued in this process is taken up at once. Default: a second; at
// least 10 milliseconds.
func WithPoll(d time.Duration) Option {
	return spanning("WithPoll", d, 10*time.Millisecond, func(c *config) { c.poll = d })
}

// WithWake makes [Inbox.Run] look at the database whenever wake yields, beside polling:
// for a listener of the driver's own, such as one for Postgres' NOTIFY.
func WithWake(wake <-chan struct{}) Option {
	return func(c *config) error {
		if wake == nil {
			return errors.New("WithWake: the channel is nil")
		}
		c.wake = wake
		return nil
	}
}

// WithRetry sets how often an event is tried, the first time included, before it is a
// dead letter, and the wait after each failure, of which at most ten years count.
// Default: 20 attempts, and a time drawn evenly up to 2 s, 4 s, 8 s and so on to an
// hour: in all about half a day at most, five hours on average.
func WithRetry(attempts int, backoff retry.Backoff) Option {
	return func(c *config) error {
		switch {
		case attempts < 1 || attempts > 1_000_000:
			return fmt.Errorf("WithRetry: %d attempts are not between 1 and 1000000", attempts)
		case backoff == nil:
			return errors.New("WithRetry: the backoff is nil")
		}
		c.attempts, c.backoff = attempts, backoff
		return nil
	}
}

// WithRetention sets for how long bodies and headers are kept, and then for how long an
// event is known by its identifier and hash. Within that time it is not run a second
// time, so it should be twice as long as the provider goes on sending an event. Events
// that are still due are kept longer, bodies of dead letters as long as identifiers.
// Default: 14 and 60 days.
func WithRetention(bodies, keys time.Duration) Option {
	return func(c *config) error {
		if bodies < time.Hour || keys < bodies || keys > longest {
			return fmt.Errorf("WithRetention: of %v and %v the first must be an hour or more, and the second no shorter and at most %v", bodies, keys, longest)
		}
		c.bodies, c.keys = bodies, keys
		return nil
	}
}

// OrderBy runs the events of an endpoint that have the same key one at a time, in the
// order in which they arrived; an empty key is none. Providers do not deliver in order,
// so compare the event's own time as well where that matters.
//
// An event that fails holds up those behind it until it is handled or a dead letter,
// but for hold at most (at least a second), counted from its arrival: then they
// overtake it. Many thousands that wait behind one event make every look at what is due
// slower. All processes that share the tables must use the same function. It is
// called by Enqueue, and a panic of it is Enqueue's error.
func OrderBy(key func(endpoint string, e webhook.Raw) string, hold time.Duration) Option {
	return func(c *config) error {
		if key == nil {
			return errors.New("OrderBy: the function is nil")
		}
		c.order = key
		return spanning("OrderBy", hold, time.Second, func(c *config) { c.hold = hold })(c)
	}
}
