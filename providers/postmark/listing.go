package postmark

import (
	"net/url"
	"strconv"

	"github.com/standpipe-go/standpipe/client"
)

// maxCount is what Postmark gives in one page at most.
const maxCount = 500

// listing is a list by count and offset, which Postmark requires both, an offset of 0
// too. It ends where the offset has reached what Postmark says there is in all.
func listing[In, Page, Item any](name, route string, count func(*In) *int, items func(Page) []Item, total func(Page) int) client.List[In, Page, Item] {
	tagged := client.Op[In, Page]{Route: route}
	return client.List[In, Page, Item]{
		Op: client.Op[In, Page]{Name: name, Route: route, Encode: func(in In, r *client.Request) (err error) {
			if n := count(&in); *n == 0 {
				*n = maxCount
			}
			if *r, err = tagged.Request(in); err == nil {
				r.Query.Set("offset", "0")
			}
			return err
		}},
		Items: items,
		Next: func(p client.Page[Page]) (client.Request, bool) {
			offset := number(p.Request.Query, "offset")
			n := len(items(p.Value))
			if n == 0 { // a page can be empty and not the last
				n = number(p.Request.Query, "count")
			}
			return p.With("offset", strconv.Itoa(offset+n)), offset+n < total(p.Value)
		},
	}
}

func number(q url.Values, name string) int {
	n, _ := strconv.Atoi(q.Get(name))
	return n
}
