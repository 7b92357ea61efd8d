package jsonscan

import "bytes"

// span is the text of a string between its quotes. Offsets, not slices,
// so that a scanner stays on the stack.
type span struct {
	start, end int
	escaped    bool
}

// names is a stack of the member names of all objects that are open, those of
// the innermost one last.
type names struct {
	n     int
	first [40]span
	more  []span
}

func (ns *names) at(i int) span {
	if i < len(ns.first) {
		return ns.first[i]
	}
	return ns.more[i-len(ns.first)]
}

func (ns *names) push(name span) {
	if ns.n < len(ns.first) {
		ns.first[ns.n] = name
	} else {
		ns.more = append(ns.more[:ns.n-len(ns.first)], name)
	}
	ns.n++
}

// text returns the name with its escapes resolved.
func (s *scanner) text(name span) []byte {
	raw := s.data[name.start:name.end:name.end]
	if name.escaped {
		return unescape(raw)
	}
	return raw
}

// linearNames is the number of names up to which comparing each with each is
// cheaper than a map; above it a map keeps hostile objects linear.
const linearNames = 24

// remember refuses a name that the object has already, and returns its text.
func (s *scanner) remember(o *openObject, name span) ([]byte, error) {
	text := s.text(name)
	if o.seen != nil {
		if _, dup := o.seen[string(text)]; dup {
			return nil, ErrDuplicate
		}
		o.seen[string(text)] = struct{}{}
		return text, nil
	}
	for i := o.base; i < s.names.n; i++ {
		if bytes.Equal(s.text(s.names.at(i)), text) {
			return nil, ErrDuplicate
		}
	}
	s.names.push(name)
	if s.names.n-o.base > linearNames {
		o.seen = make(map[string]struct{}, 4*linearNames)
		for i := o.base; i < s.names.n; i++ {
			o.seen[string(s.text(s.names.at(i)))] = struct{}{}
		}
	}
	return text, nil
}
