package google_test

import (
	"errors"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/google"
)

const expired = `410 {"error":{"errors":[{"domain":"calendar","reason":"fullSyncRequired","message":"Sync token is no longer valid, a full sync is required."}],"code":410,"message":"Sync token is no longer valid, a full sync is required."}}`

// synced is what the pages of a sync come to, "!" for a reset.
func synced(t *testing.T, c *google.Client, in google.SyncInput) (ids, next string, err error) {
	t.Helper()
	for page, err := range c.SyncEvents(t.Context(), in) {
		if err != nil {
			require.Zero(t, page)
			return ids, next, err
		}
		if page.Reset {
			ids += "!"
		}
		for _, e := range page.Items {
			ids += e.ID
		}
		ids += "/"
		next = page.NextSyncToken
	}
	return ids, next, nil
}

// P4: a sync yields each change once, in order, also through an empty page and where
// everything has to be listed again.
func TestP4_SyncEvents(t *testing.T) {
	for name, tc := range map[string]struct {
		token, script string
		ids           string
		sent          []string
	}{
		"the first": {"", `200 {"items":[{"id":"a"}],"nextPageToken":"p2"}, 200 {"items":[],"nextPageToken":"p3"}, 200 {"items":[{"id":"b"}],"nextSyncToken":"s1"}`,
			"!a//b/", []string{"everything", "everything p2", "everything p3"}},
		"changes": {"s0", `200 {"items":[{"id":"a","status":"cancelled"}],"nextPageToken":"p2"}, 200 {"nextSyncToken":"s1"}`,
			"a//", []string{"since s0", "since s0 p2"}},
		"expired": {"s0", expired + `, 200 {"items":[{"id":"a"}],"nextPageToken":"p2"}, 200 {"items":[{"id":"b"}],"nextSyncToken":"s1"}`,
			"!a/b/", []string{"since s0", "everything", "everything p2"}},
		"expired without a word": {"s0", `410, 200 {"nextSyncToken":"s1"}`, "!/", []string{"since s0", "everything"}},
		"expired between pages": {"s0", `200 {"items":[{"id":"a"}],"nextPageToken":"p2"}, ` + expired + `, 200 {"items":[{"id":"b"}],"nextSyncToken":"s1"}`,
			"a/!b/", []string{"since s0", "since s0 p2", "everything"}},
		"an outage meanwhile": {"s0", `503, 200 {"items":[{"id":"a"}],"nextSyncToken":"s1"}`, "a/", []string{"since s0", "since s0"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, tc.script)
			ids, next, err := synced(t, c, google.SyncInput{
				CalendarID: "c", SyncToken: tc.token, TimeMin: begin, SingleEvents: true, EventTypes: []string{"default"}, MaxResults: 9, TimeZone: "UTC",
			})
			require.NoError(t, err, name)
			require.Equal(t, tc.ids, ids, name)
			require.Equal(t, "s1", next, name)
			require.Equal(t, tc.sent, asked(t, rt), name)
		})
	}
}

// asked is what the requests of a sync ask for. Each has what is the same in all.
func asked(t *testing.T, rt *clienttest.Transport) (all []string) {
	t.Helper()
	for _, r := range rt.Requests() {
		u, err := url.Parse(r.URL)
		require.NoError(t, err)
		q := u.Query()
		what := "everything"
		if token := q.Get("syncToken"); token != "" {
			what = "since " + token
		} else {
			require.Equal(t, "2026-11-26T15:00:00Z", q.Get("timeMin"))
			q.Del("timeMin")
		}
		if page := q.Get("pageToken"); page != "" {
			what += " " + page
		}
		q.Del("syncToken")
		q.Del("pageToken")
		require.Equal(t, "eventTypes=default&maxResults=9&singleEvents=true&timeZone=UTC", q.Encode())
		all = append(all, what)
	}
	return all
}

// A sync that fails ends with the error, and a full one that Google will not make is no
// endless loop.
func TestASyncThatFails(t *testing.T) {
	for script, want := range map[string]error{
		`403 {"error":{"errors":[{"reason":"forbidden"}]}}`: client.ErrForbidden,
		expired + `, ` + expired:                            google.ErrFullSyncRequired,
		expired + `, 404`:                                   client.ErrNotFound,
		`400 {"error":{"errors":[{"reason":"invalid"}]}}`:   client.ErrBadRequest,
		`200 {"items":[{"id":"a"}],"nextPageToken":"p2"}, 200 {"items":[{"id":"a"}],"nextPageToken":"p2"}`: client.ErrDecode,
	} {
		c, rt := scripted(t, script)
		_, next, err := synced(t, c, google.SyncInput{CalendarID: "c", SyncToken: "s0"})
		require.ErrorIs(t, err, want, script)
		require.Empty(t, next)
		require.LessOrEqual(t, rt.Count(), 2)
	}
	c, rt := over(t)
	_, _, err := synced(t, c, google.SyncInput{CalendarID: "c", TimeMin: begin, TimeMax: begin})
	require.ErrorIs(t, err, client.ErrRequest)
	require.Zero(t, rt.Count())
}

// P4: nothing is fetched beyond what the loop reads.
func TestP4_ASyncIsLeftEarly(t *testing.T) {
	for _, token := range []string{"", "s0"} {
		c, rt := scripted(t, `200 {"items":[{"id":"a"}],"nextPageToken":"p2"}`)
		for _, err := range c.SyncEvents(t.Context(), google.SyncInput{CalendarID: "c", SyncToken: token}, func(r *client.Request) { r.Timeout = time.Second }) {
			require.NoError(t, err)
			break
		}
		require.Equal(t, 1, rt.Count())
	}
	c, rt := scripted(t, expired+`, 200 {"items":[{"id":"a"}],"nextPageToken":"p2"}`)
	for page, err := range c.SyncEvents(t.Context(), google.SyncInput{CalendarID: "c", SyncToken: "s0"}) {
		require.NoError(t, err)
		require.True(t, page.Reset)
		break
	}
	require.Equal(t, 2, rt.Count())
	_, err := google.ListEvents.Do(t.Context(), c.HTTP, google.ListEventsInput{CalendarID: "c", SyncToken: "s0"})
	require.False(t, errors.Is(err, google.ErrFullSyncRequired))
}
