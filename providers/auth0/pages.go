package auth0

import (
	"strconv"

	"github.com/standpipe-go/standpipe/client"
)

// Totals is what a page says of its listing.
type Totals struct {
	Start int `json:"start"` // how many items are before this page
	Limit int `json:"limit"` // how many a page has
	Total int `json:"total"` // of all pages
}

// nextPage asks for the next number until the total has been read. of tells how many
// items a page has.
func nextPage[T any](of func(T) (Totals, int)) func(client.Page[T]) (client.Request, bool) {
	return func(p client.Page[T]) (client.Request, bool) {
		totals, n := of(p.Value)
		if n == 0 || totals.Start+n >= totals.Total {
			return client.Request{}, false
		}
		page, _ := strconv.Atoi(p.Request.Query.Get("page")) // what is not there is 0
		return p.With("page", strconv.Itoa(page+1)), true
	}
}
