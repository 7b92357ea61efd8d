// Package bench measures peer libraries against the plain standard library.
//
// Every group is a list of entries that do the same work. The entry named
// "raw" is straightforward standard-library code and is the denominator of
// every ratio; "floor" (where present) is the tightest standard-library code
// a careful SDK could ship. The project's own entries are in the files own_*_test.go.
package bench

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
)

// entry is one competitor in a group: run does one unit of work.
type entry struct {
	name string
	run  func() error
}

// shuffled gives each process its own order, so that over many rounds no entry
// always runs first (cold) or always after the same neighbour.
func shuffled[T any](in []T) []T {
	out := slices.Clone(in)
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func bench(b *testing.B, es []entry) {
	for _, e := range shuffled(es) {
		b.Run(e.name, func(b *testing.B) {
			if err := e.run(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := e.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchParallel(b *testing.B, es []entry) {
	for _, e := range shuffled(es) {
		b.Run(e.name, func(b *testing.B) {
			if err := e.run(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := e.run(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// checkAll runs every entry a few times, so that a peer that silently fails
// is caught by `go test` before anything is timed.
func checkAll(t *testing.T, es []entry) {
	t.Helper()
	for _, e := range es {
		for range 3 {
			if err := e.run(); err != nil {
				t.Errorf("%s: %v", e.name, err)
			}
		}
	}
}

// memTransport answers every request from memory: path -> JSON body.
type memTransport map[string][]byte

func (m memTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	if req.Header.Get("Authorization") != "Bearer "+token {
		return response(req, http.StatusUnauthorized, nil), nil
	}
	body, ok := m[req.URL.Path]
	if !ok {
		return response(req, http.StatusNotFound, nil), nil
	}
	return response(req, http.StatusOK, body), nil
}

func (m memTransport) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, ok := m[req.URL.Path]
	if !ok || req.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header()["Content-Type"] = jsonType
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

var jsonType = []string{"application/json"}

type memBody struct{ bytes.Reader }

func (*memBody) Close() error { return nil }

func response(req *http.Request, status int, body []byte) *http.Response {
	res := &http.Response{
		Status: http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": jsonType},
		ContentLength: int64(len(body)),
		Request:       req,
	}
	if len(body) == 0 {
		res.Body = http.NoBody
		return res
	}
	mb := new(memBody)
	mb.Reset(body)
	res.Body = mb
	return res
}

// loopback serves h on a loopback listener and returns a client tuned so that
// parallel benchmarks reuse connections.
func loopback(tb testing.TB, h http.Handler) (*http.Client, string) {
	srv := httptest.NewServer(h)
	tb.Cleanup(srv.Close)
	tr := &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256, DisableCompression: true}
	tb.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}, srv.URL
}
