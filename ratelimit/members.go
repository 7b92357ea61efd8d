package ratelimit

import "strings"

// What one response can make this package read: lines of a field, members of a
// list, and bytes of a name or a date. A service that means what it says stays far
// below; what is above is left unread.
const (
	maxLines  = 64
	maxLimits = 64
	maxName   = 256
	maxDate   = 64
)

// few returns as many lines of a field as are read.
func few(lines []string) []string { return lines[:min(len(lines), maxLines)] }

// member is one member of a structured field that is a list or a dictionary.
type member struct {
	name   string // a string, token or number of a list, or a dictionary's key
	quoted bool
	value  string // of a dictionary's key
	params params
}

// params are the parameters that have a meaning in these fields. Of a repeated one
// the last counts, as RFC 9651 has it.
type params struct{ q, qu, r, t, w string }

func (p *params) set(key, value string) {
	switch key {
	case "q":
		p.q = value
	case "qu":
		p.qu = value
	case "r":
		p.r = value
	case "t":
		p.t = value
	case "w":
		p.w = value
	}
}

// parseMembers parses as much of RFC 9651 as these fields use; what is malformed
// has no members. Lines of one field are one field. It stops, content, after
// maxLimits members.
func parseMembers(lines []string) (members []member) {
	s := strings.Trim(strings.Join(few(lines), ","), " \t")
	for s != "" && len(members) < maxLimits {
		m, rest, ok := parseMember(s)
		if !ok {
			return nil
		}
		members = append(members, m)
		if s = strings.TrimLeft(rest, " \t"); s == "" {
			return members
		}
		if s[0] != ',' {
			return nil
		}
		if s = strings.TrimLeft(s[1:], " \t"); s == "" {
			return nil // a trailing comma
		}
	}
	return members
}

func parseMember(s string) (m member, rest string, ok bool) {
	m.quoted = s[0] == '"'
	if m.name, s, ok = scanBare(s); !ok {
		return m, s, false
	}
	m.name = plain(m.name)
	if !m.quoted && strings.HasPrefix(s, "=") {
		if m.value, s, ok = scanBare(s[1:]); !ok {
			return m, s, false
		}
		m.value = plain(m.value)
	}
	raw := params{}
	for strings.HasPrefix(s, ";") {
		var key, value string
		s = strings.TrimLeft(s[1:], " ")
		quoted := strings.HasPrefix(s, `"`)
		if key, s, ok = scanBare(s); !ok || quoted {
			return m, s, false
		}
		if strings.HasPrefix(s, "=") {
			if value, s, ok = scanBare(s[1:]); !ok {
				return m, s, false
			}
		}
		raw.set(key, value)
	}
	m.params = params{q: plain(raw.q), qu: plain(raw.qu), r: plain(raw.r), t: plain(raw.t), w: plain(raw.w)}
	return m, s, true
}

// scanBare cuts off a string with its quotes, a byte sequence with its colons, or
// the run of characters that makes a token, a key, a number or a boolean.
func scanBare(s string) (bare, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		return scanString(s)
	}
	if strings.HasPrefix(s, ":") {
		end := strings.IndexByte(s[1:], ':')
		if end < 0 {
			return "", "", false
		}
		return s[:end+2], s[end+2:], true
	}
	end := 0
	for end < len(s) && bareByte(s[end]) {
		end++
	}
	return s[:end], s[end:], end > 0
}

func bareByte(c byte) bool {
	switch c {
	case '_', '-', '.', '*', '/', ':', '?', '!', '#', '$', '%', '&', '\'', '+', '^', '`', '|', '~':
		return true
	}
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func scanString(s string) (quoted, rest string, ok bool) {
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], s[i+1:], true
		case c == '\\':
			i++
			if i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", "", false
			}
		case c < 0x20 || c > 0x7e:
			return "", "", false
		}
	}
	return "", "", false
}

// plain returns what a scanned item stands for: a string without its quotes and
// escapes, anything else as it is.
func plain(bare string) string {
	if !strings.HasPrefix(bare, `"`) {
		return bare
	}
	inner := bare[1 : len(bare)-1]
	if strings.IndexByte(inner, '\\') < 0 {
		return inner
	}
	b := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' {
			i++
		}
		b = append(b, inner[i])
	}
	return string(b)
}
