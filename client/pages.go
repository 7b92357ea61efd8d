package client

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// Page is one page of a list, with what is needed to ask for the next.
type Page[T any] struct {
	Value   T
	Header  http.Header
	Request Request // the one that this page answers

	url *url.URL
}

// With returns the page's request with one query parameter set, or removed where
// value is "".
func (p Page[T]) With(name, value string) Request {
	r := p.Request
	r.Query = maps.Clone(r.Query)
	if r.Query == nil {
		r.Query = url.Values{}
	}
	if value == "" {
		delete(r.Query, name)
	} else {
		r.Query[name] = []string{value}
	}
	return r
}

// Pages makes calls, page after page, as the loop asks for them. next says which
// request follows a page, and false where it was the last; see [NextLink],
// [NextCursor] and [NextOffset]. An error ends the sequence and comes with the
// zero T: break out of the loop on it or let it run out. A request that asks for
// the same page as the one before it is such an error, so that a service that
// repeats its cursor does not hold the loop for ever.
func Pages[T any](ctx context.Context, c *Client, first Request, next func(Page[T]) (Request, bool)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		r := first
		for {
			meta := r.Meta
			if meta == nil {
				meta = new(Meta)
			}
			r.Meta = meta
			value, err := Call[T](ctx, c, r)
			if !yield(value, err) || err != nil {
				return
			}
			following, more := next(Page[T]{Value: value, Header: meta.Header, Request: r, url: meta.url})
			if !more {
				return
			}
			if samePage(&r, &following) {
				var zero T
				yield(zero, failf(ErrDecode, "pages: the next page is the same one again: the service repeats its cursor"))
				return
			}
			r = following
		}
	}
}

func samePage(a, b *Request) bool {
	return a.Method == b.Method && a.Path == b.Path && a.URL == b.URL && a.Body == nil && b.Body == nil &&
		a.Query.Encode() == b.Query.Encode() && maps.EqualFunc(a.Header, b.Header, slices.Equal)
}

// NextLink follows the Link header's rel="next" (RFC 8288), as GitHub and Sentry
// use it.
func NextLink[T any](p Page[T]) (Request, bool) {
	target, ok := linkNext(p.Header)
	if !ok {
		return Request{}, false
	}
	if p.url != nil { // a relative target counts from the page's own URL
		u, err := p.url.Parse(target)
		if err != nil {
			return Request{}, false
		}
		target = u.String()
	}
	r := p.Request
	r.URL, r.Path, r.Query = target, "", nil
	return r, true
}

// NextCursor puts what cursor finds in a page into a query parameter: a cursor,
// a page token, the last item's ID. "" ends the list.
func NextCursor[T any](param string, cursor func(T) string) func(Page[T]) (Request, bool) {
	return func(p Page[T]) (Request, bool) {
		value := cursor(p.Value)
		return p.With(param, value), value != ""
	}
}

// NextOffset advances a numeric query parameter by what count says that the page
// holds. An empty page ends the list.
func NextOffset[T any](param string, count func(T) int) func(Page[T]) (Request, bool) {
	return func(p Page[T]) (Request, bool) {
		n := count(p.Value)
		if n <= 0 {
			return Request{}, false
		}
		offset, _ := strconv.Atoi(p.Request.Query.Get(param))
		return p.With(param, strconv.Itoa(offset+n)), true
	}
}
