package claims

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

// Decoder decodes claims into Go values by the rules of encoding/json, tags included,
// except that a member name must equal a field's name byte by byte. encoding/json also
// takes "SUB" for a field named "sub"; here such a member is passed over, as any other
// unknown one is, at every depth of structs, maps, slices and arrays. Further
// differences: the first value that does not fit its field ends the decoding, slices
// and maps are made anew, the keys of maps must be strings, and what a field with
// ",string" gets must be JSON itself. (Types with an UnmarshalJSON or UnmarshalText of
// their own see what is theirs unchanged.)
//
// A Decoder remembers what it found out about types. The zero Decoder is ready for
// use; it is safe for concurrent use and must not be copied.
type Decoder struct {
	// KeepDigits makes numbers that go into an interface json.Number, so that a
	// numeric ID is not rounded to a float64.
	KeepDigits bool

	plans sync.Map // reflect.Type → *plan
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
	if err := d.value(s.raw, s.text, s.members, target.Elem()); err != nil {
		return fmt.Errorf("decode claims: %w", err)
	}
	return nil
}

// value decodes raw, which text repeats as a string, into v. The members are those
// of raw if it is an object that has been taken apart before; only then may white
// space surround it.
func (d *Decoder) value(raw []byte, text string, members []strictjson.Member, v reflect.Value) error {
	p := d.plan(v.Type())
	switch p.how {
	case standard:
		if v.Kind() == reflect.Interface && v.Elem().Kind() == reflect.Pointer && !v.Elem().IsNil() {
			return d.value(raw, text, members, v.Elem().Elem())
		}
		return d.standard(raw, v)
	case fresh:
		v.SetZero()
		return d.standard(raw, v)
	case unsupported:
		return mismatch(raw, v)
	}
	if string(raw) == "null" {
		if p.how == pointer || p.how == slice || p.how == dictionary {
			v.SetZero()
		}
		return nil
	}
	switch p.how {
	case pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return d.value(raw, text, members, v.Elem())
	case structure:
		return d.structure(raw, text, members, p, v)
	case dictionary:
		return d.dictionary(raw, text, members, v)
	case slice, array:
		return d.list(raw, text, v, p.how)
	case textual:
		s, ok := stringOf(raw, text)
		if !ok {
			return mismatch(raw, v)
		}
		v.SetString(s)
		return nil
	}
	return scalar(raw, p.how, v)
}

// plan is how a type is decoded; it is worked out once.
func (d *Decoder) plan(t reflect.Type) *plan {
	if known, ok := d.plans.Load(t); ok {
		return known.(*plan)
	}
	known, _ := d.plans.LoadOrStore(t, newPlan(t))
	return known.(*plan)
}

// standard leaves a value to encoding/json.
func (d *Decoder) standard(raw []byte, v reflect.Value) error {
	if !d.KeepDigits {
		return json.Unmarshal(raw, v.Addr().Interface())
	}
	exact := json.NewDecoder(bytes.NewReader(raw))
	exact.UseNumber()
	return exact.Decode(v.Addr().Interface())
}

// mismatch is the error of encoding/json for the case, without the value.
func mismatch(raw []byte, v reflect.Value) error {
	kind := "number"
	switch raw[0] {
	case '"':
		kind = "string"
	case '{':
		kind = "object"
	case '[':
		kind = "array"
	case 't', 'f':
		kind = "bool"
	}
	return &json.UnmarshalTypeError{Value: kind, Type: v.Type()}
}

func scalar(raw []byte, h how, v reflect.Value) error {
	switch h {
	case boolean:
		if b := string(raw); b == "true" || b == "false" {
			v.SetBool(b == "true")
			return nil
		}
	case signed:
		if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil && !v.OverflowInt(n) {
			v.SetInt(n)
			return nil
		}
	case unsigned:
		if n, err := strconv.ParseUint(string(raw), 10, 64); err == nil && !v.OverflowUint(n) {
			v.SetUint(n)
			return nil
		}
	case floating:
		// What ParseFloat knows beyond JSON is in no text that has been checked.
		if n, err := strconv.ParseFloat(string(raw), v.Type().Bits()); err == nil {
			v.SetFloat(n)
			return nil
		}
	}
	return mismatch(raw, v)
}

func (d *Decoder) structure(raw []byte, text string, members []strictjson.Member, p *plan, v reflect.Value) error {
	if members == nil {
		var buf [usualNested]strictjson.Member
		var err error
		if members, err = strictjson.Object(raw, buf[:0]); err != nil {
			return mismatch(raw, v) // the text has been checked: it is no object
		}
	}
	for i := range members {
		m := &members[i]
		f, ok := p.fields[string(m.Name)]
		if !ok {
			continue
		}
		field, err := f.of(v)
		if err != nil {
			return err
		}
		if f.quoted {
			err = d.quoted(m.Value, field)
		} else {
			err = d.value(m.Value, text[m.Start:m.Start+len(m.Value)], nil, field)
		}
		if err != nil {
			return fmt.Errorf("%q: %w", m.Name, err)
		}
	}
	return nil
}

// quoted decodes a value whose field has the option ",string".
func (d *Decoder) quoted(raw []byte, v reflect.Value) error {
	if string(raw) == "null" {
		return d.value(raw, "null", nil, v)
	}
	inner, _ := strictjson.String(raw) // empty for what is no string, which is not JSON either
	if strictjson.Check([]byte(inner)) != nil {
		return mismatch(raw, v)
	}
	return d.value([]byte(inner), inner, nil, v)
}

func (d *Decoder) dictionary(raw []byte, text string, members []strictjson.Member, v reflect.Value) error {
	if members == nil {
		var err error
		if members, err = strictjson.Object(raw, nil); err != nil {
			return mismatch(raw, v)
		}
	}
	t := v.Type()
	m := reflect.MakeMapWithSize(t, len(members))
	for _, member := range members {
		elem := reflect.New(t.Elem()).Elem()
		if err := d.value(member.Value, text[member.Start:member.Start+len(member.Value)], nil, elem); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(string(member.Name)).Convert(t.Key()), elem)
	}
	v.Set(m)
	return nil
}

func (d *Decoder) list(raw []byte, text string, v reflect.Value, h how) error {
	var buf [usualNested]strictjson.Member
	elements, err := strictjson.Elements(raw, buf[:0])
	if err != nil {
		return mismatch(raw, v)
	}
	list := v
	if h == slice {
		list = reflect.MakeSlice(v.Type(), len(elements), len(elements))
	} else {
		list.SetZero()
	}
	for i, e := range elements[:min(len(elements), list.Len())] {
		if err := d.value(e.Value, text[e.Start:e.Start+len(e.Value)], nil, list.Index(i)); err != nil {
			return err
		}
	}
	if h == slice {
		v.Set(list)
	}
	return nil
}
