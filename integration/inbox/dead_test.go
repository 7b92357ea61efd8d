package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

func exit() { runtime.Goexit() }

func testDead(t *testing.T, d database) {
	var log lockedBuilder
	s := newShop(t, d, quick(3), inbox.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	var tries atomic.Int32
	var cured atomic.Bool
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(ctx context.Context, e webhook.Event[struct{}]) error {
		if e.ID == "evt_bad" && !cured.Load() {
			return fmt.Errorf("failure %d %s", tries.Add(1), strings.Repeat("x", 5000))
		}
		return j.note(ctx, e)
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_bad")))
	for i := range 5 {
		require.Equal(t, 200, postStripe(h, paid(fmt.Sprint("evt_", i))))
	}
	start(t, s.Inbox, h)
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
	require.WithinDuration(t, time.Now(), l.Died, time.Minute)
	require.False(t, l.Died.Before(l.Received))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "dead letter") }, time.Minute, time.Millisecond)

	require.ErrorContains(t, s.Replay(t.Context(), l.ID, ""), "nobody is named")
	require.ErrorIs(t, s.Replay(t.Context(), 987654, "ops"), inbox.ErrNotFound)
	require.NoError(t, s.Replay(t.Context(), l.ID, "ops"))
	s.settled()
	require.EqualValues(t, 6, tries.Load(), "its attempts count from the beginning")
	require.Contains(t, s.dead()[0].FirstError, "failure 4")

	cured.Store(true)
	n, err := s.ReplaySince(t.Context(), time.Now().Add(time.Hour), "ops")
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = s.ReplaySince(t.Context(), time.Now().Add(-time.Hour), "second shift")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	s.settled()
	require.Empty(t, s.dead())
	require.Len(t, j.all(), 6)
	replays, err := s.Replays(t.Context(), l.ID)
	require.NoError(t, err)
	require.Len(t, replays, 2)
	require.Equal(t, "ops", replays[0].By)
	require.Equal(t, "second shift", replays[1].By)
	require.WithinDuration(t, time.Now(), replays[1].At, time.Minute)
	require.Equal(t, 200, postStripe(h, paid("evt_bad")), "and it is known all the same")
	require.Equal(t, 6, s.count(`SELECT count(*) FROM %s_event`))
}

func testUndecodable(t *testing.T, d database) {
	s := newShop(t, d, quick(2), inbox.WithConcurrency(4))
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	for i := range 4 {
		require.Equal(t, 200, postStripe(h, paid(fmt.Sprint("evt_", i))))
	}
	s.exec(`UPDATE %s_event SET meta = body WHERE event_id = 'evt_0'`)
	s.exec(`UPDATE %s_event SET body = NULL WHERE event_id = 'evt_1'`)
	s.exec(`DELETE FROM %s_event WHERE event_id = 'evt_2'`)
	start(t, s.Inbox, h)
	s.settled()
	require.Len(t, j.all(), 1, "the others of what was taken up together are run")
	letters := s.dead()
	require.Len(t, letters, 2)
	for _, l := range letters {
		require.Equal(t, inbox.ReasonUndecodable, l.Reason)
		require.Equal(t, 2, l.Attempts)
		require.NotContains(t, l.LastError, "in_evt", "no body in an error")
	}
}

// testCrashed has events whose worker died each time, as their rows tell.
func testCrashed(t *testing.T, d database) {
	s := newShop(t, d, quick(3))
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	require.Equal(t, 200, postStripe(h, paid("evt_2")))
	s.exec(`UPDATE %s_due SET token = 7, attempt = 3 WHERE event = (SELECT id FROM %[1]s_event WHERE event_id = 'evt_1')`)
	s.exec(`UPDATE %s_due SET token = 7, attempt = 2 WHERE event = (SELECT id FROM %[1]s_event WHERE event_id = 'evt_2')`)
	start(t, s.Inbox, h)
	s.settled()
	require.Len(t, j.all(), 1)
	require.Equal(t, "evt_2", j.all()[0].ID, "it is taken up by its state: no process is asked")
	letters := s.dead()
	require.Len(t, letters, 1)
	require.Equal(t, inbox.ReasonCrashed, letters[0].Reason)
	require.Equal(t, 3, letters[0].Attempts)
	require.NotEmpty(t, letters[0].FirstError)
}

func testReplayHandled(t *testing.T, d database) {
	s := newShop(t, d)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.WithDeduplication(s), webhook.On("invoice.paid", j.note))
	start(t, s.Inbox, h)
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	s.settled()
	require.NoError(t, s.Replay(t.Context(), int64(s.count(`SELECT id FROM %s_event`)), "ops"))
	s.settled()
	require.Len(t, j.all(), 2, "also where the inbox is the handler's guard")
	require.Zero(t, s.count(`SELECT count(*) FROM %s_guard`), "for which it has the event's own row")
}

// D5: who replays an event at the moment at which it is given up does not leave it dead
// and due at once, so that it could not be given up again.
func TestD5_AReplayMeetsTheLastFailure(t *testing.T) {
	s := newShop(t, postgres(t), quick(1))
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(context.Context, webhook.Event[struct{}]) error { return errTest }))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	id := s.count(`SELECT id FROM %s_event`)

	tx, err := s.db.BeginTx(t.Context(), nil) // a worker's, at its end
	require.NoError(t, err)
	for _, text := range []string{
		`DELETE FROM %[1]s_due WHERE event = %[2]d`,
		`INSERT INTO %[1]s_dead SELECT id, endpoint, 'failed', 1, 'x', 'x', 1 FROM %[1]s_event WHERE id = %[2]d`,
	} {
		_, err = tx.ExecContext(t.Context(), fmt.Sprintf(text, s.prefix, id))
		require.NoError(t, err)
	}
	replayed := make(chan error, 1)
	go func() { replayed <- s.Replay(t.Context(), int64(id), "me") }()
	require.Eventually(t, func() bool {
		return s.count(`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%%s_due%%'`) > 0
	}, time.Minute, 5*time.Millisecond)
	require.NoError(t, tx.Commit())
	require.NoError(t, <-replayed)
	require.Empty(t, s.dead())
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_due`))

	start(t, s.Inbox, h)
	s.settled()
	require.Len(t, s.dead(), 1)
}

func testEndpoints(t *testing.T, d database) {
	s := newShop(t, d)
	j, k := &diary{}, &diary{}
	eu := handler(t, stripe, webhook.WithQueue(s), webhook.WithEndpoint("eu"), webhook.On("invoice.paid", j.note))
	us := handler(t, stripe, webhook.WithQueue(s), webhook.WithEndpoint("us"), webhook.On("invoice.paid", k.note))
	for _, h := range []*webhook.Handler{eu, us, eu, us} {
		require.Equal(t, 200, postStripe(h, paid("evt_1")))
	}
	stop := start(t, s.Inbox, eu)
	require.Eventually(t, func() bool { return len(j.all()) == 1 }, time.Minute, time.Millisecond)
	stop()
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_due`))
	start(t, s.Inbox, eu, us)
	s.settled()
	require.Len(t, j.all(), 1)
	require.Len(t, k.all(), 1)
	require.ErrorContains(t, s.Run(t.Context()), "there is no handler")
	require.ErrorContains(t, s.Run(t.Context(), nil), "a handler is nil")
	require.ErrorContains(t, s.Run(t.Context(), eu, eu), `two handlers are of the endpoint "eu"`)
}

func testPurge(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithRetention(24*time.Hour, 48*time.Hour), quick(1))
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(_ context.Context, e webhook.Event[struct{}]) error {
		if strings.HasPrefix(e.ID, "bad") {
			return errTest
		}
		return nil
	}))
	for _, id := range []string{"new", "day", "days", "bad_day", "bad_days", "due"} {
		require.Equal(t, 200, postStripe(h, paid(id)))
	}
	s.exec(`UPDATE %s_due SET run_at = run_at + 3600000 WHERE event = (SELECT id FROM %[1]s_event WHERE event_id = 'due')`)
	stop := start(t, s.Inbox, h)
	require.Eventually(t, func() bool { return s.count(`SELECT count(*) FROM %s_due`) == 1 }, time.Minute, 5*time.Millisecond)
	stop()
	s.exec(`UPDATE %s_event SET received_at = received_at - 90000000 WHERE event_id LIKE '%%day' OR event_id = 'due'`)
	s.exec(`UPDATE %s_event SET received_at = received_at - 180000000 WHERE event_id LIKE '%%days'`)

	p, err := s.Purge(t.Context())
	require.NoError(t, err)
	require.Equal(t, inbox.Purged{Bodies: 2, Events: 2}, p)
	require.Len(t, s.dead(), 1)
	require.Equal(t, "bad_day", s.dead()[0].EventID)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_event WHERE body IS NULL AND meta IS NULL`))
	id := int64(s.count(`SELECT id FROM %s_event WHERE event_id = 'day'`))
	require.ErrorIs(t, s.Replay(t.Context(), id, "ops"), inbox.ErrPurged)
	for i, id := range []string{"day", "days"} { // known without its body, and after the longer retention no more
		require.Equal(t, 200, postStripe(h, paid(id)))
		require.Equal(t, 1+i, s.count(`SELECT count(*) FROM %s_due`), id)
	}
	for range 2 {
		p, err = s.Purge(t.Context())
		require.NoError(t, err)
		require.Zero(t, p)
	}
	s.exec(`UPDATE %s_event SET received_at = 0`)
	p, err = s.Purge(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, p.Events, "what is due is never purged: %+v", p)
	require.Empty(t, s.dead())
}

func testStats(t *testing.T, d database) {
	s := newShop(t, d)
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.Zero(t, st)
	h := handler(t, stripe, webhook.WithQueue(s))
	for i := range 6 {
		require.Equal(t, 200, postStripe(h, paid(fmt.Sprint("evt_", i))))
	}
	row := func(id int) string {
		return fmt.Sprintf(`(SELECT id FROM %s_event WHERE event_id = 'evt_%d')`, s.prefix, id)
	}
	s.exec(`UPDATE %s_due SET run_at = run_at + 100000 WHERE event = ` + row(0))
	s.exec(`UPDATE %s_due SET run_at = run_at + 100000, token = 1 WHERE event IN (` + row(1) + `, ` + row(2) + `)`)
	s.exec(`UPDATE %s_due SET since = since - 60000 WHERE event = ` + row(3))
	require.Equal(t, 200, postStripe(h, []byte(`{"id":"evt_1","other":1}`)))
	st, err = s.Stats(t.Context())
	require.NoError(t, err)
	require.InDelta(t, time.Minute, st.Oldest, float64(20*time.Second))
	st.Oldest = 0
	require.Equal(t, inbox.Stats{Ready: 3, Waiting: 1, Running: 2, Dead: 1, Quarantined: 1}, st)
}

func testWake(t *testing.T, d database) {
	wake := make(chan struct{})
	s := newShop(t, d, inbox.WithPoll(time.Hour), inbox.WithWake(wake))
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	start(t, s.Inbox, h)
	time.Sleep(300 * time.Millisecond)
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	s.settled() // what is enqueued in this process is taken up at once, and not in an hour

	away := handler(t, stripe, webhook.WithQueue(s.another()), webhook.On("invoice.paid", j.note))
	time.Sleep(300 * time.Millisecond)
	require.Equal(t, 200, postStripe(away, paid("evt_2")))
	wake <- struct{}{}
	s.settled()
	close(wake)
	require.Equal(t, 200, postStripe(h, paid("evt_3")))
	s.settled()
	require.Len(t, j.all(), 3)
}

func testGuard(t *testing.T, d database) {
	s := newShop(t, d)
	other := s.another()
	j := &diary{}
	fail := true
	run := func(ctx context.Context, e webhook.Event[struct{}]) error {
		if fail {
			return errTest
		}
		return j.note(ctx, e)
	}
	one := handler(t, stripe, webhook.WithDeduplication(s), webhook.On("invoice.paid", run))
	two := handler(t, stripe, webhook.WithDeduplication(other), webhook.On("invoice.paid", run))
	require.Equal(t, 500, postStripe(one, paid("evt_1")))
	fail = false
	require.Equal(t, 200, postStripe(two, paid("evt_1")), "a failure suppresses nothing")
	require.Equal(t, 200, postStripe(one, paid("evt_1")))
	require.Len(t, j.all(), 1)

	key := webhook.GuardKey{Endpoint: "e", ID: "1", IDSigned: true}
	claim := func(g webhook.Guard, k webhook.GuardKey) webhook.Claim {
		c, err := g.Claim(t.Context(), k)
		require.NoError(t, err)
		return c
	}
	first := claim(s, key)
	require.Equal(t, webhook.Claimed, first.State)
	require.Equal(t, webhook.InFlight, claim(other, key).State)
	s.exec(`UPDATE %s_guard SET until = 0`) // the process has died
	second := claim(other, key)
	require.Equal(t, webhook.Claimed, second.State)
	require.NoError(t, s.Release(t.Context(), first)) // and was only slow
	require.Equal(t, webhook.InFlight, claim(s, key).State)
	require.NoError(t, s.Commit(t.Context(), first))
	require.Equal(t, webhook.Handled, claim(s, key).State)
	require.NoError(t, other.Release(t.Context(), second))
	require.Equal(t, webhook.Handled, claim(s, key).State)

	// W12
	unsigned := webhook.GuardKey{Endpoint: "e", ID: "1", Body: [32]byte{1}}
	c := claim(s, unsigned)
	require.False(t, c.Suspect)
	require.NoError(t, s.Release(t.Context(), c))
	c = claim(other, unsigned)
	require.False(t, c.Suspect, "a redelivery after a failure is no replay")
	require.NoError(t, s.Commit(t.Context(), c))
	replayed := unsigned
	replayed.ID = "2"
	require.True(t, claim(s, replayed).Suspect)
	changed := unsigned
	changed.Body = [32]byte{2}
	require.True(t, claim(s, changed).Suspect)
	none := webhook.GuardKey{Endpoint: "e", Body: [32]byte{3}}
	require.False(t, claim(s, none).Suspect)
	require.True(t, claim(s, none).Suspect)
	require.Equal(t, webhook.Claimed, claim(s, none).State)

	var claimed atomic.Int32
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if c, err := other.Claim(t.Context(), webhook.GuardKey{Endpoint: "e", ID: "many", IDSigned: true}); err == nil && c.State == webhook.Claimed {
				claimed.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, claimed.Load())
	s.exec(`UPDATE %s_guard SET until = 0`)
	p, err := s.Purge(t.Context())
	require.NoError(t, err)
	require.Positive(t, p.Claims)
	require.Zero(t, s.count(`SELECT count(*) FROM %s_guard`))
}

func testGroup(t *testing.T, d database) {
	s := newShop(t, d)
	h := handler(t, stripe, webhook.WithQueue(s))
	var wg sync.WaitGroup
	var acknowledged atomic.Int32
	for i := range 300 {
		wg.Go(func() {
			if postStripe(h, paid(fmt.Sprint("evt_", i%100))) == 200 {
				acknowledged.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 300, acknowledged.Load())
	require.Equal(t, 100, s.count(`SELECT count(*) FROM %s_event`))
	require.Equal(t, 100, s.count(`SELECT count(*) FROM %s_due`))

	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	require.ErrorIs(t, s.Enqueue(ended, &webhook.Delivery{
		Endpoint: "stripe", Events: []webhook.Raw{{ID: "x"}}, Keys: []webhook.EventKey{{GuardKey: webhook.GuardKey{Endpoint: "stripe", ID: "x"}}},
	}), errTest)
}

func testText(t *testing.T, d database) {
	s := newShop(t, d, quick(1))
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("*", func(ctx context.Context, e webhook.Event[struct{}]) error {
		_ = j.note(ctx, e)
		return errors.New("bad \x00\xff text")
	}))
	ids := []string{`a\u0000b`, `x' OR '1'='1`, strings.Repeat("long", 1000), "?", "\xff", "{due}"}
	for _, id := range ids {
		require.Equal(t, 200, postStripe(h, []byte(`{"id":"`+id+`","object":"event","type":"`+id+`","data":{"object":{}}}`)))
	}
	start(t, s.Inbox, h)
	s.settled()
	require.Len(t, j.all(), len(ids))
	require.Len(t, s.dead(), len(ids))
	found := 0
	for _, e := range j.all() {
		if e.ID == "a\x00b" || e.ID == strings.Repeat("long", 1000) {
			found++
		}
	}
	require.Equal(t, 2, found, "the function has them as they are")
}

// lockedBuilder is a log that is read and written at once.
type lockedBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuilder) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuilder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
