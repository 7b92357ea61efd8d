// Package epoch reads the times of services that count from 1970: a number or a string
// of digits, where a time should be.
package epoch

import (
	"bytes"
	"errors"
	"strconv"
	"time"
)

// Millis is a time that a service tells in milliseconds. The zero Millis is no time:
// null, "" and 0 are read as it.
type Millis struct{ time.Time }

// MarshalText is the number of milliseconds.
func (m Millis) MarshalText() ([]byte, error) { return text(m.Time, m.UnixMilli()), nil }

// MarshalJSON is the number of milliseconds.
func (m Millis) MarshalJSON() ([]byte, error) { return m.MarshalText() }

// UnmarshalText reads a number of milliseconds.
func (m *Millis) UnmarshalText(b []byte) (err error) {
	m.Time, err = read(b, time.UnixMilli)
	return err
}

// UnmarshalJSON reads a number, a string that holds one, or null.
func (m *Millis) UnmarshalJSON(b []byte) error { return m.UnmarshalText(unquoted(b)) }

// Seconds is a time that a service tells in seconds. The zero Seconds is no time: null,
// "" and 0 are read as it.
type Seconds struct{ time.Time }

// MarshalText is the number of seconds.
func (s Seconds) MarshalText() ([]byte, error) { return text(s.Time, s.Unix()), nil }

// MarshalJSON is the number of seconds.
func (s Seconds) MarshalJSON() ([]byte, error) { return s.MarshalText() }

// UnmarshalText reads a number of seconds.
func (s *Seconds) UnmarshalText(b []byte) (err error) {
	s.Time, err = read(b, func(n int64) time.Time { return time.Unix(n, 0) })
	return err
}

// UnmarshalJSON reads a number, a string that holds one, or null.
func (s *Seconds) UnmarshalJSON(b []byte) error { return s.UnmarshalText(unquoted(b)) }

func text(t time.Time, n int64) []byte {
	if t.IsZero() {
		n = 0
	}
	return strconv.AppendInt(nil, n, 10)
}

// errNoNumber does not repeat what was read, which may be anything.
var errNoNumber = errors.New("a time is not a number of seconds or milliseconds")

func read(b []byte, since func(int64) time.Time) (time.Time, error) {
	if len(b) == 0 {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	switch {
	case err != nil:
		return time.Time{}, errNoNumber
	case n == 0:
		return time.Time{}, nil
	}
	return since(n).UTC(), nil
}

// unquoted is the text of a JSON value, "" for null.
func unquoted(b []byte) []byte {
	if string(b) == "null" {
		return nil
	}
	if n := len(b); n >= 2 && b[0] == '"' && b[n-1] == '"' {
		return bytes.TrimSpace(b[1 : n-1])
	}
	return b
}
