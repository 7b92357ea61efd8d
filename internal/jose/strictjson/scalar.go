package strictjson

import (
	"strconv"
	"unicode/utf8"
)

func (s *scanner) literal(want string) error {
	if len(s.data)-s.pos < len(want) || string(s.data[s.pos:s.pos+len(want)]) != want {
		return ErrSyntax
	}
	s.pos += len(want)
	return nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > start
}

// longNumber is the length up to which a number without an exponent is in the
// range of a float64 for sure.
const longNumber = 300

// number reads a number by the grammar of RFC 8259 section 6. One that overflows a
// float64 is refused (RFC 7493 section 2.2): parsers differ on it.
func (s *scanner) number() error {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return ErrSyntax
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return ErrSyntax
		}
	}
	exponent := s.peek() == 'e' || s.peek() == 'E'
	if exponent {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return ErrSyntax
		}
	}
	if exponent || s.pos-start > longNumber {
		if _, err := strconv.ParseFloat(string(s.data[start:s.pos]), 64); err != nil {
			return ErrRange
		}
	}
	return nil
}

// string reads a string and returns the text between its quotes and whether it
// holds an escape.
func (s *scanner) string() (raw []byte, escaped bool, err error) {
	s.pos++ // '"'
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			raw = s.data[start:s.pos:s.pos]
			s.pos++
			return raw, escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		case c < ' ':
			return nil, false, ErrSyntax
		case c < utf8.RuneSelf:
			s.pos++
		default:
			r, n := utf8.DecodeRune(s.data[s.pos:])
			if r == utf8.RuneError && n <= 1 {
				return nil, false, ErrEncoding
			}
			s.pos += n
		}
	}
	return nil, false, ErrSyntax
}
