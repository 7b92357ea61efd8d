package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/internal/sqltable"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// Dialect is the database's way of writing SQL. The zero value is none.
type Dialect int

// The dialects. Postgres is version 9.5 or later, SQLite 3.24 or later.
const (
	_ Dialect = iota
	Postgres
	SQLite
)

// Store is a [tokens.Store] and [tokens.KeyLister] in one table. Create
// it with [New]. It is immutable and safe for concurrent use.
type Store struct {
	table sqltable.Table

	load, insert, update, remove, removeVersion, list string
}

// Option adapts a [Store]. An argument that will not do is an error of [New].
type Option func(*config) error

type config struct{ table string }

// WithTable names the table, also as schema.table: letters, digits and underscores,
// at most 63 of each. Default: "oauth_tokens".
func WithTable(name string) Option {
	return func(c *config) error {
		c.table = name
		return sqltable.CheckName(name)
	}
}

// New returns a store in db, which stays the caller's to close. It makes no query; see
// [Store.Migrate] for the table.
func New(db *sql.DB, dialect Dialect, opts ...Option) (*Store, error) {
	switch {
	case db == nil:
		return nil, errors.New("sqlstore: the database is nil")
	case dialect != Postgres && dialect != SQLite:
		return nil, errors.New("sqlstore: the dialect must be Postgres or SQLite")
	}
	cfg := config{table: "oauth_tokens"}
	if err := option.Apply(&cfg, opts); err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	s := &Store{table: sqltable.Table{DB: db, Postgres: dialect == Postgres, Name: cfg.table}}
	s.load = s.table.SQL(`SELECT version, data FROM %s WHERE record_key = ?`)
	s.insert = s.table.SQL(`INSERT INTO %s (record_key, version, data) VALUES (?, ?, ?) ON CONFLICT (record_key) DO NOTHING`)
	s.update = s.table.SQL(`UPDATE %s SET version = version + 1, data = ?, updated_at = CURRENT_TIMESTAMP WHERE record_key = ? AND version = ?`)
	s.remove = s.table.SQL(`DELETE FROM %s WHERE record_key = ?`)
	s.removeVersion = s.table.SQL(`DELETE FROM %s WHERE record_key = ? AND version = ?`)
	s.list = s.table.SQL(`SELECT record_key FROM %s WHERE record_key >= ? AND record_key > ? ORDER BY record_key LIMIT ?`)
	return s, nil
}

// Migrate creates the table if it is not there. It may be called at every
// start, by all processes at once, and needs the right to create tables only
// the first time. If the schema is managed elsewhere, run what Schema says instead.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.table.Migrate(ctx, s.Schema()); err != nil {
		return fmt.Errorf("sqlstore: migrate: %w", err)
	}
	return nil
}

// Schema returns the statement that creates the table: the key in byte order,
// the version, the record, and when it was last changed (UTC), which nothing here reads.
func (s *Store) Schema() string {
	if !s.table.Postgres {
		return `CREATE TABLE IF NOT EXISTS ` + s.table.Name + ` (
	record_key TEXT NOT NULL PRIMARY KEY,
	version    INTEGER NOT NULL,
	data       BLOB NOT NULL,
	updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)`
	}
	return `CREATE TABLE IF NOT EXISTS ` + s.table.Name + ` (
	record_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	version    BIGINT NOT NULL,
	data       BYTEA NOT NULL,
	updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
)`
}

// Load implements [tokens.Store].
func (s *Store) Load(ctx context.Context, key string) (tokens.Record, error) {
	var r tokens.Record
	err := s.table.DB.QueryRowContext(ctx, s.load, key).Scan(&r.Version, &r.Data)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return tokens.Record{}, fmt.Errorf("sqlstore: load: %w", tokens.ErrNotFound)
	case err != nil:
		return tokens.Record{}, fmt.Errorf("sqlstore: load: %w", s.table.Cause(ctx, err))
	}
	return r, nil
}

// Save implements [tokens.Store].
func (s *Store) Save(ctx context.Context, key string, r tokens.Record) (int64, error) {
	var res sql.Result
	var err error
	next := r.Version + 1
	if r.Version == 0 {
		next = sqltable.FirstVersion()
		res, err = s.table.DB.ExecContext(ctx, s.insert, key, next, r.Data)
	} else {
		res, err = s.table.DB.ExecContext(ctx, s.update, r.Data, key, r.Version)
	}
	if err != nil {
		return 0, fmt.Errorf("sqlstore: save: %w", s.table.Cause(ctx, err))
	}
	switch n, err := res.RowsAffected(); {
	case err != nil:
		return 0, fmt.Errorf("sqlstore: save: %w", err)
	case n == 0:
		return 0, fmt.Errorf("sqlstore: save: %w", tokens.ErrConflict)
	}
	return next, nil
}

// Delete implements [tokens.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	if _, err := s.table.DB.ExecContext(ctx, s.remove, key); err != nil {
		return fmt.Errorf("sqlstore: delete: %w", s.table.Cause(ctx, err))
	}
	return nil
}

// DeleteVersion implements [tokens.VersionDeleter].
func (s *Store) DeleteVersion(ctx context.Context, key string, version int64) error {
	res, err := s.table.DB.ExecContext(ctx, s.removeVersion, key, version)
	if err != nil {
		return fmt.Errorf("sqlstore: delete: %w", s.table.Cause(ctx, err))
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	switch _, err := s.Load(ctx, key); {
	case err == nil:
		return fmt.Errorf("sqlstore: delete: %w", tokens.ErrConflict)
	case errors.Is(err, tokens.ErrNotFound):
		return nil
	default:
		return err
	}
}

// page is how many keys are read at a time. No connection is held between pages.
const page = 500

// Keys implements [tokens.KeyLister].
func (s *Store) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for last := ""; ; {
			keys, err := s.page(ctx, prefix, last)
			if err != nil {
				yield("", fmt.Errorf("sqlstore: list keys: %w", s.table.Cause(ctx, err)))
				return
			}
			for _, key := range keys {
				if !strings.HasPrefix(key, prefix) || !yield(key, nil) {
					return
				}
				last = key
			}
			if len(keys) < page {
				return
			}
		}
	}
}

func (s *Store) page(ctx context.Context, prefix, last string) ([]string, error) {
	rows, err := s.table.DB.QueryContext(ctx, s.list, prefix, last, page)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	keys := make([]string, 0, page)
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}
