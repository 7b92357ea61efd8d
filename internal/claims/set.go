package claims

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

// Set is a claims set. The zero Set holds no claims. It refers to the payload
// that it was parsed from, which must not be modified.
type Set struct {
	raw     []byte
	text    string // the same again: strings of claims are cut from it
	members []strictjson.Member
}

// Room for the claims of a common session token, and for those of an object in it.
const (
	usualClaims = 16
	usualNested = 6
)

// Parse reads a payload. Errors wrap [ErrMalformed].
func Parse(payload []byte) (Set, error) {
	members, err := strictjson.Object(payload, make([]strictjson.Member, 0, usualClaims))
	if err != nil {
		return Set{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return Set{raw: payload, text: string(payload), members: members}, nil
}

// JSON returns the text of the whole set as it was signed.
func (s Set) JSON() json.RawMessage { return s.raw }

// Len returns the number of claims.
func (s Set) Len() int { return len(s.members) }

// Raw returns the JSON text of a claim, nil when it is absent.
func (s Set) Raw(name string) json.RawMessage {
	if m, ok := s.find(name); ok {
		return m.Value
	}
	return nil
}

// find returns the claim of that name. One that is null is none: issuers write
// null where a user has no such thing, which OpenID Connect Core section 5.3.2
// would have them leave out.
func (s Set) find(name string) (strictjson.Member, bool) {
	for _, m := range s.members {
		if string(m.Name) == name {
			return m, m.Value[0] != 'n'
		}
	}
	return strictjson.Member{}, false
}

// Has reports whether there is a claim of that name, of whatever type but null.
func (s Set) Has(name string) bool { return s.Raw(name) != nil }

// Mentions reports whether there is a claim of that name, null or not: for what a
// token of the right kind does not even name.
func (s Set) Mentions(name string) bool {
	return slices.ContainsFunc(s.members, func(m strictjson.Member) bool { return string(m.Name) == name })
}

// String returns a claim that is a string, "" when it is absent.
func (s Set) String(name string) (string, error) {
	m, ok := s.find(name)
	if !ok {
		return "", nil
	}
	text, ok := stringOf(m.Value, s.text[m.Start:m.Start+len(m.Value)])
	if !ok {
		return "", malformed(name, "is not a string")
	}
	return text, nil
}

// Bool returns a claim that is true or false, false when it is absent.
func (s Set) Bool(name string) (bool, error) {
	switch value := s.Raw(name); string(value) {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	default:
		return false, malformed(name, "is not a boolean")
	}
}

// Strings returns a claim that is an array of strings, nil when it is absent.
func (s Set) Strings(name string) ([]string, error) {
	value := s.Raw(name)
	if value == nil {
		return nil, nil
	}
	elements, err := strictjson.Array(value)
	if err != nil {
		return nil, malformed(name, "is not an array of strings")
	}
	out := make([]string, len(elements))
	for i, e := range elements {
		text, ok := strictjson.String(e)
		if !ok {
			return nil, malformed(name, "is not an array of strings")
		}
		out[i] = text
	}
	return out, nil
}

// StringOrStrings returns a claim that is a string or an array of strings, as
// "aud" is (RFC 7519 section 4.1.3); nil when it is absent.
func (s Set) StringOrStrings(name string) ([]string, error) {
	if text, ok := strictjson.String(s.Raw(name)); ok {
		return []string{text}, nil
	}
	return s.Strings(name)
}

// Object returns a claim that is an object, and whether it is there.
func (s Set) Object(name string) (Set, bool, error) {
	m, ok := s.find(name)
	if !ok {
		return Set{}, false, nil
	}
	members, err := strictjson.Object(m.Value, make([]strictjson.Member, 0, usualNested))
	if err != nil {
		return Set{}, false, malformed(name, "is not an object")
	}
	return Set{raw: m.Value, text: s.text[m.Start : m.Start+len(m.Value)], members: members}, true, nil
}

// Time returns a claim that is a NumericDate (RFC 7519 section 2): seconds since
// 1970 in UTC, with a fraction or without, from 0 to the end of the year 9999.
// The zero time means that the claim is absent.
func (s Set) Time(name string) (time.Time, error) {
	value := s.Raw(name)
	if value == nil {
		return time.Time{}, nil
	}
	t, ok := numericDate(value)
	if !ok {
		return time.Time{}, malformed(name, "is not a time in seconds")
	}
	return t, nil
}

// stringOf returns the string that raw stands for, cut from text where possible.
func stringOf(raw []byte, text string) (string, bool) {
	if raw[0] != '"' {
		return "", false
	}
	if bytes.ContainsRune(raw, '\\') {
		return strictjson.String(raw)
	}
	return text[1 : len(text)-1], true
}
