package webhook_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// What is made of an event in a list is known again when it is delivered, and runs as
// that would.
func TestFetchedIsTheDeliveryThatItWouldHaveBeen(t *testing.T) {
	t.Parallel()
	const key = "whsec_example"
	const body = `{"id":"evt_1","object":"event","type":"invoice.paid","api_version":"2023-10-16","created":1700000000,"data":{"object":{"id":"in_1"}}}`
	j := &journal{}
	h := newHandler(t, must(webhook.Stripe(secret.Static(key))), webhook.On("invoice.paid", j.run))
	fetched, err := h.Fetched([]byte(body))
	require.NoError(t, err)
	delivered := queued(t, func(q webhook.Enqueuer) *webhook.Handler {
		return newHandler(t, must(webhook.Stripe(secret.Static(key))), webhook.WithQueue(q))
	}, webhook.FromHTTP(webhooktest.Stripe(key).Request([]byte(body)), []byte(body)))
	require.Equal(t, delivered.Keys, fetched.Keys)
	require.Equal(t, delivered.Events, fetched.Events)
	require.Equal(t, delivered.Endpoint, fetched.Endpoint)
	require.Equal(t, webhook.Receipt{Provider: "stripe", Scheme: "fetched"}, fetched.Receipt)
	require.False(t, fetched.Request.ReceivedAt.IsZero())
	require.NoError(t, h.Dispatch(t.Context(), fetched))
	require.Len(t, j.events, 1)
}

// Only by an identifier of its own that is signed is an event known again.
func TestFetchedRefusesWhatWouldNotBeKnownAgain(t *testing.T) {
	t.Parallel()
	stripe := must(webhook.Stripe(secret.Static("whsec_example"), webhook.WithMaxBody(1000)))
	for name, c := range map[string]struct {
		scheme *webhook.Scheme
		body   string
		reason error
	}{
		"no JSON":             {stripe, `[`, webhook.ErrPayload},
		"no body":             {stripe, ``, webhook.ErrPayload},
		"no identifier":       {stripe, `{"object":"event","type":"invoice.paid"}`, webhook.ErrPayload},
		"in a header":         {must(webhook.GitHub(secret.Static(rawKey))), `{"action":"opened"}`, webhook.ErrPayload},
		"more than one event": {fake{}.scheme(), "[" + event("a", "paid") + "," + event("b", "paid") + "]", webhook.ErrPayload},
		"over the cap":        {stripe, `{"id":"evt_1","object":"event","type":"` + strings.Repeat("x", 1000) + `"}`, webhook.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := newHandler(t, c.scheme).Fetched([]byte(c.body))
			require.ErrorIs(t, err, c.reason)
			require.Nil(t, d)
		})
	}
}
