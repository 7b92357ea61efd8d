package githubtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/standpipe-go/standpipe/client/clienttest"
)

// memory is a network of one server.
type memory struct{ s *Server }

func (m memory) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	body := []byte{}
	if req.Body != nil {
		body, err = io.ReadAll(req.Body)
		if closed := req.Body.Close(); err == nil {
			err = closed
		}
	}
	if err == nil {
		err = req.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	in.Body, in.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	in.RequestURI = req.URL.RequestURI()
	w := httptest.NewRecorder()
	broken := serve(m.s, w, in)
	if broken && w.Body.Len() == 0 {
		return nil, clienttest.ErrReset
	}
	resp = w.Result()
	resp.Request = req
	if broken {
		resp.ContentLength = -1
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(w.Body.Bytes()), cut{}))
	} else if n, err := strconv.Atoi(resp.Header.Get("Content-Length")); err == nil {
		resp.ContentLength = int64(n)
	}
	return resp, nil
}

// serve reports whether the handler broke the connection off.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (broken bool) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			broken = true
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

// cut is the end of a body that has none.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Transport reaches the server without a network, whatever the host of a request.
func (s *Server) Transport() http.RoundTripper { return memory{s} }
