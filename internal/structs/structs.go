// Package structs lists what a struct has to be read or written by tags.
package structs

import (
	"reflect"
	"slices"
)

// Fields lists the fields of a struct type, each embedded struct before its own. Unlike
// [reflect.VisibleFields] it has those too that Go hides behind a field of their name:
// where a tag says what a field is called, as in JSON, it counts all the same. A struct
// within itself is listed once.
func Fields(t reflect.Type) []reflect.StructField { return fieldsOf(t, nil, nil) }

func fieldsOf(t reflect.Type, index []int, within []reflect.Type) []reflect.StructField {
	within = append(slices.Clip(within), t)
	var list []reflect.StructField
	for field := range t.Fields() {
		field.Index = append(slices.Clip(index), field.Index...)
		list = append(list, field)
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if field.Anonymous && inner.Kind() == reflect.Struct && !slices.Contains(within, inner) {
			list = append(list, fieldsOf(inner, field.Index, within)...)
		}
	}
	return list
}
