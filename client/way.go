package client

import (
	"cmp"
	"io"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/internal/redact"
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
func (h *chain) hops() int32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.way.hops
}

// visit notes that a hop goes to o, within the client's origins or not. It says
// whether the credential may go along, whether the chain has left by then, and
// whether this hop gives up the TLS of an earlier one.
func (h *chain) visit(o origin, within bool) (inside, left, exposed bool) {
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
func (h *chain) stray() {
	h.mu.Lock()
	h.way.left = true
	h.mu.Unlock()
}

// guard holds the credential to its origins: it decides whether this hop, to o, gets
// it, strips what must not travel on (C14), and refuses what must not go at all (C39).
func (x *exchange) guard(o origin) error {
	host := x.tmpl.Host
	if x.out.http != nil && host == x.out.http.Host {
		host = "" // of the caller's own choosing
	}
	inside, left, exposed := x.chain.visit(o, x.c.origins.admits(x.tmpl.URL, host))
	x.inside = inside
	if x.via != 0 {
		if err := x.resume(left); err != nil {
			return err
		}
		if exposed && sendsBody(x.tmpl, x.tmpl.GetBody) {
			return failf(ErrRedirect, "the redirect asks to send the request body again without TLS")
		}
	}
	if left {
		x.ownHeader()
		x.strip()
	}
	return nil
}

// sendsBody reports whether the body of req, which open opens again, has a byte in
// it. SDKs give a GET an empty one, whose length nobody has told.
func sendsBody(req *http.Request, open func() (io.ReadCloser, error)) bool {
	if !hasBody(req) || req.ContentLength > 0 || open == nil {
		return hasBody(req)
	}
	rc, err := open()
	if err != nil || rc == nil {
		return true // whoever sends it says what is wrong with it
	}
	defer rc.Close()
	_, err = io.ReadFull(rc, make([]byte, 1))
	return err != io.EOF
}

// keepsRequest reports whether a redirect is followed with the same method and body
// (RFC 9110 §15.4): all but 303, which leads to the result of what has been done, and
// but for a POST that meets 301 or 302, which everybody turns into a GET.
func keepsRequest(status int, method string) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound:
		return method != http.MethodPost
	case http.StatusSeeOther:
		return false
	}
	return true
}

// passed is the request that was answered with a redirect.
type passed struct {
	req    *http.Request // without the credential
	body   func() (io.ReadCloser, error)
	length int64
}

// resume gives a hop after a 301 or 302 the method and the body back that http.Client
// takes off everything, and refuses one that would bring a change to where the service
// may not send it.
func (x *exchange) resume(left bool) error {
	via := int(x.via)
	if via != http.StatusMovedPermanently && via != http.StatusFound {
		return nil
	}
	x.chain.mu.Lock()
	p := x.chain.passed
	x.chain.mu.Unlock()
	restores := x.asked != nil && p != nil && p.changed(via, x.tmpl)
	req, open := x.tmpl, x.tmpl.GetBody
	if restores {
		req, open = p.req, p.body
	}
	method := cmp.Or(req.Method, http.MethodGet)
	if left && keepsRequest(via, method) && (!safeMethod(method) || sendsBody(req, open)) {
		return failf(ErrRedirect, "the redirect leads off the client's origins, and a %s is not sent there on a %d", printable(method), via)
	}
	if !restores {
		return nil
	}
	if hasBody(p.req) && p.body == nil {
		return failf(ErrRedirect, "the redirect asks for the same %s again, and the request body cannot be sent twice", printable(method))
	}
	t, err := p.restore(x.tmpl)
	if err != nil {
		return failWrap(ErrRequest, "the request body cannot be opened again", err)
	}
	x.tmpl, x.asked, x.owned, x.body.first = t, t, false, t.Body
	return nil
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

// strip takes everything off the request that could be a credential, on a hop
// off the client's origins: header fields but for those known to hold none (a
// service's own names cannot all be known), user info, and the query parameters
// that are credentials. tmpl's header map is owned.
func (x *exchange) strip() {
	req := x.tmpl
	own, _ := x.c.cfg.auth.(headerOnly)
	for name := range req.Header {
		field := http.CanonicalHeaderKey(name)
		known := redact.Harmless(field) || narrows(field) || sameField(field, x.c.keyHeader)
		if !known || own != nil && sameField(field, own.headerName()) {
			delete(req.Header, name)
		}
	}
	x.chain.mu.Lock()
	params := x.chain.params
	x.chain.mu.Unlock()
	query := req.URL.RawQuery
	for _, name := range params {
		query = withoutParam(query, name)
	}
	if req.URL.User == nil && query == req.URL.RawQuery {
		return
	}
	u := *req.URL
	u.User, u.RawQuery = nil, query
	req.URL = &u
}
