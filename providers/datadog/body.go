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

// marshal is v as JSON in as few bytes as it needs: a "<" is one, not six.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), err
}

// encoded is what marshal makes, or says what cannot be. The error of encoding/json may
// quote a value.
func encoded(v any, what string, args ...any) ([]byte, error) {
	data, err := marshal(v)
	if err == nil {
		return data, nil
	}
	if _, ok := errors.AsType[*json.UnsupportedValueError](err); ok {
		return nil, unfit(what+" holds a number for which JSON has no form", args...)
	}
	return nil, unfit(what+" cannot be encoded as JSON", args...)
}
