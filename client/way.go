package client

import (
	"cmp"
	"io"
	"net/http"
	"strings"
)

// way is which origins a chain of redirects has come by. Each hop asks it whether
// the credential may still go along.
type way struct {
	from   origin // where the chain began
	hops   int32  // how many have begun
	abroad bool   // that was off the client's origins, or may have been: no credential
	left   bool   // a hop has left the origins: nothing is attached again, and all is stripped
	tls    bool   // a hop was https: none without TLS is trusted after it
}

// lostWay is that of a redirect whose chain was lost, by something around the stack
// that made a response of its own. Whatever could have been on it has been.
func lostWay() way { return way{hops: 1, abroad: true, left: true, tls: true} }

// hops counts the hops that have begun.
func (h *call) hops() int32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.way.hops
}

// visit notes that a hop goes to o, within the client's origins or not. It says
// whether the credential may go along, whether the chain has left by then, and
// whether this hop gives up the TLS of an earlier one.
func (h *call) visit(o origin, within bool) (inside, left, exposed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := &h.way
	w.hops++
	exposed = w.tls && o.scheme != "https"
	switch {
	case w.hops == 1:
		w.from, w.abroad = o, !within
	case exposed, o != w.from && (!within || w.abroad):
		w.left = true
	}
	w.tls = w.tls || o.scheme == "https"
	return within && !w.left && !w.abroad, w.left, exposed
}

// stray notes that middleware has sent a request of the chain off the client's
// origins: what is answered there, a redirect say, is no longer the service's word.
func (h *call) stray() {
	h.mu.Lock()
	h.way.left = true
	h.mu.Unlock()
}

// passed is the request that was answered with a redirect.
type passed struct {
	req    *http.Request // without the credential
	body   func() (io.ReadCloser, error)
	length int64
}

// changed reports whether http.Client has made next, which follows p on a redirect
// with that status, into another request. A method that a CheckRedirect has chosen
// is its own affair.
func (p *passed) changed(status int, next *http.Request) bool {
	was, is := cmp.Or(p.req.Method, http.MethodGet), cmp.Or(next.Method, http.MethodGet)
	if !keepsRequest(status, was) || is != was && is != http.MethodGet {
		return false
	}
	return is != was || !hasBody(next) && sendsBody(p.req, p.body)
}

// restore returns next with the method and the body of p.
func (p *passed) restore(next *http.Request) (*http.Request, error) {
	t := *next
	t.Method, t.Header = p.req.Method, copyHeader(next.Header)
	if !hasBody(p.req) {
		return &t, nil
	}
	body, err := p.body()
	if err != nil {
		return nil, err
	}
	t.Body, t.GetBody, t.ContentLength = body, p.body, p.length
	for name, values := range p.req.Header {
		if describesBody(http.CanonicalHeaderKey(name)) {
			t.Header[name] = values
		}
	}
	return &t, nil
}

// describesBody names the fields that go with a body (Fetch, "request-body-header
// name"), in canonical form.
func describesBody(name string) bool {
	switch name {
	case "Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Location":
		return true
	}
	return false
}

// narrows names the fields, in canonical form, without which a request would do more
// than it was asked to: preconditions (RFC 9110 §13, and the "…-If-…" of services'
// own), WebDAV's (RFC 4918), and what asks for less or for a rehearsal. None of them
// holds a credential: a lock token is no secret (RFC 4918 §6.5).
func narrows(name string) bool {
	switch name {
	case "If", "Range", "Prefer", "Expect", "Max-Forwards", "Depth", "Overwrite", "Lock-Token", "Timeout",
		"Upload-Offset", "Upload-Length", "Content-Md5", "Content-Digest", "Repr-Digest", "Digest",
		"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "A-Im", "Accept-Datetime":
		return true
	}
	return strings.HasPrefix(name, "If-") || strings.Contains(name, "-If-") || strings.HasSuffix(name, "Dry-Run")
}
