package onriver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/webhook"
)

// Config says where River keeps the jobs. The zero value does for most.
type Config struct {
	// Queue is River's queue. Default: "webhooks".
	Queue string
	// Schema is where River's tables are. Default: as the connection's search_path says.
	// River has one leader for each schema, which looks after one inbox: a second inbox
	// needs tables of River in another schema.
	Schema string
	// PollOnly makes [Queue.Run] look for jobs once a second and listen for none. It
	// belongs to a pool that goes through PgBouncer in transaction mode, where a listener
	// hears nothing and no error says so: what another process has kept is then found
	// within a second either way. Such a pool also wants default_query_exec_mode=exec,
	// or max_prepared_statements of PgBouncer 1.21 and later: package inbox says more.
	PollOnly bool
}

// Queue is an inbox whose events River hands on. It is a [webhook.Enqueuer] and a
// [webhook.Guard]; dead letters, replays, statistics and purges are those of
// [inbox.Inbox], where all that River has counts as running. Create it with [New]. It is
// safe for concurrent use.
type Queue struct {
	*inbox.Inbox
	cfg      Config
	settings inbox.Settings
	pool     *pgxpool.Pool
	db       *sql.DB // over pool, for the inbox
	insert   *river.Client[*sql.Tx]
	notified atomic.Int64 // when listeners were told of jobs, in Unix nanoseconds
}

var (
	_ webhook.Enqueuer = (*Queue)(nil)
	_ webhook.Guard    = (*Queue)(nil)
)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// New returns a queue in the database of pool, which stays the caller's to close, after
// [Queue.Close], and needs a connection for each function of [OnTx] and a few more. New
// makes no query: see [Queue.Migrate] for the tables. The options are the inbox's, all
// but [inbox.OrderBy]; leases and polling are River's, so that [inbox.WithLease],
// [inbox.WithPoll] and [inbox.WithWake] say nothing.
func New(pool *pgxpool.Pool, cfg Config, opts ...inbox.Option) (*Queue, error) {
	if cfg.Queue == "" {
		cfg.Queue = "webhooks"
	}
	var errs []error
	if pool == nil {
		errs = append(errs, errors.New("the pool is nil"))
	}
	if !nameForm.MatchString(cfg.Queue) {
		errs = append(errs, fmt.Errorf("the queue %q must be 1 to 32 lower-case letters, digits and underscores", cfg.Queue))
	}
	if cfg.Schema != "" && !nameForm.MatchString(cfg.Schema) {
		errs = append(errs, fmt.Errorf("the schema %q must be 1 to 32 lower-case letters, digits and underscores", cfg.Schema))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("onriver: %w", err)
	}
	q := &Queue{cfg: cfg, pool: pool, db: stdlib.OpenDBFromPool(pool)}
	if err := q.open(opts); err != nil {
		_ = q.db.Close()
		return nil, fmt.Errorf("onriver: %w", err)
	}
	return q, nil
}

func (q *Queue) open(opts []inbox.Option) (err error) {
	courier := []inbox.Option{inbox.WithCourier(q.send)}
	m, err := q.migrator()
	if err != nil {
		return err
	}
	if known := m.AllVersions(); known[len(known)-1].Version == jobsVersion {
		courier = append(courier, inbox.WithCourierJobs(q.jobs))
	}
	if q.Inbox, err = inbox.New(q.db, inbox.Postgres, append(courier, opts...)...); err != nil {
		return err
	}
	q.settings = q.Settings()
	q.settings.Logger = panics.Logger(q.settings.Logger) // River logs in goroutines of its own
	q.insert, err = river.NewClient(riverdatabasesql.New(q.db), &river.Config{Schema: q.cfg.Schema, Logger: q.settings.Logger})
	return err
}

// Close ends what the queue has in the pool. Call it when nothing uses the queue any
// more, and before the pool is closed.
func (q *Queue) Close() error { return q.db.Close() }

// send inserts the jobs of events that the inbox inserts in the same transaction.
func (q *Queue) send(ctx context.Context, tx *sql.Tx, events []int64) ([]int64, error) {
	params := make([]river.InsertManyParams, len(events))
	for i, event := range events {
		params[i] = river.InsertManyParams{Args: eventArgs{Event: event}, InsertOpts: &river.InsertOpts{
			Queue: q.cfg.Queue, MaxAttempts: min(q.settings.Attempts, math.MaxInt16),
		}}
	}
	results, err := q.insert.InsertManyTx(ctx, tx, params)
	if err != nil {
		return nil, err
	}
	jobs := make([]int64, len(results))
	for i, r := range results {
		jobs[i] = r.Job.ID
	}
	return jobs, nil
}

// lockKey is any number that nothing else is likely to lock.
const lockKey int64 = 0x7374616e64726976 // "standriv"

// Migrate brings the tables of River and of the inbox to the versions of this program.
// It may be called at every start and by all processes at once. The error of tables that
// a newer program has migrated is [inbox.ErrNewerSchema].
func (q *Queue) Migrate(ctx context.Context) error {
	// River's migrations do not wait for each other.
	if err := q.alone(ctx, q.migrateRiver); err != nil {
		return fmt.Errorf("onriver: migrate River: %w", pooled(err))
	}
	return q.Inbox.Migrate(ctx)
}

// alone runs f while nobody else does. The lock has a connection of its own: if it had
// one of the pool's, f could wait for it. Who waits for the lock has no transaction
// open, which behind a pooler would be another's connection.
func (q *Queue) alone(ctx context.Context, f func(context.Context) error) error {
	cfg := q.pool.Config()
	if cfg.BeforeConnect != nil {
		if err := cfg.BeforeConnect(ctx, cfg.ConnConfig); err != nil {
			return err
		}
	}
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	for mine := false; ; {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, lockKey).Scan(&mine)
			if err == nil && mine {
				err = f(ctx) // while this transaction is open, which changes nothing
			}
			return err
		})
		if err == nil && !mine {
			err = pause.For(ctx, 50*time.Millisecond)
		}
		if err != nil || mine {
			return err
		}
	}
}

// pooled names the cause of what Postgres says of a prepared statement that is not there,
// of one of the same name that is, or of another in its place.
func pooled(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if ok && (e.Code == "26000" || e.Code == "42P05" || e.Code == "08P01" && strings.Contains(e.Message, "bind message")) {
		return fmt.Errorf("%w: %w", inbox.ErrPooled, err)
	}
	return err
}

func (q *Queue) migrateRiver(ctx context.Context) error {
	m, err := q.migrator()
	if err != nil {
		return err
	}
	if err := q.riverReady(ctx, m); err != nil && !errors.Is(err, inbox.ErrNotMigrated) {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

func (q *Queue) migrator() (*rivermigrate.Migrator[pgx.Tx], error) {
	return rivermigrate.New(riverpgxv5.New(q.pool), &rivermigrate.Config{Schema: q.cfg.Schema, Logger: q.settings.Logger})
}

// riverReady tells tables of another version than this program's by the inbox's errors.
func (q *Queue) riverReady(ctx context.Context, m *rivermigrate.Migrator[pgx.Tx]) error {
	there, err := q.riverVersion(ctx)
	if err != nil {
		return err
	}
	known := m.AllVersions()
	switch newest := known[len(known)-1].Version; {
	case there > newest:
		return fmt.Errorf("%w: River's version %d, and it knows %d", inbox.ErrNewerSchema, there, newest)
	case there < newest:
		return fmt.Errorf("%w: call Migrate first", inbox.ErrNotMigrated)
	}
	return nil
}

// riverVersion is 0 where there are no tables. River's own function fails where they are
// newer, and does not say so.
func (q *Queue) riverVersion(ctx context.Context) (version int, err error) {
	table := q.riverTable("river_migration")
	var there bool
	// Read together with a table: see package inbox.
	err = q.pool.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL FROM pg_namespace LIMIT 1`, table).Scan(&there)
	if err != nil || !there {
		return 0, err
	}
	err = q.pool.QueryRow(ctx, `SELECT COALESCE(max(version), 0) FROM `+table).Scan(&version)
	return version, err
}

func (q *Queue) riverTable(name string) string {
	if q.cfg.Schema == "" {
		return name
	}
	return q.cfg.Schema + "." + name
}
