package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/webhook"
)

// OnTx is [webhook.On] for a function that works in the inbox's own transaction: what
// it writes by tx is committed together with the event's being handled, or not at all.
// So its effects in the database are there exactly once, however often the function has
// to be run. What it does elsewhere is done at least once, and should not be done here:
// the transaction is to be short ([WithTxTimeout]).
//
// The function neither commits nor rolls back, and writes by tx alone: with SQLite
// another connection would wait for this one, which waits for it. It runs in [Inbox.Run]
// alone; elsewhere its event fails with [ErrNoWorker].
func OnTx[T any](eventType string, fn func(ctx context.Context, tx *sql.Tx, e webhook.Event[T]) error) webhook.HandlerOption {
	return webhook.On(eventType, InTx(fn))
}

// InTx makes of a function as [OnTx] takes it one for [webhook.OnEnvelope],
// [webhook.OnObject] or [webhook.Fallback].
func InTx[T any](fn func(ctx context.Context, tx *sql.Tx, e webhook.Event[T]) error) func(context.Context, webhook.Event[T]) error {
	if fn == nil {
		return nil // which they refuse
	}
	return func(ctx context.Context, e webhook.Event[T]) error {
		r := runningOf(ctx)
		if r == nil {
			return fmt.Errorf("inbox: %w", ErrNoWorker)
		}
		if r.asks(true) {
			return errors.New("inbox: the event has its transaction already")
		}
		t, err := r.begin(ctx)
		if err != nil {
			r.asks(false)
			return err
		}
		err = fn(t.ctx, t.tx, e)
		if err != nil && t.ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(t.ctx), err)
		}
		return err
	}
}

// transaction is that of one attempt.
type transaction struct {
	r      *running
	ctx    context.Context
	cancel context.CancelFunc
	ends   []func()  // of its turns
	conn   *sql.Conn // SQLite's
	tx     *sql.Tx
}

// asks notes whether the attempt has asked for its transaction, and returns whether it
// had before. A second one would wait for the first, with SQLite until a limit.
func (r *running) asks(now bool) (before bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, r.asked = r.asked, now
	return before
}

// begin opens the transaction that the attempt's completion will be a part of.
func (r *running) begin(ctx context.Context) (t *transaction, err error) {
	limit := r.ib.cfg.txTimeout
	t = &transaction{r: r, cancel: func() {}}
	defer func() {
		if err != nil {
			t.rollback()
			err = &awayError{failed(ctx, "begin the transaction", err)}
		}
	}()
	// One function at most is in line with deliveries, leases and what is done: they wait
	// for one transaction, and not for all that are to come.
	for _, turn := range []chan struct{}{r.ib.txTurn, r.ib.turn} {
		end, err := inTurn(ctx, turn)
		if err != nil {
			return t, err
		}
		t.ends = append(t.ends, end)
	}
	t.ctx, t.cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("inbox: %w", ErrTimeout))
	if r.ib.dialect == SQLite {
		if t.conn, err = r.ib.sqliteConn(t.ctx); err != nil {
			return t, err
		}
		if t.tx, err = t.conn.BeginTx(t.ctx, nil); err != nil {
			return t, err
		}
		// A first statement that may write waits for other writers, and lets none in
		// until the end. One that comes after a read would fail if it had to wait.
		_, err = t.tx.ExecContext(t.ctx, r.ib.write(`UPDATE {schema} SET version = version WHERE version < 0`))
		if err == nil {
			_, err = t.tx.ExecContext(t.ctx, "SAVEPOINT "+savepoint)
		}
	} else {
		if t.tx, err = r.ib.db.BeginTx(t.ctx, nil); err != nil {
			return t, err
		}
		// If this process is stopped, the server does not keep its locks for ever.
		_, err = t.tx.ExecContext(t.ctx, `SELECT set_config('idle_in_transaction_session_timeout', $1, true)`,
			strconv.FormatInt(limit.Milliseconds()+1, 10))
	}
	if err != nil {
		return t, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.abandoned {
		return t, fmt.Errorf("%w: its event has been taken from it", ErrLost)
	}
	r.tx = t
	return t, nil
}

// savepoint is there for as long as the transaction is that was begun.
const savepoint = "inbox_event"

// whole makes sure that the transaction is still the one that was begun. SQLite ends it
// with a statement that says so (OR ROLLBACK, a trigger's RAISE), and with one that is
// interrupted or finds the disk full. If the function does not mind, what it wrote before
// is gone, and what came after is committed already.
func (t *transaction) whole() error {
	if t.conn == nil {
		return nil // Postgres refuses to commit what has failed
	}
	// Where rows of a write are open yet, which Commit closes, SQLite has found the
	// savepoint and keeps it.
	if _, err := t.tx.ExecContext(t.ctx, "RELEASE "+savepoint); err != nil && !strings.Contains(err.Error(), "SQL statements in progress") {
		return failed(t.ctx, "find the transaction, which a statement may have rolled back", err)
	}
	return nil
}

// commit makes the function's work and the event's end one. Whose lease is over, by now
// another's, commits nothing.
func (t *transaction) commit() error {
	defer t.rollback() // after a commit it does nothing
	if err := t.whole(); err != nil {
		return err
	}
	n, err := changed(t.tx.ExecContext(t.ctx, t.r.ib.sql.done, t.r.job.event, t.r.job.token))
	switch {
	case err != nil:
		return failed(t.ctx, "complete the event", err)
	case n == 0:
		return fmt.Errorf("inbox: %w", ErrLost)
	}
	if err := t.tx.Commit(); err != nil {
		return failed(t.ctx, "commit", err)
	}
	return nil
}

// rollback also lets go of what the transaction held. It may be called more than once,
// and for none.
func (t *transaction) rollback() {
	if t == nil {
		return
	}
	if t.tx != nil {
		_ = t.tx.Rollback()
	}
	t.cancel()
	if t.conn != nil {
		_ = t.conn.Close()
	}
	for len(t.ends) > 0 { // the last first: who has waited for it longer has it next
		last := len(t.ends) - 1
		t.ends[last]()
		t.ends = t.ends[:last]
	}
}
