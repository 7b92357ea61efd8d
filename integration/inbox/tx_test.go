package inbox_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// effects makes a table, and a function that writes an event into it.
func (s *shop) effects() func(context.Context, *sql.Tx, string) error {
	s.exec(`CREATE TABLE %s_effect (event VARCHAR(50))`)
	return func(ctx context.Context, tx *sql.Tx, id string) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO %s_effect (event) VALUES ('%s')`, s.prefix, id))
		return err
	}
}

func testTx(t *testing.T, d database) {
	s := newShop(t, d, quick(5))
	write := s.effects()
	var tries atomic.Int32
	h := handler(t, stripe, webhook.WithQueue(s),
		inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
			if err := write(ctx, tx, e.ID); err != nil {
				return err
			}
			switch tries.Add(1) {
			case 1:
				return errTest
			case 2:
				panic("mine")
			case 3:
				return tx.Rollback() // which it is not to do
			}
			return nil
		}),
		webhook.Fallback(inbox.InTx(func(ctx context.Context, tx *sql.Tx, e webhook.Event[json.RawMessage]) error {
			return write(ctx, tx, "other")
		})))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	require.Equal(t, 200, postStripe(h, []byte(`{"id":"evt_2","object":"event","type":"else","data":{"object":{}}}`)))
	start(t, s.Inbox, h)
	s.settled()
	require.EqualValues(t, 4, tries.Load())
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_effect WHERE event = 'evt_1'`))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_effect WHERE event = 'other'`))
	require.Empty(t, s.dead())
}

// A pool of one connection is slow, and no deadlock.
func TestSQLiteWithOneConnection(t *testing.T) {
	s := newShop(t, sqliteFile(t))
	s.db.SetMaxOpenConns(1)
	write := s.effects()
	h := handler(t, stripe, webhook.WithQueue(s),
		inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error { return write(ctx, tx, e.ID) }))
	begun := time.Now()
	start(t, s.Inbox, h)
	for i := range 50 {
		require.Equal(t, 200, postStripe(h, paid(fmt.Sprint("evt_", i))))
	}
	s.settled()
	require.Equal(t, 50, s.count(`SELECT count(*) FROM %s_effect`))
	require.Less(t, time.Since(begun), 9*time.Second, "nobody has waited until a limit")
}

// A delivery waits for the function whose transaction is open, and not for all those
// behind it.
func TestSQLiteTakesADeliveryBetweenTwoFunctions(t *testing.T) {
	s := newShop(t, sqliteFile(t))
	begun, next := make(chan struct{}), make(chan struct{})
	h := handler(t, stripe, webhook.WithQueue(s), inbox.OnTx("invoice.paid", func(ctx context.Context, _ *sql.Tx, _ webhook.Event[struct{}]) error {
		for _, c := range []chan struct{}{begun, next} {
			select {
			case c <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	}))
	for i := range 6 {
		require.Equal(t, 200, postStripe(h, paid(fmt.Sprint("evt_", i))))
	}
	stop := start(t, s.Inbox, h)
	<-begun
	require.Eventually(t, func() bool { return s.count(`SELECT count(*) FROM %s_due WHERE attempt = 1`) == 6 }, time.Minute, 5*time.Millisecond)
	answered := make(chan int, 1)
	go func() { answered <- postStripe(h, paid("late")) }()
	time.Sleep(200 * time.Millisecond) // until it is in line
	<-next
	for waited := 1; ; waited++ {
		select {
		case status := <-answered:
			require.Equal(t, 200, status)
		case <-time.After(3 * time.Second):
			// On a machine that stands still it comes in line behind the next one.
			require.Less(t, waited, 3, "it waits for more than the function that is open")
			<-begun
			<-next
			continue
		}
		break
	}
	go func() {
		for {
			select {
			case <-begun:
			case <-next:
			case <-t.Context().Done():
				return
			}
		}
	}()
	s.settled()
	stop()
}

func testTxOutside(t *testing.T, d database) {
	s := newShop(t, d)
	h := handler(t, stripe, inbox.OnTx("invoice.paid", func(context.Context, *sql.Tx, webhook.Event[struct{}]) error { return nil }))
	require.Equal(t, 500, postStripe(h, paid("evt_1")))
	err := h.Dispatch(t.Context(), &webhook.Delivery{Events: []webhook.Raw{{Type: "invoice.paid", Payload: paid("evt_1")}}})
	require.ErrorIs(t, err, inbox.ErrNoWorker)
	_ = s
}

// testLost takes the event from a worker while its function runs, as another does after
// the lease.
func testLost(t *testing.T, d database) {
	s := newShop(t, d)
	write := s.effects()
	var tries atomic.Int32
	begun, over := make(chan struct{}), make(chan struct{})
	h := handler(t, stripe, webhook.WithQueue(s),
		inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
			return write(ctx, tx, e.ID)
		}),
		webhook.On("plain", func(ctx context.Context, e webhook.Event[struct{}]) error {
			if tries.Add(1) == 1 {
				close(begun)
				<-over
			}
			return nil
		}))
	stop := start(t, s.Inbox, h)
	require.Equal(t, 200, postStripe(h, []byte(`{"id":"evt_1","object":"event","type":"plain","data":{"object":{}}}`)))
	<-begun
	s.exec(`UPDATE %s_due SET token = 1`) // another's lease
	close(over)
	require.Never(t, func() bool { return s.count(`SELECT count(*) FROM %s_due WHERE token = 1`) == 0 }, 200*time.Millisecond, 20*time.Millisecond,
		"the late worker does not take off what is another's")
	s.exec(`UPDATE %s_due SET run_at = 0`) // which died
	s.settled()
	require.EqualValues(t, 2, tries.Load())
	stop()

	// The same with a transaction: its own statement sees that it comes too late.
	if d.Driver == "sqlite" {
		return // nobody can take the event while the transaction is open
	}
	begun, over = make(chan struct{}), make(chan struct{})
	tries.Store(0)
	h = handler(t, stripe, webhook.WithQueue(s),
		inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
			if err := write(ctx, tx, e.ID); err != nil {
				return err
			}
			if tries.Add(1) == 1 {
				close(begun)
				<-over
			}
			return nil
		}))
	start(t, s.Inbox, h)
	require.Equal(t, 200, postStripe(h, paid("evt_2")))
	<-begun
	s.exec(`UPDATE %s_due SET token = NULL, run_at = 0`)
	s.settled() // by another slot
	close(over)
	require.Never(t, func() bool { n, err := s.tryCount(`SELECT count(*) FROM %s_effect`); return err == nil && n != 1 }, 200*time.Millisecond, 20*time.Millisecond)
	require.EqualValues(t, 2, tries.Load())
}

func testHeard(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithLease(3*time.Second))
	begun, heard := make(chan struct{}, 1), make(chan error, 1)
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(ctx context.Context, _ webhook.Event[struct{}]) error {
		begun <- struct{}{}
		<-ctx.Done()
		heard <- context.Cause(ctx)
		return ctx.Err()
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	start(t, s.Inbox, h)
	<-begun
	s.exec(`UPDATE %s_due SET token = 1, run_at = run_at + 3600000`)
	require.ErrorIs(t, <-heard, inbox.ErrLost)
	require.Never(t, func() bool {
		n, err := s.tryCount(`SELECT count(*) FROM %s_due WHERE token = 1 AND last_error IS NULL`)
		return err == nil && n == 0
	}, 200*time.Millisecond, 20*time.Millisecond,
		"and records nothing of what is another's")
}

func testShutdown(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithGrace(0), quick(1))
	write := s.effects()
	begun := make(chan struct{}, 10)
	h := handler(t, stripe, webhook.WithQueue(s),
		inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
			if err := write(ctx, tx, e.ID); err != nil {
				return err
			}
			begun <- struct{}{}
			<-ctx.Done()
			require.ErrorIs(t, context.Cause(ctx), inbox.ErrShutdown)
			return ctx.Err()
		}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	for range 3 { // although one attempt is all there is
		stop := start(t, s.Inbox, h)
		<-begun
		stop()
		require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_due WHERE token IS NULL AND attempt = 0`))
		require.Zero(t, s.count(`SELECT count(*) FROM %s_effect`))
	}
	require.Empty(t, s.dead())

	// Within the grace it is let finish.
	calm := s.another(inbox.WithGrace(time.Minute))
	h = handler(t, stripe, inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
		begun <- struct{}{}
		time.Sleep(50 * time.Millisecond)
		return write(ctx, tx, e.ID)
	}))
	stop := start(t, calm, h)
	<-begun
	stop()
	require.Zero(t, s.count(`SELECT count(*) FROM %s_due`))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_effect`))
}

// testOverrun has a function that does not look at its context. What it does later is
// not committed, and others have its place.
func testOverrun(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithConcurrency(1), inbox.WithTimeout(4*time.Second), quick(1))
	write := s.effects()
	over := make(chan struct{})
	var late atomic.Value
	h := handler(t, stripe, webhook.WithQueue(s),
		inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
			if e.ID == "evt_1" {
				<-over
				err := write(context.WithoutCancel(ctx), tx, e.ID)
				late.Store(fmt.Sprint(err))
				return nil
			}
			return write(ctx, tx, e.ID)
		}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	start(t, s.Inbox, h)
	require.Eventually(t, func() bool { return len(s.dead()) == 1 }, time.Minute, 20*time.Millisecond)
	require.Equal(t, inbox.ReasonTimeout, s.dead()[0].Reason)
	require.Equal(t, 200, postStripe(h, paid("evt_2")))
	s.settled()
	close(over)
	require.Eventually(t, func() bool { return late.Load() != nil }, time.Minute, time.Millisecond)
	require.NotEqual(t, "<nil>", late.Load())
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_effect`))
}

func testPanic(t *testing.T, d database) {
	var log lockedBuilder
	s := newShop(t, d, quick(2), inbox.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	h := handler(t, stripe, webhook.WithQueue(s),
		webhook.On("invoice.paid", func(context.Context, webhook.Event[struct{}]) error { panic("canary-9f1c") }),
		webhook.On("goexit", func(context.Context, webhook.Event[struct{}]) error {
			exit()
			return nil
		}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	require.Equal(t, 200, postStripe(h, []byte(`{"id":"evt_2","object":"event","type":"goexit","data":{"object":{}}}`)))
	start(t, s.Inbox, h)
	s.settled()
	letters := s.dead()
	require.Len(t, letters, 2)
	for _, l := range letters {
		require.Equal(t, inbox.ReasonPanicked, l.Reason)
		require.NotContains(t, l.LastError+l.FirstError, "canary")
	}
	require.Contains(t, log.String(), "testPanic", "the log has the stack")
}

// speechless is an error whose method panics, as that of a typed nil does.
type speechless struct{ text *string }

func (s *speechless) Error() string { return *s.text }

// odd is an error that does not like to be compared.
type odd struct{ error }

func (odd) Is(error) bool { panic("canary-9f1c") }

// testSpeechless returns errors that must not be asked for what they are, and goes on.
func testSpeechless(t *testing.T, d database) {
	s := newShop(t, d, quick(2))
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(_ context.Context, e webhook.Event[struct{}]) error {
		switch e.ID {
		case "nil":
			var none *speechless
			return none
		case "odd":
			return odd{errTest}
		}
		return nil
	}))
	start(t, s.Inbox, h)
	for _, id := range []string{"nil", "odd", "evt_1"} {
		require.Equal(t, 200, postStripe(h, paid(id)))
	}
	s.settled()
	letters := s.dead()
	require.Len(t, letters, 2)
	for _, l := range letters {
		require.Equal(t, inbox.ReasonPanicked, l.Reason)
		require.Equal(t, 2, l.Attempts)
		require.Contains(t, l.LastError, "the function's error panicked")
		require.NotContains(t, l.LastError, "canary")
	}
}

// testTwiceInTx asks for a second transaction, which would wait for the first.
func testTwiceInTx(t *testing.T, d database) {
	s := newShop(t, d, quick(1))
	inTx := inbox.InTx(func(context.Context, *sql.Tx, webhook.Event[struct{}]) error { return nil })
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(ctx context.Context, e webhook.Event[struct{}]) error {
		if err := inTx(ctx, e); err != nil {
			return err
		}
		return inTx(ctx, e)
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	start(t, s.Inbox, h)
	s.settled()
	require.Len(t, s.dead(), 1)
	require.Equal(t, inbox.ReasonFailed, s.dead()[0].Reason)
	require.Contains(t, s.dead()[0].LastError, "the event has its transaction already")
}

func testRenewed(t *testing.T, d database) {
	const lease = 5 * time.Second // much longer than a machine stands still
	s := newShop(t, d, inbox.WithLease(lease))
	var tries atomic.Int32
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(ctx context.Context, _ webhook.Event[struct{}]) error {
		tries.Add(1)
		select {
		case <-time.After(lease + lease/2):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	start(t, s.Inbox, h)
	start(t, s.another(inbox.WithLease(lease)), h)
	s.settled()
	require.EqualValues(t, 1, tries.Load())
}
