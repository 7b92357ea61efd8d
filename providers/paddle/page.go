package paddle

import "github.com/standpipe-go/standpipe/client"

// Response is what Paddle says of one thing.
type Response[T any] struct {
	Data T    `json:"data"`
	Meta Meta `json:"meta"`
}

// Page is a page of a list.
type Page[T any] struct {
	Data []T  `json:"data"`
	Meta Meta `json:"meta"`
}

// Meta is what Paddle says of a response.
type Meta struct {
	RequestID  string `json:"request_id"` // for Paddle's support
	Pagination struct {
		PerPage int    `json:"per_page"` // which may be less than was asked for
		Next    string `json:"next"`     // an absolute URL, also on the last page
		HasMore bool   `json:"has_more"`

		// EstimatedTotal is 100001 where there is more than that, and -1 where Paddle has
		// not counted.
		EstimatedTotal int `json:"estimated_total"`
	} `json:"pagination"`
}

// Paging says how to list. Zero fields are Paddle's defaults.
type Paging struct {
	PerPage   int    `query:"per_page"`    // 200 at most, and 30 of transactions
	OrderBy   string `query:"order_by"`    // "id[ASC]"
	SkipCount bool   `header:"Skip-Count"` // of an EstimatedTotal, which makes it faster
}

func list[In, T any](name, route string) client.List[In, Page[T], T] {
	next := client.NextURL(func(p Page[T]) string { return p.Meta.Pagination.Next })
	return client.List[In, Page[T], T]{
		Op:    client.Op[In, Page[T]]{Name: name, Route: route},
		Items: func(p Page[T]) []T { return p.Data },
		Next: func(p client.Page[Page[T]]) (client.Request, bool) {
			if !p.Value.Meta.Pagination.HasMore {
				return client.Request{}, false
			}
			if r, ok := next(p); ok {
				return r, true
			}
			// There is more, and nothing says where. The same request again is the error
			// of a list that goes round: one that just ended would be short.
			return p.Request, true
		},
	}
}
