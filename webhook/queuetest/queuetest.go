package queuetest

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
)

// Backend is what one check is run on.
type Backend struct {
	// Queue is what is tested.
	Queue webhook.Enqueuer
	// Stored returns every delivery that is durable, in any order, as a worker would
	// give it to [webhook.Handler.Dispatch]. It must not read what Queue has in memory:
	// open the storage anew, or take another connection. A queue that takes batches
	// apart returns a delivery for each event.
	Stored func(t *testing.T) []*webhook.Delivery
	// Away takes the storage away, such as by closing the database. If nil, that cannot
	// happen, and the check is skipped.
	Away func()
}

// Run runs the checks as subtests of t, each on a backend that open makes. The backends
// of one test may share what they keep.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	for _, check := range []struct {
		name string
		run  func(t *testing.T, b Backend)
	}{
		{"durable once acknowledged", testDurable},
		{"the whole delivery", testWhole},
		{"any bytes", testBytes},
		{"copies what it keeps", testCopies},
		{"concurrent use", testConcurrent},
		{"the same delivery again", testAgain},
		{"out of reach", testAway},
		{"cancelled", testCancelled},
	} {
		t.Run(check.name, func(t *testing.T) {
			b := open(t)
			if b.Queue == nil || b.Stored == nil {
				t.Fatal("queuetest: the backend has no Queue, or no Stored")
			}
			check.run(t, b)
		})
	}
}

// mount is a handler in front of the queue, and what went through it.
type mount struct {
	t       *testing.T
	queue   webhook.Enqueuer
	handler *webhook.Handler
	split   func(body []byte) []webhook.Raw
	// around is called in place of Enqueue, if set.
	around func(ctx context.Context, d *webhook.Delivery) error

	mu   sync.Mutex
	sent []*webhook.Delivery // copies
	err  error               // of the last
}

func newMount(t *testing.T, q webhook.Enqueuer) *mount {
	m := &mount{t: t, queue: q, split: oneEvent}
	scheme, err := webhook.NewScheme("queuetest", verify, webhook.WithSplit(func(r *webhook.Request, _ webhook.Receipt) ([]webhook.Raw, error) {
		return m.split(r.Body), nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	m.handler, err = webhook.NewHandler(scheme, webhook.WithQueue(m), webhook.WithEndpoint("queuetest"), webhook.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// signedAt has as many digits as databases keep of a time.
var signedAt = time.Date(2026, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

func verify(context.Context, *webhook.Request) (webhook.Receipt, error) {
	return webhook.Receipt{
		Provider: "queuetest", Scheme: "v1", KeyID: "key 2", EventID: "delivery-" + rand.Text(), EventType: "test.sent",
		SignedAt: signedAt, Untrusted: []string{"X-Queuetest-Type"},
	}, nil
}

// newEvent is an event with every field set.
func newEvent(payload []byte) webhook.Raw {
	return webhook.Raw{
		ID: "evt_" + rand.Text(), IDSigned: true, Type: "test.sent", TypeSigned: true, Object: "event", APIVersion: "2026-01-01",
		Time: signedAt.Add(-time.Minute), Payload: payload,
	}
}

func oneEvent(body []byte) []webhook.Raw { return []webhook.Raw{newEvent(body)} }

// Enqueue implements [webhook.Enqueuer] between the handler and the queue.
func (m *mount) Enqueue(ctx context.Context, d *webhook.Delivery) error {
	m.mu.Lock()
	m.sent = append(m.sent, clone(d))
	m.mu.Unlock()
	enqueue := m.queue.Enqueue
	if m.around != nil {
		enqueue = m.around
	}
	err := enqueue(ctx, d)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
	return err
}

// deliver sends a body through the handler and returns the response's status.
func (m *mount) deliver(body []byte) int {
	target, err := url.Parse("https://app.example/hooks/queuetest?tenant=a%2Fb&x=1")
	if err != nil {
		m.t.Fatal(err)
	}
	return m.handler.Process(m.t.Context(), &webhook.Request{
		Method: http.MethodPost, URL: target, Body: body, ReceivedAt: signedAt.Add(time.Second),
		Header: http.Header{"Content-Type": {"application/json"}, "X-Queuetest-Type": {"test.sent", "twice"}},
	}).Status
}

// mustDeliver is deliver where nothing stands against it.
func (m *mount) mustDeliver(body []byte) {
	m.t.Helper()
	if status := m.deliver(body); status != http.StatusOK {
		m.t.Fatalf("a delivery of %d bytes is answered with %d: %v", len(body), status, m.err)
	}
}

// mustHaveStored requires that everything that was sent is there, as it was.
func (m *mount) mustHaveStored(b Backend) {
	m.t.Helper()
	stored := b.Stored(m.t)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.sent {
		if missing := lacks(stored, d); missing != "" {
			m.t.Fatal(missing)
		}
	}
}
