package ratelimit

import (
	"net/http"
	"strings"
	"time"
)

// appendIETF reads RateLimit with RateLimit-Policy. A field that is not a valid
// structured field (RFC 9651) is ignored whole, as that RFC requires.
func appendIETF(dst []Limit, h http.Header) []Limit {
	if len(h["Ratelimit"]) == 0 {
		return dst
	}
	limits, ok := parseMembers(h["Ratelimit"])
	if !ok || len(limits) == 0 {
		return dst
	}
	policies, _ := parseMembers(h["Ratelimit-Policy"])
	if !limits[0].quoted && limits[0].value != "" { // version 07: limit=100, remaining=50, reset=5
		return appendSingle(dst, limits, policies)
	}
	for _, m := range limits {
		l := Limit{Name: m.name, Quota: -1, Remaining: -1, Reset: -1}
		for _, p := range policies {
			if p.name == m.name {
				applyPolicy(&l, p)
			}
		}
		if n, ok := count(m.param("r")); ok {
			l.Remaining = n
		}
		if d, ok := decimal(m.param("t"), time.Second); ok && d <= futureReset {
			l.Reset = d
		}
		if l.Remaining >= 0 || l.Reset >= 0 {
			dst = append(dst, l)
		}
	}
	return dst
}

func applyPolicy(l *Limit, p member) {
	if n, ok := count(p.param("q")); ok {
		l.Quota = n
	}
	if d, ok := decimal(p.param("w"), time.Second); ok && d <= futureReset {
		l.Window = d
	}
	if unit := p.param("qu"); unit != "" && unit != "requests" {
		l.Weighted = true
	}
}

func appendSingle(dst []Limit, members, policies []member) []Limit {
	l := Limit{Quota: -1, Remaining: -1, Reset: -1}
	for _, m := range members {
		switch m.name {
		case "limit":
			if n, ok := count(m.value); ok {
				l.Quota = n
			}
		case "remaining":
			if n, ok := count(m.value); ok {
				l.Remaining = n
			}
		case "reset":
			if d, ok := decimal(m.value, time.Second); ok && d <= futureReset {
				l.Reset = d
			}
		}
	}
	if l.Remaining < 0 && l.Reset < 0 {
		return dst
	}
	for _, p := range policies { // 100;w=60
		n, ok := count(p.name)
		if d, valid := decimal(p.param("w"), time.Second); ok && n == l.Quota && valid && d <= futureReset {
			l.Window = d
		}
	}
	return append(dst, l)
}

// member is one member of a structured field that is a list or a dictionary.
type member struct {
	name   string // a string, token or number of a list, or a dictionary's key
	quoted bool
	value  string // of a dictionary's key
	params []param
}

type param struct{ key, value string }

// param returns the last parameter of that key, as RFC 9651 has it.
func (m *member) param(key string) string {
	for i := len(m.params) - 1; i >= 0; i-- {
		if m.params[i].key == key {
			return m.params[i].value
		}
	}
	return ""
}

// parseMembers parses as much of RFC 9651 as these fields use. Lines of one
// field are one field.
func parseMembers(lines []string) (members []member, ok bool) {
	s := strings.Trim(strings.Join(lines, ","), " \t")
	for s != "" {
		var m member
		if m, s, ok = parseMember(s); !ok {
			return nil, false
		}
		members = append(members, m)
		if s = strings.TrimLeft(s, " \t"); s == "" {
			return members, true
		}
		if s[0] != ',' {
			return nil, false
		}
		if s = strings.TrimLeft(s[1:], " \t"); s == "" {
			return nil, false // a trailing comma
		}
	}
	return members, true
}

func parseMember(s string) (m member, rest string, ok bool) {
	m.quoted = s[0] == '"'
	if m.name, s, ok = parseBare(s); !ok {
		return m, s, false
	}
	if !m.quoted && strings.HasPrefix(s, "=") {
		if m.value, s, ok = parseBare(s[1:]); !ok {
			return m, s, false
		}
	}
	for strings.HasPrefix(s, ";") {
		var p param
		s = strings.TrimLeft(s[1:], " ")
		if strings.HasPrefix(s, `"`) {
			return m, s, false
		}
		if p.key, s, ok = parseBare(s); !ok {
			return m, s, false
		}
		if strings.HasPrefix(s, "=") {
			if p.value, s, ok = parseBare(s[1:]); !ok {
				return m, s, false
			}
		}
		m.params = append(m.params, p)
	}
	return m, s, true
}

// parseBare parses a string, a byte sequence (kept with its colons), or the run
// of characters that makes a token, a key, a number or a boolean.
func parseBare(s string) (value, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		return parseString(s[1:])
	}
	if strings.HasPrefix(s, ":") {
		end := strings.IndexByte(s[1:], ':')
		if end < 0 {
			return "", "", false
		}
		return s[:end+2], s[end+2:], true
	}
	end := strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-.*/:?!#$%&'+^`|~", r))
	})
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], end > 0
}

func parseString(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], true
		case c == '\\':
			i++
			if i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", "", false
			}
			b.WriteByte(s[i])
		case c < 0x20 || c > 0x7e:
			return "", "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
