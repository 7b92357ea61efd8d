package jsonscan

import "errors"

// Policy says what is let pass beyond the grammar.
type Policy uint8

const (
	// Strict refuses what parsers disagree about: a name twice in one object (at any
	// depth, compared after escapes are resolved), invalid UTF-8, lone surrogates,
	// numbers beyond the range of a float64, and nesting deeper than [MaxDepth].
	Strict Policy = iota
	// Tolerant takes exactly what encoding/json takes. Of a name that is there twice
	// both members are shown; callers let the last count, as encoding/json does.
	Tolerant
)

// How deep arrays and objects may nest, the outermost counted as 1.
const (
	MaxDepth         = 32     // Strict
	MaxDepthTolerant = 10_000 // Tolerant, as in encoding/json
)

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

// Member is one member of an object, or one element of an array.
type Member struct {
	// Name has its escapes resolved; nil for an element. It is a slice of the input
	// unless it held an escape.
	Name []byte
	// Value is the text of the value without surrounding white space, a slice
	// of the input. It has been checked like the rest of the document.
	Value []byte
	// Start is the offset of the value in the input.
	Start int
}

// Object checks data, which must be one JSON object, and calls visit with its members
// in the order of the text. What was shown does not count if there is an error.
func (p Policy) Object(data []byte, visit func(m Member)) error {
	s := p.scanner(data)
	if err := s.members(visit); err != nil {
		return err
	}
	return s.end()
}

// Prefix is [Policy.Object] for an object that something else may follow, which is
// not looked at.
func (p Policy) Prefix(data []byte, visit func(m Member)) error {
	s := p.scanner(data)
	return s.members(visit)
}

// Array is [Policy.Object] for the elements of an array.
func (p Policy) Array(data []byte, visit func(m Member)) error {
	s := p.scanner(data)
	s.space()
	if s.peek() != '[' {
		return s.mismatch()
	}
	for next := s.openArray(); next == ','; {
		var m Member
		var err error
		if m, next, err = s.element(1); err != nil {
			return err
		}
		visit(m)
	}
	return s.end()
}

// Check checks data, which must be one JSON value of any type.
func (p Policy) Check(data []byte) error {
	s := p.scanner(data)
	s.space()
	if err := s.value(1); err != nil {
		return err
	}
	return s.end()
}

type scanner struct {
	data     []byte
	pos      int
	strict   bool
	maxDepth int
	plain    *[256]bool // the bytes of a string that need no look
	names    names      // for a strict one
}

func (p Policy) scanner(data []byte) scanner {
	if p == Strict {
		return scanner{data: data, strict: true, maxDepth: MaxDepth, plain: &plainASCII}
	}
	return scanner{data: data, maxDepth: MaxDepthTolerant, plain: &plainBytes}
}

// members reads one object, the outermost.
func (s *scanner) members(visit func(m Member)) error {
	s.space()
	if s.peek() != '{' {
		return s.mismatch()
	}
	object, next := s.open()
	for next == ',' {
		var m Member
		var err error
		if m, next, err = s.member(&object, 1); err != nil {
			return err
		}
		visit(m)
	}
	return nil
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
	if depth > s.maxDepth {
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
	if s.strict {
		if m.Name, err = s.remember(o, name); err != nil {
			return Member{}, 0, err
		}
	} else if depth == 1 {
		m.Name = s.text(name) // only the outermost are shown
	}
	s.space()
	if s.peek() != ':' {
		return Member{}, 0, ErrSyntax
	}
	s.pos++
	s.space()
	if next, err = s.item(depth, '}', &m); next == '}' {
		s.names.n = o.base
	}
	return m, next, err
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
	if depth > s.maxDepth {
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
	next, err = s.item(depth, ']', &m)
	return m, next, err
}

// item reads a value into m, and the comma or the end behind it.
func (s *scanner) item(depth int, end byte, m *Member) (next byte, err error) {
	m.Start = s.pos
	if err := s.value(depth + 1); err != nil {
		return 0, err
	}
	m.Value = s.data[m.Start:s.pos:s.pos]
	s.space()
	switch next = s.peek(); next {
	case ',':
		s.pos++
		s.space()
		return next, nil
	case end:
		s.pos++
		return next, nil
	}
	return 0, ErrSyntax
}
