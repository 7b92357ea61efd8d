package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// readAheadTime bounds the wait for a body that is read ahead.
const readAheadTime = 200 * time.Millisecond

// replay yields the request body for one attempt after another. How it can be had again
// prepare decides, once for the hop.
type replay struct {
	first  io.ReadCloser                 // as the caller gave it; nil once used
	get    func() (io.ReadCloser, error) // opens it again; nil where that cannot be
	seeks  *rewinding                    // where the body can seek; get is nil then
	none   bool                          // there is no body, which is always replayable
	length int64                         // as found by reading ahead, or -1
}

// prepare looks at the body that s asks for. Where it could not be sent again and may
// have to be, it is rewound if it can seek, else read ahead, for a short time and up
// to limit. What has not ended by then is sent once (C8).
func (b *replay) prepare(ctx context.Context, c *call, s *spec, limit int64, mayRepeat bool) error {
	b.length = -1
	if b.first == nil || b.first == http.NoBody {
		b.none = true
		return nil
	}
	// What is never repeated need not be kept, and what can be opened again neither:
	// the service sees its first byte before its source has ended (C8).
	if b.get = s.reopen; b.get != nil || !mayRepeat {
		return nil
	}
	if b.seeks, b.length = rewind(b.first); b.seeks != nil {
		return checkLength(s, b.length)
	}
	if limit <= 0 || s.length > limit || s.trails() {
		return nil // what is read ahead gets a length, and trailers go with chunks only
	}
	// A source that is slow, such as a pipe that waits for its writer, must not hold up
	// the call for long: the service may be what it waits for.
	d := readAheadTime
	if deadline := c.until(); !deadline.IsZero() {
		d = min(d, time.Until(deadline))
	}
	head := readAhead(b.first, limit)
	b.first = head
	whole := head.wait(ctx, d)
	// Looked at first, since a source may have failed for that very reason.
	if ctx.Err() != nil {
		return failWrap(ErrRequest, "the call ended while the request body was read", context.Cause(ctx))
	}
	if err := head.stop(); err != nil && err != io.EOF {
		return failWrap(ErrRequest, "the request body cannot be read", err)
	}
	data := head.bytes()
	n := int64(len(data))
	// The body stays what head yields: what has been read, and then the rest of the
	// source. It is sent once.
	if !whole || n > limit {
		return nil
	}
	// All of it is in memory. The source has no further use, and a Close that fails
	// says so before anything is sent.
	b.first = nil
	if err := head.Close(); err != nil {
		return failWrap(ErrRequest, "the request body cannot be closed", err)
	}
	if err := checkLength(s, n); err != nil {
		return err
	}
	b.length = n
	b.get = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	b.first, _ = b.get()
	return nil
}

// checkLength refuses a body of another length than was announced, which net/http would
// notice in the midst of sending it, when the service has half of a request.
func checkLength(s *spec, n int64) error {
	if s.length > 0 && n != s.length {
		return failf(ErrRequest, "the request body has %d bytes, its length was given as %d", n, s.length)
	}
	return nil
}

// again reports whether another attempt can have the whole body.
func (b *replay) again() bool { return b.none || b.get != nil || b.seeks != nil }

var errBodyUsed = errors.New("it cannot be sent again")

// attach gives req its body. It is called once per attempt.
func (b *replay) attach(ctx context.Context, req *http.Request) (err error) {
	if b.none {
		req.Body = b.first // nil or empty
		return nil
	}
	// What was found by reading ahead is known to its last byte, and goes out with its
	// length in place of chunks.
	if b.length >= 0 {
		req.ContentLength = b.length
		req.TransferEncoding = nil
		// net/http would read it to see whether a byte comes.
		if b.length == 0 {
			req.Body, req.GetBody = http.NoBody, nil
			return nil
		}
	}
	req.GetBody = b.get
	req.Body, err = b.open(ctx)
	return err
}

func (b *replay) open(ctx context.Context) (rc io.ReadCloser, err error) {
	switch {
	case b.seeks != nil:
		// The leases close it from now on; close would otherwise do so under their
		// reader.
		b.first = nil
		rc, err = b.seeks.open(ctx)
	case b.first != nil:
		// The first attempt has the body that came with the request. Whoever takes it
		// closes it.
		rc, b.first = b.first, nil
		return rc, nil
	case b.get == nil:
		return nil, failWrap(ErrRequest, "the request body has been read", errBodyUsed)
	default:
		rc, err = b.get()
	}
	switch {
	case err != nil:
		return nil, failWrap(ErrRequest, "the request body cannot be opened again", err)
	case rc == nil:
		return nil, failf(ErrRequest, "the request body opened again is nil")
	}
	return rc, nil
}

// close releases a body that no attempt has taken, and one that could have been
// rewound for another attempt.
func (b *replay) close() {
	if b.first != nil {
		_ = b.first.Close()
		b.first = nil
	}
	if b.seeks != nil {
		b.seeks.done()
	}
}

// contain guards a body that is not the stack's own, see [userBody]. What was read
// ahead or rewound is the stack's own already.
func (b *replay) contain() {
	if b.none || b.length >= 0 {
		return
	}
	b.first = guardBody(b.first)
	if get := b.get; get != nil {
		b.get = func() (io.ReadCloser, error) {
			rc, err := get()
			return guardBody(rc), err
		}
	}
}
