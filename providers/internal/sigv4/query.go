package sigv4

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
)

var errQuery = errors.New("the query has a malformed percent-escape")

// parse reads a raw query as servers do: + is a space, and what has no = has an empty
// value. A semicolon is a character like any other.
func (w *scratch) parse(raw string) error {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		p, ok := param{from: len(w.pairs)}, false
		if w.pairs, ok = appendRecoded(w.pairs, name); !ok {
			return errQuery
		}
		p.eq = len(w.pairs)
		if w.pairs, ok = appendRecoded(w.pairs, value); !ok {
			return errQuery
		}
		p.to = len(w.pairs)
		w.params = append(w.params, p)
	}
	return nil
}

// add adds a parameter.
func (w *scratch) add(name, value string) {
	p := param{from: len(w.pairs)}
	w.pairs = appendEncoded(w.pairs, name, false)
	p.eq = len(w.pairs)
	w.pairs = appendEncoded(w.pairs, value, false)
	p.to = len(w.pairs)
	w.params = append(w.params, p)
}

// presigned names a parameter of the query that presigning adds, "" if it has none.
func (w *scratch) presigned() string {
	for _, p := range w.params {
		for _, name := range presignParams {
			if strings.EqualFold(string(w.pairs[p.from:p.eq]), name) {
				return name
			}
		}
	}
	return ""
}

// sortQuery makes the canonical query of the parameters: in the order of their names
// and then their values, as they are encoded.
func (w *scratch) sortQuery() {
	slices.SortStableFunc(w.params, func(a, b param) int {
		return cmp.Or(
			bytes.Compare(w.pairs[a.from:a.eq], w.pairs[b.from:b.eq]),
			bytes.Compare(w.pairs[a.eq:a.to], w.pairs[b.eq:b.to]))
	})
	for i, p := range w.params {
		if i > 0 {
			w.query = append(w.query, '&')
		}
		w.query = append(append(w.query, w.pairs[p.from:p.eq]...), '=')
		w.query = append(w.query, w.pairs[p.eq:p.to]...)
	}
}

// appendRecoded decodes a name or a value and appends it in the canonical encoding.
func appendRecoded(dst []byte, s string) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%':
			if i+2 >= len(s) {
				return dst, false
			}
			high, low := hexDigit(s[i+1]), hexDigit(s[i+2])
			if high < 0 || low < 0 {
				return dst, false
			}
			c = byte(high<<4 | low)
			i += 2
		}
		if unreserved[c] {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst, true
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
