package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/flight"
)

// replay yields the request body for one attempt after another.
type replay struct {
	first  io.ReadCloser // as the caller gave it; nil once used
	get    func() (io.ReadCloser, error)
	none   bool
	length int64 // what was found by reading ahead; -1 where nothing was
}

// prepare looks at the body of req. Where it could not be sent again and may
// have to be, it is read ahead up to limit.
func (b *replay) prepare(ctx context.Context, deadline time.Time, req *http.Request, limit int64, mayRepeat bool) error {
	b.length = -1
	if req.Body == nil || req.Body == http.NoBody {
		b.none = true
		return nil
	}
	b.first, b.get = req.Body, req.GetBody
	if b.get != nil || !mayRepeat || limit <= 0 || req.ContentLength > limit || len(req.Trailer) > 0 {
		return nil // what is read ahead gets a length, and trailers go with chunks only
	}
	head, err := readAhead(ctx, deadline, req.Body, limit)
	if err != nil {
		return err
	}
	n := int64(head.Len())
	if n > limit {
		b.first = &joined{Reader: io.MultiReader(head, req.Body), Closer: req.Body}
		return nil
	}
	if err := req.Body.Close(); err != nil {
		b.first = nil
		return failWrap(ErrRequest, "the request body cannot be closed", err)
	}
	if req.ContentLength > 0 && n != req.ContentLength {
		b.first = nil
		return failf(ErrRequest, "the request body has %d bytes, its length was given as %d", n, req.ContentLength)
	}
	data := head.Bytes()
	b.length = n
	b.get = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	b.first, _ = b.get()
	return nil
}

// readAhead reads up to limit+1 bytes. A source that blocks does not hold the
// call past its deadline: it is closed by the caller, which ends most reads.
func readAhead(ctx context.Context, deadline time.Time, r io.Reader, limit int64) (*bytes.Buffer, error) {
	var timeout <-chan time.Time
	if !deadline.IsZero() {
		t := time.NewTimer(time.Until(deadline))
		defer t.Stop()
		timeout = t.C
	}
	reading := flight.Start(ctx, 0, "the request body", func(context.Context) (*bytes.Buffer, error) {
		head := new(bytes.Buffer)
		_, err := head.ReadFrom(io.LimitReader(r, limit+1))
		return head, err
	}, nil)
	select {
	case <-reading.Done():
		head, err := reading.Wait(ctx)
		if err != nil {
			return nil, failWrap(ErrRequest, "the request body cannot be read", err)
		}
		return head, nil
	case <-ctx.Done():
		return nil, failWrap(ErrRequest, "while the request body was read", context.Cause(ctx))
	case <-timeout:
		return nil, failWrap(ErrRequest, "while the request body was read", errCallDeadline)
	}
}

type joined struct {
	io.Reader
	io.Closer
}

// again reports whether another attempt can have the whole body.
func (b *replay) again() bool { return b.none || b.get != nil }

var errBodyUsed = errors.New("the request body cannot be sent again")

// attach gives req its body. It is called once an attempt.
func (b *replay) attach(req *http.Request) error {
	if b.none {
		return nil
	}
	if b.length >= 0 {
		req.ContentLength = b.length
		req.TransferEncoding = nil
		if b.length == 0 {
			req.Body, req.GetBody = http.NoBody, nil
			return nil
		}
	}
	req.GetBody = b.get
	if b.first != nil {
		req.Body, b.first = bound(req.Context(), b.first), nil
		return nil
	}
	if b.get == nil {
		return failWrap(ErrRequest, "replay", errBodyUsed)
	}
	rc, err := b.get()
	if err != nil {
		return failWrap(ErrRequest, "the request body cannot be opened again", err)
	}
	if rc == nil {
		return failf(ErrRequest, "the request body opened again is nil")
	}
	req.Body = bound(req.Context(), rc)
	return nil
}

// bounded is a request body that its attempt's end closes, which ends most reads. A
// source that blocks would otherwise hold up net/http, which waits for the reader of
// a body before it gives a request up, and with it the call past its deadline.
type bounded struct {
	io.ReadCloser
	stop func() bool
	once sync.Once
	err  error
}

func bound(ctx context.Context, rc io.ReadCloser) io.ReadCloser {
	if t := reflect.TypeOf(rc); t == nopCloser || t == nopCloserTo {
		return rc // in memory, as a rule: closing it does nothing
	}
	b := &bounded{ReadCloser: rc}
	b.stop = context.AfterFunc(ctx, func() { _ = b.close() })
	return b
}

var (
	nopCloser   = reflect.TypeOf(io.NopCloser(nil))
	nopCloserTo = reflect.TypeOf(io.NopCloser(new(bytes.Reader)))
)

func (b *bounded) Close() error {
	b.stop()
	return b.close()
}

func (b *bounded) close() error {
	b.once.Do(func() { b.err = b.ReadCloser.Close() })
	return b.err
}

// close releases a body that no attempt has taken.
func (b *replay) close() {
	if b.first != nil {
		_ = b.first.Close()
		b.first = nil
	}
}
