// Package patch is a field of a change, for services that leave what a change does not
// name and take away what is null.
package patch

import "encoding/json"

// Patch is a field of a change. The zero Patch leaves what there is.
type Patch[T any] struct {
	value *T
	null  bool
}

// Set changes a field to v.
func Set[T any](v T) Patch[T] { return Patch[T]{value: &v} }

// Null takes away what a field has.
func Null[T any]() Patch[T] { return Patch[T]{null: true} }

// IsZero reports whether the field stays as it is.
func (p Patch[T]) IsZero() bool { return p.value == nil && !p.null }

// Value is what the field is set to, nil where it is not set.
func (p Patch[T]) Value() *T { return p.value }

// MarshalJSON writes the value, or null. A value whose form in a change is another than
// by itself has a method MarshalPatch for it.
func (p Patch[T]) MarshalJSON() ([]byte, error) {
	if p.value == nil {
		return []byte("null"), nil
	}
	if v, ok := any(*p.value).(interface{ MarshalPatch() ([]byte, error) }); ok {
		return v.MarshalPatch()
	}
	return json.Marshal(*p.value)
}
