package ndjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/standpipe-go/standpipe/client"
)

// Body is a request body of type application/x-ndjson with one line for each item. Items
// are encoded as the transport takes them, one at a time, so there may be any number.
// Each attempt begins the sequence anew: where it cannot be ranged over twice with the
// same result, send it without retries, by retry.Never or [Encode] in a [client.Stream].
// An item that cannot be encoded as JSON ends the call.
func Body[T any](items iter.Seq[T]) client.Body {
	var open func() (io.ReadCloser, error)
	if items != nil {
		open = func() (io.ReadCloser, error) { return Encode(items), nil }
	}
	return client.Open("application/x-ndjson", open, -1)
}

// Encode returns a reader of the lines, which ranges over items as it is read. Close it,
// at its end too: that ends the range. Close does not wait for an item that is being
// made; the Read that waits for it then ends the range.
func Encode[T any](items iter.Seq[T]) io.ReadCloser {
	next, stop := iter.Pull(items)
	e := &encoder{stop: stop}
	e.next = func() (any, bool) { return next() }
	return e
}

// encoder is not to be read at once by two, but may be closed while it is read.
type encoder struct {
	next func() (any, bool)
	stop func()

	buf  bytes.Buffer // the rest of a line
	item int          // its number, from 1
	err  error        // that ended it

	mu      sync.Mutex
	reading bool
	closed  bool
}

func (e *encoder) Read(p []byte) (int, error) {
	if !e.enter() {
		return 0, io.ErrClosedPipe
	}
	defer e.leave()
	for e.buf.Len() == 0 && e.err == nil && len(p) > 0 {
		e.fill()
	}
	if e.buf.Len() == 0 {
		return 0, e.err
	}
	return e.buf.Read(p)
}

// fill encodes the next item.
func (e *encoder) fill() {
	item, more := e.next()
	if !more {
		e.err = io.EOF
		return
	}
	e.item++
	e.buf.Reset()
	line, err := json.Marshal(item)
	if err != nil {
		// The error of encoding/json may quote the value.
		e.err = fmt.Errorf("%w: item %d of the body is a %T, which cannot be encoded as JSON", client.ErrRequest, e.item, item)
		return
	}
	e.buf.Write(line) // on one line: Marshal puts what is written on several on one
	e.buf.WriteByte('\n')
}

func (e *encoder) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reading = !e.closed
	return e.reading
}

// leave ends the range where Close has come meanwhile: a sequence is not to be stopped
// while it makes an item.
func (e *encoder) leave() {
	e.mu.Lock()
	e.reading = false
	closed := e.closed
	e.mu.Unlock()
	if closed {
		e.stop()
	}
}

func (e *encoder) Close() error {
	e.mu.Lock()
	stops := !e.closed && !e.reading
	e.closed = true
	e.mu.Unlock()
	if stops {
		e.stop()
	}
	return nil
}
