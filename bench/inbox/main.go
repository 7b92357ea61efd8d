// Command inbox measures what it takes to acknowledge and to handle webhook deliveries on
// one Postgres: by package inbox alone, by on/river, and by River's own insert-and-work,
// which knows no duplicates. All three verify the same deliveries of 2 KB, and their
// functions insert a row in the transaction that ends the job. It prints a Markdown table
// of the medians of shuffled rounds. It makes schemas named bench_… and drops them.
//
//	go run ./inbox -postgres postgres://…
//
// With -rows 1000000 it compares an inbox that knows so many events with an empty one.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

const (
	oneByOne = 600   // deliveries, one after the other
	together = 3_000 // deliveries, senders at once
	senders  = 16
	workers  = 8
	key      = "whsec_bench"
)

func main() {
	dsn := flag.String("postgres", "", "DSN of a Postgres")
	rounds := flag.Int("rounds", 5, "of each")
	rows := flag.Int("rows", 0, "compare an inbox that knows so many events with an empty one, in place of the queues")
	flag.Parse()
	if err := measure(*dsn, *rounds, *rows); err != nil {
		fmt.Fprintln(os.Stderr, "inbox:", err)
		os.Exit(1)
	}
}

// result is that of one round, in events per second and seconds.
type result struct{ alone, p50, p99, at16, handled float64 }

func measure(dsn string, rounds, rows int) error {
	if dsn == "" {
		return fmt.Errorf("-postgres is missing")
	}
	ctx := context.Background()
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return err
	}
	cfg.MaxConns = 24
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	if rows > 0 {
		return measureRows(ctx, pool, rows, rounds)
	}
	results := map[string][]result{}
	for round := range rounds {
		for _, i := range rand.Perm(len(contenders)) {
			c := contenders[i]
			r, err := one(ctx, pool, c, fmt.Sprintf("bench_%d_%d", round, i))
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			results[c.name] = append(results[c.name], r)
		}
	}
	fmt.Println("| | acknowledged/s, one by one | p50 | p99 | acknowledged/s, 16 at once | handled/s, 8 workers |")
	fmt.Println("|---|--:|--:|--:|--:|--:|")
	for _, c := range contenders {
		median := func(of func(result) float64) float64 {
			var all []float64
			for _, r := range results[c.name] {
				all = append(all, of(r))
			}
			slices.Sort(all)
			return all[len(all)/2]
		}
		fmt.Printf("| %s | %.0f | %.2f ms | %.2f ms | %.0f | %.0f |\n", c.name, median(func(r result) float64 { return r.alone }),
			1e3*median(func(r result) float64 { return r.p50 }), 1e3*median(func(r result) float64 { return r.p99 }),
			median(func(r result) float64 { return r.at16 }), median(func(r result) float64 { return r.handled }))
	}
	return nil
}

// one is a round of one contender, on tables of its own.
func one(ctx context.Context, pool *pgxpool.Pool, c contender, schema string) (r result, err error) {
	if _, err := pool.Exec(ctx, `DROP SCHEMA IF EXISTS `+schema+` CASCADE; CREATE SCHEMA `+schema+`; CREATE TABLE `+schema+`.effect (event TEXT)`); err != nil {
		return r, err
	}
	defer func() { _, _ = pool.Exec(ctx, `DROP SCHEMA `+schema+` CASCADE`) }()
	var done atomic.Int64
	all := make(chan struct{})
	s, err := c.open(ctx, pool, schema, func() {
		if done.Add(1) == oneByOne+together {
			close(all)
		}
	})
	if err != nil {
		return r, err
	}
	defer s.close()
	scheme, err := webhook.Stripe(secret.Static(key))
	if err != nil {
		return r, err
	}
	opts := []webhook.HandlerOption{webhook.WithQueue(s.queue), webhook.WithLogger(slog.New(slog.DiscardHandler))}
	if s.on != nil {
		opts = append(opts, s.on)
	}
	h, err := webhook.NewHandler(scheme, opts...)
	if err != nil {
		return r, err
	}
	if err := send(ctx, h, 0, 50); err != nil { // connections, plans
		return r, err
	}
	if _, err := pool.Exec(ctx, s.forget); err != nil {
		return r, err
	}
	times := make([]float64, oneByOne)
	begun := time.Now()
	for i := range times {
		from := time.Now()
		if err := send(ctx, h, 1_000+i, 1_001+i); err != nil {
			return r, err
		}
		times[i] = time.Since(from).Seconds()
	}
	r.alone = oneByOne / time.Since(begun).Seconds()
	slices.Sort(times)
	r.p50, r.p99 = times[len(times)/2], times[len(times)*99/100]

	errs := make([]error, senders)
	var wg sync.WaitGroup
	begun = time.Now()
	for k := range senders {
		wg.Go(func() { errs[k] = send(ctx, h, 10_000+k*together/senders, 10_000+(k+1)*together/senders) })
	}
	wg.Wait()
	r.at16 = float64(together/senders*senders) / time.Since(begun).Seconds()
	if err := slices.MaxFunc(errs, func(a, b error) int { return btoi(a != nil) - btoi(b != nil) }); err != nil {
		return r, err
	}
	done.Add(together - together/senders*senders)

	working, stop := context.WithCancel(ctx)
	begun = time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- s.run(working, h) }()
	select {
	case <-all:
	case <-time.After(2 * time.Minute):
		err = fmt.Errorf("%d events handled in two minutes", done.Load())
	case err = <-stopped:
		stopped <- err
	}
	r.handled = (oneByOne + together) / time.Since(begun).Seconds()
	stop()
	if e := <-stopped; err == nil {
		err = e
	}
	return r, err
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

var filler = make([]byte, 900)

func send(ctx context.Context, h *webhook.Handler, from, to int) error {
	signer := webhooktest.Stripe(key)
	for i := from; i < to; i++ {
		body := fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"invoice.paid","data":{"object":{"filler":"%x"}}}`, i, filler)
		if a := h.Process(ctx, webhook.FromHTTP(signer.Request(body), body)); a.Status != 200 {
			return fmt.Errorf("delivery %d: %d", i, a.Status)
		}
	}
	return nil
}
