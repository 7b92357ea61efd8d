package google_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/secret"
)

// do is an operation, of whatever types, for tables.
func do[In, Out any](op client.Op[In, Out], in In) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		_, err := op.Do(ctx, c, in)
		return err
	}
}

// What cannot be right is an error before anything is sent, which says what is wrong.
func TestBadInputIsNotSent(t *testing.T) {
	at := func(e google.NewEvent) google.InsertEventInput {
		return google.InsertEventInput{CalendarID: "c", Event: e}
	}
	day, noon := google.Day(2026, 11, 26), google.At(begin)
	token := secret.New("a-channel-token")
	watch := func(change func(*google.WatchEventsInput)) google.WatchEventsInput {
		in := google.WatchEventsInput{CalendarID: "c", ID: "ch-1", Address: "https://app.example.com/hook", Token: token}
		change(&in)
		return in
	}
	long := string(make([]byte, 1025))
	for says, call := range map[string]func(context.Context, *client.Client) error{
		"the path parameter calendarId is empty": do(google.ListEvents.Op, google.ListEventsInput{}),
		"the path parameter eventId is empty":    do(google.GetEvent, google.GetEventInput{CalendarID: "c"}),
		"a sync token forbids TimeMin":           do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", SyncToken: "s", TimeMin: begin}),
		"a sync token forbids TimeMax":           do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", SyncToken: "s", TimeMax: begin}),
		"a sync token forbids UpdatedMin":        do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", SyncToken: "s", UpdatedMin: begin}),
		"a sync token forbids OrderBy":           do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", SyncToken: "s", OrderBy: "updated"}),
		"a sync token forbids Query":             do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", SyncToken: "s", Query: "q"}),
		"a sync token forbids ICalUID":           do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", SyncToken: "s", ICalUID: "u"}),
		"forbids PrivateExtendedProperty":        do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", SyncToken: "s", PrivateExtendedProperty: []string{"a=b"}}),
		"forbids SharedExtendedProperty":         do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", SyncToken: "s", SharedExtendedProperty: []string{"a=b"}}),
		"only SingleEvents can be ordered":       do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", OrderBy: "startTime"}),
		"TimeMin is not before TimeMax":          do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", TimeMin: begin, TimeMax: begin}),
		"at most 2500 results":                   do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c", MaxResults: 2501}),
		"is to have -1":                          do(google.ListInstances.Op, google.ListInstancesInput{CalendarID: "c", EventID: "e", MaxResults: -1}),
		"not before":                             do(google.ListInstances.Op, google.ListInstancesInput{CalendarID: "c", EventID: "e", TimeMin: begin.Add(1), TimeMax: begin}),
		"a sync token forbids MinAccessRole":     do(google.ListCalendars.Op, google.ListCalendarsInput{SyncToken: "s", MinAccessRole: "reader"}),
		"at most 250 results":                    do(google.ListCalendars.Op, google.ListCalendarsInput{MaxResults: 251}),
		"names 1 to 50 calendars":                do(google.QueryFreeBusy, google.FreeBusyInput{TimeMin: begin, TimeMax: begin.Add(1)}),
		"this one names 51":                      do(google.QueryFreeBusy, google.FreeBusyInput{CalendarIDs: make([]string, 51), TimeMin: begin, TimeMax: begin.Add(1)}),
		"TimeMin and TimeMax are required":       do(google.QueryFreeBusy, google.FreeBusyInput{CalendarIDs: []string{"c"}, TimeMax: begin}),
		"is not before TimeMax":                  do(google.QueryFreeBusy, google.FreeBusyInput{CalendarIDs: []string{"c"}, TimeMin: begin, TimeMax: begin}),
		"the calendar ID at index 1 is empty":    do(google.QueryFreeBusy, google.FreeBusyInput{CalendarIDs: []string{"c", ""}, TimeMin: begin, TimeMax: begin.Add(1)}),
		"an event has a start and an end":        do(google.InsertEvent, at(google.NewEvent{Start: noon})),
		"either both days or both moments":       do(google.InsertEvent, at(google.NewEvent{Start: noon, End: day})),
		"2026-11-26 is not after 2026-11-26":     do(google.InsertEvent, at(google.NewEvent{Start: day, End: day})),
		"ends before it starts":                  do(google.InsertEvent, at(google.NewEvent{Start: noon, End: google.At(begin.Add(-time.Second))})),
		"needs a time zone":                      do(google.InsertEvent, at(google.NewEvent{Start: google.At(begin.In(time.FixedZone("", 0))), End: noon, Recurrence: []string{"RRULE:FREQ=DAILY"}})),
		"recurs needs":                           do(google.InsertEvent, at(google.NewEvent{Start: noon, End: google.At(begin.In(time.FixedZone("", 0))), Recurrence: []string{"RRULE:FREQ=DAILY"}})),
		"the year of an event has four digits":   do(google.InsertEvent, at(google.NewEvent{Start: google.Day(9999, 12, 31), End: google.Day(9999, 12, 32)})),
		"an event has four digits":               do(google.InsertEvent, at(google.NewEvent{Start: google.At(time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)), End: noon})),
		"event has four digits":                  do(google.InsertEvent, at(google.NewEvent{Start: google.Day(-1, 1, 1), End: day})),
		"year of an event":                       do(google.InsertEvent, at(google.NewEvent{Start: noon, End: google.At(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))})),
		"the ID of an event is 5 to 1,024":       do(google.InsertEvent, at(google.NewEvent{ID: "abcd", Start: noon, End: noon})),
		"of the characters 0–9 and a–v":          do(google.InsertEvent, at(google.NewEvent{ID: "abcdw", Start: noon, End: noon})),
		"0–9 and a–v":                            do(google.InsertEvent, at(google.NewEvent{ID: "ABCDE", Start: noon, End: noon})),
		"5 to 1,024 of":                          do(google.InsertEvent, at(google.NewEvent{ID: long, Start: noon, End: noon})),
		"the attendee at index 0 has no Email":   do(google.InsertEvent, at(google.NewEvent{Start: noon, End: noon, Attendees: []google.Attendee{{DisplayName: "Ada"}}})),
		"attendee at index 1 has no":             do(google.PatchEvent, google.PatchEventInput{CalendarID: "c", EventID: "e", Attendees: google.Set([]google.Attendee{{Email: "a@b"}, {}})}),
		"can be changed, and not be taken away":  do(google.PatchEvent, google.PatchEventInput{CalendarID: "c", EventID: "e", Start: google.Null[google.When]()}),
		"changed, and not be taken":              do(google.PatchEvent, google.PatchEventInput{CalendarID: "c", EventID: "e", End: google.Null[google.When]()}),
		"has a start and an end":                 do(google.PatchEvent, google.PatchEventInput{CalendarID: "c", EventID: "e", Start: google.Set(google.When{})}),
		"start and an end":                       do(google.PatchEvent, google.PatchEventInput{CalendarID: "c", EventID: "e", End: google.Set(google.When{})}),
		"both days or both":                      do(google.PatchEvent, google.PatchEventInput{CalendarID: "c", EventID: "e", Start: google.Set(day), End: google.Set(noon)}),
		"an event that recurs":                   do(google.PatchEvent, google.PatchEventInput{CalendarID: "c", EventID: "e", Start: google.Set(google.At(begin.In(time.FixedZone("", 0)))), End: google.Set(noon), Recurrence: google.Set([]string{"RRULE:FREQ=DAILY"})}),
		"the ID of a channel is up to 64":        do(google.WatchEvents, watch(func(in *google.WatchEventsInput) { in.ID = "" })),
		"letters, digits and":                    do(google.WatchEvents, watch(func(in *google.WatchEventsInput) { in.ID = "a b" })),
		"a channel is up to 64":                  do(google.WatchEvents, watch(func(in *google.WatchEventsInput) { in.ID = long[:65] })),
		"is no URL of https":                     do(google.WatchEvents, watch(func(in *google.WatchEventsInput) { in.Address = "http://app.example.com/" })),
		"no URL of https":                        do(google.WatchEvents, watch(func(in *google.WatchEventsInput) { in.Address = "https:///hook" })),
		"no URL of":                              do(google.WatchEvents, watch(func(in *google.WatchEventsInput) { in.Address = "https://user:pw@app.example.com/" })),
		"the token of a channel is missing":      do(google.WatchEvents, watch(func(in *google.WatchEventsInput) { in.Token = secret.Value{} })),
		"longer than 256 characters":             do(google.WatchEvents, watch(func(in *google.WatchEventsInput) { in.Token = secret.New(strings.Repeat("x", 257)) })),
		"some that a header cannot carry":        do(google.WatchEvents, watch(func(in *google.WatchEventsInput) { in.Token = secret.New("ü") })),
		"is stopped by its ID and ResourceID":    do(google.StopChannel, google.Channel{ID: "ch-1"}),
		"by its ID and":                          do(google.StopChannel, google.Channel{ResourceID: "r"}),
	} {
		c, rt := over(t)
		err := call(t.Context(), c.HTTP)
		require.ErrorIs(t, err, client.ErrRequest, says)
		require.ErrorContains(t, err, says)
		require.Zero(t, rt.Count(), says)
	}
}

// What a change does not name stays, and what takes the place of a day is no day.
func TestPatchEvent(t *testing.T) {
	c, rt := over(t, clienttest.JSON(200, `{"id":"e","etag":"\"2\""}`))
	in := google.PatchEventInput{
		CalendarID: "c", EventID: "e", SendUpdates: "all", IfMatch: `"1"`,
		Summary: google.Set("Call"), Location: google.Null[string](), Attendees: google.Set([]google.Attendee{}),
		Start: google.Set(google.At(begin)), End: google.Set(google.At(begin.In(time.FixedZone("", 3600)))), Reminders: google.Set(google.Reminders{}),
	}
	event, err := google.PatchEvent.Do(t.Context(), c.HTTP, in)
	require.NoError(t, err)
	require.Equal(t, `"2"`, event.ETag)
	require.Equal(t, "PATCH /calendar/v3/calendars/c/events/e?sendUpdates=all", rt.Last().Method+" "+rt.Last().URL)
	require.Equal(t, `"1"`, rt.Last().Header.Get("If-Match"))
	require.JSONEq(t, `{"summary":"Call","location":null,"attendees":[],"reminders":{"useDefault":false},
		"start":{"date":null,"dateTime":"2026-11-26T15:00:00Z","timeZone":"UTC"},"end":{"date":null,"dateTime":"2026-11-26T16:00:00+01:00"}}`, string(rt.Last().Body))
	_, err = google.PatchEvent.Do(t.Context(), c.HTTP, google.PatchEventInput{CalendarID: "c", EventID: "e", Start: google.Set(google.Day(2026, 11, 26))})
	require.NoError(t, err)
	require.JSONEq(t, `{"start":{"date":"2026-11-26","dateTime":null,"timeZone":null}}`, string(rt.Last().Body))
	_, err = google.PatchEvent.Do(t.Context(), c.HTTP, google.PatchEventInput{CalendarID: "c", EventID: "e", End: google.Set(google.Day(2026, 11, 27)), Conference: google.Null[*google.Conference]()})
	require.NoError(t, err)
	require.JSONEq(t, `{"end":{"date":"2026-11-27","dateTime":null,"timeZone":null},"conferenceData":null}`, string(rt.Last().Body))
}

// C5: what changes nothing more the second time is repeated; guests are not mailed twice,
// a channel is not made twice, and a repeat is not taken for another's change.
func TestC5_WhatIsRepeated(t *testing.T) {
	event := google.InsertEventInput{CalendarID: "c", Event: meeting}
	known := event
	known.Event.ID = google.EventIDFor("booking:1042")
	change := google.PatchEventInput{CalendarID: "c", EventID: "e", Summary: google.Set("x")}
	matched, quiet, mailed, outside := change, change, change, change
	matched.IfMatch, quiet.SendUpdates, mailed.SendUpdates, outside.SendUpdates = `"1"`, "none", "all", "externalOnly"
	for name, tc := range map[string]struct {
		call func(context.Context, *client.Client) error
		sent int
	}{
		"events.list":                     {do(google.ListEvents.Op, google.ListEventsInput{CalendarID: "c"}), 3},
		"events.insert":                   {do(google.InsertEvent, event), 1},
		"events.insert with an ID":        {do(google.InsertEvent, known), 3},
		"events.patch":                    {do(google.PatchEvent, change), 3},
		"events.patch that mails nobody":  {do(google.PatchEvent, quiet), 3},
		"events.patch that mails guests":  {do(google.PatchEvent, mailed), 1},
		"events.patch that mails outside": {do(google.PatchEvent, outside), 1},
		"events.patch of one state":       {do(google.PatchEvent, matched), 1},
		"events.delete":                   {do(google.DeleteEvent, google.DeleteEventInput{CalendarID: "c", EventID: "e"}), 3},
		"freebusy.query":                  {do(google.QueryFreeBusy, google.FreeBusyInput{CalendarIDs: []string{"c"}, TimeMin: begin, TimeMax: begin.Add(time.Hour)}), 3},
		"events.watch":                    {do(google.WatchEvents, google.WatchEventsInput{CalendarID: "c", ID: "1", Address: "https://a.example.com", Token: secret.New("t")}), 1},
		"channels.stop":                   {do(google.StopChannel, google.Channel{ID: "1", ResourceID: "r"}), 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := over(t, clienttest.Reset())
			require.Error(t, tc.call(t.Context(), c.HTTP), name)
			require.Equal(t, tc.sent, rt.Count(), name)
		})
	}
}

// P3: what is new breaks nothing, and what is told is there.
func TestP3_Decoding(t *testing.T) {
	c, _ := over(t, clienttest.JSON(200, `{
		"kind":"calendar#event","new":{"a":[1]},"id":"e","etag":"\"1\"","status":"tomorrows","summary":"S","colorId":"7","eventType":"tomorrows",
		"created":"2026-11-01T10:00:00.000Z","updated":"2026-11-02T10:00:00.123Z","creator":{"email":"a@b","self":true},"sequence":2,
		"start":{"date":"2026-11-26"},"end":{"date":"2026-11-27"},"recurringEventId":"r","originalStartTime":{"dateTime":"2026-11-26T10:00:00+01:00","timeZone":"Europe/Zurich"},
		"attendees":[{"email":"c@d","responseStatus":"accepted","new":1}],"reminders":{"useDefault":false,"overrides":[{"method":"popup","minutes":10}]},
		"conferenceData":{"conferenceId":"aaa","entryPoints":[{"entryPointType":"video","uri":"https://meet.google.com/aaa"}],"createRequest":{"requestId":"q","conferenceSolutionKey":{"type":"hangoutsMeet"},"status":{"statusCode":"success"}}},
		"extendedProperties":{"private":{"order":"1042"}}}`))
	e, err := google.GetEvent.Do(t.Context(), c.HTTP, google.GetEventInput{CalendarID: "c", EventID: "e"})
	require.NoError(t, err)
	require.Equal(t, []any{"e", "tomorrows", "2026-11-26", "Europe/Zurich", "accepted", "https://meet.google.com/aaa", "1042", "success"}, []any{
		e.ID, e.Status, e.Start.String(), e.OriginalStartTime.Zone(), e.Attendees[0].ResponseStatus, e.Conference.EntryPoints[0].URI,
		e.ExtendedProperties.Private["order"], e.Conference.CreateRequest.Status.Code,
	})
	require.False(t, e.Cancelled())
	require.Equal(t, 2026, e.Updated.Year())

	c, _ = over(t, clienttest.JSON(200, `{"timeMin":"2026-11-26T00:00:00Z","calendars":{"a":{"busy":[{"start":"2026-11-26T10:00:00+01:00","end":"2026-11-26T11:00:00+01:00"}]},
		"b":{"errors":[{"domain":"global","reason":"notFound"}],"busy":[]},"c":{"errors":[{"reason":"internalError"}]}},"groups":{"g":{"errors":[{"reason":"groupTooBig"}]},"h":{"calendars":["a"]}}}`))
	got, err := google.QueryFreeBusy.Do(t.Context(), c.HTTP, google.FreeBusyInput{CalendarIDs: []string{"a", "b"}, TimeMin: begin, TimeMax: begin.Add(time.Hour)})
	require.NoError(t, err)
	require.NoError(t, got.Calendars["a"].Err())
	require.Equal(t, time.Hour, got.Calendars["a"].Busy[0].End.Sub(got.Calendars["a"].Busy[0].Start))
	// P5: what failed in part is told by its parts.
	require.ErrorIs(t, got.Calendars["b"].Err(), client.ErrNotFound)
	require.EqualError(t, got.Calendars["b"].Err(), `google: the calendar could not be read: "notFound"`)
	require.ErrorIs(t, got.Calendars["c"].Err(), client.ErrUnavailable)
	require.ErrorIs(t, got.Groups["g"].Err(), client.ErrBadRequest)
	require.NoError(t, got.Groups["h"].Err())
	require.NotErrorIs(t, got.Groups["g"].Err(), client.ErrNotFound)
}

// What a channel is told, and what it is known by. X1: its token is not shown.
func TestX1_AChannel(t *testing.T) {
	c, rt := scripted(t, `200 {"kind":"api#channel","id":"ch-1","resourceId":"r","resourceUri":"https://www.googleapis.com/x","token":"canary","expiration":"1795705200000"}, 204`)
	in := google.WatchEventsInput{CalendarID: "c", ID: "ch-1", Address: "https://app.example.com/hook", Token: secret.New("canary"), Expiration: begin}
	ch, err := google.WatchEvents.Do(t.Context(), c.HTTP, in)
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"ch-1","type":"web_hook","address":"https://app.example.com/hook","token":"canary","expiration":"1795705200000"}`, string(rt.Last().Body))
	require.Equal(t, begin, ch.Expiration.Time)
	kept, err := json.Marshal(ch)
	require.NoError(t, err)
	shown, err := json.Marshal(in)
	require.NoError(t, err)
	require.NotContains(t, string(kept)+string(shown), "canary")
	var again google.Channel
	require.NoError(t, json.Unmarshal(kept, &again))
	require.Equal(t, ch, again)
	_, err = google.StopChannel.Do(t.Context(), c.HTTP, ch)
	require.NoError(t, err)
	require.Equal(t, http.MethodPost+" /calendar/v3/channels/stop", rt.Last().Method+" "+rt.Last().URL)
	require.JSONEq(t, `{"id":"ch-1","resourceId":"r"}`, string(rt.Last().Body))
}

// What is just within its bounds is sent.
func TestEdges(t *testing.T) {
	for _, id := range []string{"09av0", strings.Repeat("v", 1024)} {
		c, rt := over(t, clienttest.JSON(200, `{"id":"e"}`))
		event := meeting
		event.ID = id
		_, err := google.InsertEvent.Do(t.Context(), c.HTTP, google.InsertEventInput{CalendarID: "c", Event: event})
		require.NoError(t, err)
		require.Contains(t, string(rt.Last().Body), `"id":"`+id+`"`)
	}
	c, rt := over(t, clienttest.JSON(200, `{"id":"ch"}`))
	in := google.WatchEventsInput{CalendarID: "c", ID: strings.Repeat("-_+/=aZ9", 8), Address: "https://app.example.com", Token: secret.New(strings.Repeat("~", 256))}
	_, err := google.WatchEvents.Do(t.Context(), c.HTTP, in)
	require.NoError(t, err)
	require.NotContains(t, string(rt.Last().Body), "expiration", "Google's own")

	c, rt = over(t, clienttest.JSON(200, `{}`))
	at := google.At(begin)
	for _, e := range []google.NewEvent{
		{Start: at, End: at},
		{Start: google.Day(2026, 11, 26), End: google.Day(2026, 11, 27), Recurrence: []string{"RRULE:FREQ=DAILY"}},
		{Start: google.Day(9999, 12, 30), End: google.Day(9999, 12, 31)},
	} {
		_, err = google.InsertEvent.Do(t.Context(), c.HTTP, google.InsertEventInput{CalendarID: "c", Event: e})
		require.NoError(t, err)
	}
	_, err = google.ListEvents.Do(t.Context(), c.HTTP, google.ListEventsInput{CalendarID: "c", MaxResults: 2500, TimeMin: begin, ShowDeleted: true, SyncToken: ""})
	require.NoError(t, err)
	_, err = google.QueryFreeBusy.Do(t.Context(), c.HTTP, google.FreeBusyInput{CalendarIDs: strings.Split(strings.Repeat("c,", 49)+"c", ","), TimeMin: begin, TimeMax: begin.Add(1)})
	require.NoError(t, err)
	require.Equal(t, 5, rt.Count())
}
