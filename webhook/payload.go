package webhook

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/standpipe-go/standpipe/internal/jsonscan"
)

// envelope is the part of a provider's payload that says what the event is.
type envelope interface{ event() Raw }

// splitJSON reads the envelope E of a body that is one JSON object.
func splitJSON[E envelope](r *Request, rec Receipt) ([]Raw, error) {
	raw, err := readEnvelope[E](r.Body, rec)
	if err != nil {
		return nil, err
	}
	return []Raw{raw}, nil
}

// splitLoose is splitJSON for schemes that carry any payload: what is not a JSON
// object is one event without an envelope.
func splitLoose[E envelope](r *Request, rec Receipt) ([]Raw, error) {
	raw, err := readEnvelope[E](r.Body, rec)
	if err != nil {
		raw = whole(r, rec)
	}
	return []Raw{raw}, nil
}

// splitArray reads a body that is a JSON array with one E per event.
func splitArray[E envelope](r *Request, rec Receipt) ([]Raw, error) {
	var raws []Raw
	dec := json.NewDecoder(bytes.NewReader(r.Body))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return nil, notJSON("array")
	}
	for dec.More() {
		start := dec.InputOffset()
		var item json.RawMessage
		if err := dec.Decode(&item); err != nil {
			return nil, notJSON("array")
		}
		// The decoder stands behind the value it read; a comma and white space
		// come before it.
		payload := bytes.TrimLeft(r.Body[start:dec.InputOffset()], ", \t\r\n")
		raw, err := readEnvelope[E](payload, rec)
		if err != nil {
			return nil, err
		}
		raws = append(raws, raw)
	}
	if _, err := dec.Token(); err != nil {
		return nil, notJSON("array")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, notJSON("array")
	}
	return raws, nil
}

// readEnvelope makes an event of one JSON object. An identifier or type that the
// scheme carries in a header goes before the payload's own.
func readEnvelope[E envelope](payload []byte, rec Receipt) (Raw, error) {
	var e E
	if !readMembers(payload, &e) {
		return Raw{}, notJSON("object")
	}
	raw := e.event()
	raw.IDSigned, raw.TypeSigned = raw.ID != "", raw.Type != ""
	if rec.EventID != "" {
		raw.ID, raw.IDSigned = rec.EventID, rec.EventIDSigned
	}
	if rec.EventType != "" {
		raw.Type, raw.TypeSigned = rec.EventType, rec.EventTypeSigned
	}
	if raw.Time.IsZero() {
		raw.Time = rec.SignedAt
	}
	raw.Payload = payload
	return raw, nil
}

func notJSON(kind string) error {
	return &Error{Reason: ErrPayload, Detail: "the body is not the JSON " + kind + " that the provider documents"}
}

// unsigned marks what splitting found as not covered by any signature, for
// schemes that sign no body.
func unsigned(split func(*Request, Receipt) ([]Raw, error)) func(*Request, Receipt) ([]Raw, error) {
	return func(r *Request, rec Receipt) ([]Raw, error) {
		raws, err := split(r, rec)
		for i := range raws {
			raws[i].IDSigned, raws[i].TypeSigned = false, false
		}
		return raws, err
	}
}

// looksLikeObject reports whether body begins like a JSON object, which no form
// does. No signature covers the Content-Type: were it asked instead, whoever holds
// a delivery could have its bytes read in another way than they were meant.
func looksLikeObject(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '{'
}

// onlyField returns the value of a form-encoded body that holds the field name,
// once, and no other.
func onlyField(body []byte, name string) (value string, ok bool) {
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form) != 1 || len(form[name]) != 1 {
		return "", false
	}
	return form[name][0], true
}

// jsonText is a JSON string or number; any other value leaves it empty. A
// provider that turns an identifier from a number into a string breaks nothing.
type jsonText string

func (t *jsonText) UnmarshalJSON(b []byte) error {
	t.set(b)
	return nil
}

// set takes the text of a valid value.
func (t *jsonText) set(b []byte) {
	switch c := b[0]; {
	case c == '"':
		text, _ := jsonscan.String(b)
		if !utf8.ValidString(text) {
			text = string([]rune(text)) // with U+FFFD for what is not UTF-8, as encoding/json has it
		}
		*t = jsonText(text)
	case c == '-' || c >= '0' && c <= '9':
		*t = jsonText(b)
	default:
		*t = ""
	}
}

// jsonTime is a time as providers write it: a date as [parseDate] reads it, or a
// Unix time in seconds or milliseconds as a number or string. Anything else leaves
// it zero.
type jsonTime struct{ time.Time }

// The largest Unix time that is read as seconds: more is milliseconds.
const maxSeconds = 99_999_999_999

func (t *jsonTime) UnmarshalJSON(b []byte) error {
	var text jsonText
	text.set(b)
	if n, err := strconv.ParseFloat(string(text), 64); err == nil {
		t.Time = unixTime(n)
	} else {
		t.Time, _ = parseDate(string(text))
	}
	return nil
}

// unixTime returns the zero time for a number that is no time.
func unixTime(n float64) time.Time {
	if !(n > 0 && n < 1e15) { // this way round, NaN fails as well
		return time.Time{}
	}
	if n > maxSeconds {
		n /= 1000
	}
	return time.UnixMilli(int64(n * 1000)).UTC()
}
