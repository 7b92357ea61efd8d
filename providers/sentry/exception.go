package sentry

import (
	"context"
	"reflect"
	"slices"
	"strconv"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/providers/internal/tap"
)

// maxExceptions is how many an event has.
const maxExceptions = 10

// exceptions are err and what it wraps, the outermost last. Of URLs in their texts
// neither user info nor the values of a query are kept.
func exceptions(err error, stack *Stacktrace) []Exception {
	var found []Exception
	seen := map[uintptr]bool{}
	var add func(err error, parent *int, source string)
	add = func(err error, parent *int, source string) {
		if err == nil || len(found) == maxExceptions {
			return
		}
		if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && !v.IsNil() {
			if seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
		}
		many, group := err.(interface{ Unwrap() []error })
		id := len(found)
		m := &Mechanism{Type: "generic", ID: id, ParentID: parent, Source: source, Group: group}
		if parent != nil {
			m.Type = "chained"
		}
		found = append(found, Exception{Type: reflect.TypeOf(err).String(), Value: tap.ErrorText(err), Mechanism: m})
		if group {
			for i, inner := range unwrapped(many.Unwrap) {
				add(inner, &id, "errors["+strconv.Itoa(i)+"]")
			}
		} else if u, ok := err.(interface{ Unwrap() error }); ok {
			add(unwrapped(u.Unwrap), &id, "unwrap")
		}
	}
	add(err, nil, "")
	if len(found) == 0 {
		return nil
	}
	found[0].Stacktrace = stack
	if len(found) == 1 {
		found[0].Mechanism = nil
	}
	slices.Reverse(found)
	return found
}

// unwrapped is what an error's own method returns, nothing where it panics.
func unwrapped[T any](unwrap func() T) T {
	inner, _ := panics.Do(context.Background(), "its Unwrap method", func(context.Context) (T, error) { return unwrap(), nil })
	return inner
}
