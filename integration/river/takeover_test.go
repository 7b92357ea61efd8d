package river_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// keptBefore is a shop whose inbox has kept as many events by itself, evt_0 and so on.
func keptBefore(t *testing.T, dsn string, events int, opts ...inbox.Option) *shop {
	t.Helper()
	s := newShop(t, dsn, opts...)
	before, err := inbox.New(stdlib.OpenDBFromPool(s.pool), inbox.Postgres, inbox.WithPrefix(s.schema+".inbox"))
	require.NoError(t, err)
	h := handler(t, stripe, webhook.WithQueue(before))
	for i := range events {
		require.Equal(t, 200, postStripe(h, paid(fmt.Sprint("evt_", i))))
	}
	return s
}

// testTakeOver has a program keep events in the inbox alone, and River come to it then.
func testTakeOver(t *testing.T, dsn string) {
	s := keptBefore(t, dsn, 3)
	s.exec(`UPDATE %s.inbox_due SET token = 1, attempt = 1 WHERE event = 1`) // begun, and the process ended
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	start(t, s.Queue, h)
	s.settled()
	require.Len(t, j.all(), 3)
	require.Empty(t, s.dead())
	replays, err := s.Replays(t.Context(), 1)
	require.NoError(t, err)
	require.Len(t, replays, 1)
}

// sweepArgs are those of the job that River's leader inserts every minute, or hour.
type sweepArgs struct {
	Whole bool `json:"whole,omitempty"`
}

func (sweepArgs) Kind() string { return "standpipe_sweep" }

// sweep has so many sweeps be begun as soon as somebody works.
func (s *shop) sweep(n int) {
	s.t.Helper()
	client, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{Schema: s.schema})
	require.NoError(s.t, err)
	for range n {
		_, err = client.Insert(s.t.Context(), sweepArgs{}, &river.InsertOpts{Queue: "webhooks"})
		require.NoError(s.t, err)
	}
}

// sweptWhole waits until the sweeps of the hour have ended, of which there is one at the
// start.
func (s *shop) sweptWhole() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		return s.count(`SELECT count(*) FROM %s.river_job WHERE kind = 'standpipe_sweep' AND args->>'whole' IS NOT NULL AND state = 'completed'`) > 0
	}, time.Minute, 5*time.Millisecond)
}

// swept waits until so many sweeps have ended or wait for a lock, and all have that have
// begun.
func (s *shop) swept(n int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		ended := s.count(`SELECT count(*) FROM %s.river_job WHERE kind = 'standpipe_sweep' AND args->>'whole' IS NULL AND state IN ('completed', 'discarded')`)
		begun := s.count(`SELECT count(*) FROM %s.river_job WHERE kind = 'standpipe_sweep' AND args->>'whole' IS NULL AND state = 'running'`)
		wait := s.count(`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%%s.inbox\_%%'`)
		return ended+wait >= n && begun == wait
	}, time.Minute, 5*time.Millisecond)
}

// hold begins a transaction with a statement.
func (s *shop) hold(statement string) pgx.Tx {
	s.t.Helper()
	tx, err := s.pool.Begin(s.t.Context())
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // after a commit it does nothing
	_, err = tx.Exec(s.t.Context(), fmt.Sprintf(statement, s.schema))
	require.NoError(s.t, err)
	return tx
}

// testTakeOverAtOnce has sweeps that have begun before one of them has changed anything.
func testTakeOverAtOnce(t *testing.T, dsn string) {
	s := keptBefore(t, dsn, 3, inbox.WithConcurrency(8))
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	tx := s.hold(`LOCK TABLE %s.inbox_due IN SHARE MODE`)
	s.sweep(4)
	start(t, s.Queue, h)
	s.swept(4)
	require.NoError(t, tx.Commit(t.Context()))
	s.settled()
	s.swept(4)
	require.Equal(t, 3, s.count(`SELECT count(*) FROM %s.river_job WHERE kind = 'standpipe_event'`))
	require.Equal(t, 3, s.count(`SELECT count(*) FROM %s.inbox_replay`))
	require.Len(t, j.all(), 3)
}

// testTakeOverHandled has another program handle an event while it is swept.
func testTakeOverHandled(t *testing.T, dsn string) {
	s := keptBefore(t, dsn, 1)
	h := handler(t, stripe, webhook.WithQueue(s), s.effect())
	tx := s.hold(`SELECT FROM %s.inbox_due FOR UPDATE`)
	s.sweep(1)
	start(t, s.Queue, h)
	s.swept(1)
	_, err := tx.Exec(t.Context(), fmt.Sprintf(`DELETE FROM %s.inbox_due`, s.schema))
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	s.sweep(1)
	s.swept(2)
	require.Zero(t, s.count(`SELECT count(*) FROM %s.river_job WHERE kind = 'standpipe_event'`))
}

// testTakeOverBroken has events that cannot be read before one that can be.
func testTakeOverBroken(t *testing.T, dsn string) {
	s := keptBefore(t, dsn, 3, quick(1))
	s.exec(`DELETE FROM %s.inbox_event WHERE event_id = 'evt_0'`)
	s.exec(`UPDATE %s.inbox_event SET meta = NULL, body = NULL WHERE event_id = 'evt_1'`)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	start(t, s.Queue, h)
	require.Eventually(t, func() bool { return len(j.all()) == 1 && len(s.dead()) == 1 }, time.Minute, 5*time.Millisecond)
	require.Equal(t, inbox.ReasonUndecodable, s.dead()[0].Reason)
	require.Eventually(t, func() bool {
		return s.count(`SELECT count(*) FROM %s.river_job WHERE kind = 'standpipe_event' AND state = 'cancelled'`) == 1
	}, time.Minute, 5*time.Millisecond)
	s.sweep(1)
	s.settled()
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, st.Dead)
}

// testTakeOverLeased has workers of the inbox alone be at their last events, of which one
// has the number of another job.
func testTakeOverLeased(t *testing.T, dsn string) {
	s := keptBefore(t, dsn, 2)
	s.exec(`UPDATE %s.inbox_due SET token = CASE WHEN event = 1 THEN 1 ELSE 4611686018427387904 END, attempt = 1, run_at = run_at + 60000`)
	s.sweep(1)
	s.exec(`UPDATE %s.river_job SET state = 'completed', finalized_at = now()`)
	require.Equal(t, 1, s.count(`SELECT id FROM %s.river_job`))
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	start(t, s.Queue, h)
	s.sweptWhole()
	require.Empty(t, s.dead(), "they are not River's")
	require.Equal(t, 2, s.count(due))
	s.exec(`UPDATE %s.inbox_due SET run_at = 0`) // the workers were stopped
	s.sweep(1)
	s.settled()
	require.Len(t, j.all(), 2)
	require.Empty(t, s.dead())
}
