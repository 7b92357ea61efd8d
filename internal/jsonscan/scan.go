package jsonscan

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
