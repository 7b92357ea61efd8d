package inbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// locked is a transaction that holds a table, so that what would change it waits.
func (s *shop) locked(table string) *sql.Tx {
	s.t.Helper()
	tx, err := s.db.BeginTx(s.t.Context(), nil)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = tx.Rollback() }) // after a commit it does nothing
	_, err = tx.ExecContext(s.t.Context(), fmt.Sprintf(`LOCK TABLE %s_%s IN SHARE MODE`, s.prefix, table))
	require.NoError(s.t, err)
	return tx
}

// waiting waits until as many statements of this shop wait for a lock.
func (s *shop) waiting(n int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		return s.count(`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%%s\_%%'`) >= n
	}, time.Minute, 5*time.Millisecond)
}

// aged has all events be older than the shorter retention, or than both.
func (s *shop) aged(d time.Duration) {
	s.exec(`UPDATE %s_event SET received_at = received_at - ` + fmt.Sprint(d.Milliseconds()))
}

// handled is a shop with one event, evt_1, that was handled long ago.
func handled(t *testing.T, d database) (s *shop, event int64) {
	t.Helper()
	s = newShop(t, d, inbox.WithRetention(24*time.Hour, 48*time.Hour))
	h := handler(t, stripe, webhook.WithQueue(s))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	s.exec(`DELETE FROM %s_due`)
	s.aged(25 * time.Hour)
	return s, int64(s.count(`SELECT id FROM %s_event`))
}

// TestPurgeBesideOthers is about Postgres alone, since SQLite has one writer at a time.
func TestPurgeBesideOthers(t *testing.T) {
	d := postgres(t)
	for name, test := range map[string]func(*testing.T, database){
		"D1 a replay meets a purge":              testReplayMeetsPurge,
		"D1 a purge meets a replay":              testPurgeMeetsReplay,
		"D1 a replay of a batch meets a purge":   testBatchMeetsPurge,
		"D1 a claim meets a purge":               testClaimMeetsPurge,
		"D5 an event is given up during a purge": testGivenUpDuringPurge,
	} {
		t.Run(name, func(t *testing.T) { test(t, d) })
	}
}

// D1: an event that is replayed while the bodies are purged has its body.
func testReplayMeetsPurge(t *testing.T, d database) {
	s, event := handled(t, d)
	tx := s.locked("due")
	replayed := make(chan error, 1)
	go func() { replayed <- s.Replay(context.Background(), event, "ops") }()
	s.waiting(1)
	p, err := s.Purge(t.Context())
	require.NoError(t, err)
	require.Zero(t, p)
	require.NoError(t, tx.Commit())
	require.NoError(t, <-replayed)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_due d JOIN %[1]s_event e ON e.id = d.event WHERE e.body IS NOT NULL`))
}

// D1: and one whose body is being purged is not replayed.
func testPurgeMeetsReplay(t *testing.T, d database) {
	s, event := handled(t, d)
	tx := s.locked("event")
	purged := make(chan error, 1)
	go func() {
		_, err := s.Purge(context.Background())
		purged <- err
	}()
	s.waiting(1)
	replayed := make(chan error, 1)
	go func() { replayed <- s.Replay(context.Background(), event, "ops") }()
	s.waiting(2)
	require.NoError(t, tx.Commit())
	require.NoError(t, <-purged)
	require.ErrorIs(t, <-replayed, inbox.ErrPurged)
	require.Zero(t, s.count(`SELECT count(*) FROM %s_due`))
}

// D1: an event of a batch is replayed with the body that the first one keeps, which is
// not purged meanwhile.
func testBatchMeetsPurge(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithRetention(24*time.Hour, 48*time.Hour))
	h := handler(t, commas, webhook.WithQueue(s))
	require.Equal(t, 200, h.Process(t.Context(), &webhook.Request{Body: []byte("a,b,c")}).Status)
	s.exec(`DELETE FROM %s_due`)
	s.aged(49 * time.Hour)
	tx := s.locked("due")
	replayed := make(chan error, 1)
	go func() {
		replayed <- s.Replay(context.Background(), int64(s.count(`SELECT max(id) FROM %s_event`)), "ops")
	}()
	s.waiting(1)
	p, err := s.Purge(t.Context())
	require.NoError(t, err)
	require.Equal(t, inbox.Purged{Bodies: 1, Events: 1}, p, "the one between")
	require.NoError(t, tx.Commit())
	require.NoError(t, <-replayed)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_due d JOIN %[1]s_event e ON e.id = d.event JOIN %[1]s_event p ON p.id = e.parent WHERE p.body IS NOT NULL`))
}

// D5: an event that comes to be a dead letter while others are purged stays one.
func testGivenUpDuringPurge(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithRetention(24*time.Hour, 48*time.Hour))
	h := handler(t, stripe, webhook.WithQueue(s))
	for _, id := range []string{"old", "failing"} {
		require.Equal(t, 200, postStripe(h, paid(id)))
	}
	failing := s.count(`SELECT id FROM %s_event WHERE event_id = 'failing'`)
	s.exec(`DELETE FROM %s_due WHERE event <> $1`, failing)
	s.aged(49 * time.Hour)
	tx := s.locked("replay")
	purged := make(chan error, 1)
	go func() {
		_, err := s.Purge(context.Background())
		purged <- err
	}()
	s.waiting(1)
	s.exec(`INSERT INTO %[1]s_dead SELECT event, endpoint, 'failed', 1, 'x', 'x', 1 FROM %[1]s_due`)
	s.exec(`DELETE FROM %s_due`)
	require.NoError(t, tx.Commit())
	require.NoError(t, <-purged)
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.Len(t, s.dead(), int(st.Dead), "none is counted that is not there")
}

// D1: a claim that is taken while claims are purged stays one.
func testClaimMeetsPurge(t *testing.T, d database) {
	s := newShop(t, d)
	key := webhook.GuardKey{Endpoint: "e", ID: "1", IDSigned: true}
	_, err := s.Claim(t.Context(), key)
	require.NoError(t, err)
	s.exec(`UPDATE %s_guard SET until = 0`)
	tx, err := s.db.BeginTx(t.Context(), nil) // of somebody who claims it
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = tx.ExecContext(t.Context(), fmt.Sprintf(`UPDATE %s_guard SET until = 9000000000000, token = 'other'`, s.prefix))
	require.NoError(t, err)
	purged := make(chan error, 1)
	go func() {
		_, err := s.Purge(context.Background())
		purged <- err
	}()
	var ended error
	require.Eventually(t, func() bool { // it waits, or has stepped around the claim
		select {
		case ended = <-purged:
			purged <- ended
			return true
		default:
			return s.count(`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%%s\_guard%%'`) > 0
		}
	}, time.Minute, 5*time.Millisecond)
	require.NoError(t, tx.Commit())
	require.NoError(t, <-purged)
	c, err := s.Claim(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, webhook.InFlight, c.State)
}

// testReplayOrphan: an event of a batch whose first one, with the body of all, has been
// purged before it.
func testReplayOrphan(t *testing.T, d database) {
	for name, age := range map[string]time.Duration{"its body": 25 * time.Hour, "all of it": 49 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, d, inbox.WithRetention(24*time.Hour, 48*time.Hour))
			h := handler(t, commas, webhook.WithQueue(s))
			require.Equal(t, 200, h.Process(t.Context(), &webhook.Request{Body: []byte("a,b")}).Status)
			s.exec(`DELETE FROM %s_due`)
			s.exec(`UPDATE %s_event SET received_at = received_at - ` + fmt.Sprint(age.Milliseconds()) + ` WHERE parent IS NULL`)
			_, err := s.Purge(t.Context())
			require.NoError(t, err)
			require.ErrorIs(t, s.Replay(t.Context(), int64(s.count(`SELECT max(id) FROM %s_event`)), "ops"), inbox.ErrPurged)
			require.Zero(t, s.count(`SELECT count(*) FROM %s_due`))
		})
	}
}
