package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// piece is one part of what is signed: a literal, or one of the placeholders.
type piece struct {
	kind pieceKind
	// text is the literal's, or the placeholder's own.
	text string
	// index is where a header's value stands in metadata.headers.
	index int
	// bound is the byte by which the piece is told from its neighbour, so that it must
	// not hold it; empty where its form tells where it ends.
	bound string
}

type pieceKind uint8

const (
	literalPiece pieceKind = iota
	timestampPiece
	idPiece
	typePiece
	bodyPiece
	methodPiece
	urlPiece
	pathPiece
	queryPiece
	headerPiece
	pieceKinds
)

var placeholders = []struct {
	text string
	kind pieceKind
}{
	{"{timestamp}", timestampPiece},
	{"{id}", idPiece},
	{"{type}", typePiece},
	{"{body}", bodyPiece},
	{"{method}", methodPiece},
	{"{url}", urlPiece},
	{"{path}", pathPiece},
	{"{query}", queryPiece},
}

const headerPlaceholder = "{header:"

// template is the signed content, cut at the body, which is never copied.
type template struct {
	before, after []piece
	has           [pieceKinds]bool // what it covers
	headers       []string         // what it covers of them, canonical
	// tight: the timestamp in seconds is followed by the body without a delimiter, so
	// that only its fixed length of ten digits keeps the two apart.
	tight bool
}

// parseTemplate reads a template such as "{id}.{timestamp}.{body}". Variable
// parts must have something between them, or the same bytes could be split in
// another way, but for those that tell by themselves where they end; see mayTouch.
// A URL that is configured whole is not variable, but a literal.
func parseTemplate(text string, format TimestampFormat, u *publicURL) (template, error) {
	var t template
	pieces, err := t.cut(text, format, u)
	if err != nil {
		return t, err
	}
	body := slices.IndexFunc(pieces, func(p piece) bool { return p.kind == bodyPiece })
	if body < 0 {
		return t, fmt.Errorf("no {body} in %q", text)
	}
	for i := range pieces {
		switch p := &pieces[i]; p.kind {
		case literalPiece, bodyPiece, methodPiece:
		case timestampPiece:
			if format.selfDelimiting() {
				continue
			}
			t.tight = i+1 == body
			if digitBeside(pieces, i, body) {
				return t, fmt.Errorf("a digit beside {timestamp} in %q", text)
			}
		default:
			p.bound = bound(pieces, i, body)
		}
	}
	t.before, t.after = pieces[:body], pieces[body+1:]
	return t, nil
}

// cut returns the pieces of a template, none of them twice but literals.
func (t *template) cut(text string, format TimestampFormat, u *publicURL) ([]piece, error) {
	var pieces []piece
	for rest := text; rest != ""; {
		p := nextPiece(rest)
		rest = rest[len(p.text):]
		if p.kind == literalPiece {
			pieces = append(pieces, p)
			continue
		}
		if p.kind == headerPiece {
			p.index = len(t.headers)
			t.headers = append(t.headers, http.CanonicalHeaderKey(p.text[len(headerPlaceholder):len(p.text)-1]))
		}
		if t.has[p.kind] && p.kind != headerPiece || p.kind == headerPiece && slices.Contains(t.headers[:p.index], t.headers[p.index]) {
			return nil, fmt.Errorf("%s twice in %q", p.text, text)
		}
		if n := len(pieces); n > 0 && !mayTouch(pieces[n-1].kind, p.kind, t.has[bodyPiece], format, u.whole()) {
			return nil, fmt.Errorf("nothing between %s and the part before it in %q", p.text, text)
		}
		t.has[p.kind] = true
		if fixed, ok := u.literal(p.kind); ok {
			p = piece{text: fixed}
		}
		if p.text != "" {
			pieces = append(pieces, p)
		}
	}
	return pieces, nil
}

// mayTouch reports whether the bytes tell where left ends and right begins though
// nothing stands between them; behindBody is set for parts behind the body, and
// fixed if the URL is. What stands in front of the body is read from the left, the
// rest from the right.
func mayTouch(left, right pieceKind, behindBody bool, format TimestampFormat, fixed bool) bool {
	ofURL := right == urlPiece || right == pathPiece || right == queryPiece
	ends := left == bodyPiece || left == methodPiece || left == timestampPiece && format.selfDelimiting()
	switch {
	case left == literalPiece:
		return true
	case left == timestampPiece && right == bodyPiece:
		return true // see template.tight
	case ofURL && fixed, right == methodPiece:
		return ends // no method is the beginning or the end of another
	case left == bodyPiece:
		return right == timestampPiece && format.selfDelimiting()
	case behindBody:
		return false
	}
	return ends || right == timestampPiece && format == RFC3339 // see bound
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

// bound returns the byte by which the piece at i is told from its neighbour: the
// first of what follows it and, behind the body, the last of what precedes it.
// Where a date follows at once, that byte is the colon in it: the first one stands
// at a fixed place in the date, so that no other cut leaves a date.
func bound(pieces []piece, i, body int) string {
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
	return pieces[i].text
}

// nextPiece returns the piece that text begins with; its text is what it takes up.
func nextPiece(text string) piece {
	if p, ok := placeholderAt(text); ok {
		return p
	}
	for i := 1; i < len(text); i++ {
		if _, ok := placeholderAt(text[i:]); ok {
			return piece{text: text[:i]}
		}
	}
	return piece{text: text}
}

func placeholderAt(text string) (piece, bool) {
	for _, ph := range placeholders {
		if strings.HasPrefix(text, ph.text) {
			return piece{kind: ph.kind, text: ph.text}, true
		}
	}
	if end := strings.IndexByte(text, '}'); end > len(headerPlaceholder) && strings.HasPrefix(text, headerPlaceholder) {
		return piece{kind: headerPiece, text: text[:end+1]}, true
	}
	return piece{}, false
}

// metadata are the signed parts of a delivery beside its body, as literal text.
type metadata struct {
	timestamp, id, typ       string
	method, url, path, query string
	headers                  []string
	at                       time.Time // what timestamp stands for
}

// value returns the text of a piece that is not the body.
func (m *metadata) value(p *piece) string {
	switch p.kind {
	case timestampPiece:
		return m.timestamp
	case idPiece:
		return m.id
	case typePiece:
		return m.typ
	case methodPiece:
		return m.method
	case urlPiece:
		return m.url
	case pathPiece:
		return m.path
	case queryPiece:
		return m.query
	case headerPiece:
		return m.headers[p.index]
	}
	return p.text
}

func appendPieces(dst []byte, pieces []piece, m *metadata) []byte {
	for i := range pieces {
		dst = append(dst, m.value(&pieces[i])...)
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
	for _, pieces := range [...][]piece{t.before, t.after} {
		for i := range pieces {
			if p := &pieces[i]; p.bound != "" && strings.Contains(m.value(p), p.bound) {
				return &Error{Reason: ErrMalformed, Detail: "what stands for " + p.text + " holds what delimits it"}
			}
		}
	}
	return nil
}
