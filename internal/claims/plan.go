package claims

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
)

// how says how values of a type are decoded.
type how uint8

const (
	standard how = iota // by encoding/json: no struct of ours can be inside
	fresh               // the same, into a new value
	pointer
	structure
	dictionary
	slice
	array
	textual
	boolean
	signed
	unsigned
	floating
	unsupported
)

// plan is what is known of a type.
type plan struct {
	how    how
	fields map[string]field // of a structure, by exact name
}

// field is a field of a struct, or of one embedded in it.
type field struct {
	index  []int
	quoted bool
}

// of returns the field of v, making embedded structs on the way.
func (f *field) of(v reflect.Value) (reflect.Value, error) {
	for _, n := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return reflect.Value{}, errors.New("an embedded pointer to an unexported struct cannot be set")
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v, nil
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	numberType      = reflect.TypeFor[json.Number]()
)

func newPlan(t reflect.Type) *plan {
	if p := reflect.PointerTo(t); p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) || t == numberType {
		return &plan{how: standard}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return &plan{how: pointer}
	case reflect.Struct:
		return &plan{how: structure, fields: fieldsOf(t)}
	case reflect.Map:
		if t.Key().Kind() != reflect.String || reflect.PointerTo(t.Key()).Implements(textUnmarshaler) {
			return &plan{how: unsupported}
		}
		if t.Elem().Kind() == reflect.Interface {
			return &plan{how: fresh} // faster than one by one
		}
		return &plan{how: dictionary}
	case reflect.Slice:
		switch t.Elem().Kind() {
		case reflect.Uint8: // base64
		case reflect.Interface:
			return &plan{how: fresh}
		default:
			return &plan{how: slice}
		}
	case reflect.Array:
		return &plan{how: array}
	case reflect.String:
		return &plan{how: textual}
	case reflect.Bool:
		return &plan{how: boolean}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &plan{how: signed}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return &plan{how: unsigned}
	case reflect.Float32, reflect.Float64:
		return &plan{how: floating}
	}
	return &plan{how: standard}
}

// candidate is a field that competes for its name.
type candidate struct {
	field
	tagged bool
}

// level is a struct whose fields are looked at, and where it is embedded.
type level struct {
	t     reflect.Type
	index []int
}

// fieldsOf finds the fields by the rules of encoding/json: those nearer to the
// surface win; at one depth one with a tag wins over those without; where that
// leaves several, none counts.
func fieldsOf(t reflect.Type) map[string]field {
	fields, decided, visited := map[string]field{}, map[string]bool{}, map[reflect.Type]bool{t: true}
	for current := []level{{t: t}}; len(current) > 0; {
		found := map[string][]candidate{}
		var next []level
		for _, l := range current {
			next = append(next, l.collect(found)...)
		}
		for name, candidates := range found {
			if decided[name] {
				continue
			}
			decided[name] = true
			if winner, ok := dominant(candidates); ok {
				fields[name] = winner
			}
		}
		current = current[:0:0]
		for _, l := range next {
			if !visited[l.t] {
				current = append(current, l)
			}
		}
		for _, l := range current {
			visited[l.t] = true
		}
	}
	return fields
}

func dominant(candidates []candidate) (field, bool) {
	var tagged []candidate
	for _, c := range candidates {
		if c.tagged {
			tagged = append(tagged, c)
		}
	}
	if len(tagged) > 0 {
		candidates = tagged
	}
	if len(candidates) != 1 {
		return field{}, false
	}
	return candidates[0].field, true
}

// collect adds the fields of one struct to found and returns the embedded ones.
func (l level) collect(found map[string][]candidate) (embedded []level) {
	for n := range l.t.NumField() {
		f := l.t.Field(n)
		tag := f.Tag.Get("json")
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		index := append(append([]int{}, l.index...), n)
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if f.Anonymous && name == "" && inner.Kind() == reflect.Struct {
			embedded = append(embedded, level{inner, index})
			continue
		}
		if !f.IsExported() && !(f.Anonymous && f.Type.Kind() == reflect.Struct) {
			continue // an embedded struct with a name may have exported fields
		}
		c := candidate{field{index: index, quoted: quotable(inner, options)}, name != ""}
		if name == "" {
			name = f.Name
		}
		found[name] = append(found[name], c)
	}
	return embedded
}

// quotable reports whether the tag asks for a value inside a string.
func quotable(t reflect.Type, options string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option == "string" {
			switch t.Kind() {
			case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
				reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
				reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
				return true
			}
		}
	}
	return false
}
