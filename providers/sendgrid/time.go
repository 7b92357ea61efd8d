package sendgrid

import (
	"encoding/json"
	"strconv"
	"time"
)

// Time is a moment that SendGrid has in seconds since 1970.
type Time struct{ time.Time }

// MarshalJSON writes the seconds, without their fractions. The zero Time is null.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, t.Unix(), 10), nil
}

// MarshalText writes the seconds, for a query.
func (t Time) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, t.Unix(), 10), nil }

// UnmarshalJSON reads the seconds. Null and 0 are the zero Time.
func (t *Time) UnmarshalJSON(text []byte) error {
	var n json.Number
	if err := json.Unmarshal(text, &n); err != nil {
		return err
	}
	*t = Time{}
	seconds, err := n.Float64()
	if n == "" || seconds == 0 {
		return nil
	}
	if err == nil {
		t.Time = time.Unix(int64(seconds), 0).UTC()
	}
	return err
}

// Moment is a moment that SendGrid has as a text, in UTC: "2026-11-26 15:04:05". The zero
// Moment is none, or one in another form.
type Moment struct{ time.Time }

// UnmarshalJSON reads that form, and RFC 3339.
func (m *Moment) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	*m = Moment{}
	for _, form := range []string{time.DateTime, time.RFC3339} {
		if at, err := time.Parse(form, text); err == nil {
			m.Time = at.UTC()
			break
		}
	}
	return nil
}

// MarshalJSON writes it as SendGrid does, and null for none.
func (m Moment) MarshalJSON() ([]byte, error) {
	if m.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(m.UTC().Format(time.DateTime))
}
