package clienttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ErrReset is what a [Transport] returns for the step [Reset].
var ErrReset = errors.New("connection reset by peer")

// Transport is a scripted service without a network.
type Transport struct{ *recorder }

// NewTransport returns a transport that follows the steps. Without any it
// responds with 200.
func NewTransport(tb testing.TB, steps ...Step) *Transport {
	tb.Helper()
	return &Transport{&recorder{tb: tb, steps: steps}}
}

// RoundTrip responds with the next step.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	step, body, err := t.take(req)
	if req.Body != nil {
		_ = req.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	ctx := req.Context()
	if step.delay > 0 {
		timer := time.NewTimer(step.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	switch {
	case step.contents != nil:
		rec := httptest.NewRecorder()
		in := req.Clone(ctx)
		in.Header = asReceived(req.Header)
		in.Body, in.RequestURI = io.NopCloser(bytes.NewReader(body)), req.URL.RequestURI()
		step.contents(rec, in)
		resp := rec.Result()
		resp.Request = req
		if req.Method == http.MethodHead {
			resp.Body = http.NoBody // which a server keeps to itself
		}
		return resp, nil
	case step.fault == reset:
		return nil, ErrReset
	case step.fault == hang:
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return step.response(req), nil
}

func (s *Step) response(req *http.Request) *http.Response {
	resp := &http.Response{
		Status: strconv.Itoa(s.status) + " " + http.StatusText(s.status), StatusCode: s.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: s.header.Clone(), Request: req, ContentLength: int64(len(s.body)), Body: http.NoBody,
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	switch {
	case s.fault == truncate:
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(s.body[:s.after]), brokenReader{}))
	case s.body != "" && req.Method != http.MethodHead:
		resp.Body = io.NopCloser(strings.NewReader(s.body))
	}
	return resp
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
