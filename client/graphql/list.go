package graphql

import (
	"context"
	"iter"

	"github.com/standpipe-go/standpipe/client"
)

// List is an [Op] whose Out is a page of items.
//
//	var ListOrders = graphql.List[OrdersInput, OrderPage, Order]{
//		Op:    graphql.Op[OrdersInput, OrderPage]{Name: "orders.list", …, Field: "orders"},
//		Items: func(p OrderPage) []Order { return p.Nodes },
//		Next: func(in OrdersInput, p OrderPage) (OrdersInput, bool) {
//			in.After = p.PageInfo.EndCursor
//			return in, p.PageInfo.HasNextPage
//		},
//	}
type List[In, Out, Item any] struct {
	Op[In, Out]

	// Items are those of a page.
	Items func(Out) []Item

	// Next returns what asks for the page after one, and false where that was the last.
	Next func(In, Out) (In, bool)
}

// PageInfo is what a page says of those around it (GraphQL Cursor Connections
// Specification, section 5).
type PageInfo struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

// All yields every item, page after page as the loop asks for them: the next page is
// fetched when its first item is wanted. An error ends the sequence and comes with the
// zero Item. The edits apply to the first request and to those that follow it.
func (l List[In, Out, Item]) All(ctx context.Context, c *client.Client, in In, edit ...func(*client.Request)) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for page, err := range l.Pages(ctx, c, in, edit...) {
			if err != nil {
				var zero Item
				yield(zero, err)
				return
			}
			for _, item := range l.Items(page) {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// Pages yields the pages: for what one holds beside its items. An error ends the
// sequence; where the service has sent data beside it, that comes with it. A page that
// was asked for before is such an error, as in [client.Pages].
func (l List[In, Out, Item]) Pages(ctx context.Context, c *client.Client, in In, edit ...func(*client.Request)) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		in, x, err := l.ready(ctx, c, in, edit)
		if err != nil {
			var zero Out
			yield(zero, l.failed(in, err))
			return
		}
		var page Out
		next := func(p client.Page[response]) (client.Request, bool) {
			following, more := l.Next(in, page)
			in = following
			r := p.Request
			if body, ok := r.Body.(sent); ok { // which an edit may have replaced
				body.Variables = l.variables(in)
				r.Body = body
			}
			return r, more
		}
		for body, err := range client.Pages(ctx, c, x.request, next) {
			if page, err = settle[Out](x, body, err); !yield(page, l.failed(in, err)) || err != nil {
				return
			}
		}
	}
}

// Info is that of the Op, which it calls a listing.
func (l List[In, Out, Item]) Info() client.OpInfo {
	info := l.Op.Info()
	info.Lists = true
	return info
}
