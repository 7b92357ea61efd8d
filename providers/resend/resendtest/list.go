package resendtest

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// identified is what a list is of.
type identified interface{ id() string }

// page is the part of a list that is asked for ("Pagination" in the API reference). shown
// is how it shows an item.
func page[T identified](c *faketest.Call, all []T, shown func(T) any) (any, *failure) {
	q := c.URL.Query()
	limit := 20
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 100 {
			return nil, &failure{http.StatusUnprocessableEntity, "validation_error", "The limit is between 1 and 100."}
		}
		limit = n
	}
	at := func(id string) (int, *failure) {
		i := slices.IndexFunc(all, func(item T) bool { return item.id() == id })
		if i < 0 {
			return 0, invalid("The cursor is none of this list.")
		}
		return i, nil
	}
	more := false
	switch after, before := q.Get("after"), q.Get("before"); {
	case after != "" && before != "":
		return nil, invalid("`after` and `before` exclude each other.")
	case before != "":
		i, wrong := at(before)
		if wrong != nil {
			return nil, wrong
		}
		from := max(0, i-limit)
		all, more = all[from:i], from > 0
	case after != "":
		i, wrong := at(after)
		if wrong != nil {
			return nil, wrong
		}
		all = all[i+1:]
		fallthrough
	default:
		if len(all) > limit {
			all, more = all[:limit], true
		}
	}
	data := make([]any, len(all))
	for i, item := range all {
		data[i] = shown(item)
	}
	return map[string]any{"object": "list", "has_more": more, "data": data}, nil
}

// newestFirst is a list as Resend shows it.
func newestFirst[T any](list []T) []T {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// byID finds an item.
func byID[T identified](list []T, id, kind string) (T, *failure) {
	i := slices.IndexFunc(list, func(item T) bool { return item.id() == id })
	if i < 0 {
		var none T
		return none, noSuch(kind)
	}
	return list[i], nil
}
