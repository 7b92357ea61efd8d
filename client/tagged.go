package client

import (
	"cmp"
	"encoding"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/internal/structs"
)

// tagged is a field of an Op's In or Out whose tag says where it goes or comes from.
type tagged struct {
	tag       string // path, query, header, form, body, or json; "" is none of them
	name      string // what the tag says
	comma     bool   // a slice is one value
	field     string // in Go
	index     []int
	typ       reflect.Type
	unwritten bool // encoding/json leaves it out
}

// eachField calls f for the exported fields of a struct, those of embedded ones among
// them, until it says what is wrong.
func eachField(t reflect.Type, f func(tagged) error) error {
	all, err := fieldsOf(t)
	if err != nil {
		return err
	}
	for _, field := range all {
		if slices.ContainsFunc(all, field.isOverriddenBy) {
			continue
		}
		if err := f(field); err != nil {
			return err
		}
	}
	return nil
}

// isOverriddenBy reports whether g, nearer to the top, has f's name in Go and goes where
// f would. One that goes elsewhere hides f in Go alone, as is the case in JSON.
func (f tagged) isOverriddenBy(g tagged) bool {
	return len(g.index) < len(f.index) && g.field == f.field && g.tag == f.tag && (g.name == f.name || f.tag == "")
}

func fieldsOf(t reflect.Type) ([]tagged, error) {
	var (
		all   []tagged
		named [][]int // embedded structs that JSON takes as one member, or not at all
	)
	for _, field := range structs.Fields(t) {
		if !field.IsExported() {
			if field.Anonymous && jsonName(field) != "" {
				named = append(named, field.Index)
			}
			continue
		}
		g := tagged{field: field.Name, index: field.Index, typ: field.Type, unwritten: field.Tag.Get("json") == "-"}
		for _, tag := range []string{"path", "query", "header", "form", "body"} {
			value, ok := field.Tag.Lookup(tag)
			switch {
			case !ok:
				continue
			case g.tag != "":
				return nil, failf(ErrConfig, "%s has the field %s, which is tagged both %s and %s", t, field.Name, g.tag, tag)
			}
			name, options, _ := strings.Cut(value, ",")
			g.tag, g.name = tag, name
			known := name != "" || tag == "body"
			for option := range strings.SplitSeq(options, ",") {
				switch option {
				case "comma":
					g.comma = true
				case "", "omitempty", "omitzero": // as it is anyway
				default:
					known = false
				}
			}
			if !known {
				return nil, failf(ErrConfig, "%s has the field %s, whose %s tag cannot be read", t, field.Name, tag)
			}
			if tag == "header" {
				g.name = g.spelled(name)
			}
		}
		if throughPointer(t, field.Index) && g.tag != "" {
			return nil, embeddedByPointer(t, field.Name)
		}
		if g.tag == "" {
			if slices.ContainsFunc(named, func(of []int) bool { return len(of) < len(field.Index) && slices.Equal(of, field.Index[:len(of)]) }) {
				continue // it is in the JSON of that
			}
			if field.Anonymous && structOf(field.Type) {
				if jsonName(field) == "" {
					continue // its own fields count
				}
				named = append(named, field.Index)
			}
			if value, ok := field.Tag.Lookup("json"); ok {
				if value == "-" {
					continue
				}
				g.tag, g.name = "json", cmp.Or(jsonName(field), field.Name)
			}
		}
		all = append(all, g)
	}
	return all, nil
}

func embeddedByPointer(t reflect.Type, field string) error {
	return failf(ErrConfig, "%s has the field %s, which is embedded by a pointer", t, field)
}

// jsonName is the name that a tag gives a field in JSON, "-" for none at all.
func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

func structOf(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// throughPointer reports whether the way to a field leads through a pointer, which may
// be nil.
func throughPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		t = t.Field(i).Type
		if t.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// spelled is the name as it is looked up.
func (f *tagged) spelled(name string) string {
	if f.tag == "header" || f.tag == "" {
		return http.CanonicalHeaderKey(name)
	}
	return name
}

var (
	marshals   = reflect.TypeFor[encoding.TextMarshaler]()
	unmarshals = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// checkType says whether the field's type has a text.
func (f *tagged) checkType(of reflect.Type) error {
	t := f.typ
	if strings.HasSuffix(f.name, "*") {
		if (f.tag == "header" || f.tag == "query") && t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && t.Elem().Kind() == reflect.String {
			return nil
		}
		return failf(ErrConfig, "%s has the field %s, tagged %s, which is no map of strings", of, f.field, f.name)
	}
	if t.Kind() == reflect.Slice && f.tag != "path" && !hasText(t) {
		t = t.Elem()
	}
	if !hasText(t) && (t.Kind() != reflect.Pointer || !hasText(t.Elem())) {
		return failf(ErrConfig, "%s has the field %s of type %s, which has no text for a %s", of, f.field, f.typ, f.tag)
	}
	return nil
}

func hasText(t reflect.Type) bool {
	return t.Implements(marshals) || scalar(t.Kind())
}

func scalar(k reflect.Kind) bool {
	return k == reflect.String || k == reflect.Bool || k >= reflect.Int && k <= reflect.Float64 && k != reflect.Uintptr
}

// several reports whether the field is a list of values.
func (f *tagged) several() bool { return f.typ.Kind() == reflect.Slice && !hasText(f.typ) }

// texts are the values of a field that is a list.
func (f *tagged) texts(v reflect.Value) ([]string, error) {
	texts := make([]string, v.Len())
	for i := range texts {
		var err error
		if texts[i], err = f.text(v.Index(i)); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// text is the value of a field, or of one element.
func (f *tagged) text(v reflect.Value) (string, error) {
	if v.Kind() == reflect.String && !v.Type().Implements(marshals) {
		return v.String(), nil
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok && !isNil(m) {
		text, err := m.MarshalText()
		if err != nil {
			return "", failf(ErrRequest, "the field %s cannot be written as text", f.field) // err may quote it
		}
		return string(text), nil
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "", failf(ErrRequest, "the field %s holds a nil pointer", f.field)
		}
		v = v.Elem()
	}
	switch k := v.Kind(); {
	case k == reflect.String:
		return v.String(), nil
	case k == reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), nil
	}
	return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits()), nil
}
