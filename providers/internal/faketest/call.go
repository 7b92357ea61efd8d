package faketest

import (
	"net/http"
	"time"
)

// Call is a request as a handler sees it.
type Call struct {
	*http.Request
	Operation string
	Body      []byte
	Fault     Fault // a service's own, for its handler
}

// Response is what a handler answers. A body that is no []byte is sent as JSON.
type Response struct {
	Status int
	Header http.Header
	Body   any
}

// Request is one that was received.
type Request struct {
	Operation string // "" where no operation is meant
	Method    string
	Path      string // with the query
	Header    http.Header
	Body      []byte
	Status    int // of the response; 0 where there was none
	Time      time.Time
}
