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
	object, next := s.open()
	for next == ',' {
		var m Member
		var err error
		if m, next, err = s.member(&object, 1); err != nil {
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
	for next := s.openArray(); next == ','; {
		var m Member
		var err error
		if m, next, err = s.element(1); err != nil {
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
	switch s.peek() {
	case '"':
		_, err := s.string()
		return err
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	return s.number()
}

// openObject is an object whose members are being read.
type openObject struct {
	base int // where its names start in the stack
	seen map[string]struct{}
}

// open reads the brace that opens an object. What it returns is as if a member had
// been read: a comma when one follows, or the brace that closes the object.
func (s *scanner) open() (object openObject, next byte) {
	s.pos++ // '{'
	s.space()
	if s.peek() == '}' {
		s.pos++
		return openObject{}, '}'
	}
	return openObject{base: s.names.n}, ','
}

func (s *scanner) object(depth int) error {
	if depth > MaxDepth {
		return ErrDepth
	}
	object, next := s.open()
	for next == ',' {
		var err error
		if _, next, err = s.member(&object, depth); err != nil {
			return err
		}
	}
	return nil
}

// member reads one member, and the comma or the brace behind it.
func (s *scanner) member(o *openObject, depth int) (m Member, next byte, err error) {
	if s.peek() != '"' {
		return Member{}, 0, ErrSyntax
	}
	name, err := s.string()
	if err != nil {
		return Member{}, 0, err
	}
	if m.Name, err = s.remember(o, name); err != nil {
		return Member{}, 0, err
	}
	s.space()
	if s.peek() != ':' {
		return Member{}, 0, ErrSyntax
	}
	s.pos++
	s.space()
	m.Start = s.pos
	if err := s.value(depth + 1); err != nil {
		return Member{}, 0, err
	}
	m.Value = s.data[m.Start:s.pos:s.pos]
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		s.space()
		return m, ',', nil
	case '}':
		s.pos++
		s.names.n = o.base
		return m, '}', nil
	}
	return Member{}, 0, ErrSyntax
}

// openArray is open for an array.
func (s *scanner) openArray() (next byte) {
	s.pos++ // '['
	s.space()
	if s.peek() == ']' {
		s.pos++
		return ']'
	}
	return ','
}

func (s *scanner) array(depth int) error {
	if depth > MaxDepth {
		return ErrDepth
	}
	for next := s.openArray(); next == ','; {
		var err error
		if _, next, err = s.element(depth); err != nil {
			return err
		}
	}
	return nil
}

// element reads one element, and the comma or the bracket behind it.
func (s *scanner) element(depth int) (m Member, next byte, err error) {
	m.Start = s.pos
	if err := s.value(depth + 1); err != nil {
		return Member{}, 0, err
	}
	m.Value = s.data[m.Start:s.pos:s.pos]
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		s.space()
		return m, ',', nil
	case ']':
		s.pos++
		return m, ']', nil
	}
	return Member{}, 0, ErrSyntax
}
