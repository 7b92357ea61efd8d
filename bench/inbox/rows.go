package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

const perRound = 2_000 // deliveries, one after the other

// fillText is what an inbox has after two months in which events came evenly, half of
// them of services that do not sign an identifier, a quarter with their bodies.
const fillText = `INSERT INTO %s_event (identity, content, body_mark, id_mark, endpoint, event_id, event_type, received_at, meta, body)
	SELECT sha256(convert_to('i' || n, 'UTF8')), sha256(convert_to('c' || n, 'UTF8')),
		CASE WHEN n %% 2 = 0 THEN sha256(convert_to('b' || n, 'UTF8')) END, CASE WHEN n %% 2 = 0 THEN sha256(convert_to('d' || n, 'UTF8')) END,
		'stripe', 'evt_old_' || n, 'invoice.paid', (extract(epoch FROM now())*1000)::bigint - 5184000000 + n * 5184000000 / %d,
		CASE WHEN n %% 4 = 0 THEN '\x7b7d'::bytea END, CASE WHEN n %% 4 = 0 THEN convert_to(repeat(md5(n::text), 64), 'UTF8') END
	FROM generate_series(1::bigint, %d) n`

// store is an inbox that runs, with a handler.
type store struct {
	schema  string
	rows    int
	h       *webhook.Handler
	handled chan struct{}
	stop    func() error
	results []rowsResult
}

// rowsResult is that of one round, in seconds.
type rowsResult struct{ ackMedian, ack99, handledMedian, handled99 float64 }

// measureRows compares an inbox of many known events with one that begins empty: how long
// a delivery takes to be acknowledged, and to be handled, in alternating rounds.
func measureRows(ctx context.Context, pool *pgxpool.Pool, rows, rounds int) error {
	stores := []*store{{schema: "bench_empty"}, {schema: "bench_full", rows: rows}}
	for _, s := range stores {
		if err := s.open(ctx, pool); err != nil {
			return err
		}
		defer func() {
			_ = s.stop()
			_, _ = pool.Exec(ctx, `DROP SCHEMA `+s.schema+` CASCADE`)
		}()
	}
	next := 0
	for range rounds {
		for _, i := range rand.Perm(len(stores)) {
			r, err := stores[i].round(ctx, next)
			if err != nil {
				return err
			}
			stores[i].results = append(stores[i].results, r)
			next += perRound
		}
	}
	fmt.Println("| known events | acknowledged, p50 | p99 | handled, p50 | p99 |")
	fmt.Println("|--:|--:|--:|--:|--:|")
	var medians []rowsResult
	for _, s := range stores {
		m := rowsResult{
			s.median(func(r rowsResult) float64 { return r.ackMedian }), s.median(func(r rowsResult) float64 { return r.ack99 }),
			s.median(func(r rowsResult) float64 { return r.handledMedian }), s.median(func(r rowsResult) float64 { return r.handled99 }),
		}
		medians = append(medians, m)
		fmt.Printf("| %d | %.2f ms | %.2f ms | %.2f ms | %.2f ms |\n", s.rows, 1e3*m.ackMedian, 1e3*m.ack99, 1e3*m.handledMedian, 1e3*m.handled99)
	}
	a, b := medians[0], medians[1]
	fmt.Printf("| change | %+.0f %% | %+.0f %% | %+.0f %% | %+.0f %% |\n", change(a.ackMedian, b.ackMedian), change(a.ack99, b.ack99),
		change(a.handledMedian, b.handledMedian), change(a.handled99, b.handled99))
	return nil
}

func change(from, to float64) float64 { return 100 * (to/from - 1) }

func (s *store) median(of func(rowsResult) float64) float64 {
	var all []float64
	for _, r := range s.results {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (s *store) open(ctx context.Context, pool *pgxpool.Pool) error {
	s.handled = make(chan struct{}, perRound)
	s.stop = func() error { return nil }
	prefix := s.schema + ".inbox"
	if _, err := pool.Exec(ctx, `DROP SCHEMA IF EXISTS `+s.schema+` CASCADE; CREATE SCHEMA `+s.schema+`; CREATE TABLE `+s.schema+`.effect (event TEXT)`); err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	ib, err := inbox.New(db, inbox.Postgres, inbox.WithPrefix(prefix), inbox.WithConcurrency(workers), inbox.WithLogger(quiet()))
	if err == nil {
		err = ib.Migrate(ctx)
	}
	if err != nil {
		return err
	}
	if s.rows > 0 {
		if _, err := pool.Exec(ctx, fmt.Sprintf(fillText, prefix, s.rows, s.rows)); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
	}
	for _, settle := range []string{`VACUUM ANALYZE ` + prefix + `_event`, `CHECKPOINT`} {
		if _, err := pool.Exec(ctx, settle); err != nil {
			return err
		}
	}
	scheme, err := webhook.Stripe(secret.Static(key))
	if err != nil {
		return err
	}
	s.h, err = webhook.NewHandler(scheme, webhook.WithQueue(ib), webhook.WithLogger(quiet()),
		inbox.OnTx("*", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO `+s.schema+`.effect (event) VALUES ($1)`, e.ID)
			s.handled <- struct{}{}
			return err
		}))
	if err != nil {
		return err
	}
	working, cancel := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- ib.Run(working, s.h) }()
	s.stop = func() error {
		cancel()
		defer db.Close()
		return <-stopped
	}
	_, err = s.round(ctx, 1_000_000_000) // connections, plans, what is in memory
	return err
}

// round sends one delivery after the other, and waits until the function of each has
// written.
func (s *store) round(ctx context.Context, first int) (rowsResult, error) {
	acks, handled := make([]float64, perRound), make([]float64, perRound)
	for i := range acks {
		from := time.Now()
		if err := send(ctx, s.h, first+i, first+i+1); err != nil {
			return rowsResult{}, err
		}
		acks[i] = time.Since(from).Seconds()
		select {
		case <-s.handled:
		case <-time.After(time.Minute):
			return rowsResult{}, fmt.Errorf("%s: an event is not handled after a minute", s.schema)
		}
		handled[i] = time.Since(from).Seconds()
	}
	slices.Sort(acks)
	slices.Sort(handled)
	p50, p99 := perRound/2, perRound*99/100
	return rowsResult{acks[p50], acks[p99], handled[p50], handled[p99]}, nil
}
