package graphql

import (
	"errors"
	"strings"
)

// kind is what an operation is.
type kind int

const (
	unknown kind = iota
	query
	mutation
	subscription
)

var kinds = map[string]kind{"{": query, "query": query, "mutation": mutation, "subscription": subscription}

var (
	errNoOperation = errors.New("the document has no operation of that name")
	errEmpty       = errors.New("the document has no operation")
	errWhich       = errors.New("the document has several operations: OperationName says which is meant")
)

// operation finds in a document the operation that would be executed, and what it is. It
// knows as much of the language as that takes: tokens, and how they are nested. What is
// malformed is of an unknown kind, and not refused here but by the service, which says
// where.
func operation(document, name string) (kind, error) {
	s := scanner{rest: document}
	var found kind
	operations := 0
	for t := s.next(); t != ""; t = s.next() {
		k := kinds[t]
		if k == unknown && t != "fragment" {
			return unknown, nil // a type's definition, or no document at all
		}
		own, ok := s.definition(t)
		if !ok {
			return unknown, nil
		}
		if k == unknown {
			continue
		}
		operations++
		switch {
		case name != "" && own != name:
		case found != unknown && name != "":
			return unknown, nil // two of one name
		default:
			found = k
		}
	}
	switch {
	case s.bad:
		return unknown, nil
	case operations == 0:
		return unknown, errEmpty
	case name == "" && operations > 1:
		return unknown, errWhich
	case found == unknown:
		return unknown, errNoOperation
	}
	return found, nil
}

// soleName is the name of a document's first operation, "" where it has none.
func soleName(document string) string {
	s := scanner{rest: document}
	for t := s.next(); t != ""; t = s.next() {
		name, ok := s.definition(t)
		if !ok {
			return ""
		}
		if kinds[t] != unknown {
			return name
		}
	}
	return ""
}

// definition reads on to the end of a definition that begins with t: its name, variables
// and directives, and its selection set, where each bracket closes the one that it
// belongs to. A "{" within variables is a value.
func (s *scanner) definition(t string) (name string, ok bool) {
	var open []byte
	for first := true; ; first = false {
		switch t {
		case "":
			return "", false
		case "{", "(", "[":
			open = append(open, t[0])
		case "}", ")", "]":
			if len(open) == 0 || open[len(open)-1] != map[string]byte{"}": '{', ")": '(', "]": '['}[t] {
				return "", false
			}
			if open = open[:len(open)-1]; len(open) == 0 && t == "}" {
				return name, true
			}
		}
		keyword := first && t != "{"
		if t = s.next(); keyword && nameStart(t) {
			name = t
		}
	}
}

// scanner divides a document into tokens (GraphQL, October 2021, section 2.1). A string
// is told by its quote alone, and so is what is none of the language.
type scanner struct {
	rest string
	bad  bool // a string has no end
}

// next returns the next token, "" at the end.
func (s *scanner) next() string {
	for {
		s.rest = strings.TrimLeft(s.rest, " \t\r\n,\uFEFF")
		if !strings.HasPrefix(s.rest, "#") {
			break
		}
		end := strings.IndexAny(s.rest, "\r\n")
		if end < 0 {
			end = len(s.rest)
		}
		s.rest = s.rest[end:]
	}
	switch {
	case s.rest == "":
		return ""
	case strings.HasPrefix(s.rest, `"""`):
		return s.blockString()
	case s.rest[0] == '"':
		return s.stringValue()
	}
	n := 1
	if nameStart(s.rest) {
		for n < len(s.rest) && (nameStart(s.rest[n:]) || s.rest[n] >= '0' && s.rest[n] <= '9') {
			n++
		}
	}
	return s.take(n)
}

func (s *scanner) take(n int) string {
	t := s.rest[:n]
	s.rest = s.rest[n:]
	return t
}

func (s *scanner) stringValue() string {
	for i := 1; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '\\':
			i++
		case '\n', '\r':
			return s.unended()
		case '"':
			return s.take(i + 1)[:1]
		}
	}
	return s.unended()
}

func (s *scanner) blockString() string {
	for i := 3; i < len(s.rest); i++ {
		switch {
		case strings.HasPrefix(s.rest[i:], `\"""`):
			i += 3
		case strings.HasPrefix(s.rest[i:], `"""`):
			return s.take(i + 3)[:1]
		}
	}
	return s.unended()
}

// unended ends the document where a string has no end: what follows is inside or outside
// of it.
func (s *scanner) unended() string {
	s.rest, s.bad = "", true
	return ""
}

func nameStart(s string) bool {
	return s != "" && (s[0] == '_' || s[0] >= 'A' && s[0] <= 'Z' || s[0] >= 'a' && s[0] <= 'z')
}
