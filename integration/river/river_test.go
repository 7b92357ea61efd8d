package river_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	onriver "github.com/standpipe-go/standpipe/on/river"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/guardtest"
	"github.com/standpipe-go/standpipe/webhook/queuetest"
)

var errTest = errors.New("it did not work")

// TestRiver is what an inbox on River promises. The parts share a server, and each has
// a schema of its own.
func TestRiver(t *testing.T) {
	t.Parallel()
	dsn := servers.Postgres(t)
	for name, test := range map[string]func(*testing.T, string){
		"an event is kept and run once":                              testOnce,
		"W12 an unsigned identifier drops nothing":                   testUnsigned,
		"W27 other content under a signed identifier is quarantined": testQuarantine,
		"D1 the event and its job are one":                           testOne,
		"D2 what the function writes is committed with the event":    testTx,
		"D2 OnTx outside the worker fails":                           testTxOutside,
		"D3 a job that runs twice at once has one effect":            testTwice,
		"D5 a poison event is a dead letter and can be replayed":     testDead,
		"D5 a job that ends without its worker":                      testSweep,
		"D8 the tables":                                              testMigrate,
		"D8 the tables, by a pool of one connection":                 testMigrateNarrow,
		"D2 what was handled is taken off after a short outage":      testOutage,
		"a shutdown is no attempt":                                   testShutdown,
		"C37 a function that panics or ends its goroutine":           testPanic,
		"C37 a log handler that panics":                              testFaultyLog,
		"a function that never returns ends no shutdown":             testNeverReturns,
		"what River runs again by hand":                              testRetried,
		"what waits is replayed":                                     testReplayWaiting,
		"a job that has lost its event runs nothing":                 testLostJob,
		"as a guard of its own handler":                              testGuarded,
		"in a client of the caller's":                                testConfigure,
		"an endpoint that has no handler":                            testEndpoints,
		"D1 what the inbox kept before River came":                   testTakeOver,
		"D2 sweeps at once give an event one job":                    testTakeOverAtOnce,
		"D2 what was handled while it was swept is not run":          testTakeOverHandled,
		"D2 what others have at hand is not given up":                testTakeOverLeased,
		"D5 what cannot be read keeps no other from its job":         testTakeOverBroken,
		"D1 jobs that come with their events are River's own":        testJobs,
		"D1 a courier with jobs of its own":                          testCourier,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, dsn)
		})
	}
}

func testOnce(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	for range 3 {
		require.Equal(t, 200, postStripe(h, paid("evt_1")))
	}
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.inbox_event`))
	require.Equal(t, 1, s.count(due))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.river_job`))
	stop := start(t, s.Queue, h)
	s.settled()
	require.Equal(t, 200, postStripe(h, paid("evt_1")), "also after it was handled")
	s.exec(`DELETE FROM %s.river_job`) // as River does after a day
	require.Equal(t, 200, postStripe(h, paid("evt_1")), "and when River has forgotten it")
	require.Equal(t, 200, postStripe(h, paid("evt_2")))
	s.settled()
	stop()
	got := j.all()
	require.Len(t, got, 2)
	require.Equal(t, "evt_1", got[0].ID)
	require.Equal(t, paid("evt_1"), got[0].Request.Body, "byte for byte what was signed")
	require.NotContains(t, got[0].Request.Header, "Stripe-Signature")
	require.False(t, got[0].Suspect)
	require.Empty(t, s.dead())
}

func testUnsigned(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	j := &diary{}
	h := handler(t, github, webhook.WithQueue(s), webhook.On("push", j.note))
	for range 2 {
		require.Equal(t, 200, postGitHub(h, "one", `{"a":1}`))
	}
	require.Equal(t, 200, postGitHub(h, "two", `{"a":1}`)) // the identifier was changed on the way
	require.Equal(t, 200, postGitHub(h, "one", `{"a":2}`))
	start(t, s.Queue, h)
	s.settled()
	var suspect []bool
	for _, e := range j.all() {
		suspect = append(suspect, e.Suspect)
	}
	require.ElementsMatch(t, []bool{false, true, true}, suspect)
}

func testQuarantine(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	for range 2 {
		require.Equal(t, 200, postStripe(h, []byte(strings.Replace(string(paid("evt_1")), "in_evt_1", "in_evt_9", 1))))
	}
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.river_job`))
	start(t, s.Queue, h)
	s.settled()
	require.Len(t, j.all(), 1)
	letters := s.dead()
	require.Len(t, letters, 1)
	require.Equal(t, inbox.ReasonQuarantined, letters[0].Reason)
	require.NoError(t, s.Replay(t.Context(), letters[0].ID, "ops"))
	s.settled()
	require.Len(t, j.all(), 2, "somebody has looked at it")
}

func testOne(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	h := handler(t, stripe, webhook.WithQueue(s))
	s.exec(`ALTER TABLE %s.river_job RENAME TO away`)
	require.Equal(t, 503, postStripe(h, paid("evt_1")))
	require.Zero(t, s.count(`SELECT count(*) FROM %s.inbox_event`), "no event without a job")
	s.exec(`ALTER TABLE %s.away RENAME TO river_job`)
	s.exec(`ALTER TABLE %s.inbox_due RENAME TO away`)
	require.Equal(t, 503, postStripe(h, paid("evt_1")))
	require.Zero(t, s.count(`SELECT count(*) FROM %s.river_job`), "no job without an event")
	s.exec(`ALTER TABLE %s.away RENAME TO inbox_due`)
	var wg sync.WaitGroup
	var taken atomic.Int32
	for i := range 200 {
		wg.Go(func() {
			if postStripe(h, paid(fmt.Sprint("evt_", i%100))) == 200 {
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 200, taken.Load())
	require.Equal(t, 100, s.count(`SELECT count(*) FROM %s.inbox_due d JOIN %[1]s.river_job j ON j.id = d.token AND (j.args->>'event')::bigint = d.event`))
	require.Equal(t, 100, s.count(`SELECT count(*) FROM %s.river_job`))
}

// effect writes a row.
func (s *shop) effect() webhook.HandlerOption { return effectIn(s.schema, 0) }

func effectIn(schema string, hold time.Duration) webhook.HandlerOption {
	return onriver.OnTx("invoice.paid", func(ctx context.Context, tx pgx.Tx, e webhook.Event[struct{}]) error {
		_, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %s.effect (event, pid) VALUES ($1, $2)`, schema), e.ID, pid)
		if err == nil && hold > 0 {
			time.Sleep(hold)
		}
		return err
	})
}

func testTx(t *testing.T, dsn string) {
	s := newShop(t, dsn, quick(5), inbox.WithTxTimeout(4*time.Second)) // much longer than a machine stands still
	var tries atomic.Int32
	h := handler(t, stripe, webhook.WithQueue(s), onriver.OnTx("invoice.paid", func(ctx context.Context, tx pgx.Tx, e webhook.Event[struct{}]) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %s.effect (event) VALUES ($1)`, s.schema), e.ID); err != nil {
			return err
		}
		switch n := tries.Add(1); {
		case n == 1:
			return errTest
		case n == 2:
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), inbox.ErrTimeout) {
				t.Error(context.Cause(ctx))
			}
			return ctx.Err()
		case n == 3: // a commit that fails
			_, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0; SAVEPOINT a`)
			if err == nil {
				_, _ = tx.Exec(ctx, `SELECT 1/0`)
			}
			return err
		}
		return nil
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	start(t, s.Queue, h)
	s.settled()
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.effect`))
	require.EqualValues(t, 4, tries.Load())
	require.Eventually(t, func() bool {
		return s.count(`SELECT count(*) FROM %s.river_job WHERE kind = 'standpipe_event' AND state = 'completed'`) == 1
	}, time.Minute, 5*time.Millisecond)
	require.Equal(t, 3, s.count(`SELECT array_length(errors, 1) FROM %s.river_job WHERE kind = 'standpipe_event'`))
	require.Empty(t, s.dead())
}

func testTxOutside(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	h := handler(t, stripe, s.effect())
	require.Equal(t, 500, postStripe(h, paid("evt_1")))
	require.Zero(t, s.count(`SELECT count(*) FROM %s.effect`))
}

// testTwice has River hand a job to a second worker while the first is at it.
func testTwice(t *testing.T, dsn string) {
	s := newShop(t, dsn, inbox.WithConcurrency(4))
	var running atomic.Int32
	both, plain := make(chan struct{}), make(chan struct{})
	h := handler(t, stripe, webhook.WithQueue(s), onriver.OnTx("invoice.paid", func(ctx context.Context, tx pgx.Tx, e webhook.Event[struct{}]) error {
		if running.Add(1) == 2 {
			close(both)
		}
		<-both
		_, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %s.effect (event) VALUES ($1)`, s.schema), e.ID)
		return err
	}), webhook.On("plain", func(context.Context, webhook.Event[struct{}]) error { <-plain; return nil }))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	stop := start(t, s.Queue, h)
	require.Eventually(t, func() bool { return running.Load() == 1 }, time.Minute, time.Millisecond)
	s.exec(`UPDATE %s.river_job SET state = 'available' WHERE kind = 'standpipe_event'`) // as its rescuer would
	s.settled()
	close(plain)
	stop()
	require.EqualValues(t, 2, running.Load())
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.effect`))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.river_job WHERE kind = 'standpipe_event' AND state IN ('completed', 'cancelled')`))
	require.Empty(t, s.dead())
}

func testDead(t *testing.T, dsn string) {
	s := newShop(t, dsn, quick(3))
	var tries atomic.Int32
	var cured atomic.Bool
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(ctx context.Context, e webhook.Event[struct{}]) error {
		if e.ID == "evt_bad" && !cured.Load() {
			return fmt.Errorf("failure %d \x00\xff %s", tries.Add(1), strings.Repeat("x", 5000))
		}
		return j.note(ctx, e)
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_bad")))
	for i := range 5 {
		require.Equal(t, 200, postStripe(h, paid(fmt.Sprint("evt_", i))))
	}
	start(t, s.Queue, h)
	s.settled()
	require.Len(t, j.all(), 5, "it holds up nothing")
	letters := s.dead()
	require.Len(t, letters, 1)
	l := letters[0]
	require.Equal(t, inbox.ReasonFailed, l.Reason)
	require.Equal(t, 3, l.Attempts)
	require.Equal(t, "evt_bad", l.EventID)
	require.Contains(t, l.FirstError, "failure 1")
	require.Contains(t, l.LastError, "failure 3")
	require.LessOrEqual(t, len(l.LastError), 1100)
	require.Eventually(t, func() bool { return s.count(`SELECT count(*) FROM %s.river_job WHERE state = 'discarded'`) == 1 }, time.Minute, 5*time.Millisecond)

	cured.Store(true)
	n, err := s.ReplaySince(t.Context(), time.Now().Add(-time.Hour), "ops")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	s.settled()
	require.Empty(t, s.dead())
	require.Len(t, j.all(), 6)
	replays, err := s.Replays(t.Context(), l.ID)
	require.NoError(t, err)
	require.Len(t, replays, 1)
}

func testSweep(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	for i := range 4 {
		require.Equal(t, 200, postStripe(h, paid(fmt.Sprint("evt_", i))))
	}
	job := `(SELECT d.token FROM %[1]s.inbox_due d JOIN %[1]s.inbox_event e ON e.id = d.event WHERE e.event_id = '`
	s.exec(`UPDATE %s.river_job SET state = 'discarded', attempt = 7, finalized_at = now(), errors = ARRAY['{"error":"first"}', '{"error":"last"}']::jsonb[] WHERE id = ` + job + `evt_0')`)
	s.exec(`UPDATE %s.river_job SET state = 'cancelled', finalized_at = now() WHERE id = ` + job + `evt_1')`)
	s.exec(`DELETE FROM %s.river_job WHERE id = ` + job + `evt_2')`)
	start(t, s.Queue, h)
	s.settled()
	require.Len(t, j.all(), 1)
	letters := s.dead()
	require.Len(t, letters, 3)
	for _, l := range letters {
		require.Equal(t, inbox.ReasonCrashed, l.Reason)
	}
	require.Equal(t, 7, letters[0].Attempts)
	require.Equal(t, "first", letters[0].FirstError)
	require.Contains(t, letters[0].LastError, "discarded")
	require.Contains(t, letters[0].LastError, "last")
	require.Contains(t, letters[1].LastError, "cancelled")
	require.Contains(t, letters[2].LastError, "deleted")
	n, err := s.ReplaySince(t.Context(), time.Now().Add(-time.Hour), "ops")
	require.NoError(t, err)
	require.Equal(t, 3, n)
	s.settled()
	require.Len(t, j.all(), 4)
}

func testMigrate(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	s.exec(`DROP SCHEMA %s CASCADE`)
	s.exec(`CREATE SCHEMA %s`)
	h := handler(t, stripe, webhook.WithQueue(s))
	require.Equal(t, 503, postStripe(h, paid("evt_1")))
	require.ErrorIs(t, s.Enqueue(t.Context(), &webhook.Delivery{
		Endpoint: "stripe", Events: []webhook.Raw{{ID: "x"}}, Keys: []webhook.EventKey{{GuardKey: webhook.GuardKey{Endpoint: "stripe", ID: "x"}}},
	}), inbox.ErrNotMigrated)
	require.ErrorIs(t, s.Run(t.Context(), h), inbox.ErrNotMigrated)
	cfg, err := pgxpool.ParseConfig(s.dsn)
	require.NoError(t, err)
	cfg.MaxConns = 4
	few, err := pgxpool.NewWithConfig(t.Context(), cfg) // connections, so that those who wait must have none
	require.NoError(t, err)
	t.Cleanup(few.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = s.another(few).Migrate(ctx) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	s.exec(`INSERT INTO %s.river_migration (line, version) VALUES ('main', 999)`)
	require.ErrorIs(t, s.Migrate(t.Context()), inbox.ErrNewerSchema)
	require.ErrorIs(t, s.Run(t.Context(), h), inbox.ErrNewerSchema)
}

// testMigrateNarrow has queues migrate at once by a pool of one connection.
func testMigrateNarrow(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	s.exec(`DROP SCHEMA %s CASCADE`)
	s.exec(`CREATE SCHEMA %s`)
	cfg, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	cfg.MaxConns = 1
	narrow, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	defer narrow.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		q := s.another(narrow)
		wg.Go(func() { errs[i] = q.Migrate(ctx) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, 200, postStripe(handler(t, stripe, webhook.WithQueue(s)), paid("evt_1")))
}

// testOutage has Postgres end all connections while a function is at work, as it does
// when it is started again.
func testOutage(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	cfg, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	cfg.ConnConfig.RuntimeParams["application_name"] = s.schema
	cfg.MaxConns = 20
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	q := s.another(pool)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(q), webhook.On("invoice.paid", func(ctx context.Context, e webhook.Event[struct{}]) error {
		if len(j.all()) > 0 {
			return j.note(ctx, e)
		}
		s.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '%s'`)
		return j.note(ctx, e)
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	start(t, q, h)
	s.settled()
	require.Len(t, j.all(), 1)
	require.Empty(t, s.dead())
}

func testShutdown(t *testing.T, dsn string) {
	s := newShop(t, dsn, quick(1), inbox.WithGrace(0))
	began := make(chan struct{}, 10)
	hang := handler(t, stripe, webhook.WithQueue(s), onriver.OnTx("invoice.paid", func(ctx context.Context, tx pgx.Tx, e webhook.Event[struct{}]) error {
		began <- struct{}{}
		<-ctx.Done()
		return errTest // whatever it says
	}))
	require.Equal(t, 200, postStripe(hang, paid("evt_1")))
	stop := start(t, s.Queue, hang)
	<-began
	stop()
	require.Empty(t, s.dead())
	require.Equal(t, 1, s.count(due))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.river_job WHERE kind = 'standpipe_event' AND state = 'available' AND attempt = 0`))
	start(t, s.Queue, handler(t, stripe, webhook.WithQueue(s), s.effect()))
	s.settled()
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.effect`))
}

// speechless is an error whose method panics, as that of a typed nil does.
type speechless struct{ text *string }

func (s *speechless) Error() string { return *s.text }

func testPanic(t *testing.T, dsn string) {
	s := newShop(t, dsn, quick(2), inbox.WithTimeout(3*time.Second))
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(ctx context.Context, e webhook.Event[struct{}]) error {
		switch e.ID {
		case "panic":
			panic("a secret")
		case "exit":
			runtime.Goexit()
		case "nil":
			var none *speechless
			return none
		case "cancel":
			return river.JobCancel(errTest)
		}
		<-ctx.Done()
		return ctx.Err()
	}))
	for _, id := range []string{"panic", "exit", "nil", "slow", "cancel"} {
		require.Equal(t, 200, postStripe(h, paid(id)))
	}
	start(t, s.Queue, h)
	s.settled()
	reasons := map[string]inbox.Reason{}
	for _, l := range s.dead() {
		reasons[l.EventID] = l.Reason
		require.NotContains(t, l.LastError, "a secret")
	}
	require.Equal(t, map[string]inbox.Reason{
		"panic": inbox.ReasonPanicked, "exit": inbox.ReasonPanicked, "nil": inbox.ReasonPanicked, "slow": inbox.ReasonTimeout, "cancel": inbox.ReasonFailed,
	}, reasons)
}

// faultyLog is a log handler that panics.
type faultyLog struct{ slog.Handler }

func (faultyLog) Enabled(context.Context, slog.Level) bool  { return true }
func (faultyLog) Handle(context.Context, slog.Record) error { panic("canary") }
func (s faultyLog) WithAttrs([]slog.Attr) slog.Handler      { return s }
func (s faultyLog) WithGroup(string) slog.Handler           { return s }

// testFaultyLog has River log in its goroutines, where nobody would recover.
func testFaultyLog(t *testing.T, dsn string) {
	s := newShop(t, dsn, quick(3))
	s.Queue = s.another(s.pool, quick(3), inbox.WithLogger(slog.New(faultyLog{})))
	var tries atomic.Int32
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(context.Context, webhook.Event[struct{}]) error {
		tries.Add(1)
		return errTest
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	stop := start(t, s.Queue, h)
	s.settled()
	stop()
	require.EqualValues(t, 3, tries.Load())
	require.Len(t, s.dead(), 1)
}

// testNeverReturns has a function ignore that its context has ended.
func testNeverReturns(t *testing.T, dsn string) {
	s := newShop(t, dsn, inbox.WithGrace(0))
	began, release := make(chan struct{}), make(chan struct{})
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(context.Context, webhook.Event[struct{}]) error {
		close(began)
		<-release
		return nil
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, h) }()
	<-began
	cancel()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Error("Run waits for it")
	}
	require.Equal(t, 1, s.count(due), "it is not handled")
	close(release)
	s.settled()
}

// testRetried has somebody press the button in River's pages.
func testRetried(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	h := handler(t, stripe, webhook.WithQueue(s), s.effect())
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	start(t, s.Queue, h)
	s.settled()
	client, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{Schema: s.schema})
	require.NoError(t, err)
	id := int64(s.count(`SELECT id FROM %s.river_job WHERE kind = 'standpipe_event'`))
	_, err = client.JobRetry(t.Context(), id)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return s.count(`SELECT count(*) FROM %s.river_job WHERE id = $1 AND state = 'cancelled'`, id) == 1
	}, time.Minute, 5*time.Millisecond)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.effect`))
	require.NoError(t, s.Replay(t.Context(), int64(s.count(`SELECT id FROM %s.inbox_event`)), "ops"))
	s.settled()
	require.Equal(t, 2, s.count(`SELECT count(*) FROM %s.effect`), "that is what Replay is for")
}

// testReplayWaiting replays an event whose job waits for its next attempt: it has a new
// job, and the old one has lost it.
func testReplayWaiting(t *testing.T, dsn string) {
	s := newShop(t, dsn, inbox.WithRetry(5, retry.Constant(time.Hour)))
	var tries atomic.Int32
	h := handler(t, stripe, webhook.WithQueue(s), onriver.OnTx("invoice.paid", func(ctx context.Context, tx pgx.Tx, e webhook.Event[struct{}]) error {
		_, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %s.effect (event) VALUES ($1)`, s.schema), e.ID)
		if tries.Add(1) == 1 {
			return errTest
		}
		return err
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	start(t, s.Queue, h)
	const waits = `SELECT count(*) FROM %s.river_job WHERE state = 'retryable'`
	require.Eventually(t, func() bool { return s.count(waits) == 1 }, time.Minute, 5*time.Millisecond)
	require.NoError(t, s.Replay(t.Context(), int64(s.count(`SELECT id FROM %s.inbox_event`)), "ops"))
	s.settled()
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.effect`))
	s.exec(`UPDATE %s.river_job SET state = 'available', scheduled_at = now() WHERE state = 'retryable'`)
	require.Eventually(t, func() bool { return s.count(`SELECT count(*) FROM %s.river_job WHERE state = 'cancelled'`) == 1 }, time.Minute, 5*time.Millisecond)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.effect`))
	require.EqualValues(t, 2, tries.Load())
	require.Empty(t, s.dead())
}

func testLostJob(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	require.NoError(t, s.Replay(t.Context(), int64(s.count(`SELECT id FROM %s.inbox_event`)), "ops"))
	s.exec(`UPDATE %[1]s.river_job SET state = 'scheduled', scheduled_at = now() + INTERVAL '1 hour' WHERE id = (SELECT max(id) FROM %[1]s.river_job)`)
	start(t, s.Queue, h)
	require.Eventually(t, func() bool { return s.count(`SELECT count(*) FROM %s.river_job WHERE state = 'cancelled'`) == 1 }, time.Minute, 5*time.Millisecond)
	require.Empty(t, j.all())
	s.exec(`UPDATE %s.river_job SET state = 'available', scheduled_at = now() WHERE state = 'scheduled'`)
	s.settled()
	require.Len(t, j.all(), 1)
}

func testGuarded(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.WithDeduplication(s), webhook.On("invoice.paid", j.note))
	start(t, s.Queue, h)
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	s.settled()
	require.NoError(t, s.Replay(t.Context(), int64(s.count(`SELECT id FROM %s.inbox_event`)), "ops"))
	s.settled()
	require.Len(t, j.all(), 2)
	require.Zero(t, s.count(`SELECT count(*) FROM %s.inbox_guard`))
}

func testConfigure(t *testing.T, dsn string) {
	s := newShop(t, dsn)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	cfg := &river.Config{Schema: s.schema, PollOnly: true, FetchPollInterval: 20 * time.Millisecond, FetchCooldown: 10 * time.Millisecond}
	require.ErrorContains(t, s.Configure(nil, h), "configuration is nil")
	require.ErrorContains(t, s.Configure(cfg), "there is no handler")
	require.ErrorContains(t, s.Configure(cfg, nil), "a handler is nil")
	require.ErrorContains(t, s.Configure(cfg, h, h), `two handlers are of the endpoint "stripe"`)
	require.ErrorContains(t, s.Configure(&river.Config{}, h), "schema")
	require.ErrorContains(t, s.Run(t.Context()), "there is no handler")
	require.ErrorContains(t, s.Inbox.Run(t.Context(), h), "another queue")
	require.NoError(t, s.Configure(cfg, h))
	require.ErrorContains(t, s.Configure(cfg, h), "standpipe_event", "once for each client")
	client, err := river.NewClient(riverpgxv5.New(s.pool), cfg)
	require.NoError(t, err)
	require.NoError(t, client.Start(context.Background()))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	s.settled()
	require.NoError(t, client.Stop(context.Background()))
	require.Len(t, j.all(), 1)

	polling, err := onriver.New(s.pool, onriver.Config{Schema: s.schema, PollOnly: true}, inbox.WithPrefix(s.schema+".inbox"))
	require.NoError(t, err)
	defer polling.Close()
	start(t, polling, h)
	require.Equal(t, 200, postStripe(h, paid("evt_2")))
	s.settled()
	require.Len(t, j.all(), 2, "without a listener, too")
}

func testEndpoints(t *testing.T, dsn string) {
	s := newShop(t, dsn, quick(1))
	us := handler(t, stripe, webhook.WithQueue(s), webhook.WithEndpoint("us"))
	eu := handler(t, stripe, webhook.WithQueue(s), webhook.WithEndpoint("eu"), s.effect())
	require.Equal(t, 200, postStripe(us, paid("evt_1")))
	require.Equal(t, 200, postStripe(eu, paid("evt_1")))
	start(t, s.Queue, eu)
	require.Eventually(t, func() bool {
		return s.count(due) == 1 && s.count(`SELECT count(*) FROM %s.river_job WHERE state = 'scheduled' AND attempt = 0`) == 1
	}, time.Minute, 5*time.Millisecond, "it waits and counts no attempt")
	require.Empty(t, s.dead())
}

func TestQueueSuite(t *testing.T) {
	t.Parallel()
	dsn := servers.Postgres(t)
	queuetest.Run(t, func(t *testing.T) queuetest.Backend {
		s := newShop(t, dsn)
		var mu sync.Mutex
		var stored []*webhook.Delivery
		scheme := func() (*webhook.Scheme, error) {
			return webhook.NewScheme("queuetest", func(context.Context, *webhook.Request) (webhook.Receipt, error) {
				return webhook.Receipt{}, nil
			})
		}
		h := handler(t, scheme, webhook.Fallback(func(_ context.Context, e webhook.Event[json.RawMessage]) error {
			mu.Lock()
			defer mu.Unlock()
			stored = append(stored, &webhook.Delivery{Endpoint: "queuetest", Receipt: e.Receipt, Request: e.Request, Events: []webhook.Raw{e.Raw}})
			return nil
		}))
		return queuetest.Backend{
			Queue: s,
			Stored: func(t *testing.T) []*webhook.Delivery {
				stop := start(t, s.another(openPool(t, dsn)), h)
				s.settled()
				stop()
				mu.Lock()
				defer mu.Unlock()
				return slices.Clone(stored)
			},
			Away: func() { require.NoError(t, s.Close()) },
		}
	})
}

func TestGuardSuite(t *testing.T) {
	t.Parallel()
	dsn := servers.Postgres(t)
	guardtest.Run(t, func(t *testing.T) guardtest.Backend {
		s := newShop(t, dsn)
		other := s.another(s.pool)
		return guardtest.Backend{
			Guards: []webhook.Guard{s, other},
			Lapse:  func() { s.exec(`UPDATE %s.inbox_guard SET until = 0 WHERE state = 1`) },
			Away:   func() { require.NoError(t, errors.Join(s.Close(), other.Close())) },
		}
	})
}
