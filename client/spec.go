package client

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// spec is what a hop asks for. Each attempt makes a request of its own of it, so that
// what becomes of one is not seen by another. Once the hop is prepared nothing of it
// changes.
type spec struct {
	method string     // "" is GET
	url    *url.URL   // only read
	host   string     // the Host field; "" is that of the URL
	header specHeader // without the credential
	length int64      // of the body, as it was announced
	reopen func() (io.ReadCloser, error)
	once   bool          // there is a body of our caller's that cannot be opened again
	like   *http.Request // as an SDK or middleware handed it in, only read; nil in a call of our own
}

// specOf is the spec of a request that was handed in.
func specOf(req *http.Request) spec {
	return spec{
		method: req.Method, url: req.URL, host: req.Host, header: specHeader{base: req.Header},
		length: req.ContentLength, reopen: req.GetBody, like: req,
	}
}

// blank is what a request of the client's own is made of. It is only read.
var blank = &http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}

// request makes a request of s, which is the caller's but for its URL. It has no body
// yet.
func (s *spec) request(ctx context.Context) *http.Request {
	like := s.like
	if like == nil {
		like = blank
	}
	req := like.WithContext(ctx)
	req.Method, req.URL, req.Host, req.Header = s.method, s.url, s.host, s.header.copy()
	req.Body, req.GetBody, req.ContentLength = nil, s.reopen, s.length
	return req
}

// trails reports whether trailers go with the body.
func (s *spec) trails() bool { return s.like != nil && len(s.like.Trailer) > 0 }

// specHeader is a header as data, of which any number of maps can be made. Neither part
// is changed in place: they are an SDK's and the client's own.
type specHeader struct {
	base http.Header   // as an SDK gave it
	over []headerField // what is sent beside that, or in its place
}

// copy makes a map of h, with room for a credential. The values stay shared, since
// nobody may change them in place.
func (h *specHeader) copy() http.Header {
	out := make(http.Header, len(h.base)+len(h.over)+1)
	if len(h.base) > 0 {
		maps.Copy(out, h.base)
	}
	for _, f := range h.over {
		out[f.name] = f.values
	}
	return out
}

// get returns the values of the field in this spelling.
func (h *specHeader) get(name string) []string {
	for i := range h.over {
		if h.over[i].name == name {
			return h.over[i].values
		}
	}
	return h.base[name]
}

// respells reports whether h has the field in another spelling of its name.
func (h *specHeader) respells(name string) bool {
	for i := range h.over {
		if other := h.over[i].name; other != name && sameField(other, name) {
			return true
		}
	}
	return len(h.base) > 0 && spellings(h.base, name) > min(len(h.base[name]), 1)
}

// set sends the field, in place of what was set in any spelling of its name.
func (h *specHeader) set(name string, values []string) {
	over := make([]headerField, 0, len(h.over)+2)
	for _, f := range h.over {
		if !sameField(f.name, name) {
			over = append(over, f)
		}
	}
	h.over = append(over, headerField{name, values})
}

// drop takes the fields off that which names.
func (h *specHeader) drop(which func(name string) bool) {
	h.over = slices.DeleteFunc(slices.Clone(h.over), func(f headerField) bool { return which(f.name) })
	h.base = maps.Clone(h.base)
	maps.DeleteFunc(h.base, func(name string, _ []string) bool { return which(name) })
}
