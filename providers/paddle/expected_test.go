package paddle_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/paddle"
	"github.com/standpipe-go/standpipe/webhook/listed"
)

// expected reads a list to its end.
func expected(t *testing.T, c *paddle.Client, since time.Time) (found []listed.Event, ends error) {
	t.Helper()
	for l, err := range paddle.ExpectedNotifications(t.Context(), c.HTTP, "ntfset_1", since) {
		require.NoError(t, ends, "nothing comes after an error")
		if ends = err; err == nil {
			require.Nil(t, l.Body)
			found = append(found, l)
		}
	}
	return found, ends
}

// Each event is listed once, by the one notification of it that can be replayed, and not
// while Paddle is still sending it.
func TestExpectedNotifications(t *testing.T) {
	const more = `"meta":{"pagination":{"next":"https://api.paddle.com/notifications?after=ntf_6","has_more":true}}`
	c, rt := scripted(t, `200 {"data":[
			{"id":"ntf_9","origin":"event","status":"needs_retry","payload":{"event_id":"evt_5"}},
			{"id":"ntf_8","origin":"replay","status":"not_attempted","payload":{"event_id":"evt_4"}},
			{"id":"ntf_7","origin":"replay","status":"failed","payload":{"event_id":"evt_3"}},
			{"id":"ntf_6","origin":"event","status":"failed","occurred_at":"2026-11-26T15:04:05Z","delivered_at":null,"payload":{"event_id":"evt_4"}}],`+more+`},
		200 {"data":[
			{"id":"ntf_3","origin":"event","status":"failed","payload":{"event_id":"evt_3"}},
			{"id":"ntf_2","origin":"event","status":"delivered","payload":{"event_id":"evt_2"}},
			{"id":"ntf_1","origin":"event","status":"new","payload":{"event_id":"evt_1"}}],"meta":{}},
		202 {"data":{"notification_id":"ntf_10"}}, 400 {"error":{"code":"notification_cannot_replay"}}`)
	since := time.Now().Add(-time.Hour)
	found, err := expected(t, c, since)
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, []string{"evt_3", "evt_2"}, []string{found[0].ID, found[1].ID})

	first, err := url.Parse(rt.Requests()[0].URL)
	require.NoError(t, err)
	require.Equal(t, "/notifications", first.Path)
	require.Equal(t, url.Values{"notification_setting_id": {"ntfset_1"}, "per_page": {"200"}, "from": {since.Format(time.RFC3339Nano)}}, first.Query())

	require.NoError(t, found[0].Again(t.Context()))
	require.Equal(t, "POST /notifications/ntf_3/replay", rt.Last().Method+" "+rt.Last().URL)
	require.ErrorIs(t, found[1].Again(t.Context()), client.ErrBadRequest)
}

// What Paddle does not keep is told, after all that it has; a list that fails says so.
func TestExpectedNotificationsEnd(t *testing.T) {
	const one = `200 {"data":[{"id":"ntf_1","origin":"event","status":"failed","payload":{"event_id":"evt_1"}}],"meta":{"pagination":{"next":"https://api.paddle.com/notifications?after=ntf_1","has_more":`
	const last = one + `false}}}`
	day := 24 * time.Hour
	for name, tc := range map[string]struct {
		script string
		since  time.Time
		err    error
	}{
		"all that there is":     {last, time.Time{}, nil},
		"as long as it keeps":   {last, time.Now().Add(-89 * day), nil},
		"beyond":                {last, time.Now().Add(-91 * day), listed.ErrNotKept},
		"the second page fails": {one + `true}}}, 404 {"error":{"code":"not_found"}}`, time.Now().Add(-91 * day), client.ErrNotFound},
	} {
		c, _ := scripted(t, tc.script)
		found, err := expected(t, c, tc.since)
		require.Len(t, found, 1, name)
		require.ErrorIs(t, err, tc.err, name)
		require.Equal(t, tc.err != nil, err != nil, name)
	}

	c, rt := scripted(t, last+","+last)
	for range paddle.ExpectedNotifications(t.Context(), c.HTTP, "ntfset_1", time.Time{}) {
		break
	}
	require.Equal(t, 1, rt.Count())
	for _, err := range paddle.ExpectedNotifications(t.Context(), c.HTTP, "", time.Time{}) {
		require.ErrorIs(t, err, client.ErrRequest, "without a destination they would be those of all")
	}
	require.Equal(t, 1, rt.Count())
}
