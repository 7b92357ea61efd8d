package inbox

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

// callLimit bounds every statement and short transaction, so that a database that does
// not answer stalls nothing for ever.
const callLimit = 10 * time.Second

// querier is what a statement is given to.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

const fullSync = "PRAGMA synchronous=FULL"

// sqliteConn returns a connection on which a commit is on the disk when it returns, and
// writers wait for one another. Both hold for one connection only, and a pool makes them
// as it likes.
func (ib *Inbox) sqliteConn(ctx context.Context) (*sql.Conn, error) {
	conn, err := ib.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, pragma := range []string{"PRAGMA busy_timeout=5000", fullSync} {
		if _, err := conn.ExecContext(ctx, pragma); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

// writing waits for the turn to write. SQLite has one writer at a time, and lets others
// come by chance, who look every now and then whether it is free.
func (ib *Inbox) writing(ctx context.Context) (end func(), err error) { return inTurn(ctx, ib.turn) }

// inTurn waits for the one place of turn, in the order of arrival; nil has places enough.
func inTurn(ctx context.Context, turn chan struct{}) (end func(), err error) {
	if turn == nil {
		return func() {}, nil
	}
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// call gives f a connection for single statements.
func (ib *Inbox) call(ctx context.Context, f func(ctx context.Context, q querier) error) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if ib.dialect != SQLite {
		return f(ctx, ib.db)
	}
	conn, err := ib.sqliteConn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return f(ctx, conn)
}

// passing is call for what may be forgotten when the machine loses its power, since it
// only says who is at work: with SQLite it is not waited for until it is on the disk.
func (ib *Inbox) passing(ctx context.Context, f func(ctx context.Context, q querier) error) error {
	if ib.dialect != SQLite {
		return ib.call(ctx, f)
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	end, err := ib.writing(ctx) // before there is a connection, of which there may be one
	if err != nil {
		return err
	}
	defer end()
	return ib.call(ctx, func(ctx context.Context, q querier) error {
		if _, err := q.ExecContext(ctx, "PRAGMA synchronous=NORMAL"); err != nil {
			return err
		}
		err := f(ctx, q)
		// The connection goes back to the application, too.
		if _, reset := q.ExecContext(context.WithoutCancel(ctx), fullSync); reset != nil {
			discard(q.(*sql.Conn))
		}
		return err
	})
}

// transact gives f a transaction, which is committed if f returns nil.
func (ib *Inbox) transact(ctx context.Context, f func(ctx context.Context, q querier) error) error {
	return ib.begin(ctx, func(ctx context.Context, q querier) error {
		if ib.dialect == Postgres {
			if _, err := q.ExecContext(ctx, `SELECT `+safe); err != nil {
				return err
			}
		}
		return f(ctx, q)
	})
}

// bounded keeps the server from holding a transaction's locks for the process of a
// machine that is no more: of its connection the server hears nothing for hours. A
// statement that is made all the time has it as a condition, and so is a round trip less.
const bounded = `set_config('idle_in_transaction_session_timeout', '11000', true) <> ''` // callLimit and some more

// durable has the server answer a commit once it is on the disk, also where it is set up
// not to wait for that (synchronous_commit=off) and would lose when it is killed what was
// acknowledged. A setting that waits for more, such as a standby, stays.
const durable = `CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'local', true) <> '' ELSE true END`

// safe is what holds of all transactions but those that only take events off: if these
// are lost, so is what their functions have written, or the event is run again.
const safe = bounded + ` AND ` + durable

// begin is transact for statements that are bounded themselves. With SQLite a transaction
// has the right to write from its beginning: one that reads first and writes then fails
// at once if another has written meanwhile.
func (ib *Inbox) begin(ctx context.Context, f func(ctx context.Context, q querier) error) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if ib.dialect == SQLite {
		return ib.immediate(ctx, f)
	}
	// Who has waited for a row must see what has become of it, whatever the default is.
	tx, err := ib.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit it does nothing
	if err := f(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (ib *Inbox) immediate(ctx context.Context, f func(ctx context.Context, q querier) error) (err error) {
	end, err := ib.writing(ctx)
	if err != nil {
		return err
	}
	defer end()
	conn, err := ib.sqliteConn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		if ctx.Err() != nil {
			discard(conn) // nobody knows how far it has come
		}
		return err
	}
	committed := false
	defer func() {
		if committed {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
		defer cancel()
		if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
			discard(conn)
		}
	}()
	again := repeating{Conn: conn}
	defer again.close()
	if err := f(ctx, &again); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return err
	}
	committed = true
	return nil
}

// repeating is a connection on which a statement that comes again, such as that of each
// event of a group, is prepared: SQLite takes longer to read it than to run it. It is for
// one transaction, in one goroutine.
type repeating struct {
	*sql.Conn
	seen map[string]*sql.Stmt // nil is one that has come once
}

// prepared returns nil for a statement that is better run as it is.
func (r *repeating) prepared(ctx context.Context, query string) *sql.Stmt {
	stmt, again := r.seen[query]
	if !again || stmt != nil {
		if r.seen == nil {
			r.seen = make(map[string]*sql.Stmt)
		}
		r.seen[query] = stmt
		return stmt
	}
	stmt, err := r.Conn.PrepareContext(ctx, query)
	if err != nil {
		return nil // it fails by itself
	}
	r.seen[query] = stmt
	return stmt
}

func (r *repeating) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := r.prepared(ctx, query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return r.Conn.ExecContext(ctx, query, args...)
}

func (r *repeating) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := r.prepared(ctx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return r.Conn.QueryRowContext(ctx, query, args...)
}

// close lets go of what was prepared.
func (r *repeating) close() {
	for _, stmt := range r.seen {
		if stmt != nil {
			_ = stmt.Close()
		}
	}
}

// discard keeps a connection from going back into the pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// changed is how many rows a statement has changed.
func changed(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// ready looks once whether the tables are of this version and, with SQLite, in WAL mode.
func (ib *Inbox) ready(ctx context.Context) error {
	if ib.checked.Load() {
		return nil
	}
	err := ib.call(ctx, func(ctx context.Context, q querier) error {
		version, err := ib.version(ctx, q)
		switch {
		case err != nil:
			return err
		case version > len(steps):
			return newer(version)
		case version < len(steps):
			return fmt.Errorf("%w: call Migrate first", ErrNotMigrated)
		case ib.dialect == SQLite:
			return inWAL(ctx, q)
		}
		return nil
	})
	if err == nil {
		ib.checked.Store(true)
	}
	return err
}

func inWAL(ctx context.Context, q querier) error {
	var mode string
	if err := q.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("%w: its journal mode is %q and not WAL", ErrNotDurable, mode)
	}
	return nil
}

// isNone reports that a query has found nothing.
func isNone(err error) bool { return errors.Is(err, sql.ErrNoRows) }
