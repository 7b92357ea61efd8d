package oauthflow

import (
	"net/http"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// containedTransport is a transport of the user's, a panic in which is its error.
type containedTransport struct{ rt http.RoundTripper }

func containTransport(rt http.RoundTripper) http.RoundTripper {
	if rt == nil {
		return nil // http.DefaultTransport
	}
	return containedTransport{rt}
}

func (c containedTransport) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, panics.New("the transport", p)
		}
	}()
	return c.rt.RoundTrip(req)
}
