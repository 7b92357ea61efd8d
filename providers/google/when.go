package google

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// When is when an event begins or ends: a day, or a moment with or without a time zone.
// It is made by [Day] or [At] and is one of the two, never both. The zero When is no
// time.
type When struct {
	day    string    // "2026-11-26"; "" for a moment
	moment time.Time // zero for a day
	zone   string    // an IANA name; "" is none but the moment's offset
}

// Day is a whole day, for an all-day event. An event's end is the day after its last one.
// What is no day of the month is another's, as time.Date has it: October 32 is November
// 1.
func Day(year int, month time.Month, day int) When {
	return When{day: time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}
}

// At is a moment. Its time zone is that of t where t has one by its IANA name, as after
// time.LoadLocation("Europe/Zurich") or in time.UTC; else, as with time.Local or
// time.FixedZone, it is none, and the offset alone is sent. An event that recurs needs a
// zone. Google keeps whole seconds.
func At(t time.Time) When {
	if t.IsZero() {
		return When{}
	}
	return When{moment: t, zone: zoneOf(t)}
}

// zoneOf is the IANA name of t's location, "" where it has none: a fixed zone may be
// called anything, and its name may stand for another offset.
func zoneOf(t time.Time) string {
	name := t.Location().String()
	if name != "UTC" && !strings.Contains(name, "/") {
		return ""
	}
	known, err := time.LoadLocation(name)
	if err != nil {
		return ""
	}
	_, offset := t.Zone()
	if _, there := t.In(known).Zone(); there != offset {
		return ""
	}
	return name
}

// IsZero reports whether w is no time.
func (w When) IsZero() bool { return w.day == "" && w.moment.IsZero() }

// Day returns the day, and false for a moment.
func (w When) Day() (year int, month time.Month, day int, ok bool) {
	t, err := time.Parse(time.DateOnly, w.day)
	if err != nil {
		return 0, 0, 0, false
	}
	return t.Year(), t.Month(), t.Day(), true
}

// Time returns the moment, and false for a day.
func (w When) Time() (time.Time, bool) { return w.moment, !w.moment.IsZero() }

// Zone is the time zone by its IANA name, "" where there is none.
func (w When) Zone() string { return w.zone }

// String is the day, or the moment and its zone.
func (w When) String() string {
	if w.moment.IsZero() {
		return w.day
	}
	return strings.TrimSpace(w.moment.Format(time.RFC3339) + " " + w.zone)
}

// inJSON is a When as Google has it.
type inJSON struct {
	Date     string `json:"date,omitempty"`
	DateTime string `json:"dateTime,omitempty"`
	TimeZone string `json:"timeZone,omitempty"`
}

// MarshalJSON writes Google's EventDateTime. The zero When is null.
func (w When) MarshalJSON() ([]byte, error) {
	switch {
	case w.day != "":
		return json.Marshal(inJSON{Date: w.day})
	case w.moment.IsZero():
		return []byte("null"), nil
	}
	return json.Marshal(inJSON{DateTime: w.moment.Format(time.RFC3339), TimeZone: w.zone})
}

// MarshalPatch writes it for a change, in which null takes away what the event had of the
// other kind: Google would else be told two.
func (w When) MarshalPatch() ([]byte, error) {
	if w.day != "" {
		return json.Marshal(map[string]any{"date": w.day, "dateTime": nil, "timeZone": nil})
	}
	change := map[string]any{"date": nil, "dateTime": w.moment.Format(time.RFC3339)}
	if w.zone != "" {
		change["timeZone"] = w.zone
	}
	return json.Marshal(change)
}

// errNoTime does not repeat what was read, which may be anything.
var errNoTime = errors.New("an event's time is neither a day nor a moment")

// UnmarshalJSON reads Google's EventDateTime. A moment without an offset is one in its
// time zone, which must then be known here.
func (w *When) UnmarshalJSON(b []byte) error {
	var in inJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return errNoTime
	}
	*w = When{}
	switch {
	case in.DateTime != "":
		t, err := time.Parse(time.RFC3339, in.DateTime)
		if err != nil {
			t, err = inZone(in)
		}
		if err != nil {
			return errNoTime
		}
		*w = When{moment: t, zone: in.TimeZone}
	case in.Date != "":
		if _, err := time.Parse(time.DateOnly, in.Date); err != nil {
			return errNoTime
		}
		w.day = in.Date
	}
	return nil
}

func inZone(in inJSON) (time.Time, error) {
	zone, err := time.LoadLocation(in.TimeZone)
	if err != nil || in.TimeZone == "" || in.TimeZone == "Local" {
		return time.Time{}, errNoTime
	}
	return time.ParseInLocation("2006-01-02T15:04:05", in.DateTime, zone)
}

// fourDigits reports whether RFC 3339 has a form for the year.
func (w When) fourDigits() bool {
	if w.day != "" {
		return len(w.day) == len(time.DateOnly)
	}
	return w.moment.Year() >= 0 && w.moment.Year() <= 9999
}

// check says what is wrong with the start or the end of an event.
func (w When) check() error {
	switch {
	case w.IsZero():
		return errors.New("an event has a start and an end")
	case !w.fourDigits():
		return errors.New("the year of an event has four digits")
	}
	return nil
}

// span says what is wrong with the time of an event.
func span(start, end When, recurs bool) error {
	for _, w := range []When{start, end} {
		if err := w.check(); err != nil {
			return err
		}
	}
	switch {
	case (start.day != "") != (end.day != ""):
		return errors.New("an event's start and end are either both days or both moments")
	case start.day != "" && end.day <= start.day:
		return fmt.Errorf("an all-day event ends on the day after its last one: %s is not after %s", end, start)
	case start.day == "" && end.moment.Before(start.moment):
		return errors.New("an event ends before it starts")
	case recurs && start.day == "" && (start.zone == "" || end.zone == ""):
		return errors.New("an event that recurs needs a time zone: give times in one by its name, see At")
	}
	return nil
}
