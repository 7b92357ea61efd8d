package oauthtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
)

// memoryTransport calls the server's handler without a network.
type memoryTransport struct{ s *Server }

func (t memoryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	in := req.Clone(req.Context())
	in.RequestURI = req.URL.RequestURI()
	in.RemoteAddr = "192.0.2.1:1234"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	done := make(chan error, 1)
	go func() {
		defer func() {
			switch r := recover(); r {
			case nil:
				done <- nil
			case http.ErrAbortHandler:
				done <- io.ErrUnexpectedEOF
			default:
				panic(r)
			}
		}()
		t.s.ServeHTTP(rec, in)
	}()
	select {
	case err := <-done:
		return response(rec, req, err)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// response turns what was recorded into a response: an aborted handler is a
// failed exchange if it wrote nothing, else a body that breaks off.
func response(rec *httptest.ResponseRecorder, req *http.Request, aborted error) (*http.Response, error) {
	if aborted != nil && rec.Body.Len() == 0 {
		return nil, aborted
	}
	res := rec.Result()
	res.Request = req
	if n, err := strconv.Atoi(res.Header.Get("Content-Length")); err == nil && n > rec.Body.Len() {
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(rec.Body.Bytes()), failing{}))
	}
	return res, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
