package queuetest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/standpipe-go/standpipe/webhook"
)

// testDurable looks after each acknowledgement, with nothing coming after it that could
// have pushed it there.
func testDurable(t *testing.T, b Backend) {
	m := newMount(t, b.Queue)
	for i := range 3 {
		m.mustDeliver(fmt.Appendf(nil, `{"n":%d}`, i))
		m.mustHaveStored(b)
	}
}

// testWhole sends a batch, whose payloads are parts of the body.
func testWhole(t *testing.T, b Backend) {
	m := newMount(t, b.Queue)
	m.split = func(body []byte) (events []webhook.Raw) {
		for line := range bytes.Lines(body) {
			events = append(events, newEvent(line))
		}
		return events
	}
	m.mustDeliver([]byte("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n"))
	m.mustHaveStored(b)
}

// testBytes: a body is neither text nor short, and what looks like nothing counts.
func testBytes(t *testing.T, b Backend) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	m := newMount(t, b.Queue)
	for _, body := range [][]byte{
		every, []byte(" {} \r\n"), {}, []byte("\x00"), []byte("null"), []byte("'; --"), []byte("\ufeff{\"a\":\"\\u0000\"}"),
		bytes.Repeat(every, webhook.DefaultMaxBody/len(every)),
	} {
		m.mustDeliver(body)
	}
	m.mustHaveStored(b)
}

// testCopies overwrites the delivery as soon as Enqueue has returned.
func testCopies(t *testing.T, b Backend) {
	m := newMount(t, b.Queue)
	m.around = func(ctx context.Context, d *webhook.Delivery) error {
		before := clone(d)
		err := b.Queue.Enqueue(ctx, d)
		if changed := lacks([]*webhook.Delivery{d}, before); changed != "" {
			t.Errorf("Enqueue changed the delivery that it was given: %s", changed)
		}
		spoil(d)
		return err
	}
	for i := range 3 {
		m.mustDeliver(fmt.Appendf(nil, `{"n":%d}`, i))
	}
	m.mustHaveStored(b)
}

func testConcurrent(t *testing.T, b Backend) {
	m := newMount(t, b.Queue)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 8 {
				if status := m.deliver(fmt.Appendf(nil, `{"worker":%d,"n":%d}`, worker, i)); status != http.StatusOK {
					t.Errorf("one of 8 concurrent deliveries is answered with %d", status)
				}
			}
		})
	}
	wg.Wait()
	m.mustHaveStored(b)
}

// testAgain: a service sends again what it has seen no response to.
func testAgain(t *testing.T, b Backend) {
	m := newMount(t, b.Queue)
	again := oneEvent([]byte(`{"n":1}`))
	m.split = func([]byte) []webhook.Raw { return again }
	m.mustDeliver([]byte(`{"n":1}`))
	if status := m.deliver([]byte(`{"n":1}`)); status != http.StatusOK {
		t.Fatalf("a delivery that is stored already is answered with %d, so that it never ends: %v", status, m.err)
	}
	if find(b.Stored(t), again[0].ID) == nil {
		t.Fatal("a delivery that came twice is not stored")
	}
}

// testAway: W25, the response is 503.
func testAway(t *testing.T, b Backend) {
	if b.Away == nil {
		t.Skip("nothing can be taken away")
	}
	m := newMount(t, b.Queue)
	m.mustDeliver([]byte(`{"n":1}`))
	b.Away()
	switch status := m.deliver([]byte(`{"n":2}`)); {
	case m.err == nil:
		t.Fatal("Enqueue returns nil with its storage out of reach")
	case status != http.StatusServiceUnavailable:
		t.Fatalf("a delivery that could not be stored is answered with %d; it must be 503", status)
	}
}

// testCancelled: whoever gives up waiting is told nothing that is not so.
func testCancelled(t *testing.T, b Backend) {
	m := newMount(t, b.Queue)
	m.around = func(ctx context.Context, d *webhook.Delivery) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return b.Queue.Enqueue(ctx, d)
	}
	if m.deliver([]byte(`{"n":1}`)) == http.StatusOK {
		if missing := lacks(b.Stored(t), m.sent[0]); missing != "" {
			t.Fatalf("under a cancelled context, %s", missing)
		}
	}
	m.around, m.sent = nil, nil
	m.mustDeliver([]byte(`{"n":2}`))
	m.mustHaveStored(b)
}
