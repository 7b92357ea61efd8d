package client

import (
	"cmp"
	"net/http"
)

// WithReadOnly lets the client read and nothing else: whatever is not a GET, HEAD,
// OPTIONS or QUERY is refused with an error that matches [ErrReadOnly] before anything of
// it is sent, also under [Client.HTTPClient], on a redirect and where middleware has
// changed the method. So is a read with a header such as X-HTTP-Method-Override, by which
// some services take another method. A read that is made by POST, as a search or GraphQL,
// is refused too: what it does is not seen in it.
//
// No option turns it off: every copy of the client that [Client.With] makes is read only
// as well. To write, keep the client that this one was made of, or make another with
// [New]. What an [Auth] needs to get its credential, such as a token, is no request of
// the client's and is not refused.
func WithReadOnly() Option { return func(c *config) error { c.readOnly = true; return nil } }

// overrides are the headers by which services take another method than the request's.
var overrides = [...]string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"}

// permits refuses what a client that is read only may not send.
func (c *config) permits(req *http.Request) error {
	if !c.readOnly {
		return nil
	}
	switch method := cmp.Or(req.Method, http.MethodGet); method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, "QUERY":
	default:
		return refused(ErrReadOnly, "the client is read only, and "+printable(method)+" may write", nil)
	}
	for name := range req.Header {
		for _, other := range overrides {
			if sameField(name, other) {
				return refused(ErrReadOnly, "the client is read only, and the header "+other+" asks for another method", nil)
			}
		}
	}
	return nil
}
