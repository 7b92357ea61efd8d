package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// storage is where everything is kept, in a form that another process can be told.
type storage struct {
	Postgres string // a DSN; empty: SQLite
	River    bool   // which runs the events
	Folder   string // SQLite's
	Prefix   string // of the tables, and the schema of River's
}

func (s storage) String() string {
	if s.River {
		return s.dialect().String() + " with River"
	}
	return s.dialect().String()
}

func (s storage) dialect() inbox.Dialect {
	if s.Postgres != "" {
		return inbox.Postgres
	}
	return inbox.SQLite
}

// maxConns is a connection for each function at work, and some to receive.
const maxConns = 16

func (s storage) open(ctx context.Context) (*sql.DB, error) {
	driver, dsn := "pgx", s.Postgres
	if s.Postgres == "" {
		driver, dsn = "sqlite", "file:"+filepath.ToSlash(filepath.Join(s.Folder, "inbox.db"))
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(maxConns)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), db.Close())
	}
	return db, nil
}

// keeper is what keeps deliveries and runs them: an inbox by itself, or with River.
type keeper interface {
	Run(ctx context.Context, handlers ...*webhook.Handler) error
	Stats(ctx context.Context) (inbox.Stats, error)
}

// keep migrates the tables in db and returns who keeps deliveries there, and their
// handler. Call done when neither is used any more.
func (s storage) keep(ctx context.Context, db *sql.DB) (k keeper, hooks *webhook.Handler, done func(), err error) {
	if !s.River {
		ib, err := newInbox(ctx, db, s.dialect(), s.Prefix)
		if err != nil {
			return nil, nil, nil, err
		}
		hooks, err = newHandler(ib, s.Prefix)
		return ib, hooks, func() {}, err
	}
	cfg, err := pgxpool.ParseConfig(s.Postgres)
	if err != nil {
		return nil, nil, nil, err
	}
	cfg.MaxConns = maxConns
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	q, err := newQueue(ctx, pool, s.Prefix)
	if err == nil {
		hooks, err = newRiverHandler(q, s.Prefix)
	}
	done = func() {
		if q != nil {
			_ = q.Close()
		}
		pool.Close()
	}
	if err != nil {
		done()
		return nil, nil, nil, err
	}
	return q, hooks, done, nil
}

// create makes what is not the inbox's own: the application's table, and the schema of
// River's tables, which River does not make.
func (s storage) create(ctx context.Context, db *sql.DB) error {
	if s.River {
		if _, err := db.ExecContext(ctx, `CREATE SCHEMA `+s.Prefix); err != nil {
			return fmt.Errorf("create the schema %s for River's tables: %w", s.Prefix, err)
		}
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf(`CREATE TABLE %s_payment (event VARCHAR(50), amount BIGINT)`, s.Prefix)); err != nil {
		return fmt.Errorf("create a table: %w", err)
	}
	return nil
}

// drop takes away all that was created, as far as it was.
func (s storage) drop(db *sql.DB) (err error) {
	for _, table := range []string{"event", "due", "dead", "replay", "guard", "schema", "payment"} {
		_, dropErr := db.Exec(fmt.Sprintf(`DROP TABLE IF EXISTS %s_%s`, s.Prefix, table))
		err = errors.Join(err, dropErr)
	}
	if s.River {
		_, dropErr := db.Exec(`DROP SCHEMA IF EXISTS ` + s.Prefix + ` CASCADE`)
		err = errors.Join(err, dropErr)
	}
	return err
}
