package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"time"
)

// Item is a piece of a response's input or output: a message, a call of a tool, what came
// of it. One that OpenAI has made is sent as it came, whatever it holds.
type Item struct {
	Type      string    `json:"type,omitempty"`
	ID        string    `json:"id,omitempty"`
	Status    string    `json:"status,omitempty"`
	Role      string    `json:"role,omitempty"`
	Content   []Content `json:"content,omitempty"`
	CallID    string    `json:"call_id,omitempty"`
	Name      string    `json:"name,omitempty"`
	Arguments string    `json:"arguments,omitempty"` // JSON, as the model wrote it
	Output    string    `json:"output,omitempty"`

	// Raw is the item as it came. If set, it is what is sent.
	Raw json.RawMessage `json:"-"`
}

// Content is a part of a message.
type Content struct {
	Type     string `json:"type"` // input_text, input_image, input_file, output_text, refusal
	Text     string `json:"text,omitempty"`
	Refusal  string `json:"refusal,omitempty"`
	ImageURL string `json:"image_url,omitempty"`
	Detail   string `json:"detail,omitempty"`
	FileID   string `json:"file_id,omitempty"`
	FileURL  string `json:"file_url,omitempty"`
}

// ToolCall is a call of a function that the model asks for.
type ToolCall struct {
	ID        string // by which it is answered
	Name      string
	Arguments string // JSON, as the model wrote it: it may not fit the schema
}

// UserText is a message of the user.
func UserText(text string) Item {
	return Item{Type: "message", Role: "user", Content: []Content{{Type: "input_text", Text: text}}}
}

// ToolOutput answers a call, by its ID.
func ToolOutput(callID, output string) Item {
	return Item{Type: "function_call_output", CallID: callID, Output: output}
}

// UnmarshalJSON keeps what it reads in Raw. A member of another type than expected is
// left empty: items have new kinds.
func (i *Item) UnmarshalJSON(data []byte) error {
	type plain Item
	var p plain
	if err := lenient(json.Unmarshal(data, &p)); err != nil {
		return err
	}
	*i = Item(p)
	i.Raw = bytes.Clone(data)
	return nil
}

// lenient overlooks a member of another type than expected: encoding/json has read all
// others.
func lenient(err error) error {
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}

// MarshalJSON writes Raw where there is one.
func (i Item) MarshalJSON() ([]byte, error) {
	type plain Item
	if len(i.Raw) > 0 {
		return i.Raw, nil
	}
	return json.Marshal(plain(i))
}

func (i *Item) call() ToolCall { return ToolCall{ID: i.CallID, Name: i.Name, Arguments: i.Arguments} }

// Time is a time that the API writes as seconds since 1970. The zero Time is none.
type Time struct{ time.Time }

// UnmarshalJSON reads seconds, with a fraction or without, and null.
func (t *Time) UnmarshalJSON(data []byte) error {
	var seconds *float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	*t = Time{}
	if seconds != nil && *seconds > 0 && *seconds < 1<<40 {
		whole, part := math.Modf(*seconds)
		t.Time = time.Unix(int64(whole), int64(part*1e9)).UTC()
	}
	return nil
}

// MarshalJSON writes whole seconds, and null for none.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(t.Unix())
}
