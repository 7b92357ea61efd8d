package google

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/patch"
)

// PatchEvent changes what its input names, and nothing else. It is repeated after a
// failure, but where guests are mailed or IfMatch is set: they would be mailed twice, and
// a repeat would find another ETag.
var PatchEvent = client.Op[PatchEventInput, Event]{
	Name: "events.patch", Method: http.MethodPatch, Route: patchEvent.Route, Encode: encodePatch,
}

var patchEvent = client.Op[PatchEventInput, Event]{Method: http.MethodPatch, Route: "/calendar/v3/calendars/{calendarId}/events/{eventId}"}

// Patch is a field of a change. The zero Patch leaves what there is.
type Patch[T any] = patch.Patch[T]

// Set changes a field to v.
func Set[T any](v T) Patch[T] { return patch.Set(v) }

// Null takes away what a field has.
func Null[T any]() Patch[T] { return patch.Null[T]() }

// PatchEventInput says what to change. A list replaces the one that there is.
type PatchEventInput struct {
	CalendarID            string `path:"calendarId"`
	EventID               string `path:"eventId"`
	SendUpdates           string `query:"sendUpdates"` // see InsertEventInput
	ConferenceDataVersion int    `query:"conferenceDataVersion"`
	IfMatch               string `header:"If-Match"` // the Event.ETag that it must still have, or it is a client.ErrConflict

	Summary     Patch[string] `json:"summary,omitzero"`
	Description Patch[string] `json:"description,omitzero"`
	Location    Patch[string] `json:"location,omitzero"`
	ColorID     Patch[string] `json:"colorId,omitzero"`

	Start      Patch[When]     `json:"start,omitzero"` // of a day where it was a moment: change End too
	End        Patch[When]     `json:"end,omitzero"`
	Recurrence Patch[[]string] `json:"recurrence,omitzero"`

	Attendees          Patch[[]Attendee]         `json:"attendees,omitzero"`
	Reminders          Patch[Reminders]          `json:"reminders,omitzero"`
	Conference         Patch[*Conference]        `json:"conferenceData,omitzero"`
	ExtendedProperties Patch[ExtendedProperties] `json:"extendedProperties,omitzero"` // of which those that are not named stay

	Status       Patch[string] `json:"status,omitzero"`
	Transparency Patch[string] `json:"transparency,omitzero"`
	Visibility   Patch[string] `json:"visibility,omitzero"`
}

func encodePatch(in PatchEventInput, r *client.Request) (err error) {
	if err := in.check(); err != nil {
		return fmt.Errorf("%w: %w", client.ErrRequest, err)
	}
	*r, err = patchEvent.Request(in)
	r.Repeatable = in.IfMatch == "" && (in.SendUpdates == "" || in.SendUpdates == "none")
	return err
}

func (in *PatchEventInput) check() error {
	start, end := in.Start.Value(), in.End.Value()
	if attendees := in.Attendees.Value(); attendees != nil {
		for i, a := range *attendees {
			if a.Email == "" {
				return fmt.Errorf("the attendee at index %d has no Email", i)
			}
		}
	}
	switch {
	case start == nil && !in.Start.IsZero() || end == nil && !in.End.IsZero():
		return errors.New("an event has a start and an end: they can be changed, and not be taken away")
	case start != nil && end != nil:
		recurrence := in.Recurrence.Value()
		return span(*start, *end, recurrence != nil && len(*recurrence) > 0)
	case start != nil:
		return start.check()
	case end != nil:
		return end.check()
	}
	return nil
}
