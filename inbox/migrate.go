package inbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
)

// steps are the statements of each version of the tables, the first at 0. A step that
// has been released is never changed.
var steps = [][]string{{
	// One row for each event, written once. What it says (meta, body) goes when its
	// retention is over; what it is known by stays until the longer one is.
	`CREATE TABLE {event} (
	id          {serial},
	identity    {bytes} UNIQUE,          -- NULL: the event has no identifier
	content     {bytes} NOT NULL,
	body_mark   {bytes},                 -- of events without a signed identifier, for
	id_mark     {bytes},                 -- webhook.Event.Suspect
	endpoint    {text} NOT NULL,
	event_id    {text} NOT NULL,         -- for people: identity is what counts
	event_type  {text} NOT NULL,
	order_key   {bytes},
	received_at BIGINT NOT NULL,         -- Unix milliseconds, as all times here
	parent      BIGINT,                  -- the event of the same delivery that has the body
	meta        {bytes},
	body        {bytes}
)`,
	`CREATE INDEX {prefix}_event_received ON {event} (received_at)`,
	`CREATE INDEX {prefix}_event_meta ON {event} (received_at) WHERE meta IS NOT NULL`,
	`CREATE INDEX {prefix}_event_body_mark ON {event} (body_mark) WHERE body_mark IS NOT NULL`,
	`CREATE INDEX {prefix}_event_id_mark ON {event} (id_mark) WHERE id_mark IS NOT NULL`,
	`CREATE INDEX {prefix}_event_parent ON {event} (parent) WHERE parent IS NOT NULL`,
	// One narrow row for each event that is still to be handled, deleted then.
	`CREATE TABLE {due} (
	event       BIGINT PRIMARY KEY,
	endpoint    {text} NOT NULL,
	order_key   {bytes},
	since       BIGINT NOT NULL,
	run_at      BIGINT NOT NULL,         -- when it may be taken up; of a leased one: the lease's end
	token       BIGINT,                  -- the lease's; NULL: nobody has it
	attempt     BIGINT NOT NULL DEFAULT 0,
	first_error {text},
	last_error  {text}
){hot}`,
	`CREATE INDEX {prefix}_due_run_at ON {due} (run_at)`,
	`CREATE INDEX {prefix}_due_order ON {due} (order_key, event) WHERE order_key IS NOT NULL`,
	`CREATE TABLE {dead} (
	event       BIGINT PRIMARY KEY,
	endpoint    {text} NOT NULL,
	reason      {text} NOT NULL,
	attempts    BIGINT NOT NULL,
	first_error {text} NOT NULL,
	last_error  {text} NOT NULL,
	died_at     BIGINT NOT NULL
)`,
	`CREATE TABLE {replay} (
	id          {serial},
	event       BIGINT NOT NULL,
	replayed_by {text} NOT NULL,
	replayed_at BIGINT NOT NULL
)`,
	`CREATE INDEX {prefix}_replay_event ON {replay} (event)`,
	// What webhook.WithDeduplication knows: claims, and the marks of unsigned events.
	`CREATE TABLE {guard} (
	identity    {bytes} PRIMARY KEY,
	token       {text} NOT NULL,
	state       BIGINT NOT NULL,
	until       BIGINT NOT NULL
)`,
	`CREATE INDEX {prefix}_guard_until ON {guard} (until)`,
}}

// Migrate brings the tables to the version of this program. It may be called at every
// start and by all processes at once, and changes nothing where nothing is to be done.
// The error of tables that a newer program has migrated is [ErrNewerSchema]. With SQLite
// it puts the file into WAL mode; where that cannot be, as in memory, the error is
// [ErrNotDurable].
func (ib *Inbox) Migrate(ctx context.Context) error {
	var err error
	if ib.dialect == SQLite {
		err = ib.enterWAL(ctx)
	}
	if err == nil {
		err = ib.migrate(ctx)
	}
	if err != nil {
		return failed(ctx, "migrate", err)
	}
	return nil
}

// enterWAL tries a few times: while processes that start together put the file into WAL
// mode, SQLite says "locked" at once, whatever its busy timeout.
func (ib *Inbox) enterWAL(ctx context.Context) error {
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		err := ib.call(ctx, func(ctx context.Context, q querier) error {
			var mode string
			if err := q.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil {
				return err
			}
			return inWAL(ctx, q)
		})
		if err == nil || wait > time.Second {
			return err
		}
		if pause.For(ctx, wait) != nil {
			return err
		}
	}
}

// lockKey is any number that nothing else is likely to lock; order is added to it for
// another lock.
const lockKey int64 = 0x7374616e6470696e // "standpin"

func (ib *Inbox) migrate(ctx context.Context) error {
	switch version, err := ib.look(ctx); {
	case err != nil:
		return err
	case version > len(steps):
		return newer(version)
	case version == len(steps):
		return nil
	}
	return ib.transact(ctx, func(ctx context.Context, q querier) error {
		if ib.dialect == Postgres { // SQLite's transaction is a lock by itself
			if _, err := q.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey); err != nil {
				return err
			}
		}
		version, err := ib.version(ctx, q)
		switch {
		case err != nil:
			return err
		case version > len(steps):
			return newer(version)
		}
		for _, step := range steps[version:] {
			for _, statement := range step {
				if _, err := q.ExecContext(ctx, ib.write(statement)); err != nil {
					return err
				}
			}
		}
		return ib.setVersion(ctx, q, version)
	})
}

func (ib *Inbox) look(ctx context.Context) (version int, err error) {
	err = ib.call(ctx, func(ctx context.Context, q querier) error {
		version, err = ib.version(ctx, q)
		return err
	})
	return version, err
}

// version is 0 where there are no tables.
func (ib *Inbox) version(ctx context.Context, q querier) (int, error) {
	there := `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?`
	if ib.dialect == Postgres {
		// A connection remembers that a name is no table's. A statement that reads no
		// table itself does not hear that another process has just made it.
		there = `SELECT count(to_regclass($1)) FROM (SELECT FROM pg_namespace LIMIT 1) n`
	}
	var n, version int
	if err := q.QueryRowContext(ctx, there, ib.write("{schema}")).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	err := q.QueryRowContext(ctx, ib.write(`SELECT version FROM {schema}`)).Scan(&version)
	return version, err
}

func (ib *Inbox) setVersion(ctx context.Context, q querier, old int) error {
	text := []string{`UPDATE {schema} SET version = ?`}
	if old == 0 {
		text = []string{`CREATE TABLE {schema} (version BIGINT NOT NULL)`, `INSERT INTO {schema} (version) VALUES (?)`}
	}
	for _, statement := range text {
		var args []any
		if strings.Contains(statement, "?") {
			args = []any{len(steps)}
		}
		if _, err := q.ExecContext(ctx, ib.write(statement), args...); err != nil {
			return err
		}
	}
	return nil
}

func newer(version int) error {
	return fmt.Errorf("%w: version %d, and it knows %d", ErrNewerSchema, version, len(steps))
}
