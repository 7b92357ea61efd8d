package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// drainTimeout bounds the reading of an error body, whatever its size.
const drainTimeout = 5 * time.Second

// maxRedirectBody is how long the body of a redirect may be to be read, so that
// the next hop can use the connection; http.Client has the same bound.
const maxRedirectBody = 2 << 10

// maxLimit is the highest limit in bytes: one more can still be counted.
const maxLimit = 1 << 62

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

// errTruncated says that a body ended too early or broke.
var errTruncated = errors.New("response body broken")

// receive reads what belongs to the attempt: the head of an error body, so that
// it can be judged and the connection used again, and the body of a success that
// is to be decoded, so that a broken one is this attempt's failure.
func (x *exchange) receive(a *attemptContext, resp *http.Response) (*http.Response, error) {
	switch {
	case resp.Body == http.NoBody || resp.StatusCode == http.StatusSwitchingProtocols:
		return resp, nil
	case resp.StatusCode >= 400, redirectStatus(resp.StatusCode) && resp.ContentLength > 0 && resp.ContentLength <= maxRedirectBody:
		x.peek(resp)
		return resp, nil
	case x.buffered && resp.StatusCode < 300:
		err := x.readBody(resp)
		_ = resp.Body.Close()
		resp.Body = http.NoBody
		if err != nil {
			putBuffer(x.buf)
			x.buf = nil
		}
		return resp, err
	}
	return resp, nil
}

// peekedBody is an error body whose head has been read.
type peekedBody struct {
	head *bytes.Buffer // nil once it has been returned to the pool
	rest io.ReadCloser
	err  error // of reading the head, other than its end
	end  bool  // the head is all there is
	off  int

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

func (x *exchange) peek(resp *http.Response) {
	limit := x.c.cfg.maxErrorBody
	b := &x.head
	*b = peekedBody{head: getBuffer(), rest: resp.Body, limited: io.LimitedReader{R: resp.Body, N: limit + 1}}
	x.clock.enterAt(x.heard, drainTimeout, errDrainTimeout)
	n, err := b.head.ReadFrom(&b.limited)
	x.clock.leave()
	switch {
	case err != nil:
		b.err = x.explain(x.clock.attempt, err)
	case n <= limit:
		b.end = true
	}
	resp.Body = b
}

// peekedOf finds the error body whose head has been read.
func peekedOf(resp *http.Response) (*peekedBody, bool) {
	body := resp.Body
	if s, ok := body.(*streamBody); ok {
		body = s.rc
	}
	b, ok := body.(*peekedBody)
	return b, ok && b.head != nil
}

// peeked returns the head of an error body as it can be read, its content encoding
// undone; of one that is cut off, what is there.
func peeked(resp *http.Response) []byte {
	b, ok := peekedOf(resp)
	if !ok {
		return nil
	}
	text, _ := unpacked(resp.Header, b.head.Bytes(), DefaultMaxErrorBody)
	return text
}

// errorBody returns a copy of an error body as it can be read, up to its limit,
// also where middleware has wrapped it.
func (x *exchange) errorBody(resp *http.Response) []byte {
	limit := x.c.cfg.maxErrorBody
	text := peeked(resp)
	if _, ok := peekedOf(resp); !ok {
		if resp.Body == nil || resp.Body == http.NoBody || len(x.c.cfg.perCall) == 0 {
			return nil
		}
		head, _ := io.ReadAll(io.LimitReader(resp.Body, limit))
		text, _ = unpacked(resp.Header, head, limit)
	}
	text, _ = inUTF8(resp.Header, text[:min(int64(len(text)), limit)])
	return slices.Clone(text)
}

// discard ends a response that is not handed on, and reports whether its body
// has been read to the end. What is left of one is not read: a body that did not
// fit into the head costs its connection.
func (x *exchange) discard(resp *http.Response) (spent bool) {
	if resp == nil {
		return false
	}
	spent = resp.Body == http.NoBody
	if b, ok := peekedOf(resp); ok {
		spent = b.end
		defer func() {
			putBuffer(b.head)
			b.head = nil
		}()
	}
	_ = resp.Body.Close()
	return spent
}

// bodyReader reads a body that is to be decoded, under its limit.
type bodyReader struct {
	x    *exchange
	rc   io.Reader
	left int64
}

func (r *bodyReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errOverLimit
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	n, err := r.rc.Read(p)
	r.x.clock.progress.Add(1)
	r.left -= int64(n)
	return n, err
}

var errOverLimit = errors.New("over the limit")

func (x *exchange) bodyLimit() int64 {
	if x.out.limit > 0 {
		return min(x.out.limit, maxLimit)
	}
	return x.c.cfg.maxBody
}

func (x *exchange) readBody(resp *http.Response) error {
	limit := x.bodyLimit()
	if resp.ContentLength > limit && x.tmpl.Method != http.MethodHead {
		return tooLarge(limit)
	}
	if x.buf == nil {
		x.buf = getBuffer()
	}
	x.buf.Reset()
	if n := resp.ContentLength; n > 0 {
		x.buf.Grow(int(min(n, maxPooled)) + bytes.MinRead)
	}
	x.in = bodyReader{x: x, rc: resp.Body, left: limit + 1}
	x.clock.enterAt(x.heard, x.idle, errIdleTimeout)
	n, err := x.buf.ReadFrom(&x.in)
	x.clock.leave()
	x.in = bodyReader{}
	switch {
	case n > limit:
		return tooLarge(limit)
	case err != nil:
		return brokenBody(err)
	case resp.ContentLength >= 0 && !resp.Uncompressed && n < resp.ContentLength && x.tmpl.Method != http.MethodHead:
		return brokenBody(io.ErrUnexpectedEOF)
	}
	return nil
}

func brokenBody(err error) error { return failWrap(errTruncated, "reading the response body", err) }

func tooLarge(limit int64) error {
	return failf(ErrTooLarge, "the response body is over the limit of %d bytes: raise it with MaxBody, or stream it with Do", limit)
}
