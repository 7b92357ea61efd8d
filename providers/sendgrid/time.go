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
