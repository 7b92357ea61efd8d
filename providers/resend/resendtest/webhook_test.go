package resendtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/providers/resend/resendtest"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// What an endpoint refused until Resend gave up is listed as failed, and comes again,
// under its ID, when it is replayed.
func TestEventsOfAWebhook(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	for range 3 {
		_, err := c.Send(t.Context(), mail("b@example.com"), "")
		require.NoError(t, err)
	}
	const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	scheme, err := webhook.Resend(secret.Static(key))
	require.NoError(t, err)
	var seen []string
	away := true
	h, err := webhook.NewHandler(scheme, webhook.Fallback(func(_ context.Context, e webhook.Event[json.RawMessage]) error {
		if away {
			return errors.New("the database is away")
		}
		seen = append(seen, e.ID)
		return nil
	}))
	require.NoError(t, err)
	in := resend.WebhookEventsInput{Webhook: resendtest.Webhook, ListInput: resend.ListInput{Limit: 2}}
	statuses := func() (ids []string, of map[string]int) {
		of = map[string]int{}
		for e, err := range resend.ListWebhookEvents.All(t.Context(), c.HTTP, in) {
			require.NoError(t, err)
			require.Empty(t, e.Payload)
			require.False(t, e.CreatedAt.IsZero())
			ids = append(ids, e.ID)
			of[e.Status]++
		}
		return ids, of
	}
	require.Error(t, srv.Deliver(h, key))
	ids, of := statuses()
	all := srv.Events()
	require.Equal(t, map[string]int{"pending": len(all)}, of)
	require.Equal(t, all[0].ID, ids[len(ids)-1], "the newest first")

	srv.GiveUp()
	away = false
	require.NoError(t, srv.Deliver(h, key))
	require.Empty(t, seen)
	_, of = statuses()
	require.Equal(t, map[string]int{"failed": len(all)}, of)

	one := resend.WebhookEventInput{Webhook: resendtest.Webhook, ID: all[1].ID}
	got, err := resend.GetWebhookEvent.Do(t.Context(), c.HTTP, one)
	require.NoError(t, err)
	require.JSONEq(t, string(all[1].JSON), string(got.Payload))
	require.Equal(t, all[1].Type, got.Type)
	_, err = resend.ReplayWebhookEvent.Do(t.Context(), c.HTTP, one)
	require.NoError(t, err)
	require.NoError(t, srv.Deliver(h, key))
	require.Equal(t, []string{all[1].ID}, seen)
	_, of = statuses()
	require.Equal(t, map[string]int{"failed": len(all) - 1, "success": 1}, of)
	// One that has arrived comes again, too.
	_, err = resend.ReplayWebhookEvent.Do(t.Context(), c.HTTP, one)
	require.NoError(t, err)
	require.NoError(t, srv.Deliver(h, key))
	require.Equal(t, []string{all[1].ID, all[1].ID}, seen)

	for _, in := range []resend.WebhookEventInput{{Webhook: "w_1", ID: all[1].ID}, {Webhook: resendtest.Webhook, ID: "msg_1"}} {
		_, err = resend.GetWebhookEvent.Do(t.Context(), c.HTTP, in)
		require.ErrorIs(t, err, client.ErrNotFound)
		_, err = resend.ReplayWebhookEvent.Do(t.Context(), c.HTTP, in)
		require.ErrorIs(t, err, client.ErrNotFound)
	}
	_, err = client.Get[client.None](t.Context(), c.HTTP, "/webhooks/w_1/events")
	require.ErrorIs(t, err, client.ErrNotFound)
}
