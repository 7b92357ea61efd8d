package client

import (
	"io"
	"net/http"
	"os"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// PanicError is found by errors.As in the error of a call that ran code of the
// user's, such as middleware, a credential, a transport, a policy or a body, which
// panicked. Its text names the type of the value and not the value, which may hold
// a secret; both the value and the stack can be had from it.
type PanicError = panics.Error

// givenCode is how errors call what the user has given to the client.
const givenCode = "code that was given to the client"

// contained is a RoundTripper of the user's, a panic in which is its error.
type contained struct{ rt http.RoundTripper }

func (c contained) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, panics.New(givenCode, p)
		}
	}()
	return c.rt.RoundTrip(req)
}

func guardBody(rc io.ReadCloser) io.ReadCloser {
	switch rc.(type) {
	case nil, *os.File: // which a transport may hand to the kernel as it is
		return rc
	}
	if rc == http.NoBody {
		return rc
	}
	return &userBody{rc}
}

// userBody is a body of the user's that is read or closed by another goroutine than
// its call's, a transport's as a rule, where a panic would end the process: it is an
// error there.
type userBody struct{ rc io.ReadCloser }

func (b *userBody) Read(p []byte) (n int, err error) {
	defer panics.Catch(&err, "the body")
	return b.rc.Read(p)
}

func (b *userBody) Close() (err error) {
	defer panics.Catch(&err, "the body")
	return b.rc.Close()
}
