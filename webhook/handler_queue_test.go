package webhook_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/stretchr/testify/require"
)

// queue keeps deliveries as JSON, as something durable would.
type queue struct {
	mu     sync.Mutex
	stored [][]byte
	err    error
	delay  time.Duration
}

func (q *queue) Enqueue(_ context.Context, d *webhook.Delivery) error {
	time.Sleep(q.delay)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	b, err := json.Marshal(d)
	q.stored = append(q.stored, b)
	return err
}

// W25
func TestW25_QueueAcknowledgesOnceDurable(t *testing.T) {
	t.Parallel()
	j := &journal{}
	q := &queue{}
	h := newHandler(t, fake{unsignedID: true}, webhook.WithQueue(q), webhook.WithEndpoint("eu"), webhook.On("paid", j.run))
	body := "[" + event("a", "paid") + "," + event("b", "new") + "]\r\n"
	require.Equal(t, 200, status(h, withID(delivery(body), "d1")))
	require.Empty(t, j.list(), "not run by the response")
	require.Len(t, q.stored, 1)
	require.NotContains(t, string(q.stored[0]), fakeKey, "the credential does not belong in a queue")

	var d webhook.Delivery
	require.NoError(t, json.Unmarshal(q.stored[0], &d))
	require.Equal(t, body, string(d.Request.Body))
	require.Equal(t, "eu", d.Endpoint)
	require.Equal(t, http.Header{"Content-Type": {"application/json"}, "X-Fake-Id": {"d1"}}, d.Request.Header)
	require.NoError(t, h.Dispatch(t.Context(), &d))
	require.Equal(t, []string{"paid/a"}, j.list())
	require.Equal(t, "fake", j.events[0].Receipt.Provider)
}

// W25
func TestW25_QueueThatFailsIsAnswered503(t *testing.T) {
	t.Parallel()
	var log buffer
	h := newHandler(t, fake{}, webhook.WithQueue(&queue{err: errTest}), log.option())
	res := serve(h, delivery(event("e1", "paid")))
	require.Equal(t, 503, res.StatusCode)
	require.NotEmpty(t, res.Header.Get("Retry-After"))
	require.NotContains(t, read(t, res), errTest.Error())
	require.Contains(t, log.String(), errTest.Error())
}

// W25
func TestW25_QueueThatIsSlowIsAnswered503InTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{ack: 10 * time.Second}, webhook.WithQueue(&queue{delay: time.Minute}))
		begin := time.Now()
		require.Equal(t, 503, status(h, delivery(event("e1", "paid"))))
		require.Equal(t, 9*time.Second, time.Since(begin))
		require.NoError(t, h.Drain(t.Context()))
	})
}

func TestQueueGetsNothingThatWasNotVerified(t *testing.T) {
	t.Parallel()
	q := &queue{}
	h := newHandler(t, fake{}, webhook.WithQueue(q))
	r := delivery(event("e1", "paid"))
	r.Header.Del("X-Fake-Key")
	require.Equal(t, 401, status(h, r))
	require.Equal(t, 500, status(h, delivery(`[`)))
	require.Empty(t, q.stored)
}

func TestQueueGetsNoUserinfo(t *testing.T) {
	t.Parallel()
	q := &queue{}
	h := newHandler(t, fake{}, webhook.WithQueue(q))
	r := delivery(event("e1", "paid"))
	r.URL.User = url.UserPassword("hook", "userinfo-canary")
	require.Equal(t, 200, status(h, r))
	require.NotContains(t, string(q.stored[0]), "userinfo-canary")
	require.NotNil(t, r.URL.User, "the caller's request is left alone")
}

func TestGuardIsAppliedWhenTakenFromTheQueue(t *testing.T) {
	t.Parallel()
	j := &journal{result: func(_ webhook.Event[fakeEvent], nth int) error {
		if nth == 1 {
			return errTest
		}
		return nil
	}}
	h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithQueue(&queue{}),
		webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
	d := &webhook.Delivery{Endpoint: "fake", Request: &webhook.Request{}, Events: []webhook.Raw{
		{ID: "a", IDSigned: true, Type: "paid", Payload: []byte(event("a", "paid"))},
	}}
	require.ErrorIs(t, h.Dispatch(t.Context(), d), errTest)
	require.NoError(t, h.Dispatch(t.Context(), d))
	require.NoError(t, h.Dispatch(t.Context(), d))
	require.Len(t, j.list(), 2)
	require.Equal(t, 200, status(h, delivery(event("a", "paid"))))
}

type enqueuer func(d *webhook.Delivery) error

func (f enqueuer) Enqueue(_ context.Context, d *webhook.Delivery) error { return f(d) }

// A queue gets the request without what may be a credential, and the caller keeps it.
func TestW25_QueueGetsTheRequestWithoutCredentials(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "https://example.com/h?q=1", "https://hook:pass@example.com/h?q=1", "https://hook@example.com/h?q=1"} {
		r := &webhook.Request{Body: []byte(event("e1", "paid")), Header: http.Header{
			"X-Fake-Key": {fakeKey}, "X-Fake-Id": {"d1"}, "Content-Type": {"a", "b"}, "Content-Encoding": {"identity"}, "X-Other": {"x"},
		}}
		if address != "" {
			r.URL = must(url.Parse(address))
		}
		var got *webhook.Delivery
		h := newHandler(t, fake{}, webhook.WithQueue(enqueuer(func(d *webhook.Delivery) error { got = d; return nil })))
		require.Equal(t, 200, h.Process(t.Context(), r).Status)
		require.Equal(t, http.Header{"X-Fake-Id": {"d1"}, "Content-Type": {"a", "b"}, "Content-Encoding": {"identity"}}, got.Request.Header)
		if address == "" {
			require.Nil(t, got.Request.URL)
			continue
		}
		require.Equal(t, "https://example.com/h?q=1", got.Request.URL.String())
		require.Equal(t, address, r.URL.String(), "the caller's own is left alone")
		require.Len(t, r.Header, 5)
	}
}
