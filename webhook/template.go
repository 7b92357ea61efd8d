package webhook

import (
	"errors"
	"fmt"
	"strings"
)

// piece is one part of what is signed: a literal, or one of the placeholders.
type piece struct {
	kind    pieceKind
	literal string
}

type pieceKind uint8

const (
	literalPiece pieceKind = iota
	timestampPiece
	idPiece
	typePiece
	bodyPiece
)

var placeholders = []struct {
	text string
	kind pieceKind
}{
	{"{timestamp}", timestampPiece},
	{"{id}", idPiece},
	{"{type}", typePiece},
	{"{body}", bodyPiece},
}

// template is the signed content, cut at the body, which is never copied.
type template struct {
	before, after []piece
	timestamp     bool // it covers a timestamp
	id            bool
	typ           bool
	// tight: the timestamp is followed by the body without a delimiter, so that
	// only its fixed length of ten digits keeps the two apart.
	tight bool
}

// parseTemplate reads a template such as "{id}.{timestamp}.{body}". Variable
// parts must have something between them, or the same bytes could be split in
// another way; see template.tight for the one exception.
func parseTemplate(text string) (template, error) {
	var (
		t    template
		last = literalPiece
		seen [bodyPiece + 1]bool
		body bool
	)
	for rest := text; rest != ""; {
		p := nextPiece(rest)
		rest = rest[len(p.literal):]
		if p.kind != literalPiece {
			if seen[p.kind] {
				return t, fmt.Errorf("%s twice in %q", p.literal, text)
			}
			if last == timestampPiece && p.kind == bodyPiece {
				t.tight = true
			} else if last != literalPiece {
				return t, fmt.Errorf("nothing between %s and the part before it in %q", p.literal, text)
			}
			seen[p.kind] = true
		}
		last = p.kind
		switch {
		case p.kind == bodyPiece:
			body = true
		case body:
			t.after = append(t.after, p)
		default:
			t.before = append(t.before, p)
		}
	}
	if !body {
		return t, fmt.Errorf("no {body} in %q", text)
	}
	t.timestamp, t.id, t.typ = seen[timestampPiece], seen[idPiece], seen[typePiece]
	return t, nil
}

// nextPiece returns the piece that text begins with; its literal is the text it
// takes up.
func nextPiece(text string) piece {
	for _, ph := range placeholders {
		if strings.HasPrefix(text, ph.text) {
			return piece{kind: ph.kind, literal: ph.text}
		}
	}
	for i := 1; i < len(text); i++ {
		for _, ph := range placeholders {
			if strings.HasPrefix(text[i:], ph.text) {
				return piece{literal: text[:i]}
			}
		}
	}
	return piece{literal: text}
}

// metadata are the signed parts of a delivery beside its body, as literal text.
type metadata struct {
	timestamp, id, typ string
	seconds            int64 // what timestamp stands for
}

func appendPieces(dst []byte, pieces []piece, m *metadata) []byte {
	for i := range pieces {
		switch pieces[i].kind {
		case literalPiece:
			dst = append(dst, pieces[i].literal...)
		case timestampPiece:
			dst = append(dst, m.timestamp...)
		case idPiece:
			dst = append(dst, m.id...)
		case typePiece:
			dst = append(dst, m.typ...)
		}
	}
	return dst
}

var errTight = errors.New("a timestamp without a delimiter has ten digits")

// unambiguous refuses metadata that would let the same signed bytes be split in
// another way.
func (t *template) unambiguous(m *metadata) error {
	if t.tight && len(m.timestamp) != 10 {
		return &Error{Reason: ErrMalformed, Detail: "timestamp", Err: errTight}
	}
	return nil
}
