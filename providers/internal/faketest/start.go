package faketest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"

	"github.com/standpipe-go/standpipe/client/clienttest"
)

// Listen serves f on loopback until close is called, which breaks off what is under way.
func (f *Fake) Listen() (url string, closes func()) {
	srv := httptest.NewServer(f)
	return srv.URL, sync.OnceFunc(func() {
		f.end.Do(func() { close(f.done) })
		srv.CloseClientConnections()
		srv.Close()
	})
}

// Transport serves f without a network, as in a bubble of testing/synctest, where there
// is none.
func (f *Fake) Transport() http.RoundTripper { return transport{f} }

type transport struct{ f *Fake }

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	in := req.Clone(req.Context())
	in.Header, in.Body, in.RequestURI = http.Header{}, io.NopCloser(http.NoBody), req.URL.RequestURI()
	for name, values := range req.Header {
		name = http.CanonicalHeaderKey(name) // as a server reads it
		in.Header[name] = append(in.Header[name], values...)
	}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
		in.Body = io.NopCloser(bytes.NewReader(body))
	}
	w := &written{header: http.Header{}}
	broken := w.serve(t.f, in)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if w.status == 0 {
		return nil, clienttest.ErrReset
	}
	body := io.Reader(&w.body)
	if broken {
		body = io.MultiReader(body, brokenBody{})
	}
	return &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Request: req, ContentLength: -1, Body: io.NopCloser(body),
	}, nil
}

// written is what a handler has written.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *written) Header() http.Header { return w.header }
func (w *written) Flush()              {}

func (w *written) WriteHeader(status int) { w.status = status }

func (w *written) Write(p []byte) (int, error) { return w.body.Write(p) }

// serve reports whether h broke off.
func (w *written) serve(h http.Handler, r *http.Request) (broken bool) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			broken = true
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
