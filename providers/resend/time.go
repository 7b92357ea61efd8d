package resend

import (
	"encoding/json"
	"time"
)

// Time is a moment, which Resend writes in more than one form. The zero Time is none, or
// one in a form that is new.
type Time struct{ time.Time }

// forms are those that Resend's API reference shows.
var forms = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07"}

// UnmarshalJSON reads any of them.
func (t *Time) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	*t = Time{}
	for _, form := range forms {
		if at, err := time.Parse(form, text); err == nil {
			t.Time = at.UTC()
			break
		}
	}
	return nil
}

// MarshalJSON writes RFC 3339, and null for none.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.Time.MarshalJSON()
}
