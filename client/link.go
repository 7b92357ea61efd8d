package client

import (
	"net/http"
	"strings"
)

// maxLinks is how many links of a response are looked at, and how many lines of
// the field.
const maxLinks = 256

// maxURL is how long a URL that a response names may be. Servers refuse such long
// before.
const maxURL = 64 << 10

// linkTo finds the target of the first link with this relation in the Link fields of h
// (RFC 8288 §3). It reads what is well-formed and skips the rest, and
// with it what has an anchor: that is a link of another resource, or of a part of
// this one (§3.2), or is said to lead to nothing.
func linkTo(h http.Header, relation string) (target string, ok bool) {
	lines := h["Link"]
	read := 0
	for _, field := range lines[:min(len(lines), maxLinks)] {
		// Each round uses up some of the field, so that all of it is read once (C38).
		for rest := field; rest != "" && read < maxLinks; read++ {
			var l link
			l, rest = parseLink(rest, relation)
			if l.target != "" && l.related && !l.anchored && !l.empty {
				return l.target, true
			}
		}
	}
	return "", false
}

type link struct {
	target   string // as it is written: a relative one counts from the request's URL
	related  bool   // it has the relation that is looked for
	anchored bool   // it is a link of something else than the response
	empty    bool   // Sentry's results="false": nothing is behind it ("Pagination", Sentry docs)
}

// parseLink reads one link-value and returns what follows its comma.
func parseLink(s, relation string) (l link, rest string) {
	s = strings.TrimLeft(s, " \t,")
	if !strings.HasPrefix(s, "<") {
		// No link begins here: the next one may, behind a comma.
		_, rest, _ = strings.Cut(s, ",")
		return link{}, rest
	}
	target, s, _ := strings.Cut(s[1:], ">") // where it is never closed, nothing is left
	l.target = strings.TrimSpace(target)
	seen := false
	for {
		s = strings.TrimLeft(s, " \t")
		if !strings.HasPrefix(s, ";") {
			break
		}
		var name, value string
		name, value, s = parseParam(s[1:])
		// An empty one refers to the response itself.
		if strings.EqualFold(name, "anchor") && value != "" && value != `""` {
			l.anchored = true
		}
		if strings.EqualFold(name, "results") && unquote(value) == "false" {
			l.empty = true
		}
		if seen || !strings.EqualFold(name, "rel") {
			continue
		}
		seen = true // RFC 8288 §3.3: the first one counts
		for has := range strings.FieldsSeq(unquote(value)) {
			l.related = l.related || strings.EqualFold(has, relation)
		}
	}
	_, rest, _ = strings.Cut(s, ",")
	return l, rest
}

// parseParam cuts off a name, and "=" with a token or quoted string, where present.
// The string still has its quotes.
func parseParam(s string) (name, value, rest string) {
	s = strings.TrimLeft(s, " \t")
	end := strings.IndexAny(s, "=;, \t")
	if end < 0 {
		return s, "", ""
	}
	name, s = s[:end], strings.TrimLeft(s[end:], " \t")
	if !strings.HasPrefix(s, "=") {
		return name, "", s
	}
	s = strings.TrimLeft(s[1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		end = strings.IndexAny(s, ";, \t")
		if end < 0 {
			end = len(s)
		}
		return name, s[:end], s[end:]
	}
	for i := 1; i < len(s); i++ {
		switch {
		// What is escaped ends nothing, a quote least of all.
		case s[i] == '\\':
			i++
		case s[i] == '"':
			return name, s[:i+1], s[i+1:]
		}
	}
	return name, "", "" // the quote is never closed
}

// unquote takes the quotes and escapes off a quoted string (RFC 9110 §5.6.4).
func unquote(s string) string {
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	s = s[1 : len(s)-1]
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}
