package jsonscan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// String returns the string that the value of a [Member] stands for, and whether it is
// a string at all. A lone surrogate, which only [Tolerant] lets pass, becomes U+FFFD;
// bytes that are not UTF-8 stay as they are.
func String(value []byte) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	raw := value[1 : len(value)-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw), true
	}
	return string(unescape(raw)), true
}

// escape reads one escape sequence, or the two of a surrogate pair.
func (s *scanner) escape() error {
	if len(s.data)-s.pos < 2 {
		return ErrSyntax
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
	default:
		return ErrSyntax
	}
	r, ok := hex4(s.data[s.pos:])
	if !ok {
		return ErrSyntax
	}
	s.pos += 6
	if !s.strict || !utf16.IsSurrogate(r) {
		return nil
	}
	low, ok := hex4(s.data[s.pos:])
	if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
		return ErrEncoding
	}
	s.pos += 6
	return nil
}

// hex4 reads \uXXXX at the start of b.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape resolves the escapes of a string that was scanned before.
func unescape(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			out = append(out, c)
			i++
			continue
		}
		switch c = raw[i+1]; c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, _ := hex4(raw[i:])
			i += 6
			if utf16.IsSurrogate(r) {
				low, _ := hex4(raw[i:])
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			out = utf8.AppendRune(out, r)
			continue
		}
		out = append(out, c)
		i += 2
	}
	return out
}
