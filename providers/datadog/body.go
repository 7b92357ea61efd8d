package datadog

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/panics"
)

// worthCompressing is the size in bytes from which a body is compressed: a smaller one
// goes into the same packets.
const worthCompressing = 1 << 10

// squeezers are kept, since each has more memory than most bodies.
var squeezers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// squeeze makes data the body of a submission, compressed if that is worth it, and
// returns its size on the wire.
func squeeze(r *client.Request, contentType string, data []byte) int {
	if len(data) < worthCompressing {
		r.Body = client.Raw(contentType, data)
		return len(data)
	}
	var b bytes.Buffer
	zw := squeezers.Get().(*gzip.Writer)
	zw.Reset(&b)
	_, _ = zw.Write(data) // a Buffer takes everything
	_ = zw.Close()
	squeezers.Put(zw)
	r.Header = http.Header{"Content-Encoding": {"gzip"}}
	r.Body = client.Raw(contentType, b.Bytes())
	return b.Len()
}

// unfitError says what is wrong with what was to be submitted. Nothing has been sent
// then. It matches client.ErrRequest.
type unfitError struct {
	reason DropReason // DropInvalid where it is ""
	text   string
}

func (e *unfitError) Error() string { return client.ErrRequest.Error() + ": " + e.text }

func (e *unfitError) Unwrap() error { return client.ErrRequest }

func unfit(format string, args ...any) error { return &unfitError{text: fmt.Sprintf(format, args...)} }

func unfitFor(reason DropReason, format string, args ...any) error {
	return &unfitError{reason, fmt.Sprintf(format, args...)}
}

// object writes a JSON object member by member, each in as few bytes as it needs: a "<"
// is one, not six.
type object struct {
	b   bytes.Buffer
	enc *json.Encoder
	err error
}

func (o *object) begin() {
	o.enc = json.NewEncoder(&o.b)
	o.enc.SetEscapeHTML(false)
	o.b.WriteByte('{')
}

// text writes a member that is not empty.
func (o *object) text(name, value string) {
	if value != "" {
		o.member(name, value)
	}
}

func (o *object) member(name string, value any) {
	if o.b.Len() > 1 {
		o.b.WriteByte(',')
	}
	o.value(name)
	o.b.WriteByte(':')
	o.value(value)
}

func (o *object) value(v any) {
	if o.err == nil {
		o.err = encode(o.enc, v)
		o.b.Truncate(max(o.b.Len()-1, 0)) // the line break after it
	}
}

// encode makes a panic of a MarshalJSON that is the caller's an error.
func encode(enc *json.Encoder, v any) (err error) {
	defer panics.Catch(&err, "datadog: MarshalJSON")
	return enc.Encode(v)
}

func (o *object) end() ([]byte, error) {
	o.b.WriteByte('}')
	return o.b.Bytes(), o.err
}

// marshal is v as JSON in as few bytes as it needs.
func marshal(v any) ([]byte, error) {
	var o object
	o.begin()
	o.b.Reset()
	o.value(v)
	return o.b.Bytes(), o.err
}

// encoded is what marshal makes, or says what cannot be.
func encoded(v any, what string, args ...any) ([]byte, error) {
	data, err := marshal(v)
	return data, unencodable(err, what, args...)
}

// unencodable says that something has no JSON. The error of encoding/json may quote a
// value.
func unencodable(err error, what string, args ...any) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*json.UnsupportedValueError](err); ok {
		return unfit(what+" holds a number for which JSON has no form", args...)
	}
	return unfit(what+" cannot be encoded as JSON", args...)
}
