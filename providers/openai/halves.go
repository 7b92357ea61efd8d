package openai

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// halves puts characters together again that a server has cut in two. One written in
// JavaScript counts in UTF-16: an emoji, which has two units there, may end one piece of
// a text with "\ud83d" and begin the next with "\udc4d" (RFC 8259, section 8.2). Each
// by itself is decoded as U+FFFD, and the character is lost.
type halves map[string]string // what the text so far ends with, as it came, by its name

// cut reports whether a text that has been decoded may have lost a character, or may hold
// the other half of one.
func (h halves) cut(text string) bool {
	return len(h) > 0 || strings.ContainsRune(text, utf8.RuneError)
}

// join decodes raw, the next piece of the text with this name. A half at its end is kept
// for the piece that follows; with none to follow it is no character, and left out.
func (h *halves) join(name string, raw json.RawMessage, into *string) {
	if len(raw) == 0 || raw[0] != '"' {
		return
	}
	text := (*h)[name] + string(raw[1:len(raw)-1])
	delete(*h, name)
	if at := firstHalf.FindStringSubmatchIndex(text); at != nil {
		if *h == nil {
			*h = halves{}
		}
		(*h)[name] = text[at[2]:]
		text = text[:at[2]]
	}
	_ = json.Unmarshal([]byte(`"`+text+`"`), into) // has been decoded before
}

// firstHalf is one at the end of a JSON string, after any number of escaped backslashes.
var firstHalf = regexp.MustCompile(`(?:^|[^\\])(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2})$`)
