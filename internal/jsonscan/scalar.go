package jsonscan

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

// number reads a number by the grammar of RFC 8259 section 6. A strict scanner refuses
// one that overflows a float64 (RFC 7493 section 2.2): parsers differ on it.
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
	if s.strict && (exponent || s.pos-start > longNumber) {
		if _, err := strconv.ParseFloat(string(s.data[start:s.pos]), 64); err != nil {
			return ErrRange
		}
	}
	return nil
}

// string reads a string and returns where the text between its quotes is.
func (s *scanner) string() (span, error) {
	s.pos++ // '"'
	text, data := span{start: s.pos}, s.data
	for {
		i := s.pos
		for i < len(data) && s.plain[data[i]] {
			i++
		}
		if s.pos = i; i == len(data) {
			return span{}, ErrSyntax
		}
		switch c := data[i]; {
		case c == '"':
			s.pos++
			text.end = i
			return text, nil
		case c == '\\':
			text.escaped = true
			if err := s.escape(); err != nil {
				return span{}, err
			}
		case c < utf8.RuneSelf: // and not plain: a control character
			return span{}, ErrSyntax
		default:
			r, n := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && n <= 1 {
				return span{}, ErrEncoding
			}
			s.pos += n
		}
	}
}

// plainASCII holds the bytes that stand for themselves in a string, but for those
// beyond ASCII, of which a strict scanner wants to know what they make; plainBytes
// holds them as well.
var plainASCII, plainBytes = func() (ascii, all [256]bool) {
	for c := range all {
		all[c] = c >= ' ' && c != '"' && c != '\\'
		ascii[c] = all[c] && c < utf8.RuneSelf
	}
	return ascii, all
}()
