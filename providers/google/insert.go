package google

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// InsertEvent makes an event. With an ID of one's own it may be made more than once, and
// is repeated after a failure as a PUT is: the event is there once. A repeat that finds
// the event there, since the response to the first was lost, is a client.ErrConflict;
// [Client.CreateEvent] returns the event then.
var InsertEvent = client.Op[InsertEventInput, Event]{
	Name: "events.insert", Method: http.MethodPost, Route: insertEvent.Route, Encode: encodeInsert,
}

var insertEvent = client.Op[InsertEventInput, Event]{Method: http.MethodPost, Route: "/calendar/v3/calendars/{calendarId}/events"}

// InsertEventInput is an event to make, and where.
type InsertEventInput struct {
	CalendarID            string   `path:"calendarId"`
	SendUpdates           string   `query:"sendUpdates"`           // who is mailed: "all", "externalOnly", "none"; "" is nobody
	ConferenceDataVersion int      `query:"conferenceDataVersion"` // 1 for Event.Conference
	MaxAttendees          int      `query:"maxAttendees"`          // of the response; 0 is all
	Event                 NewEvent `body:"json"`
}

func encodeInsert(in InsertEventInput, r *client.Request) (err error) {
	if err := in.Event.check(); err != nil {
		return fmt.Errorf("%w: %w", client.ErrRequest, err)
	}
	*r, err = insertEvent.Request(in)
	r.Repeatable = in.Event.ID != ""
	return err
}

func (e *NewEvent) check() error {
	if e.ID != "" && !validEventID(e.ID) {
		return errors.New("the ID of an event is 5 to 1,024 of the characters 0–9 and a–v")
	}
	for i, a := range e.Attendees {
		if a.Email == "" {
			return fmt.Errorf("the attendee at index %d has no Email", i)
		}
	}
	return span(e.Start, e.End, len(e.Recurrence) > 0)
}

// eventID is the alphabet of IDs (RFC 4648 section 7), in lower case.
var eventID = base32.HexEncoding.WithPadding(base32.NoPadding)

func validEventID(id string) bool {
	return len(id) >= 5 && len(id) <= 1024 &&
		!strings.ContainsFunc(id, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'v') })
}

// NewEventID returns an ID that no other event has.
func NewEventID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // it cannot fail
	return strings.ToLower(eventID.EncodeToString(b[:]))
}

// EventIDFor returns an ID for the event that belongs to something of the application's
// own, such as "booking:1042". Equal texts have the same ID, and no others. With it an
// event is made once even by a program that has forgotten that it made it: CreateEvent
// then returns a client.ErrConflict, and GetEvent the event. An event that is deleted
// keeps its ID from being used again.
func EventIDFor(what string) string {
	sum := sha256.Sum256([]byte(what))
	return strings.ToLower(eventID.EncodeToString(sum[:20]))
}

// CreateEvent makes an event once, however often that has to be tried: without an ID it
// gives it one ([NewEventID]), and where a repeat finds that the first attempt has made
// the event, it returns that event. An ID that was in use before the call is a
// client.ErrConflict.
func (c *Client) CreateEvent(ctx context.Context, in InsertEventInput, edit ...func(*client.Request)) (Event, error) {
	if in.Event.ID == "" {
		in.Event.ID = NewEventID()
	}
	made, err := InsertEvent.Do(ctx, c.HTTP, in, edit...)
	e, ok := errors.AsType[*client.Error](err)
	// One that an attempt of this call may have made, and not one from before.
	if !ok || e.Code != "duplicate" || e.Effect != client.MaybeApplied {
		return made, err
	}
	there, missing := GetEvent.Do(ctx, c.HTTP, GetEventInput{CalendarID: in.CalendarID, EventID: in.Event.ID, MaxAttendees: in.MaxAttendees})
	switch {
	case missing != nil:
		return Event{}, fmt.Errorf("%w; reading what is there failed: %w", err, missing)
	case there.Cancelled():
		return Event{}, fmt.Errorf("%w; an event that has been deleted has this ID", err)
	}
	return there, nil
}
