package client

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// Part is one part of a [Multipart] body (RFC 7578).
type Part struct {
	Name        string // of the form field
	Value       string // the content, where Open is nil
	FileName    string // "" for a plain field
	ContentType string // "" leaves the header out of a field, and is application/octet-stream for a file

	// Open yields the content of a file. It is called once per attempt, so the
	// upload can be retried, and nothing is buffered.
	Open func() (io.ReadCloser, error)

	// Size is how many bytes Open yields; 0 means unknown, and an empty file is one
	// without Open. Content of any other length is an error of the call.
	Size int64
}

// Multipart is a body of type multipart/form-data. It is streamed, and replayed
// by opening its parts again. If the length of every part is known, so is that of
// the body, and it is sent with a Content-Length: not every service takes an
// upload without one (411, 501).
func Multipart(parts ...Part) Body {
	return bodyFunc(func() (payload, error) {
		for _, p := range parts {
			if p.Name == "" {
				return payload{}, failf(ErrRequest, "multipart: a part has no name")
			}
			if p.Size < 0 || p.Size > 0 && p.Open == nil {
				return payload{}, failf(ErrRequest, "multipart: the Size of part %q is %d: it is for the content of Open, and not negative", quote.Cut(p.Name, 64), p.Size)
			}
			if strings.ContainsAny(p.Name+p.FileName+p.ContentType, "\r\n\x00") {
				return payload{}, failf(ErrRequest, "multipart: a part's name, file name or type holds CR, LF or NUL")
			}
		}
		boundary := "standpipe" + rand.Text()
		return payload{
			contentType: "multipart/form-data; boundary=" + boundary,
			open:        func() (io.ReadCloser, error) { return newMultipart(boundary, parts), nil },
			size:        multipartSize(boundary, parts),
		}, nil
	})
}

// multipartSize is the length of the whole body, -1 where that of a part is
// unknown.
func multipartSize(boundary string, parts []Part) int64 {
	var total counter
	mw := multipart.NewWriter(&total)
	if mw.SetBoundary(boundary) != nil {
		return -1
	}
	for _, p := range parts {
		size := int64(len(p.Value))
		if p.Open != nil {
			size = p.Size
		}
		if p.Open != nil && size == 0 {
			return -1
		}
		_, _ = mw.CreatePart(p.header()) // a counter takes everything
		total += counter(size)
	}
	_ = mw.Close()
	return int64(total)
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// multipartReader writes its parts into a pipe. It starts with the first Read,
// so that a request that is never sent opens nothing.
type multipartReader struct {
	boundary string
	parts    []Part

	mu     sync.Mutex // a transport may close a body while it reads it
	pipe   *io.PipeReader
	part   *closedOnce // that is being read; nil where none is
	closed bool
}

func newMultipart(boundary string, parts []Part) *multipartReader {
	return &multipartReader{boundary: boundary, parts: parts}
}

func (m *multipartReader) Read(p []byte) (int, error) {
	return m.start().Read(p)
}

func (m *multipartReader) start() *io.PipeReader {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pipe == nil {
		r, w := io.Pipe()
		m.pipe = r
		go func() {
			err := panics.Exited("a part of the request body")
			defer func() { _ = w.CloseWithError(err) }()
			err = m.write(w)
		}()
	}
	return m.pipe
}

var errMultipartClosed = errors.New("multipart body closed")

// Close ends the writer, which waits on the pipe as a rule. A part that it still reads
// from after a while is closed, which ends most reads.
func (m *multipartReader) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pipe == nil {
		m.pipe, _ = io.Pipe()
	}
	if part := m.part; part != nil && !m.closed {
		time.AfterFunc(afterEnd, func() { _ = closeQuietly(part) })
	}
	m.closed = true
	return m.pipe.CloseWithError(errMultipartClosed)
}

// reads notes the part that is read from now on, nil for none, and reports whether
// anybody wants it.
func (m *multipartReader) reads(part *closedOnce) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.part = part
	return !m.closed
}

func (m *multipartReader) write(w io.Writer) (err error) {
	defer panics.Catch(&err, "a part of the request body")
	mw := multipart.NewWriter(w)
	if err := mw.SetBoundary(m.boundary); err != nil {
		return err
	}
	for _, p := range m.parts {
		if err := p.write(mw, m); err != nil {
			return err
		}
	}
	return mw.Close()
}

func (p *Part) header() textproto.MIMEHeader {
	h := textproto.MIMEHeader{}
	disposition := `form-data; name="` + quoteField(p.Name) + `"`
	contentType := p.ContentType
	if p.FileName != "" {
		disposition += `; filename="` + quoteField(p.FileName) + `"`
		contentType = cmp.Or(contentType, "application/octet-stream")
	}
	h.Set("Content-Disposition", disposition)
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	return h
}

func (p *Part) write(mw *multipart.Writer, m *multipartReader) error {
	w, err := mw.CreatePart(p.header())
	if err != nil {
		return err
	}
	if p.Open == nil {
		_, err = io.WriteString(w, p.Value)
		return err
	}
	rc, err := p.Open()
	if err != nil {
		return err
	}
	if rc == nil {
		return failf(ErrRequest, "multipart: the Open of part %q returned nil", p.Name)
	}
	part := &closedOnce{ReadCloser: rc}
	defer part.Close()
	if !m.reads(part) {
		return errMultipartClosed
	}
	n, err := io.Copy(w, rc)
	m.reads(nil)
	if err == nil && p.Size > 0 && n != p.Size {
		return failf(ErrRequest, "multipart: part %q has %d bytes, its Size says %d", quote.Cut(p.Name, 64), n, p.Size)
	}
	return err
}

// quoteField escapes as browsers do (HTML, "multipart/form-data encoding algorithm").
func quoteField(s string) string { return strings.ReplaceAll(s, `"`, "%22") }
