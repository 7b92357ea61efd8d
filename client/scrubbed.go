package client

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/redact"
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

// stackSecrets adds what auth has put on a request that was sent.
func stackSecrets(found []string, auth Auth, sent onWire) []string {
	// What is beyond the spec is then middleware's, not a credential of the stack's.
	if auth == nil {
		return found
	}
	wire := sent.wire
	_, ours := auth.(headerOnly)
	for _, name := range credentialHeaders(wire.Header, sent.of.header.get) {
		if !ours && redact.Harmless(name) {
			continue // a date or a digest, which an Auth adds to what it signs
		}
		for _, v := range wire.Header[name] {
			found = fieldSecrets(found, v)
		}
	}
	for _, name := range credentialParams(wire.URL, sent.of.url) {
		found = append(found, wire.URL.Query()[name]...)
	}
	// What tells no difference, and what is not the whole value of a field.
	switch auth := auth.(type) {
	case *queryAuth:
		found = append(found, wire.URL.Query()[auth.name]...)
	case *headerAuth:
		for _, v := range wire.Header[auth.name] {
			found = append(found, strings.TrimPrefix(v, auth.prefix))
		}
	}
	return found
}
