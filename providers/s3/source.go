package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/loopback"
	"github.com/standpipe-go/standpipe/internal/panics"
)

// part is a piece of what is uploaded: of an io.ReaderAt, or in memory.
type part struct {
	number int // from 1
	size   int64
	crc    uint64 // its checksum, if that can be combined

	at     io.ReaderAt
	offset int64

	buf  []byte
	free chan<- []byte // takes buf back
}

// body is the part as the body of a request.
func (p *part) body(contentType string) client.Body {
	if p.at == nil || p.size == 0 {
		return client.Raw(contentType, p.buf[:p.size])
	}
	return client.Open(contentType, func() (io.ReadCloser, error) { return io.NopCloser(p.section()), nil }, p.size)
}

func (p *part) section() *io.SectionReader { return io.NewSectionReader(p.at, p.offset, p.size) }

// copyTo writes the content to w, which takes everything, by way of buf.
func (p *part) copyTo(w io.Writer, buf []byte) (err error) {
	if p.at == nil {
		_, _ = w.Write(p.buf[:p.size])
		return nil
	}
	defer panics.Catch(&err, "the reader")
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{p.section()}, buf)
	if err == nil && n < p.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("the content cannot be read: %w", err)
	}
	return nil
}

// release gives the memory of a part that is done with to the next.
func (p *part) release() {
	if p.free != nil {
		p.free <- p.buf
	}
}

// source cuts content into parts.
type source interface {
	// next is the next part, nil after the last. last says that the part is known to
	// be the last one.
	next(ctx context.Context) (p *part, last bool, err error)
	total() int64 // -1 where it is not known
}

func newSource(in *UploadInput, r io.Reader) (source, error) {
	at, offset, size, err := placed(r)
	switch {
	case err != nil:
		return nil, err
	case at == nil:
		if in.PartSize == 0 {
			in.PartSize = defaultPart
		}
		return &stream{r: r, size: in.PartSize, free: make(chan []byte, in.Concurrency), left: in.Concurrency}, nil
	case in.PartSize == 0:
		in.PartSize = defaultPart
		if need := (size + maxParts - 1) / maxParts; need > defaultPart {
			in.PartSize = (need + 1<<20 - 1) &^ (1<<20 - 1)
		}
	}
	if size > in.PartSize*maxParts {
		return nil, tooManyParts(in.PartSize)
	}
	return &sections{at: at, offset: offset, end: offset + size, begin: offset, size: in.PartSize}, nil
}

func tooManyParts(size int64) error {
	return fmt.Errorf("%w: there are more than %d parts of %d bytes: set a larger PartSize", client.ErrRequest, maxParts, size)
}

// placed looks at whether r can be read at any offset, from where it stands to its end.
// A pipe is a file as well, and cannot.
func placed(r io.Reader) (at io.ReaderAt, offset, size int64, err error) {
	defer panics.Catch(&err, "the reader")
	file, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil, 0, 0, nil
	}
	offset, err = file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, 0, 0, nil
	}
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil || end < offset {
		return nil, 0, 0, fmt.Errorf("%w: the reader's length cannot be found", client.ErrRequest)
	}
	return file, offset, end - offset, nil
}

// sections are the parts of an io.ReaderAt.
type sections struct {
	at                 io.ReaderAt
	begin, offset, end int64
	size               int64
	number             int
}

func (s *sections) total() int64 { return s.end - s.begin }

func (s *sections) next(context.Context) (*part, bool, error) {
	left := s.end - s.offset
	if left <= 0 && s.number > 0 {
		return nil, true, nil
	}
	s.number++
	p := &part{number: s.number, at: s.at, offset: s.offset, size: min(s.size, left)}
	s.offset += p.size
	return p, s.offset == s.end, nil
}

// stream are the parts of a reader, each in a piece of memory of its own.
type stream struct {
	r      io.Reader
	size   int64
	free   chan []byte
	left   int // pieces that may still be made
	number int
	ended  bool
}

func (s *stream) total() int64 { return -1 }

func (s *stream) next(ctx context.Context) (*part, bool, error) {
	if s.ended {
		return nil, true, nil
	}
	buf, err := s.memory(ctx)
	if err != nil {
		return nil, false, err
	}
	n, err := s.fill(ctx, buf)
	s.ended = err == io.EOF
	if err != nil && !s.ended {
		return nil, false, fmt.Errorf("the content cannot be read: %w", err)
	}
	if n == 0 && s.number > 0 {
		s.free <- buf
		return nil, true, nil
	}
	if s.number++; s.number > maxParts {
		return nil, false, tooManyParts(s.size)
	}
	return &part{number: s.number, buf: buf, size: int64(n), free: s.free}, s.ended, nil
}

// memory waits for a piece that nobody needs any more, unless one may be made.
func (s *stream) memory(ctx context.Context) ([]byte, error) {
	select {
	case buf := <-s.free:
		return buf, nil
	default:
	}
	if s.left > 0 {
		s.left--
		return make([]byte, s.size), nil
	}
	select {
	case buf := <-s.free:
		return buf, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// errNothing is of a reader that goes on without bringing anything.
var errNothing = errors.New("the reader returned neither bytes nor an error, a hundred times")

// fill reads until buf is full or r ends. The reader's own io.ErrUnexpectedEOF is a
// failure, which io.ReadFull would not tell from its end.
func (s *stream) fill(ctx context.Context, buf []byte) (n int, err error) {
	defer panics.Catch(&err, "the reader")
	for idle := 0; n < len(buf) && err == nil; idle++ {
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
		var m int
		m, err = s.r.Read(buf[n:])
		if m < 0 || m > len(buf)-n {
			return n, fmt.Errorf("the reader counts %d bytes in a read of %d", m, len(buf)-n)
		}
		if n += m; m > 0 {
			idle = 0
		}
		if idle == 100 {
			return n, errNothing
		}
	}
	return n, err
}

// private reports whether what is sent to a URL is protected on its way.
func private(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "https" || loopback.Host(u.Hostname()))
}
