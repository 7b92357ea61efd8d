package google

import "time"

// Event is an event of a calendar. Of one that is cancelled, the ID alone may be there.
type Event struct {
	ID       string `json:"id"`
	ETag     string `json:"etag"` // for PatchEventInput.IfMatch
	Status   string `json:"status"`
	HTMLLink string `json:"htmlLink"`
	ICalUID  string `json:"iCalUID"`

	Summary     string `json:"summary"` // its title
	Description string `json:"description"`
	Location    string `json:"location"`
	ColorID     string `json:"colorId"`

	Start When `json:"start"`
	End   When `json:"end"` // exclusive

	// Recurrence are the rules of one that recurs ("RRULE:FREQ=WEEKLY"). Each of its
	// instances has the others: which event it is of, and when it was to be at first.
	Recurrence        []string `json:"recurrence"`
	RecurringEventID  string   `json:"recurringEventId"`
	OriginalStartTime When     `json:"originalStartTime"`

	Creator            Person              `json:"creator"`
	Organizer          Person              `json:"organizer"`
	Attendees          []Attendee          `json:"attendees"`
	AttendeesOmitted   bool                `json:"attendeesOmitted"` // there are more of them
	Reminders          *Reminders          `json:"reminders"`
	Conference         *Conference         `json:"conferenceData"`
	ExtendedProperties *ExtendedProperties `json:"extendedProperties"`

	EventType    string    `json:"eventType"`    // "default", "outOfOffice", "focusTime", "workingLocation", "birthday"
	Transparency string    `json:"transparency"` // "transparent" does not block the time; "" does
	Visibility   string    `json:"visibility"`   // "" is the calendar's own
	Sequence     int       `json:"sequence"`
	Created      time.Time `json:"created"`
	Updated      time.Time `json:"updated"`
}

// Cancelled reports whether the event is there no more, or, of an instance, whether it
// does not take place.
func (e *Event) Cancelled() bool { return e.Status == StatusCancelled }

// The statuses of an event.
const (
	StatusConfirmed = "confirmed"
	StatusTentative = "tentative"
	StatusCancelled = "cancelled"
)

// NewEvent is what an event to insert has. Start and End are required.
type NewEvent struct {
	// ID is of one's own choice: 5 to 1,024 of the characters 0–9 and a–v, and not used
	// before in the calendar, not even by an event that has been deleted. "" lets Google
	// choose. See [NewEventID] and [EventIDFor].
	ID string `json:"id,omitempty"`

	Summary     string `json:"summary,omitempty"` // its title
	Description string `json:"description,omitempty"`
	Location    string `json:"location,omitempty"`
	ColorID     string `json:"colorId,omitempty"`

	Start      When     `json:"start,omitzero"`
	End        When     `json:"end,omitzero"`         // exclusive
	Recurrence []string `json:"recurrence,omitempty"` // "RRULE:FREQ=WEEKLY"; Start and End then need a time zone

	Attendees          []Attendee          `json:"attendees,omitempty"`
	Reminders          *Reminders          `json:"reminders,omitempty"`      // nil are the calendar's own
	Conference         *Conference         `json:"conferenceData,omitempty"` // see NewMeeting
	ExtendedProperties *ExtendedProperties `json:"extendedProperties,omitempty"`

	Status       string `json:"status,omitempty"`       // "" is StatusConfirmed
	Transparency string `json:"transparency,omitempty"` // "transparent" does not block the time
	Visibility   string `json:"visibility,omitempty"`   // "private", "public"
	EventType    string `json:"eventType,omitempty"`

	GuestsCanModify         *bool `json:"guestsCanModify,omitempty"`
	GuestsCanInviteOthers   *bool `json:"guestsCanInviteOthers,omitempty"`
	GuestsCanSeeOtherGuests *bool `json:"guestsCanSeeOtherGuests,omitempty"`
}

// Person is somebody who made or organizes an event.
type Person struct {
	Email       string `json:"email"`
	DisplayName string `json:"displayName"`
	Self        bool   `json:"self"` // the calendar's own user
}

// Attendee is somebody who is invited. Email is required.
type Attendee struct {
	Email            string `json:"email,omitempty"`
	DisplayName      string `json:"displayName,omitempty"`
	Optional         bool   `json:"optional,omitempty"`
	Resource         bool   `json:"resource,omitempty"`       // a room, say
	ResponseStatus   string `json:"responseStatus,omitempty"` // "needsAction", "declined", "tentative", "accepted"
	Comment          string `json:"comment,omitempty"`
	AdditionalGuests int    `json:"additionalGuests,omitempty"`
	Organizer        bool   `json:"organizer,omitempty"`
	Self             bool   `json:"self,omitempty"` // the calendar's own user
}

// Reminders are those of an event for the user who asks.
type Reminders struct {
	UseDefault bool       `json:"useDefault"` // the calendar's
	Overrides  []Reminder `json:"overrides,omitempty"`
}

// Reminder is one, in minutes before the event.
type Reminder struct {
	Method  string `json:"method"` // "email", "popup"
	Minutes int    `json:"minutes"`
}

// Conference is a video call of an event.
type Conference struct {
	ID            string             `json:"conferenceId,omitempty"`
	EntryPoints   []EntryPoint       `json:"entryPoints,omitempty"`
	CreateRequest *ConferenceRequest `json:"createRequest,omitempty"`
}

// EntryPoint is how to join a conference.
type EntryPoint struct {
	Type  string `json:"entryPointType"` // "video", "phone"
	URI   string `json:"uri"`
	Label string `json:"label,omitempty"`
}

// ConferenceRequest asks for a conference.
type ConferenceRequest struct {
	RequestID string `json:"requestId"` // the same one makes no second conference
	Solution  struct {
		Type string `json:"type"`
	} `json:"conferenceSolutionKey"`
	Status *struct {
		Code string `json:"statusCode"` // "pending", "success", "failure"
	} `json:"status,omitempty"`
}

// NewMeeting asks for a Google Meet call. The request that has it needs a
// ConferenceDataVersion of 1.
func NewMeeting(requestID string) *Conference {
	r := &ConferenceRequest{RequestID: requestID}
	r.Solution.Type = "hangoutsMeet"
	return &Conference{CreateRequest: r}
}

// ExtendedProperties are the application's own.
type ExtendedProperties struct {
	Private map[string]string `json:"private,omitempty"` // on this copy of the event alone
	Shared  map[string]string `json:"shared,omitempty"`  // on those of all attendees
}
