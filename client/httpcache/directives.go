package httpcache

import (
	"strings"
	"time"
)

// directives are those of Cache-Control fields (RFC 9111 §5.2), by their names in lower
// case. The argument of one without any is "".
type directives map[string]string

// contradicted is the argument of a directive that came with two different ones.
const contradicted = "\x00"

// longest is the most that a number of seconds counts for (RFC 9111 §1.2.2).
const longest = 1 << 31 * time.Second

// maxDirectives bounds how many are told apart. A field with more is hostile, and is
// taken to forbid everything.
const maxDirectives = 64

// parseDirectives reads the fields as one list. What is malformed is skipped up to the
// next comma outside of quotes.
func parseDirectives(fields []string) directives {
	d := directives{}
	for _, field := range fields {
		for rest := field; rest != ""; {
			var name, arg string
			name, arg, rest = nextDirective(rest)
			if name == "" {
				continue
			}
			if before, twice := d[name]; twice && before != arg {
				arg = contradicted
			}
			if d[name] = arg; len(d) > maxDirectives {
				return directives{"no-store": ""}
			}
		}
	}
	return d
}

// nextDirective cuts the first member off a list.
func nextDirective(list string) (name, arg, rest string) {
	end := strings.IndexAny(list, `,=`)
	if end < 0 {
		return directiveName(list), "", ""
	}
	name = directiveName(list[:end])
	if list[end] == ',' {
		return name, "", list[end+1:]
	}
	value := strings.TrimLeft(list[end+1:], " \t")
	if !strings.HasPrefix(value, `"`) {
		arg, rest, _ = strings.Cut(value, ",")
		return name, strings.Trim(arg, " \t"), rest
	}
	// A quoted string may hold commas, and pairs with a backslash (RFC 9110 §5.6.4).
	var b strings.Builder
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			if i++; i < len(value) {
				b.WriteByte(value[i])
			}
		case '"':
			_, rest, _ = strings.Cut(value[i+1:], ",")
			return name, b.String(), rest
		default:
			b.WriteByte(value[i])
		}
	}
	return name, contradicted, "" // it has no end
}

func directiveName(s string) string { return strings.ToLower(strings.Trim(s, " \t")) }

func (d directives) has(name string) bool { _, ok := d[name]; return ok }

// seconds returns the argument of a directive, and whether it is there. One that is not
// a number is zero: what cannot be read makes nothing fresh.
func (d directives) seconds(name string) (time.Duration, bool) {
	arg, ok := d[name]
	if !ok {
		return 0, false
	}
	n, _ := deltaSeconds(arg)
	return n, true
}

// deltaSeconds reads a non-negative number of seconds (RFC 9111 §1.2.2).
func deltaSeconds(s string) (time.Duration, bool) {
	if s == "" {
		return 0, false
	}
	var n time.Duration
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = min(n*10+time.Duration(s[i]-'0'), longest/time.Second)
	}
	return n * time.Second, true
}
