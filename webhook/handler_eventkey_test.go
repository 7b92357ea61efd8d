package webhook_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// queued returns what an Enqueuer is given of a delivery.
func queued(t *testing.T, h func(q webhook.Enqueuer) *webhook.Handler, r *webhook.Request) *webhook.Delivery {
	t.Helper()
	var got *webhook.Delivery
	answer := h(enqueuer(func(d *webhook.Delivery) error { got = d; return nil })).Process(t.Context(), r)
	require.Equal(t, 200, answer.Status)
	return got
}

// W27: what the provider renders anew for a retry is no other content; anything else
// is.
func TestW27_ContentIsWhatTheSchemeSaysItIs(t *testing.T) {
	t.Parallel()
	const secretKey = "whsec_example"
	content := func(body string, opts ...webhook.Option) [32]byte {
		handler := func(q webhook.Enqueuer) *webhook.Handler {
			return newHandler(t, must(webhook.Stripe(secret.Static(secretKey), opts...)), webhook.WithQueue(q))
		}
		r := webhooktest.Stripe(secretKey).Request([]byte(body))
		d := queued(t, handler, webhook.FromHTTP(r, []byte(body)))
		require.Len(t, d.Keys, 1)
		require.Equal(t, webhook.GuardKey{Endpoint: "stripe", ID: "evt_1", IDSigned: true}, d.Keys[0].GuardKey)
		return d.Keys[0].Content
	}
	first := content(`{"id":"evt_1","type":"a","pending_webhooks":2,"data":{"object":{"amount":1}}}`)
	require.Equal(t, first, content(`{"id":"evt_1","type":"a","pending_webhooks":1,"data":{"object":{"amount":1}}}`))
	require.Equal(t, first, content(`{"id":"evt_1","type":"a","data":{"object":{"amount":1}}}`))
	for name, body := range map[string]string{
		"another amount":           `{"id":"evt_1","type":"a","pending_webhooks":2,"data":{"object":{"amount":2}}}`,
		"another type":             `{"id":"evt_1","type":"b","pending_webhooks":2,"data":{"object":{"amount":1}}}`,
		"the same name deeper":     `{"id":"evt_1","type":"a","data":{"object":{"amount":1,"pending_webhooks":1}}}`,
		"a part moved to the next": `{"id":"evt_1","type":"a","dat":{"object":{"amount":1}}}`,
		"a member more":            `{"id":"evt_1","type":"a","data":{"object":{"amount":1}},"x":1}`,
	} {
		require.NotEqual(t, first, content(body), name)
	}
	require.Equal(t, first, content(`{"id":"evt_1","type":"a","data":{"object":{"amount":1}},"x":1}`, webhook.WithVolatile("x")))
	for _, names := range [][]string{nil, {""}, {"a", ""}} {
		_, err := webhook.Stripe(secret.Static(secretKey), webhook.WithVolatile(names...))
		require.ErrorIs(t, err, webhook.ErrConfig)
	}
}

// W27: without volatile members every byte counts, and where the URL is all there is
// it is the URL.
func TestW27_ContentOfOtherPayloads(t *testing.T) {
	t.Parallel()
	handler := func(q webhook.Enqueuer) *webhook.Handler { return newHandler(t, fake{}, webhook.WithQueue(q)) }
	keys := func(body string) []webhook.EventKey {
		return queued(t, handler, webhook.FromHTTP(delivery(body), []byte(body))).Keys
	}
	both := keys("[" + event("a", "paid") + "," + event("b", "paid") + "]")
	require.Len(t, both, 2)
	require.Equal(t, "b", both[1].ID)
	require.NotEqual(t, both[0].Content, both[1].Content)
	require.Equal(t, both[1].Content, keys(event("b", "paid"))[0].Content, "known again in another batch")
	require.NotEqual(t, both[1].Content, keys(event("b", "paid") + "\n")[0].Content)

	scheme := must(webhook.Twilio(secret.Static(rawKey), "https://example.com/sms"))
	twilio := func(q webhook.Enqueuer) *webhook.Handler { return newHandler(t, scheme, webhook.WithQueue(q)) }
	one := queued(t, twilio, webhook.FromHTTP(twilioGET("Body=one", ""), nil)).Keys[0]
	two := queued(t, twilio, webhook.FromHTTP(twilioGET("Body=two", ""), nil)).Keys[0]
	require.NotEqual(t, one.Content, two.Content)
}

// A queue that takes a batch apart says where an event stood, and what it knows.
func TestDispatchOfAPartOfADelivery(t *testing.T) {
	t.Parallel()
	j := &journal{}
	guard := &keeper{Guard: memoryGuard(t, webhook.MemoryGuardConfig{})}
	for _, opts := range [][]webhook.HandlerOption{nil, {webhook.WithDeduplication(guard)}} {
		var log buffer
		opts = append(opts, log.option())
		h := newHandler(t, fake{unsignedID: true}, append(opts, webhook.On("paid", j.run))...)
		d := &webhook.Delivery{
			Endpoint: "fake", Request: &webhook.Request{}, First: 7, Suspect: true,
			Receipt: webhook.Receipt{EventID: "d1"},
			Events:  []webhook.Raw{{Type: "paid", Payload: []byte(event("", "paid"))}},
		}
		require.NoError(t, h.Dispatch(context.Background(), d))
		require.Contains(t, log.String(), "may be a replay")
	}
	require.Len(t, j.events, 2)
	for _, e := range j.events {
		require.Equal(t, 7, e.Index)
		require.True(t, e.Suspect)
	}
	require.Equal(t, 7, guard.keys[0].Index)
}
