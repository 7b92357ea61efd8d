package strictjson

import "errors"

// MaxDepth is how deep arrays and objects may nest, the outermost counted as 1.
const MaxDepth = 32

// What is wrong with a refused document. They are returned unwrapped and hold
// nothing of the document.
var (
	ErrSyntax    = errors.New("invalid JSON")
	ErrType      = errors.New("JSON value of another type than expected")
	ErrDuplicate = errors.New("duplicate member name in JSON object")
	ErrDepth     = errors.New("JSON nested too deeply")
	ErrEncoding  = errors.New("JSON text is not valid Unicode")
	ErrRange     = errors.New("JSON number out of range")
)

// Member is one member of an object, or with [Elements] one element of an array.
type Member struct {
	// Name has its escapes resolved. It is a slice of the input unless it held
	// an escape.
	Name []byte
	// Value is the text of the value without surrounding white space, a slice
	// of the input. It has been checked like the rest of the document.
	Value []byte
	// Start is the offset of the value in the input.
	Start int
}

// Object checks data, which must be one JSON object, and appends its members to
// dst in the order of the text. The members are not usable when there is an
// error.
func Object(data []byte, dst []Member) ([]Member, error) {
	s := scanner{data: data}
	s.space()
	if s.peek() != '{' {
		return nil, s.mismatch()
	}
	object, more := s.open()
	for more {
		var m Member
		var err error
		if m, more, err = s.member(&object, 1); err != nil {
			return nil, err
		}
		dst = append(dst, m)
	}
	if err := s.end(); err != nil {
		return nil, err
	}
	return dst, nil
}

// Array checks data, which must be one JSON array, and returns the texts of its
// elements.
func Array(data []byte) ([][]byte, error) {
	members, err := Elements(data, nil)
	if err != nil {
		return nil, err
	}
	elements := make([][]byte, len(members))
	for i, m := range members {
		elements[i] = m.Value
	}
	return elements, nil
}

// Elements is [Array] with the offsets of the elements: it appends them to dst, as
// members without names.
func Elements(data []byte, dst []Member) ([]Member, error) {
	s := scanner{data: data}
	s.space()
	if s.peek() != '[' {
		return nil, s.mismatch()
	}
	for more := s.openArray(); more; {
		var m Member
		var err error
		if m, more, err = s.element(1); err != nil {
			return nil, err
		}
		dst = append(dst, m)
	}
	if err := s.end(); err != nil {
		return nil, err
	}
	return dst, nil
}

// Check checks data, which must be one JSON value of any type.
func Check(data []byte) error {
	s := scanner{data: data}
	s.space()
	if err := s.value(1); err != nil {
		return err
	}
	return s.end()
}

type scanner struct {
	data  []byte
	pos   int
	names names
}

func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	if s.pos < len(s.data) && s.data[s.pos] > ' ' {
		return
	}
	s.spaces()
}

func (s *scanner) spaces() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) end() error {
	s.space()
	if s.pos != len(s.data) {
		return ErrSyntax
	}
	return nil
}

// mismatch tells a well-formed value of another type from a text that is not
// JSON at all.
func (s *scanner) mismatch() error {
	if err := s.value(1); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	return ErrType
}

func (s *scanner) value(depth int) error {
	switch c := s.peek(); {
	case c == '"':
		_, _, err := s.string()
		return err
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return ErrSyntax
}

// openObject is an object whose members are being read.
type openObject struct {
	base int // where its names start in the stack
	seen map[string]struct{}
}

// open reads the brace that opens an object and reports whether a member
// follows, or reads the one that closes it.
func (s *scanner) open() (object openObject, more bool) {
	s.pos++ // '{'
	s.space()
	if s.peek() == '}' {
		s.pos++
		return openObject{}, false
	}
	return openObject{base: s.names.n}, true
}

func (s *scanner) object(depth int) error {
	if depth > MaxDepth {
		return ErrDepth
	}
	object, more := s.open()
	for more {
		var err error
		if _, more, err = s.member(&object, depth); err != nil {
			return err
		}
	}
	return nil
}

// member reads one member and reports whether another follows.
func (s *scanner) member(o *openObject, depth int) (m Member, more bool, err error) {
	if s.peek() != '"' {
		return Member{}, false, ErrSyntax
	}
	raw, escaped, err := s.string()
	if err != nil {
		return Member{}, false, err
	}
	name := span{start: s.pos - 1 - len(raw), end: s.pos - 1, escaped: escaped}
	if m.Name, err = s.remember(o, name); err != nil {
		return Member{}, false, err
	}
	s.space()
	if s.peek() != ':' {
		return Member{}, false, ErrSyntax
	}
	s.pos++
	s.space()
	m.Start = s.pos
	if err := s.value(depth + 1); err != nil {
		return Member{}, false, err
	}
	m.Value = s.data[m.Start:s.pos:s.pos]
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		s.space()
		return m, true, nil
	case '}':
		s.pos++
		s.names.n = o.base
		return m, false, nil
	}
	return Member{}, false, ErrSyntax
}

// openArray is open for an array.
func (s *scanner) openArray() (more bool) {
	s.pos++ // '['
	s.space()
	if s.peek() == ']' {
		s.pos++
		return false
	}
	return true
}

func (s *scanner) array(depth int) error {
	if depth > MaxDepth {
		return ErrDepth
	}
	for more := s.openArray(); more; {
		var err error
		if _, more, err = s.element(depth); err != nil {
			return err
		}
	}
	return nil
}

// element reads one element and reports whether another follows.
func (s *scanner) element(depth int) (m Member, more bool, err error) {
	m.Start = s.pos
	if err := s.value(depth + 1); err != nil {
		return Member{}, false, err
	}
	m.Value = s.data[m.Start:s.pos:s.pos]
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		s.space()
		return m, true, nil
	case ']':
		s.pos++
		return m, false, nil
	}
	return Member{}, false, ErrSyntax
}
