package stripetest

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// parseForm reads parameters as Stripe nests them, items[0][price]=p, into maps and
// lists of strings.
func parseForm(values url.Values) map[string]any {
	root := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		path := strings.Split(strings.ReplaceAll(name, "]", ""), "[")
		for i, v := range values[name] {
			put(root, path, v, i)
		}
	}
	out, _ := lists(root).(map[string]any)
	return out
}

// put sets the value at a path; the nth of a name that ends in [] is an element.
func put(in map[string]any, path []string, value string, n int) {
	name := path[0]
	if name == "" {
		name = strconv.Itoa(n)
	}
	if len(path) == 1 {
		in[name] = value
		return
	}
	inner, ok := in[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		in[name] = inner
	}
	put(inner, path[1:], value, n)
}

// lists makes lists of maps that have numbers for names.
func lists(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	numbered := len(m) > 0
	for name, inner := range m {
		m[name] = lists(inner)
		if _, err := strconv.Atoi(name); err != nil {
			numbered = false
		}
	}
	if !numbered {
		return m
	}
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	list := make([]any, 0, len(m))
	for _, name := range names {
		list = append(list, m[name])
	}
	return list
}
