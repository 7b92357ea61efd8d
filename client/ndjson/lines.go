package ndjson

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// DefaultMaxLine bounds one line, in bytes, where Request.MaxBody does not.
const DefaultMaxLine = 16 << 20

// Lines makes the call r and yields what each line of its response decodes into, until
// the service ends the stream, the context ends, or the loop is left, which closes the
// connection. Empty lines are skipped. At most one error, a [*client.Error], is yielded,
// with the zero T, and it ends the sequence: a status of 300 and above, a line over
// Request.MaxBody (client.ErrTooLarge; DefaultMaxLine by default), one that is not JSON
// or does not fit a T (client.ErrDecode), one that is cut off, which matches
// io.ErrUnexpectedEOF too, a stream that breaks off.
//
// Until the headers arrive the call is retried as any other; afterwards it is not, since
// lines have been handed out. The client's default deadline ends with the headers. A
// deadline of the context or of Request.Timeout bounds the whole stream, and its idle
// timeout each wait for more; a stream in which little happens wants a client with
// client.WithIdleTimeout(client.NoTimeout).
func Lines[T any](ctx context.Context, c *client.Client, r client.Request) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		limit := r.MaxBody
		if r.MaxBody == 0 {
			limit = DefaultMaxLine
		}
		if r.MaxBody > 0 { // of a line, and not of the stream
			r.MaxBody = 0
		}
		if !accepts(r.Header) {
			r.Header = r.Header.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			r.Header.Set("Accept", "application/x-ndjson, application/jsonl, application/json;q=0.9")
		}
		if r.Meta == nil {
			r.Meta = new(client.Meta)
		}
		r.CheckStatus = true
		resp, err := c.Do(ctx, r)
		if err != nil {
			yield(zero, err)
			return
		}
		defer resp.Body.Close()
		if resp.StatusCode >= http.StatusMultipleChoices {
			yield(zero, r.Meta.Fail(client.ErrorDetail{}, fmt.Errorf("%w: a redirect that is not followed has no lines", client.ErrDecode)))
			return
		}
		for value, err := range Decode[T](resp.Body, int(min(limit, math.MaxInt>>1))) {
			if err != nil {
				yield(zero, r.Meta.Fail(client.ErrorDetail{}, err))
				return
			}
			if !yield(value, nil) {
				return
			}
		}
	}
}

// accepts reports whether h has an Accept, however its name is spelled.
func accepts(h http.Header) bool {
	for name := range h {
		if strings.EqualFold(name, "Accept") {
			return true
		}
	}
	return false
}

// Decode yields what each line of src decodes into, for streams that are not a client's.
// maxLine bounds a line, in bytes; 0 is DefaultMaxLine. Errors are those of [Lines], of
// which one ends the sequence; they quote nothing of the line.
func Decode[T any](src io.Reader, maxLine int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		lines := newReader(src, maxLine)
		for {
			line, err := lines.next()
			if err == io.EOF {
				return
			}
			var value T
			if err == nil {
				err = lines.decode(line, &value)
			}
			if err != nil {
				yield(zero, err)
				return
			}
			if !yield(value, nil) {
				return
			}
		}
	}
}

// reader divides a stream into lines.
type reader struct {
	src    *bufio.Reader
	limit  int
	number int    // of the line, from 1
	long   []byte // a line that does not fit into src's buffer
}

// window is how much of a stream is read at once.
const window = 32 << 10

func newReader(src io.Reader, limit int) *reader {
	if limit <= 0 {
		limit = DefaultMaxLine
	}
	return &reader{src: bufio.NewReaderSize(src, window), limit: limit}
}

// next returns the next line that is not empty, valid until it is called again, and
// io.EOF after the last.
func (r *reader) next() ([]byte, error) {
	for {
		r.number++
		line, err := r.line()
		line = bytes.TrimSpace(line)
		if r.number == 1 {
			line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\uFEFF")))
		}
		switch {
		case err == io.EOF && len(line) > 0:
			if !whole(line) {
				return nil, fmt.Errorf("%w: line %d is cut off: %w", client.ErrDecode, r.number, io.ErrUnexpectedEOF)
			}
			return line, nil // only its newline is missing
		case err != nil:
			return nil, err
		case len(line) > 0:
			return line, nil
		}
	}
}

// line returns the next line as it is, and an error with what is left before it.
func (r *reader) line() ([]byte, error) {
	r.long = r.long[:0]
	for {
		piece, err := r.src.ReadSlice('\n')
		if n := len(r.long) + len(bytes.TrimRight(piece, "\r\n")); n > r.limit {
			return nil, fmt.Errorf("%w: line %d is over the limit of %d bytes: raise it with MaxBody", client.ErrTooLarge, r.number, r.limit)
		}
		if err == nil && len(r.long) == 0 {
			return piece, nil
		}
		if err != bufio.ErrBufferFull && len(r.long) == 0 {
			return piece, err
		}
		r.long = append(r.long, piece...)
		if err != bufio.ErrBufferFull {
			return r.long, err
		}
	}
}

// whole reports whether a line without its newline is all of a value. Of a number nobody
// can tell: 12 may be the head of 123.
func whole(line []byte) bool {
	last := line[len(line)-1]
	return json.Valid(line) && (last < '0' || last > '9')
}

func (r *reader) decode(line []byte, into any) error {
	err := json.Unmarshal(line, into)
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return fmt.Errorf("%w: line %d does not fit: its field %s is no %s", client.ErrDecode, r.number, wrong.Field, wrong.Type)
	}
	if !json.Valid(line) {
		return fmt.Errorf("%w: line %d is not JSON", client.ErrDecode, r.number)
	}
	return fmt.Errorf("%w: line %d does not fit", client.ErrDecode, r.number)
}
