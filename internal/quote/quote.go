// Package quote makes text from outside fit to be shown: within a length, and with
// nothing in it that steers a terminal or a log.
package quote

import (
	"strconv"
	"unicode/utf8"
)

// Text quotes s as Go does, within limit bytes, quotes included. What is cut ends
// in "…".
func Text(s string, limit int) string {
	q := strconv.Quote(s)
	for len(q) > limit {
		s = Cut(s, max(0, min(len(s)-1, len(s)-(len(q)-limit)/4-4)))
		q = strconv.Quote(s + "…")
	}
	return q
}

// Cut cuts s to at most n bytes without splitting a rune.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Clip is Cut, and says by "…" that something is missing.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return Cut(s, n) + "…"
}
