package client

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// strongValidator returns what If-Range may carry for the representation that h
// describes (RFC 9110 §13.1.5): its entity tag, if that is a strong one or, only where
// there is no tag at all, its date, if that is strong too (§8.8.2.2). "" is none: then
// nobody can tell whether a range belongs to what was read before.
func strongValidator(h http.Header) string {
	if tags := h["Etag"]; len(tags) > 0 {
		if len(tags) == 1 && strongTag(tags[0]) {
			return tags[0]
		}
		// A weak tag, or several, says that the service does tell versions apart, by
		// something that a range must not rely on. Its date is then no better.
		return ""
	}
	modified, date := h["Last-Modified"], h["Date"]
	if len(modified) != 1 || len(date) != 1 {
		return ""
	}
	// Within one second a date does not tell two versions apart.
	then, err := http.ParseTime(modified[0])
	now, alsoBad := http.ParseTime(date[0])
	if err != nil || alsoBad != nil || now.Sub(then) < time.Second {
		return ""
	}
	return modified[0]
}

// strongTag reports whether s is a strong entity tag (RFC 9110 §8.8.3).
func strongTag(s string) bool {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	for i := 1; i < len(s)-1; i++ {
		if c := s[i]; c <= ' ' || c == '"' || c == 0x7f {
			return false
		}
	}
	return true
}

// contradicts reports whether h names another version than validator does. It may name
// none. A 206 may leave out what If-Range has already made sure of.
func contradicts(h http.Header, validator string) bool {
	name := "Last-Modified"
	if strings.HasPrefix(validator, `"`) {
		name = "Etag"
	}
	for _, v := range h[name] {
		if v != validator {
			return true
		}
	}
	return false
}

// encodingOf returns the content encoding that h names, "" for none. Versions that
// differ in it alone share a strong tag at some services, against the rule.
func encodingOf(h http.Header) string {
	encoding := lower(strings.Join(h["Content-Encoding"], ", "))
	if encoding == "identity" {
		return ""
	}
	return encoding
}

// contentRange is a Content-Range in bytes (RFC 9110 §14.4).
type contentRange struct {
	first, last int64 // -1 where the range was unsatisfied
	complete    int64 // -1 where unknown
}

func parseContentRange(h http.Header) (contentRange, bool) {
	none := contentRange{-1, -1, -1}
	values := h["Content-Range"]
	// Of two that differ nobody knows which range the bytes are of.
	if len(values) != 1 {
		return none, false
	}
	unit, rest, _ := strings.Cut(values[0], " ")
	span, complete, ok := strings.Cut(rest, "/")
	if !ok || lower(unit) != "bytes" {
		return none, false
	}
	r := none
	if complete != "*" {
		if r.complete, ok = digits(complete); !ok {
			return none, false
		}
	}
	// As a 416 says it, of which only the complete length is of use.
	if span == "*" {
		return r, r.complete >= 0
	}
	first, last, ok := strings.Cut(span, "-")
	if !ok {
		return none, false
	}
	var firstOK, lastOK bool
	r.first, firstOK = digits(first)
	r.last, lastOK = digits(last)
	// One that ends before it begins, or behind the end of all, is no range: RFC 9110
	// §14.4 calls it invalid, and forbids to join it to others.
	if !firstOK || !lastOK || r.last < r.first || r.complete >= 0 && r.complete <= r.last {
		return none, false
	}
	return r, true
}

// digits reads a number as HTTP writes it: digits and nothing else. What ParseInt takes
// beside them, a sign above all, another reader of the same response may take for
// something else.
func digits(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n < maxLimit
}

// sha256Of reads the SHA-256 out of a Content-Digest or Repr-Digest (RFC 9530 §2, a
// dictionary of RFC 8941): nil where there is none that is well-formed. A digest that
// cannot be read is as good as none: the download goes on without it.
func sha256Of(values []string) []byte {
	var sum []byte
	for member := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, value, _ := strings.Cut(strings.Trim(member, " \t"), "=")
		if name != "sha-256" {
			continue
		}
		sum = nil // of a member that is given twice the last counts (RFC 8941 §3.2)
		value, _, _ = strings.Cut(value, ";")
		value = strings.TrimRight(value, " \t")
		if len(value) < 2 || value[0] != ':' || value[len(value)-1] != ':' {
			continue
		}
		decoded, err := base64.StdEncoding.DecodeString(value[1 : len(value)-1])
		if err == nil && len(decoded) == sha256.Size {
			sum = decoded
		}
	}
	return sum
}
