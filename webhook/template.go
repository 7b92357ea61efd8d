package webhook

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
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
	// tight: the timestamp in seconds is followed by the body without a delimiter, so
	// that only its fixed length of ten digits keeps the two apart.
	tight bool
	// idBounds and typBounds are the bytes that tell where identifier and type end,
	// so that they must not hold them.
	idBounds, typBounds string
}

// parseTemplate reads a template such as "{id}.{timestamp}.{body}". Variable
// parts must have something between them, or the same bytes could be split in
// another way, but for a timestamp that tells by itself where it ends; see also
// template.tight.
func parseTemplate(text string, format TimestampFormat) (template, error) {
	var t template
	pieces, err := cutTemplate(text, format)
	if err != nil {
		return t, err
	}
	body := slices.IndexFunc(pieces, func(p piece) bool { return p.kind == bodyPiece })
	if body < 0 {
		return t, fmt.Errorf("no {body} in %q", text)
	}
	t.before, t.after = pieces[:body], pieces[body+1:]
	for i, p := range pieces {
		switch p.kind {
		case timestampPiece:
			t.timestamp = true
			if format.selfDelimiting() {
				continue
			}
			t.tight = i+1 == body
			if digitBeside(pieces, i, body) {
				return t, fmt.Errorf("a digit beside {timestamp} in %q", text)
			}
		case idPiece:
			t.id, t.idBounds = true, bounds(pieces, i, body)
		case typePiece:
			t.typ, t.typBounds = true, bounds(pieces, i, body)
		}
	}
	return t, nil
}

// cutTemplate returns the pieces of a template, none of them twice but literals.
func cutTemplate(text string, format TimestampFormat) ([]piece, error) {
	var pieces []piece
	body := false
	for rest := text; rest != ""; {
		p := nextPiece(rest)
		rest = rest[len(p.literal):]
		if p.kind != literalPiece {
			if slices.ContainsFunc(pieces, func(other piece) bool { return other.kind == p.kind }) {
				return nil, fmt.Errorf("%s twice in %q", p.literal, text)
			}
			if n := len(pieces); n > 0 && !mayTouch(pieces[n-1].kind, p.kind, body, format) {
				return nil, fmt.Errorf("nothing between %s and the part before it in %q", p.literal, text)
			}
			body = body || p.kind == bodyPiece
		}
		pieces = append(pieces, p)
	}
	return pieces, nil
}

// mayTouch reports whether the bytes tell where left ends and right begins though
// nothing stands between them; behindBody is set for parts behind the body.
func mayTouch(left, right pieceKind, behindBody bool, format TimestampFormat) bool {
	switch {
	case left == literalPiece:
		return true
	case left == timestampPiece && right == bodyPiece:
		return true // see template.tight
	case left == bodyPiece && right == timestampPiece:
		return format.selfDelimiting()
	case behindBody:
		return false
	case left == timestampPiece:
		return format.selfDelimiting()
	}
	return right == timestampPiece && format == RFC3339 // see bounds
}

// digitBeside reports whether the delimiter between the timestamp at i and the
// body could be part of the timestamp.
func digitBeside(pieces []piece, i, body int) bool {
	next := literalAt(pieces, i+1)
	if i > body {
		next = literalAt(pieces, i-1)
		next = next[len(next)-1:]
	}
	return next != "" && next[0] >= '0' && next[0] <= '9'
}

// bounds returns the bytes by which the piece at i is told from its neighbours:
// the first of what follows it and, behind the body, the last of what precedes
// it. Parts in front of the body are read from the left, those behind it from the
// right. Where a date follows at once, that byte is the colon in it: the first one
// stands at a fixed place in the date, so that no other cut leaves a date.
func bounds(pieces []piece, i, body int) string {
	if next := literalAt(pieces, i+1); i < body {
		if next == "" {
			return ":"
		}
		return next[:1]
	}
	previous := literalAt(pieces, i-1)
	return previous[len(previous)-1:]
}

// literalAt returns the literal at i, empty if there is none.
func literalAt(pieces []piece, i int) string {
	if i < 0 || i >= len(pieces) || pieces[i].kind != literalPiece {
		return ""
	}
	return pieces[i].literal
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
	at                 time.Time // what timestamp stands for
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
	switch {
	case t.tight && len(m.timestamp) != 10:
		return &Error{Reason: ErrMalformed, Detail: "timestamp", Err: errTight}
	case t.id && strings.Contains(m.id, t.idBounds):
		return &Error{Reason: ErrMalformed, Detail: "the identifier holds what delimits it"}
	case t.typ && strings.Contains(m.typ, t.typBounds):
		return &Error{Reason: ErrMalformed, Detail: "the event type holds what delimits it"}
	}
	return nil
}
