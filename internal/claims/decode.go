package claims

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

// Decoder decodes claims into Go values as encoding/json does, except that a
// member name must equal a field's name byte by byte. encoding/json also takes
// "SUB" for a field named "sub"; here such a member is passed over, as any
// other unknown one is, at every depth of structs, maps, slices and arrays.
// (Types with an UnmarshalJSON or UnmarshalText of their own see what is
// theirs unchanged.)
//
// A Decoder remembers the shapes of types. The zero Decoder is ready for use;
// it is safe for concurrent use and must not be copied.
type Decoder struct {
	shapes sync.Map // reflect.Type → *shape
}

// Decode decodes the whole set into v, a non-nil pointer.
func (d *Decoder) Decode(s Set, v any) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return errors.New("decode claims: the target is not a pointer, or nil")
	}
	if s.raw == nil {
		return errors.New("decode claims: there are none")
	}
	data := s.raw
	if root := d.shape(target.Type().Elem()); d.membersDiffer(s.members, root) {
		data = d.rewriteObject(nil, s.members, root)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("decode claims: %w", err)
	}
	return nil
}

// shape is what matters of a type: names of struct fields, and what is inside.
// A nil map and a nil element mean that case does not matter from here on.
type shape struct {
	fields map[string]reflect.Type // of a struct, by exact name
	folded map[string]bool         // the names of fields, case folded
	elem   reflect.Type            // of a map, slice or array
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (d *Decoder) shape(t reflect.Type) *shape {
	if known, ok := d.shapes.Load(t); ok {
		return known.(*shape)
	}
	known, _ := d.shapes.LoadOrStore(t, newShape(t))
	return known.(*shape)
}

func newShape(t reflect.Type) *shape {
	for {
		if p := reflect.PointerTo(t); p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) {
			return &shape{}
		}
		if t.Kind() != reflect.Pointer {
			break
		}
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array:
		return &shape{elem: t.Elem()}
	case reflect.Struct:
		s := &shape{fields: map[string]reflect.Type{}, folded: map[string]bool{}}
		s.addFields(t, map[reflect.Type]bool{})
		return s
	}
	return &shape{}
}

// addFields follows the naming rules of encoding/json. Fields of embedded
// structs come last, so that the outer of two equal names wins.
func (s *shape) addFields(t reflect.Type, visiting map[reflect.Type]bool) {
	if visiting[t] {
		return
	}
	visiting[t] = true
	var embedded []reflect.Type
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		if f.Anonymous && name == "" {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				embedded = append(embedded, inner)
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if _, ok := s.fields[name]; !ok {
			s.fields[name] = f.Type
			s.folded[fold(name)] = true
		}
	}
	for _, inner := range embedded {
		s.addFields(inner, visiting)
	}
}

// fold maps a name to the one that stands for all that encoding/json takes for
// equal: every rune becomes the smallest of its case-folding orbit.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r {
				return next
			}
			r = next
		}
	}, name)
}

// plain reports whether no struct can be inside.
func (s *shape) plain() bool { return s.fields == nil && s.elem == nil }

// imposter reports whether encoding/json would take name for a field that has
// another name.
func (s *shape) imposter(name []byte) bool {
	if s.fields == nil {
		return false
	}
	if _, exact := s.fields[string(name)]; exact {
		return false
	}
	return s.folded[fold(string(name))]
}

func (s *shape) inner(name []byte) reflect.Type {
	if s.fields != nil {
		return s.fields[string(name)]
	}
	return s.elem
}

// membersDiffer reports whether decoding must not see the members as they are.
func (d *Decoder) membersDiffer(members []strictjson.Member, s *shape) bool {
	for _, m := range members {
		if s.imposter(m.Name) || d.valueDiffers(m.Value, s.inner(m.Name)) {
			return true
		}
	}
	return false
}

func (d *Decoder) valueDiffers(value []byte, t reflect.Type) bool {
	if t == nil || value[0] != '{' && value[0] != '[' {
		return false
	}
	s := d.shape(t)
	if s.fields == nil && (s.elem == nil || d.shape(s.elem).plain()) {
		return false
	}
	if value[0] == '{' {
		var buf [usualNested]strictjson.Member
		members, err := strictjson.Object(value, buf[:0])
		return err == nil && d.membersDiffer(members, s)
	}
	elements, err := strictjson.Array(value)
	if err != nil {
		return false
	}
	for _, e := range elements {
		if d.valueDiffers(e, s.elem) {
			return true
		}
	}
	return false
}

// rewriteObject appends an object without the members that encoding/json would
// mistake.
func (d *Decoder) rewriteObject(dst []byte, members []strictjson.Member, s *shape) []byte {
	dst = append(dst, '{')
	first := true
	for _, m := range members {
		if s.imposter(m.Name) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendQuoted(dst, m.Name)
		dst = append(dst, ':')
		dst = d.rewriteValue(dst, m.Value, s.inner(m.Name))
	}
	return append(dst, '}')
}

func (d *Decoder) rewriteValue(dst, value []byte, t reflect.Type) []byte {
	if !d.valueDiffers(value, t) {
		return append(dst, value...)
	}
	s := d.shape(t)
	if value[0] == '{' {
		members, _ := strictjson.Object(value, nil)
		return d.rewriteObject(dst, members, s)
	}
	elements, _ := strictjson.Array(value)
	dst = append(dst, '[')
	for i, e := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = d.rewriteValue(dst, e, s.elem)
	}
	return append(dst, ']')
}

func appendQuoted(dst, name []byte) []byte {
	dst = append(dst, '"')
	for _, c := range name {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, `\u00`...)
			dst = append(dst, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
