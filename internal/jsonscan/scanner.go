package jsonscan

import "errors"

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

// scanner reads a document from its head.
type scanner struct {
	data     []byte
	pos      int
	strict   bool
	maxDepth int
	plain    *[256]bool // the bytes of a string that need no look
	names    names      // for a strict one
}

// openObject is an object whose members are being read.
type openObject struct {
	base int // where its names start in the stack
	seen map[string]struct{}
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
