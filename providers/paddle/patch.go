package paddle

import "encoding/json"

// Patch is a field of a change. The zero Patch leaves what there is.
type Patch[T any] struct {
	value *T
	null  bool
}

// Set changes a field to v.
func Set[T any](v T) Patch[T] { return Patch[T]{value: &v} }

// Null takes away what a field has, where Paddle permits that.
func Null[T any]() Patch[T] { return Patch[T]{null: true} }

// IsZero reports whether the field stays as it is.
func (p Patch[T]) IsZero() bool { return p.value == nil && !p.null }

// MarshalJSON writes the value, or null.
func (p Patch[T]) MarshalJSON() ([]byte, error) {
	if p.value == nil {
		return []byte("null"), nil
	}
	return json.Marshal(*p.value)
}
