package google_test

import (
	"errors"
	"regexp"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/google"
)

const taken = `409 {"error":{"errors":[{"domain":"global","reason":"duplicate","message":"The requested identifier already exists."}],"code":409,"message":"The requested identifier already exists."}}`

// C5: an event whose response was lost is there once, and is what comes back.
func TestC5_AnEventIsMadeOnce(t *testing.T) {
	for script, sent := range map[string]int{
		`200 {"id":"ours","status":"confirmed"}`:                                                      1,
		`reset, 200 {"id":"ours","status":"confirmed"}`:                                               2,
		`reset, ` + taken + `, 200 {"id":"ours","status":"confirmed"}`:                                3,
		`503, ` + taken + `, 200 {"id":"ours","status":"confirmed"}`:                                  3,
		`403 {"error":{"errors":[{"reason":"rateLimitExceeded"}]}}, 200 {"id":"ours","status":"new"}`: 2,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, script)
			event, err := c.CreateEvent(t.Context(), google.InsertEventInput{CalendarID: "c", Event: meeting, MaxAttendees: 3})
			require.NoError(t, err, script)
			require.Equal(t, "ours", event.ID, script)
			require.Equal(t, sent, rt.Count(), script)
			id := regexp.MustCompile(`"id":"([0-9a-v]{32})"`).FindSubmatch(rt.Requests()[0].Body)
			require.Len(t, id, 2)
			if sent == 3 {
				require.Equal(t, "/calendar/v3/calendars/c/events/"+string(id[1])+"?maxAttendees=3", rt.Last().URL)
			}
		})
	}
}

// An ID that was taken before this call is an error, and so is an event that was deleted,
// or that cannot be read: the error says that it may be there.
func TestAnIDThatIsTaken(t *testing.T) {
	for script, want := range map[string]struct {
		effect client.Effect
		says   string
		sent   int
	}{
		taken: {client.Rejected, "duplicate", 1},
		`403 {"error":{"errors":[{"reason":"rateLimitExceeded"}]}}, ` + taken:        {client.Rejected, "duplicate", 2},
		`reset, 409 {"error":{"errors":[{"reason":"other"}]}}`:                       {client.MaybeApplied, "other", 2},
		`reset, ` + taken + `, 200 {"id":"ours","status":"cancelled"}`:               {client.MaybeApplied, "has been deleted", 3},
		`reset, ` + taken + `, 404`:                                                  {client.MaybeApplied, "reading what is there failed", 3},
		`reset, 403 {"error":{"errors":[{"reason":"forbiddenForServiceAccounts"}]}}`: {client.MaybeApplied, "forbiddenForServiceAccounts", 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, script)
			in := google.InsertEventInput{CalendarID: "c", Event: meeting}
			in.Event.ID = google.EventIDFor("booking:1042")
			event, err := c.CreateEvent(t.Context(), in)
			require.ErrorContains(t, err, want.says, script)
			require.Zero(t, event.ID, script)
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok, script)
			require.Equal(t, want.effect, e.Effect, script)
			require.Equal(t, e.Status == 409, errors.Is(err, client.ErrConflict), script)
			require.Equal(t, want.sent, rt.Count(), script)
		})
	}
}

// IDs are what Google takes, each is another, and the same thing has the same.
func TestEventIDs(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-v]{32}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := google.NewEventID()
		require.Regexp(t, form, id)
		require.False(t, seen[id])
		seen[id] = true
	}
	require.Equal(t, "m4fo5ipm89nh4guo5uofo5gu0tjk5bmg", google.EventIDFor("booking:1042"), "it stays the same for good")
	require.NotEqual(t, google.EventIDFor("booking:1042"), google.EventIDFor("booking:1043"))
	require.Regexp(t, form, google.EventIDFor(""))
}
