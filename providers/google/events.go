package google

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// Operations on the events of a calendar ("Events", Google Calendar API reference).
var (
	// ListEvents lists events. To keep a copy of them, use [Client.SyncEvents].
	ListEvents = pages(checked(client.Op[ListEventsInput, EventPage]{
		Name: "events.list", Route: "/calendar/v3/calendars/{calendarId}/events",
	}, (*ListEventsInput).check), eventsOf, nextEvents)

	// ListInstances lists the instances of an event that recurs.
	ListInstances = pages(checked(client.Op[ListInstancesInput, EventPage]{
		Name: "events.instances", Route: "/calendar/v3/calendars/{calendarId}/events/{eventId}/instances",
	}, (*ListInstancesInput).check), eventsOf, nextEvents)

	// GetEvent returns an event. One that has been deleted is returned for a while, as
	// cancelled.
	GetEvent = client.Op[GetEventInput, Event]{Name: "events.get", Route: "/calendar/v3/calendars/{calendarId}/events/{eventId}"}

	// DeleteEvent deletes an event. One that is gone is an error that matches
	// client.ErrNotFound, also where the response to an earlier attempt was lost.
	DeleteEvent = client.Op[DeleteEventInput, client.None]{
		Name: "events.delete", Method: http.MethodDelete, Route: "/calendar/v3/calendars/{calendarId}/events/{eventId}",
	}
)

// maxEvents is how many events a page has at most.
const maxEvents = 2500

// ListEventsInput says which events to list.
type ListEventsInput struct {
	CalendarID   string    `path:"calendarId"`
	TimeMin      time.Time `query:"timeMin"`      // those that end later
	TimeMax      time.Time `query:"timeMax"`      // those that start earlier
	UpdatedMin   time.Time `query:"updatedMin"`   // those that have changed since, the deleted ones too
	SingleEvents bool      `query:"singleEvents"` // the instances of those that recur, in place of these
	OrderBy      string    `query:"orderBy"`      // "startTime", of single events, or "updated"; "" is any order
	Query        string    `query:"q"`            // words
	ICalUID      string    `query:"iCalUID"`
	EventTypes   []string  `query:"eventTypes"` // none is all

	PrivateExtendedProperty []string `query:"privateExtendedProperty"` // "name=value"; all must fit
	SharedExtendedProperty  []string `query:"sharedExtendedProperty"`

	ShowDeleted           bool   `query:"showDeleted"`
	ShowHiddenInvitations bool   `query:"showHiddenInvitations"`
	MaxAttendees          int    `query:"maxAttendees"` // of each event; 0 is all
	MaxResults            int    `query:"maxResults"`   // to a page, 2,500 at most; 0 is Google's 250
	TimeZone              string `query:"timeZone"`     // of the response; "" is the calendar's
	PageToken             string `query:"pageToken"`

	// SyncToken lists what has changed since the listing whose last page had it. It
	// forbids what narrows a listing, and wants the rest as it was then. One that has
	// expired is an error that matches ErrFullSyncRequired.
	SyncToken string `query:"syncToken"`
}

func (in *ListEventsInput) check() error {
	if in.SyncToken != "" {
		for _, filter := range []struct {
			name string
			set  bool
		}{
			{"TimeMin", !in.TimeMin.IsZero()}, {"TimeMax", !in.TimeMax.IsZero()}, {"UpdatedMin", !in.UpdatedMin.IsZero()},
			{"OrderBy", in.OrderBy != ""}, {"Query", in.Query != ""}, {"ICalUID", in.ICalUID != ""},
			{"PrivateExtendedProperty", len(in.PrivateExtendedProperty) > 0}, {"SharedExtendedProperty", len(in.SharedExtendedProperty) > 0},
		} {
			if filter.set {
				return fmt.Errorf("a sync token forbids %s", filter.name)
			}
		}
	}
	switch {
	case in.OrderBy == "startTime" && !in.SingleEvents:
		return errors.New("only SingleEvents can be ordered by startTime")
	case !inOrder(in.TimeMin, in.TimeMax):
		return errors.New("TimeMin is not before TimeMax")
	}
	return pageSize(in.MaxResults, maxEvents)
}

// inOrder reports whether two bounds, of which either may be missing, enclose anything.
func inOrder(from, to time.Time) bool { return from.IsZero() || to.IsZero() || from.Before(to) }

// ListInstancesInput says which instances to list.
type ListInstancesInput struct {
	CalendarID    string    `path:"calendarId"`
	EventID       string    `path:"eventId"` // of the event that recurs
	TimeMin       time.Time `query:"timeMin"`
	TimeMax       time.Time `query:"timeMax"`
	OriginalStart string    `query:"originalStart"` // of the one instance
	ShowDeleted   bool      `query:"showDeleted"`
	MaxAttendees  int       `query:"maxAttendees"`
	MaxResults    int       `query:"maxResults"` // to a page, 2,500 at most; 0 is Google's 250
	TimeZone      string    `query:"timeZone"`
	PageToken     string    `query:"pageToken"`
}

func (in *ListInstancesInput) check() error {
	if !inOrder(in.TimeMin, in.TimeMax) {
		return errors.New("TimeMin is not before TimeMax")
	}
	return pageSize(in.MaxResults, maxEvents)
}

// EventPage is a page of events. One that is not the last may be empty.
type EventPage struct {
	Items            []Event    `json:"items"`
	NextPageToken    string     `json:"nextPageToken"` // "" on the last page
	NextSyncToken    string     `json:"nextSyncToken"` // on the last page, where Google can say what changes from here on
	Summary          string     `json:"summary"`       // the calendar's title
	TimeZone         string     `json:"timeZone"`
	AccessRole       string     `json:"accessRole"`
	DefaultReminders []Reminder `json:"defaultReminders"`
	Updated          time.Time  `json:"updated"`
}

func eventsOf(p EventPage) []Event  { return p.Items }
func nextEvents(p EventPage) string { return p.NextPageToken }

// GetEventInput names an event.
type GetEventInput struct {
	CalendarID   string `path:"calendarId"`
	EventID      string `path:"eventId"`
	TimeZone     string `query:"timeZone"`     // of the response
	MaxAttendees int    `query:"maxAttendees"` // 0 is all
}

// DeleteEventInput names an event.
type DeleteEventInput struct {
	CalendarID  string `path:"calendarId"`
	EventID     string `path:"eventId"`
	SendUpdates string `query:"sendUpdates"` // see InsertEventInput
}
