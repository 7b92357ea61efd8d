package webhook

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// maxDepth is how deeply JSON may be nested, as in encoding/json.
const maxDepth = 10_000

// readMembers fills the struct that into points to from those members of the
// object in body that bear its fields' names; ok is false unless body is
// exactly one valid JSON object and each of them fits. An envelope is a few
// short members of a large object, so that this costs a fraction of having
// encoding/json build from the whole. Names are compared exactly; of a repeated
// member the last counts.
func readMembers(body []byte, into any) (ok bool) {
	v := reflect.ValueOf(into).Elem()
	var room [8]string
	names := memberNames(room[:0], v.Type())
	s := jsonScanner{b: body}
	s.space()
	fits := true
	ok = s.members(0, func(name, value []byte) {
		if i := indexOf(names, name); i >= 0 {
			fits = readMember(value, v.Field(i).Addr().Interface()) == nil && fits
		}
	})
	s.space()
	return ok && fits && s.i == len(body)
}

func readMember(value []byte, into any) error {
	if u, ok := into.(json.Unmarshaler); ok {
		return u.UnmarshalJSON(value)
	}
	return json.Unmarshal(value, into)
}

// memberNames appends the names that encoding/json gives to the fields of a
// struct.
func memberNames(names []string, t reflect.Type) []string {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		names = append(names, name)
	}
	return names
}

// indexOf returns where a scanned name stands in names, -1 for nowhere.
func indexOf(names []string, quoted []byte) int {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(unescape(quoted))
	}
	for i, n := range names {
		if string(name) == n {
			return i
		}
	}
	return -1
}

// unescape returns the text of a string that was scanned.
func unescape(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // it was scanned, so it is valid
	return s
}

// jsonScanner moves over JSON text (RFC 8259) without building anything. Its
// methods report whether what stands at i is what they are for, and leave i
// behind it.
type jsonScanner struct {
	b []byte
	i int
}

func (s *jsonScanner) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

func (s *jsonScanner) next(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// members scans an object. visit, unless nil, gets each name with its quotes,
// and each value.
func (s *jsonScanner) members(depth int, visit func(name, value []byte)) bool {
	if depth >= maxDepth || !s.next('{') {
		return false
	}
	s.space()
	if s.next('}') {
		return true
	}
	for {
		s.space()
		start := s.i
		if !s.text() {
			return false
		}
		name := s.b[start:s.i]
		s.space()
		if !s.next(':') {
			return false
		}
		s.space()
		start = s.i
		if !s.value(depth + 1) {
			return false
		}
		if visit != nil {
			visit(name, s.b[start:s.i])
		}
		s.space()
		if !s.next(',') {
			return s.next('}')
		}
	}
}

func (s *jsonScanner) elements(depth int) bool {
	if !s.next('[') || depth >= maxDepth {
		return false
	}
	s.space()
	if s.next(']') {
		return true
	}
	for {
		s.space()
		if !s.value(depth + 1) {
			return false
		}
		s.space()
		if !s.next(',') {
			return s.next(']')
		}
	}
}

func (s *jsonScanner) value(depth int) bool {
	if s.i == len(s.b) {
		return false
	}
	switch s.b[s.i] {
	case '{':
		return s.members(depth, nil)
	case '[':
		return s.elements(depth)
	case '"':
		return s.text()
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	return s.number()
}

func (s *jsonScanner) literal(word string) bool {
	if !bytes.HasPrefix(s.b[s.i:], []byte(word)) {
		return false
	}
	s.i += len(word)
	return true
}

// text scans a string. Invalid UTF-8 passes, as it does in encoding/json.
func (s *jsonScanner) text() bool {
	if !s.next('"') {
		return false
	}
	for s.i < len(s.b) {
		c := s.b[s.i]
		s.i++
		switch {
		case c == '"':
			return true
		case c < ' ':
			return false
		case c == '\\' && !s.escape():
			return false
		}
	}
	return false
}

func (s *jsonScanner) escape() bool {
	if s.i == len(s.b) {
		return false
	}
	c := s.b[s.i]
	s.i++
	if c != 'u' {
		return strings.IndexByte(`"\/bfnrt`, c) >= 0
	}
	for range 4 {
		if s.i == len(s.b) || !isHex(s.b[s.i]) {
			return false
		}
		s.i++
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func (s *jsonScanner) number() bool {
	s.next('-')
	if !s.next('0') && !s.digits() {
		return false
	}
	if s.next('.') && !s.digits() {
		return false
	}
	if s.next('e') || s.next('E') {
		if !s.next('+') {
			s.next('-')
		}
		return s.digits()
	}
	return true
}

func (s *jsonScanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > start
}
