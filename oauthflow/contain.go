package oauthflow

import (
	"net/http"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// PanicError is found by errors.As in the error of a call that ran code of the
// user's, such as a transport, a [SingleUseStore] or a secret's source, which
// panicked. Its text names the type of the value and not the value, which may hold
// a secret; both the value and the stack can be had from it.
type PanicError = panics.Error

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
