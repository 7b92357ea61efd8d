package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// maxPooled bounds what one returned buffer keeps in memory.
const maxPooled = 1 << 20

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func getBuffer() *bytes.Buffer {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

func putBuffer(b *bytes.Buffer) {
	if b != nil && b.Cap() <= maxPooled {
		buffers.Put(b)
	}
}

// peekedBody is an error body whose head has been read.
type peekedBody struct {
	head *bytes.Buffer // nil once it has been returned to the pool
	rest io.ReadCloser
	err  error // of reading the head, other than its end
	end  bool  // the head is all there is
	off  int   // how much of the head has been read again

	limited io.LimitedReader // through which the head was read
}

func (b *peekedBody) Read(p []byte) (int, error) {
	if b.head != nil && b.off < b.head.Len() {
		n := copy(p, b.head.Bytes()[b.off:])
		b.off += n
		return n, nil
	}
	switch {
	case b.err != nil:
		return 0, b.err
	case b.end:
		return 0, io.EOF
	}
	return b.rest.Read(p)
}

func (b *peekedBody) Close() error { return b.rest.Close() }

// bodyReader reads a body that is to be decoded, under its limit.
type bodyReader struct {
	moved *atomic.Int64 // is told of every read
	rc    io.Reader     // the body as it came
	left  int64         // bytes that may still come
}

func (r *bodyReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errOverLimit
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	n, err := r.rc.Read(p)
	r.moved.Add(1)
	r.left -= int64(n)
	return n, err
}

// peekedOf finds the error body whose head has been read.
func peekedOf(resp *http.Response) (*peekedBody, bool) {
	b, ok := unwrapped(resp.Body).(*peekedBody)
	return b, ok && b.head != nil
}

// unwrapped is a body as it was before it was handed on.
func unwrapped(body io.ReadCloser) io.ReadCloser {
	if s, ok := body.(*streamBody); ok {
		body = s.rc
	}
	if once, ok := body.(*closedOnce); ok {
		return once.ReadCloser
	}
	return body
}

// peeked returns the head of a body as it can be read, its content encoding undone; of
// one that is cut off, what is there. It is nil where no head has been read.
func peeked(resp *http.Response) []byte {
	var head []byte
	switch b := unwrapped(resp.Body).(type) {
	case *peekedBody:
		if b.head != nil {
			head = b.head.Bytes()
		}
	case *ahead:
		head = b.bytes()
	}
	text, _ := unpacked(resp.Header, head, DefaultMaxErrorBody)
	return text
}

// spent reports whether the body of resp has been read to its end, so that its
// connection is free.
func spent(resp *http.Response) bool {
	switch b := unwrapped(resp.Body).(type) {
	case *peekedBody:
		return b.end
	case *ahead:
		return b.stop() == io.EOF
	}
	return resp.Body == http.NoBody
}

// discard ends a response that is not handed on. What is left of its body is not read:
// one that did not fit into the head costs its connection.
func discard(resp *http.Response) {
	defer recycle(resp)
	_ = resp.Body.Close()
}

// recycle returns the buffer of a response that is closed.
func recycle(resp *http.Response) {
	if b, ok := peekedOf(resp); ok {
		putBuffer(b.head)
		b.head = nil
	}
}

var errOverLimit = errors.New("over the limit")
