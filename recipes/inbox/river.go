package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/standpipe-go/standpipe/inbox"
	onriver "github.com/standpipe-go/standpipe/on/river"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// newQueue is newInbox for events that River runs, whose tables are in a schema of their
// own. In production leave the timeouts at their minutes: an event whose process was
// killed is taken up half a minute after them.
func newQueue(ctx context.Context, pool *pgxpool.Pool, prefix string) (*onriver.Queue, error) {
	warnings := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})) // River tells a lot
	q, err := onriver.New(pool, onriver.Config{Schema: prefix}, inbox.WithLogger(warnings),
		inbox.WithPrefix(prefix), inbox.WithTimeout(2*time.Second), inbox.WithTxTimeout(time.Second))
	if err != nil {
		return nil, err
	}
	return q, q.Migrate(ctx)
}

// newRiverHandler is newHandler with River: the row is written in the transaction in
// which River's job is completed.
func newRiverHandler(q *onriver.Queue, prefix string) (*webhook.Handler, error) {
	scheme, err := webhook.Stripe(secret.Static(signingSecret))
	if err != nil {
		return nil, err
	}
	insert := fmt.Sprintf(`INSERT INTO %s_payment (event, amount) VALUES ($1, $2)`, prefix)
	return webhook.NewHandler(scheme,
		webhook.WithQueue(q),
		onriver.OnTx("invoice.paid", func(ctx context.Context, tx pgx.Tx, e webhook.Event[invoice]) error {
			_, err := tx.Exec(ctx, insert, e.ID, e.Data.AmountPaid)
			return err
		}))
}
