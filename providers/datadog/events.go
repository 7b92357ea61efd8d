package datadog

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// PostEvent posts an event to the stream: a text of any kind.
	PostEvent = client.Op[Event, PostedEvent]{Name: "events.post", Method: http.MethodPost, Route: "/api/v1/events", Encode: encodeEvent}

	// SubmitEvent submits a change or an alert, for which Datadog has more than a text,
	// to the intake of events.
	SubmitEvent = client.Op[EventInput, SubmittedEvent]{Name: "events.submit", Method: http.MethodPost, Route: "/api/v2/events", Encode: encodeEventInput}

	// SearchEvents lists the events that a query finds, of either kind.
	SearchEvents = client.List[SearchEventsInput, EventPage, FoundEvent]{
		Op: client.Op[SearchEventsInput, EventPage]{
			Name: "events.search", Method: http.MethodPost, Route: "/api/v2/events/search", Repeatable: true,
		},
		Items: func(p EventPage) []FoundEvent { return p.Data },
		Next: nextCursor(func(p EventPage) string { return p.Meta.Page.After },
			func(in SearchEventsInput, at string) SearchEventsInput { in.Page.Cursor = at; return in }),
	}
)

// maxEventText is how many characters an event's text may have; Datadog cuts or refuses
// what is more.
const maxEventText = 4000

// Event is an event of the stream. Title and Text are required.
type Event struct {
	Title          string   `json:"title"`
	Text           string   `json:"text"` // 4,000 characters at most; Markdown between "%%% \n" and "\n %%%"
	Time           Time     `json:"date_happened,omitzero"`
	AlertType      string   `json:"alert_type,omitempty"` // "error", "warning", "info", "success" and others
	Priority       string   `json:"priority,omitempty"`   // "normal", "low"
	Host           string   `json:"host,omitempty"`
	Tags           []string `json:"tags,omitempty"`
	AggregationKey string   `json:"aggregation_key,omitempty"` // 100 characters at most
	Source         string   `json:"source_type_name,omitempty"`
}

// PostedEvent is an event that has been posted.
type PostedEvent struct {
	Status string `json:"status"`
	Event  struct {
		ID  string `json:"id_str"`
		URL string `json:"url"`
	} `json:"event"`
}

func encodeEvent(in Event, r *client.Request) error {
	switch {
	case in.Title == "" || in.Text == "":
		return unfit("an event has a title and a text")
	case tooLong(in.Text, maxEventText):
		return unfit("the event's text is longer than %d characters", maxEventText)
	case tooOld(in.Time.Time):
		return unfit("the event is older than 18 hours, and Datadog would drop it")
	}
	r.Body = in
	return nil
}

// EventInput is a change or an alert. Title, Category and Attributes are required.
type EventInput struct {
	Title          string    `json:"title"`
	Category       string    `json:"category"` // "change", "alert"
	Message        string    `json:"message,omitempty"`
	Time           time.Time `json:"timestamp,omitzero"`
	Host           string    `json:"host,omitempty"`
	Tags           []string  `json:"tags,omitempty"`
	AggregationKey string    `json:"aggregation_key,omitempty"`

	// Attributes are those of the category, as an object: for a change its
	// "changed_resource" with "name" and "type", for an alert its "status" ("Post an
	// event", Datadog docs).
	Attributes any `json:"attributes"`
}

// SubmittedEvent is an event that has been submitted.
type SubmittedEvent struct {
	Data struct {
		Attributes struct {
			Attributes struct {
				Event struct {
					UID string `json:"uid"`
				} `json:"evt"`
			} `json:"attributes"`
		} `json:"attributes"`
	} `json:"data"`
}

func encodeEventInput(in EventInput, r *client.Request) error {
	switch {
	case in.Title == "" || in.Category == "" || in.Attributes == nil:
		return unfit("an event has a title, a category and attributes")
	case tooLong(in.Message, maxEventText):
		return unfit("the event's message is longer than %d characters", maxEventText)
	case tooOld(in.Time):
		return unfit("the event is older than 18 hours, and Datadog would drop it")
	}
	attributes, err := encoded(in.Attributes, "what the event's attributes are")
	if err != nil {
		return err
	}
	if err := requireAttributes(in.Category, attributes); err != nil {
		return err
	}
	in.Attributes = json.RawMessage(attributes)
	r.Body = resourceOf("event", in)
	return nil
}

// requireAttributes looks for what a category must have ("Post an event", Datadog docs).
func requireAttributes(category string, attributes []byte) error {
	var has struct {
		Changed struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"changed_resource"`
		Status string `json:"status"`
	}
	err := json.Unmarshal(attributes, &has)
	switch {
	case category == "change" && (err != nil || has.Changed.Name == "" || has.Changed.Type == ""):
		return unfit("a change has the resource that has changed, with a name and a type, among its attributes")
	case category == "alert" && (err != nil || has.Status == ""):
		return unfit("an alert has a status among its attributes")
	}
	return nil
}

func tooLong(s string, most int) bool { return len(s) > most && len([]rune(s)) > most }

// SearchEventsInput says which events.
type SearchEventsInput struct {
	Filter EventFilter `json:"filter"`
	Sort   string      `json:"sort,omitempty"` // "timestamp", "-timestamp"
	Page   PageOf      `json:"page"`
}

// EventFilter selects events.
type EventFilter struct {
	Query string `json:"query,omitempty"` // "source:my_apps"; "" is all
	From  string `json:"from,omitempty"`  // "now-1d", milliseconds or RFC 3339; "" is now-15m
	To    string `json:"to,omitempty"`    // "" is now
}

// EventPage is a page of events.
type EventPage struct {
	Data []FoundEvent `json:"data"`
	Meta Cursor       `json:"meta"`
}

// FoundEvent is an event as Datadog has stored it.
type FoundEvent struct {
	ID         string `json:"id"`
	Attributes struct {
		Message   string   `json:"message"`
		Tags      []string `json:"tags"`
		Timestamp Moment   `json:"timestamp"`

		// Attributes are the others, as JSON.
		Attributes json.RawMessage `json:"attributes"`
	} `json:"attributes"`
}
