package sentrytest

import (
	"bytes"
	"encoding/json"
)

// Event is one that the server has accepted.
type Event struct {
	ID          string                     `json:"event_id"`
	Level       string                     `json:"level"`
	Message     string                     `json:"message"`
	Logger      string                     `json:"logger"`
	Transaction string                     `json:"transaction"`
	Release     string                     `json:"release"`
	Environment string                     `json:"environment"`
	ServerName  string                     `json:"server_name"`
	Fingerprint []string                   `json:"fingerprint"`
	Tags        map[string]string          `json:"tags"`
	Contexts    map[string]json.RawMessage `json:"contexts"`
	Extra       map[string]json.RawMessage `json:"extra"`

	Exceptions  []Exception     `json:"-"` // the outermost last
	Attachments []Attachment    `json:"-"`
	Raw         json.RawMessage `json:"-"` // all of it
	Times       int             `json:"-"` // how often it has come
}

// Exception is an error of an event.
type Exception struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Attachment is a file that came with an event.
type Attachment struct {
	Filename    string
	ContentType string
	Data        []byte
}

// CheckIn is one that the server has accepted.
type CheckIn struct {
	ID          string          `json:"check_in_id"`
	Monitor     string          `json:"monitor_slug"`
	Status      string          `json:"status"`
	Duration    float64         `json:"duration"` // in seconds
	Release     string          `json:"release"`
	Environment string          `json:"environment"`
	Config      json.RawMessage `json:"monitor_config"`
}

// Discarded is what a client said that it had dropped.
type Discarded struct {
	Reason   string `json:"reason"`
	Category string `json:"category"`
	Quantity int    `json:"quantity"`
}

// read reads an event. Its exceptions are a list, or an object with one.
func read(payload []byte) (*Event, error) {
	e := &Event{Raw: payload}
	if err := json.Unmarshal(payload, e); err != nil {
		return nil, err
	}
	var more struct {
		Exception json.RawMessage `json:"exception"`
	}
	if err := json.Unmarshal(payload, &more); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(more.Exception, []byte("[")) {
		return e, json.Unmarshal(more.Exception, &e.Exceptions)
	}
	var list struct {
		Values []Exception `json:"values"`
	}
	if len(more.Exception) > 0 {
		if err := json.Unmarshal(more.Exception, &list); err != nil {
			return nil, err
		}
	}
	e.Exceptions = list.Values
	return e, nil
}
