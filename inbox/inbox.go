package inbox

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/webhook"
)

// Inbox is a [webhook.Enqueuer], a [webhook.Guard], and the worker for what it holds.
// Create it with [New]. It is safe for concurrent use, and several processes may have
// one over the same tables.
type Inbox struct {
	db      *sql.DB
	dialect Dialect
	cfg     config
	tables  *strings.Replacer
	sql     statements
	intake  group[[]row]
	done    group[*completion]
	woken   chan struct{} // holds one wish to look
	turn    chan struct{} // of SQLite's writers, holds one; nil: none has to wait
	txTurn  chan struct{} // the same of functions of [OnTx], before that
	checked atomic.Bool   // the tables are of this version, and durable
}

var (
	_ webhook.Enqueuer = (*Inbox)(nil)
	_ webhook.Guard    = (*Inbox)(nil)
)

// New returns an inbox in db, which stays the caller's to close. It makes no query: see
// [Inbox.Migrate] for the tables. The driver is the caller's, too: any of Postgres 11 or
// later, or of SQLite 3.35 or later (and 3.51.3, before which a checkpoint could damage
// a file in WAL mode that two connections write).
func New(db *sql.DB, dialect Dialect, opts ...Option) (*Inbox, error) {
	cfg := defaults()
	errs := []error{option.Apply(&cfg, opts)}
	switch {
	case db == nil:
		errs = append(errs, errors.New("the database is nil"))
	case dialect != Postgres && dialect != SQLite:
		errs = append(errs, errors.New("the dialect must be Postgres or SQLite"))
	case dialect == SQLite && strings.Contains(cfg.prefix, "."):
		errs = append(errs, errors.New("WithPrefix: SQLite has no schemas"))
	case cfg.send != nil && dialect != Postgres:
		errs = append(errs, errors.New("WithCourier: it takes Postgres"))
	case cfg.jobs != nil && cfg.send == nil:
		errs = append(errs, errors.New("WithCourierJobs: there is no courier"))
	case cfg.send != nil && cfg.order != nil:
		errs = append(errs, errors.New("WithCourier: another queue has an order of its own, so there can be no OrderBy"))
	}
	if err := option.Join(errs...); err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	ib := &Inbox{db: db, dialect: dialect, cfg: cfg, tables: dialect.names(cfg.prefix), woken: make(chan struct{}, 1)}
	if dialect == SQLite {
		ib.turn, ib.txTurn = make(chan struct{}, 1), make(chan struct{}, 1)
	}
	ib.sql = ib.statements()
	ib.intake.limit, ib.intake.commit = dialect.writers(), ib.insertAll
	ib.intake.size = sizeOf
	ib.done.limit, ib.done.commit = dialect.writers(), ib.completeAll
	return ib, nil
}

// Wake makes a running [Inbox.Run] of this Inbox look at the database now. It never
// blocks.
func (ib *Inbox) Wake() {
	select {
	case ib.woken <- struct{}{}:
	default: // it will look anyway
	}
}

func (ib *Inbox) logger() *slog.Logger {
	return panics.Logger(cmp.Or(ib.cfg.log, slog.Default()))
}

// failed is err with what was to be done. A driver that says "interrupted" and wraps
// nothing still matches the context that it comes from.
func failed(ctx context.Context, what string, err error) error {
	if isPooled(err) {
		err = fmt.Errorf("%w: %w", ErrPooled, err)
	}
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return fmt.Errorf("inbox: %s: %w", what, err)
}

// isPooled reports whether Postgres says that a prepared statement is not there (26000),
// that one of its name is (42P05), or that it is another one: then it takes other
// parameters, or has other columns. That has no code of its own, but a text that no
// pooler's own failure has.
func isPooled(err error) bool {
	switch sqlState(err) {
	case "26000", "42P05":
		return true
	case "08P01":
		return strings.Contains(err.Error(), "bind message")
	}
	return false
}

// sqlState is Postgres' code of an error, as its drivers tell it, or "" (PostgreSQL
// docs, appendix A). 40 is the class of what was rolled back because of another
// transaction.
func sqlState(err error) string {
	state, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok {
		return ""
	}
	return state.SQLState()
}
