package client

import (
	"net/http"
	"strings"
)

// linkNext finds the target of the first link with the relation "next" in the
// Link fields of h (RFC 8288 §3). It reads what is well-formed and skips the rest.
func linkNext(h http.Header) (target string, ok bool) {
	for _, field := range h["Link"] {
		for rest := field; rest != ""; {
			var link link
			link, rest = parseLink(rest)
			if link.target != "" && link.next {
				return link.target, true
			}
		}
	}
	return "", false
}

type link struct {
	target string
	next   bool
}

// parseLink reads one link-value and returns what follows its comma.
func parseLink(s string) (l link, rest string) {
	s = strings.TrimLeft(s, " \t,")
	target, after, ok := strings.Cut(s, ">")
	if !strings.HasPrefix(target, "<") || !ok {
		_, rest, _ = strings.Cut(s, ",")
		return link{}, rest
	}
	l.target = strings.TrimSpace(target[1:])
	seen := false
	for s = after; ; {
		s = strings.TrimLeft(s, " \t")
		if !strings.HasPrefix(s, ";") {
			break
		}
		var name, value string
		name, value, s = parseParam(s[1:])
		if lower(name) == "rel" && !seen {
			seen = true // RFC 8288 §3.3: the first one counts
			for relation := range strings.FieldsSeq(value) {
				l.next = l.next || strings.EqualFold(relation, "next")
			}
		}
	}
	_, rest, _ = strings.Cut(s, ",")
	return l, rest
}

// parseParam reads name, and "=" with a token or quoted string, where present.
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
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c == '"':
			return name, b.String(), s[i+1:]
		default:
			b.WriteByte(c)
		}
	}
	return name, "", "" // the quote is never closed
}
