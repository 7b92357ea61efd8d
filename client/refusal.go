package client

import "errors"

// refused is the error of an attempt that the stack itself stopped.
func refused(kind error, text string, err error) error {
	return &failure{kind: kind, text: text, err: err, unsent: true}
}

// unsent reports whether err says that the stack stopped the attempt itself.
func unsent(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.unsent
}

// errAuth says that the credential could not be had or applied.
var errAuth = errors.New("no credential")

// errTruncated says that a body ended too early or broke.
var errTruncated = errors.New("response body broken")

func brokenBody(err error) error { return failWrap(errTruncated, "the response body broke off", err) }

func tooLarge(limit int64) error {
	return failf(ErrTooLarge, "the response body is over the limit of %d bytes: raise it with MaxBody, or stream it with Do", limit)
}
