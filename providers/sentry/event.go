package sentry

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// Level is how bad an event is.
type Level string

// The levels.
const (
	LevelFatal   Level = "fatal"
	LevelError   Level = "error"
	LevelWarning Level = "warning"
	LevelInfo    Level = "info"
	LevelDebug   Level = "debug"
)

// Event is something that has happened ("Event Payloads", Sentry SDK docs). Of the zero
// fields [Reporter.Capture] fills in ID, Timestamp, Level ([LevelError]) and what its
// configuration has. It is sent within 1 MiB, and 200 kB compressed: Sentry takes no
// more.
type Event struct {
	ID          string            `json:"event_id"` // 32 hexadecimal digits
	Timestamp   time.Time         `json:"timestamp"`
	Level       Level             `json:"level"`
	Message     string            `json:"message,omitempty"`
	Logger      string            `json:"logger,omitempty"`
	Transaction string            `json:"transaction,omitempty"` // where it happened: "POST /orders/{id}"
	Release     string            `json:"release,omitempty"`
	Environment string            `json:"environment,omitempty"`
	ServerName  string            `json:"server_name,omitempty"`
	Fingerprint []string          `json:"fingerprint,omitempty"` // events with the same one are one issue; nil is Sentry's choice
	Tags        map[string]string `json:"tags,omitempty"`        // to search by: few values, none over 200 characters
	Extra       map[string]any    `json:"extra,omitempty"`
	Contexts    map[string]any    `json:"contexts,omitempty"` // of structs or maps
	User        *User             `json:"user,omitempty"`
	Request     *Request          `json:"request,omitempty"`

	// Exceptions are errors, the outermost last.
	Exceptions []Exception `json:"-"`

	// Attachments are files that are sent along.
	Attachments []Attachment `json:"-"`
}

// User is who was concerned. It is personal: nothing sets it by itself.
type User struct {
	ID       string `json:"id,omitempty"`
	Username string `json:"username,omitempty"`
	Email    string `json:"email,omitempty"`
}

// Request is the HTTP request that was served.
type Request struct {
	Method  string            `json:"method,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

// Exception is an error.
type Exception struct {
	Type       string      `json:"type"`
	Value      string      `json:"value"`
	Stacktrace *Stacktrace `json:"stacktrace,omitempty"`
	Mechanism  *Mechanism  `json:"mechanism,omitempty"`
}

// Mechanism says how an exception was caught, and which other one holds it.
type Mechanism struct {
	Type     string `json:"type"`
	Handled  *bool  `json:"handled,omitempty"`
	Source   string `json:"source,omitempty"`
	ID       int    `json:"exception_id"`
	ParentID *int   `json:"parent_id,omitempty"`
	Group    bool   `json:"is_exception_group,omitempty"`
}

// Attachment is a file. Data is not copied: leave it as it is until it is sent.
type Attachment struct {
	Filename    string
	ContentType string
	Data        []byte
}

// sdk is how the package introduces itself.
type sdk struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

var self = sdk{"standpipe.go", "1"}

// wire is an event as it is sent.
type wire struct {
	*Event
	Platform  string  `json:"platform"`
	SDK       sdk     `json:"sdk"`
	Exception *values `json:"exception,omitempty"`
}

type values struct {
	Values []Exception `json:"values"`
}

// encode returns the event's JSON. A value that has none, or panics, costs nothing but
// itself.
func (e Event) encode() ([]byte, error) {
	w := wire{Event: &e, Platform: "go", SDK: self}
	if len(e.Exceptions) > 0 {
		w.Exception = &values{e.Exceptions}
	}
	body, err := marshal(w)
	if err == nil {
		return body, nil
	}
	e.Extra, e.Contexts = encodable(e.Extra), encodable(e.Contexts)
	return marshal(w)
}

func marshal(v any) (body []byte, err error) {
	defer panics.Catch(&err, "sentry: MarshalJSON")
	return json.Marshal(v)
}

// encodable replaces the values that cannot be encoded by their types.
func encodable(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		if body, err := marshal(v); err == nil {
			out[name] = json.RawMessage(body)
		} else {
			out[name] = fmt.Sprintf("[%T]", v)
		}
	}
	return out
}
