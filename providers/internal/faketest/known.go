package faketest

import (
	"fmt"
	"slices"
	"strings"
)

// MustKnow panics where a test asks for an operation by a name that the fake does not
// have, since a fault for it would never come. "" is any operation.
func MustKnow(known []string, asked ...string) {
	for _, name := range asked {
		if name != "" && !slices.Contains(known, name) {
			names := slices.Compact(slices.Sorted(slices.Values(known)))
			names = slices.DeleteFunc(names, func(known string) bool { return known == "" })
			panic(fmt.Sprintf("there is no operation %q, but %s", name, strings.Join(names, ", ")))
		}
	}
}
