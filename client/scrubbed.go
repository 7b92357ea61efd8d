package client

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
)

var errBadURL = errors.New("a URL cannot be parsed")

// scrubbedError replaces an error whose text held a credential, or too much of
// the service's, and which can therefore not be unwrapped.
type scrubbedError struct {
	text    string
	timeout bool
	kind    error
}

func (e *scrubbedError) Error() string { return e.text }

func (e *scrubbedError) Timeout() bool { return e.timeout }

func (e *scrubbedError) Unwrap() error { return e.kind }

func kindOf(err error) error {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.kind
	}
	return nil
}

// credentialHeaders names the headers that wire has beyond, or other than, what there
// was before.
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
