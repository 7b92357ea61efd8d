package compare

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A Caller is a library that makes calls over HTTP.
type Caller struct {
	Subject
	// Streams says that the library hands a response body over unread, so that bounding
	// it is for whoever reads it.
	Streams bool
	// Open returns what makes calls to the service, as an application would keep it:
	// once for a behaviour.
	Open func(Service) (Do, error)
}

// Service describes the service that is to be called.
type Service struct {
	URL        string // http://127.0.0.1:port
	Credential Credential
	// Wait is the wait that backoff begins with, where the library lets one choose it.
	// It is shorter than anyone would have it in earnest, so that the run is short.
	Wait time.Duration
	// Timeout bounds a call from begin to end, and MaxBody the bytes of a response body
	// that is read into memory. 0 leaves it as it comes.
	Timeout time.Duration
	MaxBody int64
}

// Credential is the key that the service wants. It goes into the header or query
// parameter that is named, or into Authorization as a bearer token where none is.
type Credential struct {
	Key, Header, Query string
}

// Request is a call to make. A Body is JSON, and without one there is none.
type Request struct {
	Method, Path string
	Body         []byte
}

// Reply is the response with its whole body. Status is 0 where the library
// keeps the response to itself.
type Reply struct {
	Status int
	Body   []byte
}

// Do makes a call. It may return a Reply beside an error, where the library has both.
type Do func(ctx context.Context, r Request) (Reply, error)

// HTTP makes a Caller of whatever is, or is used by, an [http.Client]. client is called
// once for a behaviour; the credential is set on each request, as most programs do.
func HTTP(name string, client func(Service) *http.Client) Caller {
	return Caller{Subject: Subject{Name: name}, Streams: true, Open: func(svc Service) (Do, error) {
		return svc.Through(client(svc).Do), nil
	}}
}

// Through returns a Do that makes requests of net/http and has them sent by send.
func (s Service) Through(send func(*http.Request) (*http.Response, error)) Do {
	return func(ctx context.Context, r Request) (Reply, error) {
		req, err := s.Request(ctx, r)
		if err != nil {
			return Reply{}, err
		}
		resp, err := send(req)
		if err != nil {
			return Reply{}, err
		}
		return Read(resp)
	}
}

// Request returns r as a request of net/http, with the credential.
func (s Service) Request(ctx context.Context, r Request) (*http.Request, error) {
	u := s.URL + r.Path
	if s.Credential.Query != "" {
		u += "?" + url.Values{s.Credential.Query: {s.Credential.Key}}.Encode()
	}
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, u, body)
	if err != nil {
		return nil, err
	}
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if name, value := s.Credential.Pair(); name != "" {
		req.Header.Set(name, value)
	}
	return req, nil
}

// Pair returns the header that the credential goes into; both are "" where it goes
// into the query.
func (c Credential) Pair() (name, value string) {
	switch {
	case c.Key == "" || c.Query != "":
		return "", ""
	case c.Header != "":
		return c.Header, c.Key
	}
	return "Authorization", "Bearer " + c.Key
}

// Read returns what a response says, reading and closing its body.
func Read(resp *http.Response) (Reply, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return Reply{Status: resp.StatusCode, Body: body}, err
}
