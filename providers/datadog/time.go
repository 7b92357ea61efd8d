package datadog

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/epoch"
)

// Time is a moment that Datadog has in seconds since 1970.
type Time = epoch.Seconds

// Moment is a moment that Datadog has as a text. It writes RFC 3339 in most places, and
// in some an offset without a colon.
type Moment struct{ time.Time }

var errNoMoment = errors.New("a moment is no date with a time and an offset")

// UnmarshalJSON reads either form. Null and "" are the zero Moment.
func (m *Moment) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	*m = Moment{}
	if text == "" {
		return nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return errNoMoment
}

// oldest is how old an entry may be.
const oldest = 18 * time.Hour

// tooOld reports whether Datadog would drop what happened at t; the zero Time is now.
func tooOld(t time.Time) bool { return !t.IsZero() && time.Since(t) > oldest }
