package stripe

import (
	"github.com/standpipe-go/standpipe/client"
)

// Page is a page of a listing or of a search.
type Page[T any] struct {
	Data     []*T   `json:"data"`
	HasMore  bool   `json:"has_more"`
	NextPage string `json:"next_page"` // of a search
}

// items are those of a page.
func items[T any](p Page[T]) []*T { return p.Data }

// following asks for what comes after the last item of a page, or before its first where
// the listing goes backwards ("Pagination" in the API reference).
func following[T any](id func(*T) string) func(client.Page[Page[T]]) (client.Request, bool) {
	return func(p client.Page[Page[T]]) (client.Request, bool) {
		n := len(p.Value.Data)
		switch {
		case !p.Value.HasMore:
			return client.Request{}, false
		case n == 0:
			// There is more, and nothing says from where on. The same request again is
			// the error of a cursor that goes round: a list that just ended would be
			// short.
			return p.Request, true
		case p.Request.Query.Has("ending_before"):
			return p.With("ending_before", id(p.Value.Data[0])), true
		}
		return p.With("starting_after", id(p.Value.Data[n-1])), true
	}
}

// found asks for the next page of a search. A search page that holds nothing is not the
// end of it.
func found[T any](p client.Page[Page[T]]) (client.Request, bool) {
	if !p.Value.HasMore {
		return client.Request{}, false
	}
	if p.Value.NextPage == "" {
		return p.Request, true // which is an error, as in following
	}
	return p.With("page", p.Value.NextPage), true
}
