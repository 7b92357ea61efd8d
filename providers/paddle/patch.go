package paddle

import "github.com/standpipe-go/standpipe/providers/internal/patch"

// Patch is a field of a change. The zero Patch leaves what there is.
type Patch[T any] = patch.Patch[T]

// Set changes a field to v.
func Set[T any](v T) Patch[T] { return patch.Set(v) }

// Null takes away what a field has, where Paddle permits that.
func Null[T any]() Patch[T] { return patch.Null[T]() }
