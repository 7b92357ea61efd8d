package client

import (
	"bytes"
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

// Event is one server-sent event (HTML, "Server-sent events").
type Event struct {
	Type  string        // the event field; "" is "message"
	Data  []byte        // the data fields, joined with "\n"; the caller's own
	ID    string        // the last event ID so far
	Retry time.Duration // what the service asked to wait before reconnecting; 0 where it did not
}

// eventReader splits a stream into events ("Interpreting an event stream").
type eventReader struct {
	r     io.Reader
	limit int
	buf   []byte // read, not yet used
	off   int
	err   error // of r, once it has ended
	fresh bool  // nothing has been read yet: a byte order mark may come
	cr    bool  // the last line ended with CR: an LF is the rest of its end
	line  []byte
	id    string
	retry time.Duration
}

const readSize = 4 << 10

// emptyReads is how many reads in a row may yield nothing, as in package bufio.
const emptyReads = 100

func newEventReader(r io.Reader, limit int) *eventReader {
	return &eventReader{r: r, limit: limit, fresh: true}
}

// next returns the next event. At a clean end of the stream it returns io.EOF;
// an event that was not finished by then is dropped, as the standard says.
func (e *eventReader) next() (Event, error) {
	var ev Event
	var data []byte
	has := false
	size := 0
	for {
		line, err := e.readLine(e.limit - size)
		if err != nil {
			return Event{}, err
		}
		size += len(line) + 1
		if len(line) == 0 {
			if !has {
				ev.Type, size = "", 0
				continue
			}
			ev.Data, ev.ID, ev.Retry = data, e.id, e.retry
			e.retry = 0
			return ev, nil
		}
		field, value := splitField(line)
		switch string(field) {
		case "data":
			if has {
				data = append(data, '\n')
			}
			data = append(data, value...)
			has = true
		case "event":
			ev.Type = string(value)
		case "id":
			if bytes.IndexByte(value, 0) < 0 {
				e.id = string(value)
			}
		case "retry":
			if ms, err := strconv.ParseUint(string(value), 10, 32); err == nil && value[0] != '+' {
				e.retry = time.Duration(ms) * time.Millisecond
			}
		}
		if len(field) == 0 {
			size -= len(line) + 1 // a comment, which keeps the connection alive
		}
	}
}

func splitField(line []byte) (field, value []byte) {
	field, value, _ = bytes.Cut(line, []byte(":"))
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return field, value
}

// readLine returns a line without its end (CR, LF or CRLF), valid until the next
// call. A line that the stream breaks off is an end, not a line.
func (e *eventReader) readLine(limit int) ([]byte, error) {
	e.line = e.line[:0]
	for {
		if e.off == len(e.buf) {
			if err := e.fill(); err != nil {
				return nil, err
			}
		}
		chunk := e.buf[e.off:]
		if e.cr {
			e.cr = false
			if chunk[0] == '\n' {
				e.off++
				continue
			}
		}
		end := bytes.IndexAny(chunk, "\r\n")
		n := end
		if end < 0 {
			n = len(chunk)
		}
		if len(e.line)+n > limit {
			return nil, errOverLimit
		}
		if end < 0 {
			e.line = append(e.line, chunk...)
			e.off = len(e.buf)
			continue
		}
		e.off += end + 1
		e.cr = chunk[end] == '\r'
		if len(e.line) == 0 {
			return chunk[:end], nil
		}
		e.line = append(e.line, chunk[:end]...)
		return e.line, nil
	}
}

func (e *eventReader) fill() error {
	if e.err != nil {
		return e.err
	}
	if e.buf == nil {
		e.buf = make([]byte, 0, readSize)
	}
	for range emptyReads {
		e.off = 0 // also behind a mark that came alone
		var n int
		n, e.err = e.r.Read(e.buf[:cap(e.buf)])
		e.buf = e.buf[:n]
		if n > 0 && e.fresh {
			e.skipMark()
		}
		if e.off < len(e.buf) {
			return nil
		}
		if e.err != nil {
			return e.err
		}
	}
	return io.ErrNoProgress
}

// skipMark drops a byte order mark. One that arrives in pieces is waited for.
func (e *eventReader) skipMark() {
	e.fresh = false
	mark := []byte("\uFEFF")
	for empty := 0; len(e.buf) < len(mark) && bytes.HasPrefix(mark, e.buf) && e.err == nil; {
		var n int
		n, e.err = e.r.Read(e.buf[len(e.buf):utf8.UTFMax])
		e.buf = e.buf[:len(e.buf)+n]
		if empty++; n > 0 {
			empty = 0
		} else if empty == emptyReads && e.err == nil {
			e.err = io.ErrNoProgress
		}
	}
	if bytes.HasPrefix(e.buf, mark) {
		e.off = len(mark)
	}
}
