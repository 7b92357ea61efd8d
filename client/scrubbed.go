package client

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
)

var errBadURL = errors.New("a URL cannot be parsed")

// scrubbedError replaces an error whose text held a credential, or too much of the
// service's, and which can therefore not be unwrapped. What callers branch on, whether
// it was a timeout and of which kind, outlives its text.
type scrubbedError struct {
	text    string // without what had to go
	timeout bool   // of the error that it replaces
	kind    error  // a sentinel, which holds no text of a service's; else nil
}

func (e *scrubbedError) Error() string { return e.text }

func (e *scrubbedError) Timeout() bool { return e.timeout }

func (e *scrubbedError) Unwrap() error { return e.kind }

// kindOf is what a failure of this package's is. The cause behind it, which may be what
// the secret was in, goes.
func kindOf(err error) error {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.kind
	}
	return nil
}

// credentialHeaders names the headers that wire has beyond, or other than, what there
// was before. An Auth may set any field, so only the difference tells what it has set.
func credentialHeaders(wire http.Header, before func(name string) []string) []string {
	var names []string
	for name, values := range wire {
		if !slices.Equal(values, before(name)) {
			names = append(names, name)
		}
	}
	return names
}

// credentialParams names the query parameters that wire has beyond, or other
// than, bare.
func credentialParams(wire, bare *url.URL) []string {
	if wire.RawQuery == bare.RawQuery {
		return nil
	}
	var names []string
	had := bare.Query()
	for name, values := range wire.Query() {
		if !slices.Equal(values, had[name]) {
			names = append(names, name)
		}
	}
	return names
}
