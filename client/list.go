package client

import (
	"context"
	"iter"
)

// List is an [Op] whose response is a page of items.
//
//	var ListIssues = client.List[ListIssuesInput, []Issue, Issue]{
//		Op:    client.Op[ListIssuesInput, []Issue]{Name: "issues.list", Route: "/repos/{owner}/{repo}/issues"},
//		Items: func(page []Issue) []Issue { return page },
//		Next:  client.NextLink[[]Issue],
//	}
type List[In, Out, Item any] struct {
	Op[In, Out]

	// Items are those of a page.
	Items func(Out) []Item

	// Next says which request follows a page, as in [Pages].
	Next func(Page[Out]) (Request, bool)
}

// All yields every item, page after page as the loop asks for them: the next page is
// fetched when its first item is wanted. An error ends the sequence and comes with the
// zero Item. The edits apply to the first request, and what [List.Next] makes of it.
func (l List[In, Out, Item]) All(ctx context.Context, c *Client, in In, edit ...func(*Request)) iter.Seq2[Item, error] {
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

// Pages is [Pages] of the operation: for what a page holds beside its items.
func (l List[In, Out, Item]) Pages(ctx context.Context, c *Client, in In, edit ...func(*Request)) iter.Seq2[Out, error] {
	return Pages(ctx, c, l.edited(in, edit), l.Next)
}

// Info is that of the Op, which it calls a listing.
func (l List[In, Out, Item]) Info() OpInfo {
	info := l.Op.Info()
	info.Lists = true
	return info
}
