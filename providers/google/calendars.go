package google

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// Primary names the calendar of the user, or of the service account, who calls.
const Primary = "primary"

var (
	// ListCalendars lists the calendars that the user sees.
	ListCalendars = pages(checked(client.Op[ListCalendarsInput, CalendarPage]{
		Name: "calendarList.list", Route: "/calendar/v3/users/me/calendarList",
	}, (*ListCalendarsInput).check),
		func(p CalendarPage) []Calendar { return p.Items }, func(p CalendarPage) string { return p.NextPageToken })

	// QueryFreeBusy says when calendars are busy. One that cannot be read is told in its
	// own FreeBusy. It is a POST, which a client that is read only (client.WithReadOnly)
	// does not send.
	QueryFreeBusy = client.Op[FreeBusyInput, FreeBusyResult]{
		Name: "freebusy.query", Method: http.MethodPost, Route: "/calendar/v3/freeBusy", Repeatable: true, Encode: encodeFreeBusy,
	}
)

// ListCalendarsInput says which calendars to list.
type ListCalendarsInput struct {
	MinAccessRole string `query:"minAccessRole"` // "reader", "writer", "owner"
	ShowDeleted   bool   `query:"showDeleted"`
	ShowHidden    bool   `query:"showHidden"`
	MaxResults    int    `query:"maxResults"` // to a page, 250 at most; 0 is Google's 100
	PageToken     string `query:"pageToken"`

	// SyncToken lists what has changed since the listing whose last page had it. One that
	// has expired is an error that matches ErrFullSyncRequired.
	SyncToken string `query:"syncToken"`
}

func (in *ListCalendarsInput) check() error {
	if in.SyncToken != "" && in.MinAccessRole != "" {
		return errors.New("a sync token forbids MinAccessRole")
	}
	return pageSize(in.MaxResults, 250)
}

func pageSize(n, most int) error {
	if n < 0 || n > most {
		return fmt.Errorf("a page has at most %d results, and this one is to have %d", most, n)
	}
	return nil
}

// CalendarPage is a page of calendars.
type CalendarPage struct {
	Items         []Calendar `json:"items"`
	NextPageToken string     `json:"nextPageToken"` // "" on the last page
	NextSyncToken string     `json:"nextSyncToken"` // on the last page
}

// Calendar is a calendar as the user sees it.
type Calendar struct {
	ID              string `json:"id"`
	Summary         string `json:"summary"`         // its title
	SummaryOverride string `json:"summaryOverride"` // the user's own
	Description     string `json:"description"`
	Location        string `json:"location"`
	TimeZone        string `json:"timeZone"`   // an IANA name
	AccessRole      string `json:"accessRole"` // "freeBusyReader", "reader", "writer", "owner"
	BackgroundColor string `json:"backgroundColor"`
	Primary         bool   `json:"primary"`
	Selected        bool   `json:"selected"`
	Hidden          bool   `json:"hidden"`
	Deleted         bool   `json:"deleted"`
}

// MaxFreeBusy is how many calendars one QueryFreeBusy may name.
const MaxFreeBusy = 50

// FreeBusyInput says of which calendars, and from when until when.
type FreeBusyInput struct {
	CalendarIDs []string // MaxFreeBusy at most; a group's address is one too
	TimeMin     time.Time
	TimeMax     time.Time
	TimeZone    string // of the result; "" is UTC
}

func encodeFreeBusy(in FreeBusyInput, r *client.Request) error {
	n := len(in.CalendarIDs)
	switch {
	case n == 0 || n > MaxFreeBusy:
		return fmt.Errorf("%w: a query names 1 to %d calendars, and this one names %d", client.ErrRequest, MaxFreeBusy, n)
	case in.TimeMin.IsZero() || in.TimeMax.IsZero():
		return fmt.Errorf("%w: TimeMin and TimeMax are required", client.ErrRequest)
	case !in.TimeMin.Before(in.TimeMax):
		return fmt.Errorf("%w: TimeMin is not before TimeMax", client.ErrRequest)
	}
	type item struct {
		ID string `json:"id"`
	}
	body := struct {
		TimeMin  time.Time `json:"timeMin"`
		TimeMax  time.Time `json:"timeMax"`
		TimeZone string    `json:"timeZone,omitempty"`
		Items    []item    `json:"items"`
	}{in.TimeMin, in.TimeMax, in.TimeZone, nil}
	for i, id := range in.CalendarIDs {
		if id == "" {
			return fmt.Errorf("%w: the calendar ID at index %d is empty", client.ErrRequest, i)
		}
		body.Items = append(body.Items, item{id})
	}
	r.Body = body
	return nil
}

// FreeBusyResult has what was asked for, by the calendars' IDs.
type FreeBusyResult struct {
	TimeMin   time.Time           `json:"timeMin"`
	TimeMax   time.Time           `json:"timeMax"`
	Calendars map[string]FreeBusy `json:"calendars"`
	Groups    map[string]Group    `json:"groups"`
}

// FreeBusy is when a calendar is busy, or why that cannot be said.
type FreeBusy struct {
	Busy   []Period           `json:"busy"`
	Errors []*FreeBusyFailure `json:"errors"`
}

// Group is the calendars of a group, or why there are none.
type Group struct {
	Calendars []string           `json:"calendars"`
	Errors    []*FreeBusyFailure `json:"errors"`
}

// Err is nil where the calendar could be read.
func (f FreeBusy) Err() error { return failures(f.Errors) }

// Err is nil where the group could be read.
func (g Group) Err() error { return failures(g.Errors) }

func failures(list []*FreeBusyFailure) error {
	if len(list) == 0 {
		return nil
	}
	errs := make([]error, len(list))
	for i, e := range list {
		errs[i] = e
	}
	return errors.Join(errs...)
}

// Period is a time, its end exclusive.
type Period struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// FreeBusyFailure is why a calendar or a group could not be read. It matches the
// sentinels of package client as the error of a call would.
type FreeBusyFailure struct {
	Domain string `json:"domain"`
	Reason string `json:"reason"` // "notFound", "internalError", "groupTooBig"
}

// maxReason is how much an error shows of a reason, in bytes.
const maxReason = 256

// Error names the reason alone, since a calendar's ID is an email address as a rule.
func (e *FreeBusyFailure) Error() string {
	return "google: the calendar could not be read: " + quote.Text(e.Reason, maxReason)
}

// Is matches what the reason means.
func (e *FreeBusyFailure) Is(target error) bool {
	status := http.StatusBadRequest
	switch e.Reason {
	case "notFound":
		status = http.StatusNotFound
	case "internalError", "backendError":
		status = http.StatusInternalServerError
	}
	return (&client.Error{Status: status}).Is(target)
}
