package client

import (
	"cmp"
	"context"
	"hash/maphash"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// Page is one page of a list, with what is needed to ask for the next.
type Page[T any] struct {
	Value   T
	Header  http.Header
	Request Request // the one whose response this page is

	url func() *url.URL
}

// With returns the page's request with one query parameter set, or removed where
// value is "", whether it stood in Request.Query or in Request.URL.
func (p Page[T]) With(name, value string) Request {
	r := p.Request
	r.Query = maps.Clone(r.Query)
	if r.Query == nil {
		r.Query = url.Values{}
	}
	delete(r.Query, name)
	if value != "" {
		r.Query[name] = []string{value}
	}
	if before, query, ok := strings.Cut(r.URL, "?"); ok {
		query, fragment, fragmented := strings.Cut(query, "#")
		r.URL = before
		if query = withoutParam(query, name); query != "" {
			r.URL += "?" + query
		}
		if fragmented {
			r.URL += "#" + fragment
		}
	}
	return r
}

// param is the value of a query parameter of the page's request.
func (p Page[T]) param(name string) string {
	if values := p.Request.Query[name]; len(values) > 0 {
		return values[0]
	}
	if u, err := url.Parse(p.Request.URL); err == nil {
		return u.Query().Get(name)
	}
	return ""
}

// Pages makes calls, page after page, as the loop asks for them. next says which
// request follows a page, and false where it was the last; see [NextLink],
// [NextURL], [NextCursor] and [NextOffset]. An error ends the sequence and comes
// with the zero T: break out of the loop on it or let it run out. A request that
// asks for a page that was asked for before, in its URL, header or body, is such
// an error, so that a service whose cursors go round does not hold the loop for
// ever. To know it, 8 bytes are kept of each page.
func Pages[T any](ctx context.Context, c *Client, first Request, next func(Page[T]) (Request, bool)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seen := pageSet{seed: maphash.MakeSeed(), pages: map[uint64]struct{}{}}
		r := first
		for {
			seen.add(&r)
			meta := r.Meta
			if meta == nil {
				meta = new(Meta)
			}
			r.Meta = meta
			value, err := Call[T](ctx, c, r)
			if !yield(value, err) || err != nil {
				return
			}
			following, more, err := follow(next, Page[T]{Value: value, Header: meta.Header, Request: r, url: meta.url})
			if err != nil {
				var zero T
				yield(zero, failWrap(ErrConfig, "pages", err))
				return
			}
			if !more {
				return
			}
			if seen.has(&following) {
				var zero T
				yield(zero, failf(ErrDecode, "pages: the next page is the same as an earlier one: the service repeats its cursor"))
				return
			}
			r = following
		}
	}
}

// follow calls next, a panic in which ends the sequence with an error.
func follow[T any](next func(Page[T]) (Request, bool), p Page[T]) (r Request, more bool, err error) {
	defer panics.Catch(&err, givenCode)
	r, more = next(p)
	return r, more, nil
}

// pageSet knows which pages have been asked for, by a hash of the request: two
// different pages are taken for one with a probability of n²/2⁶⁵ in n pages.
type pageSet struct {
	seed  maphash.Seed
	pages map[uint64]struct{}
}

func (s *pageSet) add(r *Request) {
	if sum, ok := s.sum(r); ok {
		s.pages[sum] = struct{}{}
	}
}

func (s *pageSet) has(r *Request) bool {
	sum, ok := s.sum(r)
	_, known := s.pages[sum]
	return ok && known
}

// sum hashes what tells one page from another. It reports false for a body that
// can be read only by sending it.
func (s *pageSet) sum(r *Request) (uint64, bool) {
	p, err := payloadOf(r.Body)
	if err != nil || p.open != nil || p.single != nil {
		return 0, false
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	part := func(text string) {
		_, _ = io.WriteString(&h, strconv.Itoa(len(text))+":"+text) // a hash takes everything
	}
	part(cmp.Or(r.Method, http.MethodGet))
	part(r.Path)
	part(r.URL)
	part(r.Query.Encode())
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		part(name)
		for _, value := range r.Header[name] {
			part(value)
		}
	}
	part(p.contentType)
	part(string(p.data))
	return h.Sum64(), true
}

// NextLink follows the Link header's rel="next" (RFC 8288), as GitHub and Sentry
// use it; Sentry's results="false" ends the list. A link that cannot be followed is an
// error of the next call, never the end of the list.
func NextLink[T any](p Page[T]) (Request, bool) {
	target, ok := linkTo(p.Header, "next")
	if !ok {
		return Request{}, false
	}
	return p.at(target), true
}

// NextURL follows the URL that next finds in a page, absolute or relative to the
// page's own: JSON:API's links.next, Microsoft Graph's @odata.nextLink. "" ends
// the list.
func NextURL[T any](next func(T) string) func(Page[T]) (Request, bool) {
	return func(p Page[T]) (Request, bool) {
		target := next(p.Value)
		return p.at(target), target != ""
	}
}

// at is the page's request for another URL, which counts from the page's own.
func (p Page[T]) at(target string) Request {
	if p.url != nil && len(target) <= maxURL {
		if u, err := p.url().Parse(target); err == nil {
			target = u.String()
		}
	}
	r := p.Request
	r.URL, r.Path, r.Query = target, "", nil
	return r
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
		offset, _ := strconv.Atoi(p.param(param))
		return p.With(param, strconv.Itoa(offset+n)), true
	}
}
