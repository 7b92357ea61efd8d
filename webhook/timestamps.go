package webhook

import (
	"errors"
	"regexp"
	"time"
)

// TimestampFormat says how a signed timestamp is written. It is always stated,
// never guessed from the text, and what is signed is the text as it stands.
type TimestampFormat int

const (
	// UnixSeconds is the Unix time in seconds: 1 to 12 digits and nothing else. This
	// is the zero value and what most services send.
	UnixSeconds TimestampFormat = iota
	// UnixMilliseconds is the Unix time in milliseconds: 13 digits.
	UnixMilliseconds
	// RFC3339 is a date and time with its zone (RFC 3339 section 5.6), whose offset
	// may lack the colon, as some services write it ("+0000").
	RFC3339
)

var timestampForms = [...]string{
	UnixSeconds:      "1 to 12 digits",
	UnixMilliseconds: "13 digits",
	RFC3339:          "a date with time and zone",
}

// read returns the time that text stands for, in UTC.
func (f TimestampFormat) read(text string) (at time.Time, err error) {
	var ok bool
	switch f {
	case UnixSeconds:
		var n int64
		n, ok = digits(text, 1, timestampDigits)
		at = time.Unix(n, 0).UTC()
	case UnixMilliseconds:
		var n int64
		n, ok = digits(text, millisecondDigits, millisecondDigits)
		at = time.UnixMilli(n).UTC()
	case RFC3339:
		at, ok = parseRFC3339(text)
	}
	if !ok {
		return time.Time{}, &Error{Reason: ErrMalformed, Detail: "the timestamp is not " + timestampForms[f]}
	}
	return at, nil
}

func (f TimestampFormat) check() error {
	if f < UnixSeconds || f > RFC3339 {
		return errors.New("unknown timestamp format")
	}
	return nil
}

// selfDelimiting reports whether a timestamp tells by itself where it begins and
// ends: 13 digits have one width, and no date with a zone is the beginning or the
// end of another.
func (f TimestampFormat) selfDelimiting() bool { return f != UnixSeconds }

const (
	timestampDigits   = 12 // enough for the year 33658
	millisecondDigits = 13 // from 2001 to 2286
)

// digits reads a number of least to most digits and nothing else: no sign, no
// space, no fraction.
func digits(text string, least, most int) (n int64, ok bool) {
	if len(text) < least || len(text) > most {
		return 0, false
	}
	for i := range len(text) {
		digit := text[i] - '0'
		if digit > 9 {
			return 0, false
		}
		n = 10*n + int64(digit)
	}
	return n, true
}

// rfc3339 is the form of a date; [time.Parse] takes a comma, an hour of one digit
// and an offset of 24 hours, too.
var rfc3339 = regexp.MustCompile(`\A\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)\z`)

// parseRFC3339 is strict but for the colon in the offset.
func parseRFC3339(text string) (at time.Time, ok bool) {
	if !rfc3339.MatchString(text) {
		return time.Time{}, false
	}
	if i := len(text) - len("+0000"); text[i] == '+' || text[i] == '-' {
		text = text[:i+3] + ":" + text[i+3:]
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC(), err == nil
}

// parseDate reads a date in a payload, where nothing depends on its form: RFC
// 3339, also with a space in place of the T, and with an offset that lacks its
// colon or its minutes ("+0000", "+00"; ISO 8601).
func parseDate(text string) (at time.Time, ok bool) {
	const day = len("2006-01-02")
	if len(text) > day && text[day] == ' ' {
		text = text[:day] + "T" + text[day+1:]
	}
	if i := len(text) - len("+00"); i > day && (text[i] == '+' || text[i] == '-') {
		text += ":00"
	}
	return parseRFC3339(text)
}
