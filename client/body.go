package client

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// A Body is a request body that is not plain JSON: see [Form], [Raw], [Stream],
// [Open] and [Multipart]. A Request.Body of any other type is encoded as JSON.
type Body interface {
	payload() (payload, error)
}

// payload is a request body as the stack sends it. At most one of data and open
// is set; neither means that there is no body.
type payload struct {
	contentType string
	data        []byte                        // replayed from memory
	open        func() (io.ReadCloser, error) // replayed by opening again
	single      io.ReadCloser                 // not to be replayed
	size        int64                         // -1 where unknown
}

type bodyFunc func() (payload, error)

func (f bodyFunc) payload() (payload, error) { return f() }

// Form is a body of type application/x-www-form-urlencoded.
func Form(values url.Values) Body {
	return bodyFunc(func() (payload, error) {
		return payload{contentType: "application/x-www-form-urlencoded", data: []byte(values.Encode())}, nil
	})
}

// Raw is a body of bytes that are sent as they are. They must not change until
// the call has returned.
func Raw(contentType string, data []byte) Body {
	return bodyFunc(func() (payload, error) { return payload{contentType: contentType, data: data}, nil })
}

// Stream is a body that is read from r. If r can seek, as an *os.File can, it is
// rewound for another attempt; of any other what fits into the read-ahead (see
// [WithReadAhead]) is kept for one, and a call with more than that is not retried. size
// is its length in bytes, -1 where unknown. If r is an io.Closer it is closed, in every
// case.
func Stream(contentType string, r io.Reader, size int64) Body {
	return bodyFunc(func() (payload, error) {
		if isNil(r) {
			return payload{}, failf(ErrRequest, "Stream was given a nil reader for the body")
		}
		return payload{contentType: contentType, single: closable(r), size: size}, nil
	})
}

// closable gives a reader without a Close one that does nothing. One that can seek
// goes on to show that, but for what is in memory: that is read ahead, and its length
// looked at before anything is sent.
func closable(r io.Reader) io.ReadCloser {
	if rc, ok := r.(io.ReadCloser); ok {
		return rc
	}
	switch s := r.(type) {
	case *bytes.Reader, *strings.Reader:
	case io.ReadSeeker:
		return unclosed{s}
	}
	return io.NopCloser(r)
}

type unclosed struct{ io.ReadSeeker }

func (unclosed) Close() error { return nil }

// Open is a body that can be sent again: open is called once per attempt, and
// its result is closed. Nothing is buffered. size is its length in bytes, -1
// where unknown.
func Open(contentType string, open func() (io.ReadCloser, error), size int64) Body {
	return bodyFunc(func() (payload, error) {
		if open == nil {
			return payload{}, failf(ErrRequest, "Open was given a nil function for the body")
		}
		return payload{contentType: contentType, open: open, size: size}, nil
	})
}

func payloadOf(body any) (payload, error) {
	if body == nil {
		return payload{}, nil
	}
	return encode(body)
}

// encode is payloadOf for what there is. What is called in it is the caller's.
func encode(body any) (p payload, err error) {
	defer panics.Catch(&err, "the request body")
	switch b := body.(type) {
	case Body:
		if isNil(b) {
			return payload{}, failf(ErrRequest, "the body is a nil %T", body)
		}
		return b.payload()
	case []byte, string, io.Reader:
		return payload{}, failf(ErrRequest, "the body is a %T, which says nothing of its content type: wrap it in Raw or Stream", body)
	case url.Values:
		return payload{}, failf(ErrRequest, "the body is url.Values: wrap it in Form")
	}
	if isNil(body) {
		return payload{}, failf(ErrRequest, "the body is a nil %T", body)
	}
	data, err := json.Marshal(body)
	if err != nil {
		// The error of encoding/json may quote the value.
		return payload{}, failf(ErrRequest, "the body is a %T, which cannot be encoded as JSON", body)
	}
	return payload{contentType: "application/json", data: data}, nil
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Interface, reflect.Chan:
		return rv.IsNil()
	}
	return false
}

// attach tells s how the body is had, and returns it for the first attempt.
func (p *payload) attach(s *spec) (first io.ReadCloser, err error) {
	switch {
	case p.single != nil:
		s.length, s.once = p.size, p.single != http.NoBody
		return p.single, nil
	case p.open != nil:
		rc, err := p.open()
		if err != nil {
			return nil, failWrap(ErrRequest, "the body cannot be opened", err)
		}
		if rc == nil {
			return nil, failf(ErrRequest, "the function given to Open returned no body")
		}
		s.length, s.reopen = p.size, p.open
		return rc, nil
	case len(p.data) > 0:
		data := p.data
		s.length, s.reopen = int64(len(data)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		return s.reopen()
	case p.contentType != "":
		s.reopen = func() (io.ReadCloser, error) { return http.NoBody, nil }
		return s.reopen()
	}
	return nil, nil
}
