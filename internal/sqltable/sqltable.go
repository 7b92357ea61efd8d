// Package sqltable is what packages that keep something in a table of SQLite or
// Postgres have in common.
package sqltable

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
)

// Table is a table in a database of one of two kinds.
type Table struct {
	DB       *sql.DB
	Postgres bool // or else SQLite
	Name     string
}

var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$`)

// CheckName refuses what is no name of a table, also as schema.table.
func CheckName(name string) error {
	if !tableName.MatchString(name) {
		return fmt.Errorf("%q is no table name of letters, digits and underscores", name)
	}
	return nil
}

// SQL puts the table in the place of %s and, for Postgres, numbers the parameters.
func (t Table) SQL(query string) string {
	query = fmt.Sprintf(query, t.Name)
	if !t.Postgres {
		return query
	}
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(query, "?") {
		if n > 0 {
			fmt.Fprintf(&b, "$%d", n)
		}
		n++
		b.WriteString(part)
	}
	return b.String()
}

// Migrate runs the statement that creates the table, if it is not there. Any number of
// processes may do so at once.
func (t Table) Migrate(ctx context.Context, schema string) error {
	if !t.Postgres {
		return t.migrateSQLite(ctx, schema)
	}
	var there sql.NullString
	if err := t.DB.QueryRowContext(ctx, `SELECT to_regclass($1)::text`, t.Name).Scan(&there); err != nil || there.Valid {
		return err
	}
	tx, err := t.DB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit it does nothing
	// Two CREATE TABLE IF NOT EXISTS at once can fail in Postgres' own catalogue.
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, migrationLock); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	return tx.Commit()
}

// migrateSQLite tries a few times: while processes that start together put the
// file into WAL mode, SQLite says "locked" at once, whatever its busy timeout.
func (t Table) migrateSQLite(ctx context.Context, schema string) error {
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		_, err := t.DB.ExecContext(ctx, schema)
		if err == nil || wait > time.Second {
			return err
		}
		if pause.For(ctx, wait) != nil {
			return t.Cause(ctx, err)
		}
	}
}

// migrationLock is any number that nothing else is likely to lock.
const migrationLock int64 = 0x7374616e64706970 // "standpip"

// FirstVersion is random, so that a record that is deleted and created again
// does not come back to a version that a slow process still has in hand.
func FirstVersion() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return int64(binary.NativeEndian.Uint64(b[:])>>2) + 1
}

// Cause says what a driver's error leaves out: that the table is not there yet, and the
// context's end, for which some drivers say "interrupted" and wrap nothing.
func (t Table) Cause(ctx context.Context, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil && !errors.Is(err, ctxErr) {
		return fmt.Errorf("%w: %w", ctxErr, err)
	}
	if t.missing(err) {
		return fmt.Errorf("there is no table %s: call Migrate first: %w", t.Name, err)
	}
	return err
}

// missing tells by what Postgres has a code for (undefined_table, Postgres docs,
// appendix A) and SQLite a text.
func (t Table) missing(err error) bool {
	if t.Postgres {
		coded, ok := errors.AsType[interface {
			error
			SQLState() string
		}](err)
		return ok && coded.SQLState() == "42P01"
	}
	return err != nil && strings.Contains(err.Error(), "no such table: "+t.Name)
}
