package google_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/secret"
)

// GOOGLE_APPLICATION_CREDENTIALS is the path of a service account's key file. It makes an
// event tomorrow, in GOOGLE_CALENDAR, which is shared with the account, and deletes it.
func TestLive(t *testing.T) {
	path := providertest.LiveValue(t, "GOOGLE_APPLICATION_CREDENTIALS")
	calendar, ctx := providertest.LiveValue(t, "GOOGLE_CALENDAR"), t.Context()
	auth, err := google.ServiceAccount{Key: secret.File(path), Scopes: []string{google.ScopeCalendar}}.Auth()
	require.NoError(t, err)
	c, err := google.New(auth)
	require.NoError(t, err)
	begin := time.Now().Add(24 * time.Hour).UTC()
	in := google.InsertEventInput{CalendarID: calendar, Event: google.NewEvent{
		ID: google.NewEventID(), Summary: "A live test", Start: google.At(begin), End: google.At(begin.Add(time.Hour)),
	}}
	made, err := c.CreateEvent(ctx, in)
	require.NoError(t, err)
	_, err = c.CreateEvent(ctx, in)
	require.ErrorIs(t, err, client.ErrConflict)
	found := false
	for e, err := range google.ListEvents.All(ctx, c.HTTP, google.ListEventsInput{CalendarID: calendar, TimeMin: begin, TimeMax: begin.Add(time.Minute)}) {
		require.NoError(t, err)
		found = found || e.ID == made.ID
	}
	require.True(t, found)
	_, err = google.DeleteEvent.Do(ctx, c.HTTP, google.DeleteEventInput{CalendarID: calendar, EventID: made.ID})
	require.NoError(t, err)
	_, err = google.GetEvent.Do(ctx, c.HTTP, google.GetEventInput{CalendarID: calendar, EventID: "notthere"})
	require.ErrorIs(t, err, client.ErrNotFound)
}
