package client

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
)

// net/http sends a request again by itself when a kept connection breaks before the
// first byte of a response, though the service may have carried it out: a GET, HEAD,
// OPTIONS or TRACE, and whatever has one of the repeatHeaders, be it without a value
// (see http.Transport). Such a repeat knows nothing of the ledger, the budget, the
// limits, the age of the credential, or whether the service supports the key. Over
// HTTP/1 every request therefore goes out in a form that net/http takes for
// unrepeatable, and repeating is left to the stack (C16). Over HTTP/2 net/http
// repeats what the service has refused; watch sees that.
var repeatHeaders = [...]string{"Idempotency-Key", "X-Idempotency-Key"}

func hasRepeatHeader(h http.Header) bool {
	for _, name := range repeatHeaders {
		if _, ok := h[name]; ok {
			return true
		}
	}
	return false
}

// unopened is the body of a request that has none: one that cannot be opened again.
// Nothing of it is seen on an HTTP/1 connection. Over HTTP/2 it is an empty DATA
// frame, which not every service expects of a GET.
type unopened struct{}

func (unopened) Read([]byte) (int, error)         { return 0, io.EOF }
func (unopened) WriteTo(io.Writer) (int64, error) { return 0, nil } // saves net/http a copy buffer
func (unopened) Close() error                     { return nil }

// unframed keeps net/http from looking into an unopened body and from sending it in
// chunks. It is only read.
var unframed = []string{"identity"}

// protocols remembers which versions of HTTP a host has answered in.
type protocols struct {
	http1, http2 atomic.Bool
}

func (p *protocols) heard(major int) {
	switch {
	case major == 1 && !p.http1.Load(): // the usual case: no write to a shared word
		p.http1.Store(true)
	case major == 2 && !p.http2.Load():
		p.http2.Store(true)
	}
}

// repeats reports whether net/http may repeat req over HTTP/1, as far as it is known
// that the host speaks it. A write is taken care of also where that is not known,
// unless somebody's own transport would see it in an odd form for nothing. A read
// without a body is the first request of this client then, and its connection most
// likely new: nothing is repeated, and a service that speaks HTTP/2 gets no odd request.
func (p *protocols) repeats(transport http.RoundTripper, req *http.Request) bool {
	body := hasBody(req)
	switch {
	case body && req.GetBody == nil, req.Body == unopened{}, !body && req.ContentLength > 0:
		return false
	case safeMethod(req.Method):
		return !p.http2.Load() && (body || p.http1.Load() || req.URL.Scheme == "http")
	case !hasRepeatHeader(req.Header):
		return false
	}
	_, own := transport.(*http.Transport)
	return p.http1.Load() || !p.http2.Load() && (body || own)
}

// unrepeatable gives req, which is the caller's to change but for its header map, a
// form in which net/http does not repeat it.
func unrepeatable(req *http.Request) {
	switch {
	case hasBody(req):
		req.GetBody = nil
	case safeMethod(req.Method):
		req.Body, req.GetBody, req.ContentLength, req.TransferEncoding = unopened{}, nil, 0, unframed
	default:
		// A POST without a body says Content-Length: 0, and has to go on doing so. To
		// net/http a name in lower case is another one; to a service it is the same.
		req.Header = copyHeader(req.Header)
		for _, name := range repeatHeaders {
			if values, ok := req.Header[name]; ok {
				delete(req.Header, name)
				low := strings.ToLower(name)
				req.Header[low] = slices.Concat(req.Header[low], values)
			}
		}
	}
}
