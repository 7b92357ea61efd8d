package client

import (
	"reflect"
	"strconv"
	"strings"
)

// jsonPart is the fields of a struct that are its JSON body, where others go elsewhere.
type jsonPart struct {
	fields []tagged
	typ    reflect.Type // a struct of nothing else
}

func jsonPartOf(t reflect.Type, fields []tagged) (*jsonPart, error) {
	list := make([]reflect.StructField, len(fields))
	for i, f := range fields {
		if throughPointer(t, f.index) {
			return nil, embeddedByPointer(t, f.field)
		}
		field := t.FieldByIndex(f.index)
		// Names of their own: two embedded structs may have a field of one name.
		list[i] = reflect.StructField{Name: "F" + strconv.Itoa(i), Type: field.Type, Tag: named(field)}
	}
	return &jsonPart{fields, reflect.StructOf(list)}, nil
}

// named is the field's tag with a name for JSON: without one it is the field's.
func named(field reflect.StructField) reflect.StructTag {
	value := field.Tag.Get("json")
	if name, options, _ := strings.Cut(value, ","); name == "" {
		value = field.Name
		if options != "" {
			value += "," + options
		}
	}
	return reflect.StructTag("json:" + strconv.Quote(value))
}

func (m *jsonPart) of(in reflect.Value) any {
	v := reflect.New(m.typ).Elem()
	for i, f := range m.fields {
		v.Field(i).Set(in.FieldByIndex(f.index))
	}
	return v.Interface()
}
