package jsonscan

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

func (p Policy) scanner(data []byte) scanner {
	if p == Strict {
		return scanner{data: data, strict: true, maxDepth: MaxDepth, plain: &plainASCII}
	}
	return scanner{data: data, maxDepth: MaxDepthTolerant, plain: &plainBytes}
}
