package sqlstate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/internal/sqltable"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// Dialect is the database's way of writing SQL. The zero value is none.
type Dialect int

// The dialects. Postgres is version 9.5 or later, SQLite 3.24 or later.
const (
	_ Dialect = iota
	Postgres
	SQLite
)

// Table is a [ratelimit.Storage] in one table. Create it with [New]. It is immutable and
// safe for concurrent use.
type Table struct {
	table sqltable.Table

	all, load, insert, update, remove string
}

var _ ratelimit.Storage = (*Table)(nil)

// Option adapts a [Table]. An argument that will not do is an error of [New].
type Option func(*config) error

type config struct{ name string }

// WithTable names the table, also as schema.table: letters, digits and underscores,
// at most 63 of each. Default: "ratelimit_state". Quotas that are to be counted apart,
// though they have one period and the same keys, take a table each.
func WithTable(name string) Option {
	return func(c *config) error {
		c.name = name
		return sqltable.CheckName(name)
	}
}

// New returns a table in db, which stays the caller's to close. It makes no query; see
// [Table.Migrate] for the table itself.
func New(db *sql.DB, dialect Dialect, opts ...Option) (*Table, error) {
	switch {
	case db == nil:
		return nil, errors.New("sqlstate: the database is nil")
	case dialect != Postgres && dialect != SQLite:
		return nil, errors.New("sqlstate: the dialect must be Postgres or SQLite")
	}
	cfg := config{name: "ratelimit_state"}
	if err := option.Apply(&cfg, opts); err != nil {
		return nil, fmt.Errorf("sqlstate: %w", err)
	}
	t := &Table{table: sqltable.Table{DB: db, Postgres: dialect == Postgres, Name: cfg.name}}
	t.all = t.table.SQL(`SELECT state_key, data FROM %s`)
	t.load = t.table.SQL(`SELECT version, data FROM %s WHERE state_key = ?`)
	t.insert = t.table.SQL(`INSERT INTO %s (state_key, version, data) VALUES (?, ?, ?) ON CONFLICT (state_key) DO NOTHING`)
	t.update = t.table.SQL(`UPDATE %s SET version = version + 1, data = ? WHERE state_key = ? AND version = ?`)
	t.remove = t.table.SQL(`DELETE FROM %s WHERE state_key = ? AND version = ?`)
	return t, nil
}

// Migrate creates the table if it is not there. It may be called at every
// start, by all processes at once, and needs the right to create tables only
// the first time. If the schema is managed elsewhere, run what Schema says instead.
func (t *Table) Migrate(ctx context.Context) error {
	if err := t.table.Migrate(ctx, t.Schema()); err != nil {
		return fmt.Errorf("sqlstate: migrate: %w", err)
	}
	return nil
}

// Schema returns the statement that creates the table: the key, which is a digest, the
// version and the record.
func (t *Table) Schema() string {
	version, data := "INTEGER", "BLOB"
	if t.table.Postgres {
		version, data = "BIGINT", "BYTEA"
	}
	return `CREATE TABLE IF NOT EXISTS ` + t.table.Name + ` (
	state_key TEXT NOT NULL PRIMARY KEY,
	version   ` + version + ` NOT NULL,
	data      ` + data + ` NOT NULL
)`
}

// Load implements [ratelimit.Storage].
func (t *Table) Load(ctx context.Context) (map[string][]byte, error) {
	kept, err := t.read(ctx)
	if err != nil {
		return nil, fmt.Errorf("sqlstate: load: %w", t.table.Cause(ctx, err))
	}
	return kept, nil
}

func (t *Table) read(ctx context.Context) (map[string][]byte, error) {
	rows, err := t.table.DB.QueryContext(ctx, t.all)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	kept := map[string][]byte{}
	for rows.Next() {
		var key string
		var data []byte
		if err := rows.Scan(&key, &data); err != nil {
			return nil, err
		}
		kept[key] = data
	}
	return kept, rows.Err()
}

// spread is how long to wait, at most, before a change that another process came before
// is tried again.
const spread = 10 * time.Millisecond

// Update implements [ratelimit.Storage]. It tries until it comes between no other
// change, or ctx ends.
func (t *Table) Update(ctx context.Context, key string, change func(old []byte) []byte) error {
	for {
		done, err := t.try(ctx, key, change)
		if err != nil {
			return fmt.Errorf("sqlstate: update: %w", t.table.Cause(ctx, err))
		}
		if done {
			return nil
		}
		if err := pause.For(ctx, rand.N(spread)); err != nil {
			return fmt.Errorf("sqlstate: update: others change the same record: %w", err)
		}
	}
}

func (t *Table) try(ctx context.Context, key string, change func(old []byte) []byte) (done bool, err error) {
	var version int64
	var old []byte
	err = t.table.DB.QueryRowContext(ctx, t.load, key).Scan(&version, &old)
	missing := errors.Is(err, sql.ErrNoRows)
	if err != nil && !missing {
		return false, err
	}
	text := change(old)
	var res sql.Result
	switch {
	case missing && text == nil:
		return true, nil
	case missing:
		res, err = t.table.DB.ExecContext(ctx, t.insert, key, sqltable.FirstVersion(), text)
	case text == nil:
		res, err = t.table.DB.ExecContext(ctx, t.remove, key, version)
	default:
		res, err = t.table.DB.ExecContext(ctx, t.update, text, key, version)
	}
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}
