package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
)

// schema is the guard's table. Rows whose time is over can be deleted at any time.
const schema = `CREATE TABLE IF NOT EXISTS webhook_events (
	event   TEXT PRIMARY KEY, -- which event it is
	token   TEXT NOT NULL,    -- whose claim it is
	handled BOOLEAN NOT NULL, -- or else in flight
	until   BIGINT NOT NULL   -- Unix milliseconds: the end of the lease, or of the memory
)`

// guard is a webhook.Guard that any number of processes share by a table. Its SQL is
// that of Postgres and SQLite, and tested on SQLite. It tells no replay under another
// identifier (webhook.Claim.Suspect), which takes a second table.
type guard struct {
	db     *sql.DB
	lease  time.Duration // after which a process that has not reported is taken for dead
	memory time.Duration // for which a handled event is known
	now    func() time.Time
}

func newGuard(ctx context.Context, db *sql.DB) (*guard, error) {
	_, err := db.ExecContext(ctx, schema)
	return &guard{db: db, lease: 5 * time.Minute, memory: 72 * time.Hour, now: time.Now}, err
}

// Claim takes an event that nobody has, or whose time is over, in a single statement:
// exactly one of several processes changes the row.
func (g *guard) Claim(ctx context.Context, key webhook.GuardKey) (webhook.Claim, error) {
	c := webhook.Claim{Key: key, State: webhook.Claimed, Token: rand.Text()}
	if key.ID == "" {
		return c, nil // there is nothing to know it by again
	}
	event := identity(key)
	now := g.now()
	res, err := g.db.ExecContext(ctx, `INSERT INTO webhook_events (event, token, handled, until) VALUES ($1, $2, FALSE, $3)
		ON CONFLICT (event) DO UPDATE SET token = excluded.token, handled = FALSE, until = excluded.until
		WHERE webhook_events.until <= $4`, event, c.Token, now.Add(g.lease).UnixMilli(), now.UnixMilli())
	if err != nil {
		return webhook.Claim{}, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return c, err
	}
	var handled bool
	err = g.db.QueryRowContext(ctx, `SELECT handled FROM webhook_events WHERE event = $1`, event).Scan(&handled)
	switch {
	case err == nil && handled:
		c.State = webhook.Handled
	case err == nil || errors.Is(err, sql.ErrNoRows): // the other has just given it up: the provider sends again
		c.State = webhook.InFlight
	default:
		return webhook.Claim{}, err
	}
	return c, nil
}

// Commit notes that the event was handled, also where the lease is over and another
// process has it.
func (g *guard) Commit(ctx context.Context, c webhook.Claim) error {
	if c.Key.ID == "" {
		return nil
	}
	_, err := g.db.ExecContext(ctx, `INSERT INTO webhook_events (event, token, handled, until) VALUES ($1, $2, TRUE, $3)
		ON CONFLICT (event) DO UPDATE SET handled = TRUE, until = excluded.until`,
		identity(c.Key), c.Token, g.now().Add(g.memory).UnixMilli())
	return err
}

// Release gives the event up, if it is still this claim's and nobody has handled it.
func (g *guard) Release(ctx context.Context, c webhook.Claim) error {
	if c.Key.ID == "" {
		return nil
	}
	_, err := g.db.ExecContext(ctx, `DELETE FROM webhook_events WHERE event = $1 AND token = $2 AND NOT handled`, identity(c.Key), c.Token)
	return err
}

// identity is the same for what webhook.GuardKey says is the same event. An identifier
// is what the sender likes, also bytes that are no text: quoted, none looks like another.
func identity(key webhook.GuardKey) string {
	if key.IDSigned {
		key.Body, key.Empty = [32]byte{}, false
	}
	text := fmt.Sprintf("%q %q %t %x %t %d", key.Endpoint, key.ID, key.IDSigned, key.Body, key.Empty, key.Index)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
