package onriver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/webhook"
)

// Configure adds what runs the events of handlers to the configuration of a River client
// of the caller's: two workers, the queue with [inbox.WithConcurrency] workers unless it
// is there, and two periodic jobs, which find events whose job River has given up and
// purge the inbox. A program without other jobs has [Queue.Run].
//
// River takes up the events of a process that was killed after RescueStuckJobsAfter,
// which is an hour unless cfg says otherwise, and fetches no more than MaxWorkers jobs
// each FetchCooldown, which is 100 ms: consider both.
func (q *Queue) Configure(cfg *river.Config, handlers ...*webhook.Handler) error {
	if err := q.configure(cfg, handlers); err != nil {
		return fmt.Errorf("onriver: configure: %w", err)
	}
	return nil
}

func (q *Queue) configure(cfg *river.Config, handlers []*webhook.Handler) error {
	switch {
	case cfg == nil:
		return errors.New("the configuration is nil")
	case len(handlers) == 0:
		return errors.New("there is no handler")
	case cfg.Schema != q.cfg.Schema:
		return fmt.Errorf("the client's schema is %q and the queue's is %q", cfg.Schema, q.cfg.Schema)
	}
	w := &worker{q: q, handlers: map[string]*webhook.Handler{}}
	for _, h := range handlers {
		switch {
		case h == nil:
			return errors.New("a handler is nil")
		case w.handlers[h.Endpoint()] != nil:
			return fmt.Errorf("two handlers are of the endpoint %q: see webhook.WithEndpoint", h.Endpoint())
		}
		w.handlers[h.Endpoint()] = h
	}
	if cfg.Workers == nil {
		cfg.Workers = river.NewWorkers()
	}
	if err := river.AddWorkerSafely(cfg.Workers, w); err != nil {
		return err
	}
	if err := river.AddWorkerSafely(cfg.Workers, &sweeper{q: q}); err != nil {
		return err
	}
	if cfg.Queues == nil {
		cfg.Queues = map[string]river.QueueConfig{}
	}
	if _, there := cfg.Queues[q.cfg.Queue]; !there {
		cfg.Queues[q.cfg.Queue] = river.QueueConfig{MaxWorkers: q.settings.Concurrency}
	}
	if !cfg.LeaderElectionDisabled {
		cfg.PeriodicJobs = append(cfg.PeriodicJobs, q.sweeps()...)
	}
	return nil
}

// overrun is for how long a function may ignore that its context has ended before River
// has its event run elsewhere.
const overrun = 5 * time.Second

// Run hands events to the functions of handlers by a River client of its own until ctx
// ends; then it lets them finish within [inbox.WithGrace] and returns nil. One that
// ignores its context is left behind 15 seconds later. Any number of processes may do so.
// The event of one that was killed is taken up by another at most [inbox.WithTimeout] and
// 35 seconds later, and 16 more where it was River's leader.
//
// While the database is away Run logs that and tries again. It returns an error at once
// where handlers are none, nil or of one endpoint, and [inbox.ErrNotMigrated] or
// [inbox.ErrNewerSchema] of River's tables.
func (q *Queue) Run(ctx context.Context, handlers ...*webhook.Handler) error {
	if err := q.configure(&river.Config{Schema: q.cfg.Schema}, handlers); err != nil {
		return fmt.Errorf("onriver: run: %w", err)
	}
	for wait := 100 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		cfg := q.riverConfig()
		if err := q.configure(cfg, handlers); err != nil {
			return fmt.Errorf("onriver: run: %w", err)
		}
		client, err := river.NewClient(riverpgxv5.New(q.pool), cfg)
		if err != nil {
			return fmt.Errorf("onriver: run: %w", err)
		}
		if err = q.start(ctx, client); err == nil {
			q.untilStopped(ctx, client)
			continue
		}
		if errors.Is(err, inbox.ErrNotMigrated) || errors.Is(err, inbox.ErrNewerSchema) {
			return fmt.Errorf("onriver: run: %w", err)
		}
		if ctx.Err() == nil {
			q.settings.Logger.LogAttrs(ctx, slog.LevelError, "onriver: River does not start; it is tried again and again", slog.String("error", err.Error()))
			_ = pause.For(ctx, wait)
		}
	}
	return nil
}

// untilStopped waits for a client that ends with ctx. A function that ignores its context
// would keep it from that for ever.
func (q *Queue) untilStopped(ctx context.Context, client *river.Client[pgx.Tx]) {
	select {
	case <-client.Stopped():
		return
	case <-ctx.Done():
	}
	timer := time.NewTimer(q.settings.Grace + overrun + callLimit)
	defer timer.Stop()
	select {
	case <-client.Stopped():
	case <-timer.C:
		q.settings.Logger.LogAttrs(ctx, slog.LevelError, "onriver: a function ignores that its context has ended, or the database does not answer; River is left to itself")
	}
}

func (q *Queue) start(ctx context.Context, client *river.Client[pgx.Tx]) error {
	m, err := q.migrator()
	if err == nil {
		err = q.riverReady(ctx, m)
	}
	if err == nil {
		err = client.Start(ctx)
	}
	return pooled(err)
}

func (q *Queue) riverConfig() *river.Config {
	s := q.settings
	return &river.Config{
		Schema: q.cfg.Schema, Logger: s.Logger, PollOnly: q.cfg.PollOnly,
		JobTimeout: s.Timeout, RescueStuckJobsAfter: s.Timeout + overrun,
		SoftStopTimeout: max(s.Grace, time.Millisecond), // 0 is for ever
		FetchCooldown:   10 * time.Millisecond,          // of it depends how many are handled
	}
}
