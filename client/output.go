package client

import (
	"encoding"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// result says how a type is filled in from a response, where its tags say so. The zero
// result is of a type without any: its JSON is the body.
type result struct {
	header []tagged
	body   tagged // the field that is the body; its index is nil where there is none
	bare   bool   // nothing of the type is in the body
	err    error  // what is wrong with the type
}

// results holds the result of each type that has been used, as encoding/json holds its.
var results sync.Map // of reflect.Type to *result

func resultOf(t reflect.Type) *result {
	if r, ok := results.Load(t); ok {
		return r.(*result)
	}
	r := new(result)
	r.read(t)
	made, _ := results.LoadOrStore(t, r)
	return made.(*result)
}

func (r *result) read(t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[None]() || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return
	}
	others := 0
	r.err = eachField(t, func(f tagged) error {
		switch f.tag {
		case "header":
			r.header = append(r.header, f)
			return f.checkParses(t)
		case "body":
			if r.body.index != nil {
				return failf(ErrConfig, "%s has two fields that are the body: %s and %s", t, r.body.field, f.field)
			}
			r.body = f
			return checkResultField(t, f)
		}
		others++
		return nil
	})
	r.bare = len(r.header) > 0 && others == 0 && r.body.index == nil
}

func checkResultField(t reflect.Type, f tagged) error {
	switch {
	case f.name == "json", f.name == "xml":
		return nil
	case f.name != "raw":
		return failf(ErrConfig, "%s has the field %s, whose body tag is none of json, xml and raw", t, f.field)
	case f.typ != reflect.TypeFor[[]byte]():
		return failf(ErrConfig, "%s has the field %s, tagged body:\"raw\", which is no []byte", t, f.field)
	}
	return nil
}

// checkParses says whether a header can be read into the field's type.
func (f *tagged) checkParses(of reflect.Type) error {
	t := f.typ
	switch {
	case t == reflect.TypeFor[time.Time](), t == reflect.TypeFor[[]string]():
		return nil
	case strings.HasSuffix(f.name, "*"):
		if t == reflect.TypeFor[map[string]string]() {
			return nil
		}
	case reflect.PointerTo(t).Implements(unmarshals), scalar(t.Kind()):
		return nil
	case t.Kind() == reflect.Pointer && scalar(t.Elem().Kind()):
		return nil
	}
	return failf(ErrConfig, "%s has the field %s of type %s, into which no header can be read", of, f.field, t)
}

// fill writes what a response's header says into out.
func (r *result) fill(out reflect.Value, h http.Header) error {
	for i := range r.header {
		f := &r.header[i]
		if prefix, ok := strings.CutSuffix(f.name, "*"); ok {
			var found map[string]string
			for name, values := range h {
				if rest, ok := cutPrefixFold(name, prefix); ok {
					if found == nil {
						found = map[string]string{}
					}
					found[strings.ToLower(rest)] = firstOf(values)
				}
			}
			out.FieldByIndex(f.index).Set(reflect.ValueOf(found))
			continue
		}
		values := h[f.name]
		if len(values) == 0 {
			// Without a tag that keeps JSON from it, the body may have a member of its
			// name, which is not what the header says.
			out.FieldByIndex(f.index).SetZero()
			continue
		}
		if err := f.parse(out.FieldByIndex(f.index), values); err != nil {
			// What the header says is not repeated: it may be anything.
			return failf(ErrDecode, "the response's header %s does not fit the %s of field %s", f.name, f.typ, f.field)
		}
	}
	return nil
}

func cutPrefixFold(name, prefix string) (rest string, ok bool) {
	if len(name) < len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return "", false
	}
	return name[len(prefix):], true
}

func (f *tagged) parse(v reflect.Value, values []string) (err error) {
	text := values[0]
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch into := v.Addr().Interface().(type) {
	case *[]string:
		*into = values
		return nil
	case *time.Time:
		*into, err = http.ParseTime(text)
		return err
	case encoding.TextUnmarshaler:
		return into.UnmarshalText([]byte(text))
	}
	bits := 0
	if v.Kind() != reflect.String && v.Kind() != reflect.Bool {
		bits = v.Type().Bits()
	}
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	case v.CanInt():
		var n int64
		n, err = strconv.ParseInt(text, 10, bits)
		v.SetInt(n)
	case v.CanUint():
		var n uint64
		n, err = strconv.ParseUint(text, 10, bits)
		v.SetUint(n)
	default:
		var n float64
		n, err = strconv.ParseFloat(text, bits)
		v.SetFloat(n)
	}
	return err
}
