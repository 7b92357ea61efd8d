package resend_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook/listed"
)

func following(t *testing.T, script string) (*resend.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt), client.WithRetry(retry.Never))
	require.NoError(t, err)
	return c, rt
}

func expected(t *testing.T, c *resend.Client, webhook string, since time.Time) (found []listed.Event, ends error) {
	t.Helper()
	for l, err := range resend.ExpectedEvents(t.Context(), c.HTTP, webhook, since) {
		require.NoError(t, ends, "nothing comes after an error")
		if ends = err; err == nil {
			require.Nil(t, l.Body)
			found = append(found, l)
		}
	}
	return found, ends
}

// Each event is listed that Resend is done with, back to the time that is asked for, and
// no page is asked for beyond it.
func TestExpectedEvents(t *testing.T) {
	const pages = `200 {"object":"list","has_more":true,"data":[
			{"id":"msg_7","type":"email.sent","created_at":"2026-11-26T15:04:07.000Z","status":"pending","next_attempt_at":"2026-11-26T15:04:09.000Z"},
			{"id":"msg_6","type":"email.sent","created_at":"2026-11-26T15:04:06.000Z","status":"attempting"},
			{"id":"msg_5","type":"email.bounced","created_at":"2026-11-26 15:04:05.123+00","status":"failed","next_attempt_at":null}]},
		200 {"object":"list","has_more":true,"data":[
			{"id":"msg_4","type":"email.sent","created_at":"2026-11-26T15:04:04.000Z","status":"success"},
			{"id":"msg_3","type":"email.sent","created_at":"in a form that is new","status":"a status that is new"},
			{"id":"msg_2","type":"email.sent","created_at":"2026-11-26T15:04:02.000Z","status":"failed"},
			{"id":"msg_1","type":"email.sent","created_at":"2026-11-26T15:04:01.999Z","status":"failed"}]},
		200 {}, 404 {"statusCode":404,"name":"not_found","message":"Webhook event not found"}`
	c, rt := following(t, pages)
	found, err := expected(t, c, "w_1", time.Date(2026, 11, 26, 15, 4, 2, 0, time.UTC))
	require.NoError(t, err)
	var ids []string
	for _, e := range found {
		ids = append(ids, e.ID)
	}
	require.Equal(t, []string{"msg_5", "msg_4", "msg_3", "msg_2"}, ids)
	require.Equal(t, "/webhooks/w_1/events?limit=100", rt.Requests()[0].URL)
	require.Equal(t, "/webhooks/w_1/events?after=msg_5&limit=100", rt.Requests()[1].URL)
	require.Len(t, rt.Requests(), 2)

	require.NoError(t, found[0].Again(t.Context()))
	require.Equal(t, "POST /webhooks/w_1/events/msg_5/replay", rt.Last().Method+" "+rt.Last().URL)
	require.Empty(t, rt.Last().Body)
	require.ErrorIs(t, found[3].Again(t.Context()), client.ErrNotFound)
}

// A list that fails says so, after what it had; one that nobody reads on asks for no
// more.
func TestExpectedEventsEnd(t *testing.T) {
	const one = `200 {"object":"list","has_more":true,"data":[{"id":"msg_1","created_at":"2026-11-26T15:04:05.000Z","status":"failed"}]}`
	c, rt := following(t, one+`, 500`)
	found, err := expected(t, c, "w_1", time.Time{})
	require.ErrorIs(t, err, client.ErrUnavailable)
	require.Len(t, found, 1)

	rt.Script(clienttest.MustParse(one)...)
	before := len(rt.Requests())
	for range resend.ExpectedEvents(t.Context(), c.HTTP, "w_1", time.Time{}) {
		break
	}
	require.Len(t, rt.Requests(), before+1)

	_, err = expected(t, c, "", time.Time{})
	require.ErrorIs(t, err, client.ErrRequest)
	require.Len(t, rt.Requests(), before+1)
}

// The replay of an event is repeated after a failure: the event keeps its identifier.
func TestAReplayIsRepeated(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.MustParse(`503, 200 {}`)...)
	c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt), client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Millisecond)}))
	require.NoError(t, err)
	_, err = resend.ReplayWebhookEvent.Do(t.Context(), c.HTTP, resend.WebhookEventInput{Webhook: "w_1", ID: "msg_1"})
	require.NoError(t, err)
	require.Len(t, rt.Requests(), 2)
}
