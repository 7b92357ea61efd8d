package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// diary notes what ran.
type diary struct {
	mu     sync.Mutex
	events []webhook.Event[struct{}]
}

func (d *diary) note(_ context.Context, e webhook.Event[struct{}]) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
	return nil
}

func (d *diary) all() []webhook.Event[struct{}] {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]webhook.Event[struct{}]{}, d.events...)
}

var errTest = errors.New("it did not work")

// TestInbox is what an inbox promises, on each database. With Postgres the parts share a
// server, and each has tables of its own.
func TestInbox(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		for name, test := range map[string]func(*testing.T, database){
			"an event is kept and run once":                              testOnce,
			"several workers run each event once":                        testWorkers,
			"W12 an unsigned identifier drops nothing":                   testUnsigned,
			"W12 an event without an identifier is always run":           testNoIdentifier,
			"W27 other content under a signed identifier is quarantined": testQuarantine,
			"W27 of several contents the first is the event":             testFirstContent,
			"W27 a batch that is quarantined has one body":               testQuarantinedBatch,
			"what never arrived is taken in from a list":                 testReconcile,
			"C37 a log handler that panics":                              testFaultyLog,
			"what is delivered while it is taken in is one":              testReconcileRaces,
			"what never arrived is asked for again":                      testReconcileAsks,
			"what Stripe expects to have arrived":                        testExpectedOfStripe,
			"what GitHub expects to have arrived":                        testExpectedOfGitHub,
			"what Paddle expects to have arrived":                        testExpectedOfPaddle,
			"what Resend expects to have arrived":                        testExpectedOfResend,
			"a list that fails, and what cannot be taken in":             testReconcileFails,
			"a batch is taken apart":                                     testBatch,
			"D2 what the function writes is committed with the event":    testTx,
			"D2 OnTx outside the worker fails":                           testTxOutside,
			"D3 a lost lease commits nothing":                            testLost,
			"D3 a function hears that its lease was lost":                testHeard,
			"D4 one at a time and in order":                              testOrder,
			"D4 a batch keeps its order":                                 testOrderOfABatch,
			"D4 a failing event holds up its key only, and not for ever": testHold,
			"D5 a poison event is a dead letter and can be replayed":     testDead,
			"D5 a row that cannot be read goes the same way":             testUndecodable,
			"D5 a process that ends each time":                           testCrashed,
			"D8 a newer schema is refused":                               testNewer,
			"D8 what was not migrated is said so":                        testNotMigrated,
			"a shutdown is no attempt":                                   testShutdown,
			"a function that ignores its context is left behind":         testOverrun,
			"a panic is a failure":                                       testPanic,
			"C37 an error that panics when it is read is a failure":      testSpeechless,
			"a second transaction of one event is refused":               testTwiceInTx,
			"the lease of a long function is renewed":                    testRenewed,
			"events of endpoints without a handler are left":             testEndpoints,
			"what is handled again by Replay":                            testReplayHandled,
			"purge has two retentions":                                   testPurge,
			"D1 an event whose body has been purged is not replayed":     testReplayOrphan,
			"statistics":      testStats,
			"a wake is heard": testWake,
			"as a guard":      testGuard,
			"many at once share transactions and each is told its own": testGroup,
			"what a sender chooses breaks no statement":                testText,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d := d
				if d.Driver == "sqlite" { // which has one writer
					d = sqliteFile(t)
				}
				test(t, d)
			})
		}
	})
}

func testOnce(t *testing.T, d database) {
	s := newShop(t, d)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	for range 3 {
		require.Equal(t, 200, postStripe(h, paid("evt_1")))
	}
	// Rendered anew for a retry.
	require.Equal(t, 200, postStripe(h, bytes.Replace(paid("evt_1"), []byte(`"pending_webhooks":1`), []byte(`"pending_webhooks":0`), 1)))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_event`))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_due`))
	require.Empty(t, j.all(), "nothing runs before there is a worker")

	stop := start(t, s.Inbox, h)
	s.settled()
	require.Equal(t, 200, postStripe(h, paid("evt_1")), "also after it was handled")
	require.Equal(t, 200, postStripe(h, paid("evt_2")))
	s.settled()
	stop()
	got := j.all()
	require.Len(t, got, 2)
	require.Equal(t, "evt_1", got[0].ID)
	require.Equal(t, paid("evt_1"), got[0].Request.Body, "byte for byte what was signed")
	require.Equal(t, []string{"application/json; charset=utf-8"}, got[0].Request.Header["Content-Type"])
	require.NotContains(t, got[0].Request.Header, "Stripe-Signature")
	require.Equal(t, "stripe", got[0].Receipt.Provider)
	require.False(t, got[0].Suspect)
	require.Empty(t, s.dead())
}

func testWorkers(t *testing.T, d database) {
	s := newShop(t, d)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	const events = 400
	var wg sync.WaitGroup
	for k := range 16 {
		wg.Go(func() {
			for i := k; i < events; i += 16 {
				if postStripe(h, paid(fmt.Sprint("evt_", i))) != 200 {
					t.Error("not acknowledged")
				}
			}
		})
	}
	wg.Wait()
	for range 4 {
		start(t, s.another(), h)
	}
	s.settled()
	require.Len(t, j.all(), events)
}

func testUnsigned(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithConcurrency(1))
	j := &diary{}
	h := handler(t, github, webhook.WithQueue(s), webhook.On("push", j.note))
	start(t, s.Inbox, h)
	for i, step := range []struct {
		id, body string
		runs     int
		suspect  bool
	}{
		{"d1", `{"a":1}`, 1, false},
		{"d1", `{"a":1}`, 1, false}, // a redelivery
		{"d2", `{"a":1}`, 2, true},  // a replay under another identifier
		{"d1", `{"a":2}`, 3, true},  // the identifier with other content
		{"d3", `{"a":3}`, 4, false},
	} {
		require.Equal(t, 200, postGitHub(h, step.id, step.body), "%d", i)
		s.settled()
		got := j.all()
		require.Len(t, got, step.runs, "%d", i)
		require.Equal(t, step.suspect, got[len(got)-1].Suspect, "%d", i)
	}
}

func testNoIdentifier(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithConcurrency(1))
	j := &diary{}
	scheme := func() (*webhook.Scheme, error) {
		return webhook.NewScheme("own", func(context.Context, *webhook.Request) (webhook.Receipt, error) {
			return webhook.Receipt{EventType: "alert"}, nil
		})
	}
	h := handler(t, scheme, webhook.WithQueue(s), webhook.On("alert", j.note))
	start(t, s.Inbox, h)
	for range 3 {
		require.Equal(t, 200, h.Process(t.Context(), &webhook.Request{Body: []byte("disk full")}).Status)
		s.settled()
	}
	got := j.all()
	require.Len(t, got, 3)
	require.Equal(t, []bool{false, true, true}, []bool{got[0].Suspect, got[1].Suspect, got[2].Suspect})
}

func testQuarantine(t *testing.T, d database) {
	s := newShop(t, d)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.*", j.note))
	other := bytes.Replace(paid("evt_1"), []byte("invoice.paid"), []byte("invoice.void"), 1)
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	for range 3 {
		require.Equal(t, 200, postStripe(h, other), "it is acknowledged: the provider can do nothing about it")
	}
	start(t, s.Inbox, h)
	s.settled()
	require.Len(t, j.all(), 1)
	letters := s.dead()
	require.Len(t, letters, 1, "its copies are one")
	l := letters[0]
	require.Equal(t, inbox.ReasonQuarantined, l.Reason)
	require.Equal(t, "evt_1", l.EventID)
	require.Equal(t, "invoice.void", l.Type)
	require.Zero(t, l.Attempts)
	n, err := s.ReplaySince(t.Context(), time.Time{}, "ops")
	require.NoError(t, err)
	require.Zero(t, n, "not together with others")
	require.NoError(t, s.Replay(t.Context(), l.ID, "ops"), "but if somebody wants that one")
	s.settled()
	require.Equal(t, "invoice.void", j.all()[1].Type)
	require.Equal(t, other, j.all()[1].Request.Body)
}

// commas is a service whose deliveries are lists of signed identifiers.
func commas() (*webhook.Scheme, error) {
	return webhook.NewScheme("batch", func(context.Context, *webhook.Request) (webhook.Receipt, error) {
		return webhook.Receipt{}, nil
	}, webhook.WithSplit(func(r *webhook.Request, _ webhook.Receipt) (raws []webhook.Raw, err error) {
		for _, part := range bytes.Split(r.Body, []byte(",")) {
			raws = append(raws, webhook.Raw{ID: string(part), IDSigned: true, Type: "part", Payload: part})
		}
		return raws, nil
	}))
}

func testBatch(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithConcurrency(1), quick(3))
	j := &diary{}
	h := handler(t, commas, webhook.WithQueue(s), webhook.On("part", func(ctx context.Context, e webhook.Event[struct{}]) error {
		if e.ID == "c" {
			return errTest
		}
		return j.note(ctx, e)
	}))
	for _, body := range []string{"a,b,c", "b,d", "d,a", "c,e,b"} {
		require.Equal(t, 200, h.Process(t.Context(), &webhook.Request{Body: []byte(body)}).Status)
	}
	start(t, s.Inbox, h)
	s.settled()
	seen := map[string]string{}
	for _, e := range j.all() {
		seen[e.ID] = fmt.Sprintf("%d of %s: %s", e.Index, e.Request.Body, e.Payload)
	}
	require.Equal(t, map[string]string{"a": "0 of a,b,c: a", "b": "1 of a,b,c: b", "d": "1 of b,d: d", "e": "1 of c,e,b: e"}, seen)
	require.Len(t, j.all(), 4)
	require.Len(t, s.dead(), 1, "one that fails keeps none from being run")
	require.Equal(t, 3, s.count(`SELECT count(*) FROM %s_event WHERE body IS NOT NULL`), "a body is kept once")
}
