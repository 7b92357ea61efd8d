package client

import (
	"net/http"
	"strings"
)

// validHeaderValue refuses what would end a header line or is not text
// (RFC 9110 §5.5).
func validHeaderValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// validToken reports whether s is a token (RFC 9110 §5.6.2).
func validToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			continue
		}
		if !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// checkHeader refuses header fields that are not well-formed. The error names
// the field and never repeats its value.
func checkHeader(h http.Header) error {
	for name, values := range h {
		if !validToken(name) {
			return failf(ErrRequest, "header name %q is not a token", cut(name, 64))
		}
		for _, v := range values {
			if !validHeaderValue(v) {
				return failf(ErrRequest, "header %s holds CR, LF, NUL or another control character", name)
			}
		}
	}
	return nil
}
