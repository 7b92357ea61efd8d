package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Text is a string that a provider may also send as a number or a boolean; it
// then holds their JSON text. Null is "".
type Text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Text) UnmarshalJSON(b []byte) error {
	switch kind(b) {
	case 'n':
		*t = ""
	case '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = Text(s)
	case '0', 't', 'f':
		*t = Text(b)
	default:
		return unexpected("text", b)
	}
	return nil
}

// Int is an integer that a provider may also send as a decimal string. Null and
// "" are 0. A fraction or a number beyond 64 bits is an error.
type Int int64

// UnmarshalJSON implements [json.Unmarshaler].
func (i *Int) UnmarshalJSON(b []byte) error {
	var t Text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	if t == "" {
		*i = 0
		return nil
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil {
		return unexpected("an integer", b)
	}
	*i = Int(n)
	return nil
}

// Bool is a boolean that a provider may also send as 0 and 1 or as a string of
// either. Null and "" are false.
type Bool bool

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Bool) UnmarshalJSON(b []byte) error {
	var t Text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	switch t {
	case "true", "1":
		*v = true
	case "false", "0", "":
		*v = false
	default:
		return unexpected("a boolean", b)
	}
	return nil
}

// Time is a point in time, in UTC, from any form that providers use: RFC 3339, also
// with a space or without the offset's colon, Unix seconds or, above 10¹¹,
// milliseconds, as a number or as a string. It is zero for null and for a form it
// does not know.
type Time struct{ time.Time }

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Time) UnmarshalJSON(b []byte) error {
	t.Time = time.Time{}
	var s Text
	if err := s.UnmarshalJSON(b); err != nil {
		return nil // an unknown form is zero, see above
	}
	if f, err := strconv.ParseFloat(string(s), 64); err == nil {
		t.Time = unix(f)
		return nil
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05Z07",
		"2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly,
	} {
		if at, err := time.Parse(layout, string(s)); err == nil {
			t.Time = at.UTC()
			return nil
		}
	}
	return nil
}

// unix reads seconds or milliseconds. 10¹¹ seconds is the year 5138, 10¹¹
// milliseconds 1973.
func unix(n float64) time.Time {
	switch {
	case n > 1e14 || n < 0 || n != n:
		return time.Time{}
	case n > 1e11:
		return time.UnixMilli(int64(n)).UTC()
	}
	return time.UnixMilli(int64(n * 1000)).UTC()
}

// Strings is a list of strings that a provider may also send as a single one.
// Null is empty.
type Strings []string

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Strings) UnmarshalJSON(b []byte) error {
	*s = nil
	if kind(b) != '[' {
		var t Text
		if err := t.UnmarshalJSON(b); err != nil {
			return err
		}
		if kind(b) != 'n' {
			*s = Strings{string(t)}
		}
		return nil
	}
	var list []Text
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	*s = make(Strings, len(list))
	for i, t := range list {
		(*s)[i] = string(t)
	}
	return nil
}

// Labels are names with values, from an object or from a list of objects with
// the members name and value. An empty list is an empty object. A value that is
// itself an object or a list is its JSON text.
type Labels map[string]string

// UnmarshalJSON implements [json.Unmarshaler].
func (l *Labels) UnmarshalJSON(b []byte) error {
	*l = nil
	switch kind(b) {
	case 'n':
		return nil
	case '{':
		var m map[string]json.RawMessage
		if err := json.Unmarshal(b, &m); err != nil {
			return err
		}
		*l = make(Labels, len(m))
		for name, v := range m {
			(*l)[name] = label(v)
		}
		return nil
	case '[':
		var list []struct {
			Name  string
			Value json.RawMessage
		}
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
		*l = make(Labels, len(list))
		for _, e := range list {
			(*l)[e.Name] = label(e.Value)
		}
		return nil
	}
	return unexpected("an object", b)
}

func label(b json.RawMessage) string {
	var t Text
	if len(b) == 0 || t.UnmarshalJSON(b) == nil {
		return string(t)
	}
	return string(b)
}

// Ref is a reference that a provider sends as an identifier or, when expanded,
// as the object itself: Raw then holds the object. Null is the zero Ref.
type Ref struct {
	ID  string
	Raw json.RawMessage
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Ref) UnmarshalJSON(b []byte) error {
	*r = Ref{}
	if kind(b) != '{' {
		var t Text
		if err := t.UnmarshalJSON(b); err != nil {
			return err
		}
		r.ID = string(t)
		return nil
	}
	var o struct{ ID Text }
	if err := json.Unmarshal(b, &o); err != nil {
		return err
	}
	r.ID, r.Raw = string(o.ID), bytes.Clone(b)
	return nil
}

// kind is the first byte of a JSON value, with '0' for any number.
func kind(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	if b[0] == '-' || '0' <= b[0] && b[0] <= '9' {
		return '0'
	}
	return b[0]
}

var kinds = map[byte]string{'"': "a string", '0': "a number", 't': "a boolean", 'f': "a boolean", '{': "an object", '[': "a list", 'n': "null"}

// unexpected names the JSON type and not the value, which may be personal.
func unexpected(want string, b []byte) error {
	got, ok := kinds[kind(b)]
	if !ok {
		got = "no JSON value"
	}
	return fmt.Errorf("events: %s does not stand for %s", got, want)
}
