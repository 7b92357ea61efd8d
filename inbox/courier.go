package inbox

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/webhook"
)

// A courier is another queue, such as River in package on/river, that hands on what the
// inbox keeps. Its job is the event's lease: the row in prefix_due names the job, and
// whoever takes the event off must name it, too.

// WithCourier leaves it to another queue in the same Postgres to run events, in place of
// [Inbox.Run]. send puts a job for each of events on that queue, as a part of tx, and
// returns the jobs' numbers in the same order. So an event that is acknowledged has a
// job, and one that was rolled back has none. [Inbox.Replay] calls it, too, also for an
// event that is at work: its job before has lost it then, and commits nothing.
//
// The courier calls [Inbox.Fetch] for a job, then [Inbox.Settle] or [Inbox.GiveUp], and
// now and then [Inbox.TakeOver] and [Inbox.Purge]. It runs events in an order of its own,
// so that [OrderBy] is refused; [WithLease], [WithPoll] and [WithWake] have no effect
// then. [Stats] counts all that it has as Running.
func WithCourier(send func(ctx context.Context, tx *sql.Tx, events []int64) (jobs []int64, err error)) Option {
	return func(c *config) error {
		if send == nil {
			return errors.New("WithCourier: the function is nil")
		}
		c.send = send
		return nil
	}
}

// WithCourierJobs has a courier's jobs inserted by the statement that inserts their
// events, so that a delivery is one round trip to the database and not six. jobs returns
// that part of it: an INSERT that reads the column event of a table arrived, and returns
// two columns, a job's number and its event, for each row of that table. An event for
// which it returns none is due for [Inbox.Run], which no courier has. The text holds no
// value that a provider chose.
//
// jobs is called for each statement, at once from several goroutines; of few different
// texts the driver prepares each once. [Inbox.Replay] goes on to use [WithCourier], which
// must be given, too.
func WithCourierJobs(jobs func() string) Option {
	return func(c *config) error {
		if jobs == nil {
			return errors.New("WithCourierJobs: the function is nil")
		}
		c.jobs = jobs
		return nil
	}
}

// Settings are what a courier has to know of the options.
type Settings struct {
	Prefix      string        // see [WithPrefix]
	Concurrency int           // see [WithConcurrency]
	Attempts    int           // see [WithRetry]
	Backoff     retry.Backoff // never panics, and returns no more than ten years
	Timeout     time.Duration // see [WithTimeout]
	TxTimeout   time.Duration // see [WithTxTimeout]
	Grace       time.Duration // see [WithGrace]
	Logger      *slog.Logger  // never nil
}

// Settings returns what the options say.
func (ib *Inbox) Settings() Settings {
	c := &ib.cfg
	return Settings{
		Prefix: c.prefix, Concurrency: c.concurrency, Attempts: c.attempts, Backoff: ib.backoff,
		Timeout: c.timeout, TxTimeout: c.txTimeout, Grace: c.grace, Logger: cmp.Or(c.log, slog.Default()),
	}
}

// never is when a worker of the inbox may take up what the courier has: ten years later.
var never = strconv.FormatInt(longest.Milliseconds(), 10)

func withJobs(statement, jobs string) string {
	return strings.NewReplacer("{jobs}", jobs, "{never}", never).Replace(statement)
}

// lendAll is lend by one statement.
func (ib *Inbox) lendAll(ctx context.Context, q querier, events []int64) error {
	if len(events) == 0 {
		return nil
	}
	list := make([]string, len(events))
	for i, event := range events {
		list[i] = strconv.FormatInt(event, 10)
	}
	// An array as every driver takes it.
	_, err := q.ExecContext(ctx, withJobs(ib.sql.lendAll, ib.cfg.jobs()), "{"+strings.Join(list, ",")+"}")
	return err
}

// lend gives events to the courier.
func (ib *Inbox) lend(ctx context.Context, q querier, events []int64) error {
	jobs, err := ib.jobs(ctx, q, events)
	if err != nil {
		return err
	}
	for i, event := range events {
		// No worker of the inbox takes up what is due in ten years.
		if _, err := q.ExecContext(ctx, ib.sql.lend, millis(longest), jobs[i], event); err != nil {
			return err
		}
	}
	return nil
}

// jobs has the courier make a job for each of events.
func (ib *Inbox) jobs(ctx context.Context, q querier, events []int64) ([]int64, error) {
	if len(events) == 0 {
		return nil, nil
	}
	jobs, err := ib.cfg.send(ctx, q.(*sql.Tx), events)
	if err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	if len(jobs) != len(events) {
		return nil, fmt.Errorf("send: %d jobs for %d events", len(jobs), len(events))
	}
	return jobs, nil
}

// TakeOver gives a job to each event that is due and has none, since it was kept before
// the courier came, or an [Inbox.Run] of the same tables has left it. It returns how
// many, also where an error has ended it, and each is recorded as replayed by by. Several
// calls at once give an event one job, and none to one that is at work.
//
// The courier calls it now and then.
func (ib *Inbox) TakeOver(ctx context.Context, by string) (n int, err error) {
	switch {
	case by == "":
		return 0, errors.New("inbox: take over: nobody is named: by must say who wants it")
	case ib.cfg.send == nil:
		return 0, errors.New("inbox: take over: there is no courier: see WithCourier")
	}
	for {
		taken := 0
		err := ib.transact(ctx, func(ctx context.Context, q querier) (err error) {
			taken, err = ib.takeOver(ctx, q, by)
			return err
		})
		if err != nil {
			return n, failed(ctx, "take over", err)
		}
		if n += taken; taken == 0 {
			return n, nil
		}
	}
}

func (ib *Inbox) takeOver(ctx context.Context, q querier, by string) (taken int, err error) {
	events, err := numbers(q.QueryContext(ctx, ib.write(`SELECT event FROM {due} WHERE run_at <= {now} ORDER BY run_at, event LIMIT ? {skip}`), page))
	if err != nil {
		return 0, err
	}
	jobs, err := ib.jobs(ctx, q, events)
	if err != nil {
		return 0, err
	}
	for i, event := range events {
		_, err := q.ExecContext(ctx, ib.write(`UPDATE {due} SET run_at = {now} + ?, token = ?, attempt = 0 WHERE event = ?`), millis(longest), jobs[i], event)
		if err == nil {
			err = ib.noteReplay(ctx, q, event, by)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(events), nil
}

// Fetch returns what a courier's job is to hand to [webhook.Handler.Dispatch]. The error
// is [ErrLost] where the event is not the job's, since it was handled or given up or has
// another job by [Inbox.Replay]: then there is nothing to do. It is [ErrUndecodable]
// where the row does not hold what this package writes. Any other error says nothing of
// the event.
func (ib *Inbox) Fetch(ctx context.Context, event, job int64) (*webhook.Delivery, error) {
	d, err := ib.loadBy(ctx, ib.sql.fetch, event, job)
	if errors.Is(err, errGone) {
		return nil, fmt.Errorf("inbox: event %d: %w", event, ErrLost)
	}
	return d, err
}

// Settle takes an event off. exec runs one statement, with Postgres' $1 and $2, in the
// transaction that the event's effects are a part of, and returns how many rows it has
// changed. The error is [ErrLost] where that is none: then the transaction must be
// rolled back, since another has handled the event, or will.
func (ib *Inbox) Settle(ctx context.Context, event, job int64, exec func(ctx context.Context, query string, args ...any) (rows int64, err error)) error {
	n, err := exec(ctx, ib.sql.done, event, job)
	switch {
	case err != nil:
		return failed(ctx, "complete the event", err)
	case n == 0:
		return fmt.Errorf("inbox: event %d: %w", event, ErrLost)
	}
	return nil
}

// GiveUp makes an event a dead letter after as many attempts, with the text of the first
// failure, empty if that is cause. Where cause is [ErrLost], the [Reason] is
// [ReasonCrashed]. The error is [ErrLost] where the event is not the job's.
func (ib *Inbox) GiveUp(ctx context.Context, event, job int64, attempts int, first string, cause error) error {
	if cause == nil {
		return errors.New("inbox: give up: there is no cause")
	}
	why := reasonOf(cause, nil)
	if errors.Is(cause, ErrLost) {
		why = ReasonCrashed
	}
	text := shown(cause.Error(), maxError)
	first = shown(cmp.Or(first, text), maxError)
	err := ib.transact(ctx, func(ctx context.Context, q querier) error {
		var endpoint string
		var unused any
		err := q.QueryRowContext(ctx, ib.sql.giveUp, event, job).Scan(&endpoint, &unused, &unused, &unused)
		switch {
		case isNone(err):
			return fmt.Errorf("event %d: %w", event, ErrLost)
		case err != nil:
			return err
		}
		_, err = q.ExecContext(ctx, ib.sql.insertDead, event, endpoint, string(why), attempts, first, text)
		return err
	})
	if err != nil {
		return failed(ctx, "give up", err)
	}
	ib.logger().LogAttrs(ctx, slog.LevelError, "inbox: an event failed for the last time and is a dead letter",
		slog.Int64("event", event), slog.Int("attempt", attempts), slog.String("reason", string(why)), slog.String("error", text))
	return nil
}
