package main

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/standpipe-go/standpipe/inbox"
	onriver "github.com/standpipe-go/standpipe/on/river"
	"github.com/standpipe-go/standpipe/webhook"
)

// contender is one way to keep and handle deliveries.
type contender struct {
	name string
	open func(ctx context.Context, pool *pgxpool.Pool, schema string, handled func()) (*setup, error)
}

type setup struct {
	queue  webhook.Enqueuer
	on     webhook.HandlerOption // nil: run knows what to do
	run    func(ctx context.Context, h *webhook.Handler) error
	forget string // deletes what is waiting
	close  func()
}

var contenders = []contender{{"inbox on Postgres", openInbox}, {"on/river", openOnRiver}, {"River alone", openRiver}}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func openInbox(ctx context.Context, pool *pgxpool.Pool, schema string, handled func()) (*setup, error) {
	db := stdlib.OpenDBFromPool(pool)
	ib, err := inbox.New(db, inbox.Postgres, inbox.WithPrefix(schema+".inbox"), inbox.WithConcurrency(workers), inbox.WithLogger(quiet()))
	if err == nil {
		err = ib.Migrate(ctx)
	}
	if err != nil {
		return nil, err
	}
	return &setup{
		queue: ib,
		on: inbox.OnTx("*", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO `+schema+`.effect (event) VALUES ($1)`, e.ID)
			handled()
			return err
		}),
		run:    func(ctx context.Context, h *webhook.Handler) error { return ib.Run(ctx, h) },
		forget: `TRUNCATE ` + schema + `.inbox_due`,
		close:  func() { _ = db.Close() },
	}, nil
}

func openOnRiver(ctx context.Context, pool *pgxpool.Pool, schema string, handled func()) (*setup, error) {
	q, err := onriver.New(pool, onriver.Config{Schema: schema}, inbox.WithPrefix(schema+".inbox"), inbox.WithConcurrency(workers), inbox.WithLogger(quiet()))
	if err == nil {
		err = q.Migrate(ctx)
	}
	if err != nil {
		return nil, err
	}
	return &setup{
		queue: q,
		on: onriver.OnTx("*", func(ctx context.Context, tx pgx.Tx, e webhook.Event[struct{}]) error {
			_, err := tx.Exec(ctx, `INSERT INTO `+schema+`.effect (event) VALUES ($1)`, e.ID)
			handled()
			return err
		}),
		run:    func(ctx context.Context, h *webhook.Handler) error { return q.Run(ctx, h) },
		forget: `TRUNCATE ` + schema + `.inbox_due; DELETE FROM ` + schema + `.river_job`,
		close:  func() { _ = q.Close() },
	}, nil
}

// riverAlone is a queue as one writes it with River in an afternoon.
type riverAlone struct {
	river.WorkerDefaults[eventArgs]
	pool    *pgxpool.Pool
	client  *river.Client[pgx.Tx]
	schema  string
	handled func()
}

type eventArgs struct {
	ID   string `json:"id"`
	Body string `json:"body"`
}

func (eventArgs) Kind() string { return "event" }

func (r *riverAlone) Enqueue(ctx context.Context, d *webhook.Delivery) error {
	_, err := r.client.Insert(ctx, eventArgs{ID: d.Events[0].ID, Body: string(d.Request.Body)}, nil)
	return err
}

func (r *riverAlone) Work(ctx context.Context, job *river.Job[eventArgs]) error {
	tx, err := r.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, `INSERT INTO `+r.schema+`.effect (event) VALUES ($1)`, job.Args.ID); err != nil {
		return err
	}
	r.handled()
	if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

func openRiver(ctx context.Context, pool *pgxpool.Pool, schema string, handled func()) (*setup, error) {
	driver := riverpgxv5.New(pool)
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Schema: schema, Logger: quiet()})
	if err != nil {
		return nil, err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	w := &riverAlone{pool: pool, schema: schema, handled: handled}
	list := river.NewWorkers()
	river.AddWorker(list, w)
	w.client, err = river.NewClient(driver, &river.Config{
		Schema: schema, Logger: quiet(), Workers: list, FetchCooldown: 10 * time.Millisecond, // as on/river has it
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
	})
	if err != nil {
		return nil, err
	}
	return &setup{
		queue: w,
		run: func(ctx context.Context, _ *webhook.Handler) error {
			if err := w.client.Start(ctx); err != nil {
				return err
			}
			<-w.client.Stopped()
			return nil
		},
		forget: `DELETE FROM ` + schema + `.river_job`,
		close:  func() {},
	}, nil
}
