package client

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"time"
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
	r     *bufio.Reader
	limit int
	fresh bool // nothing has been read yet: a byte order mark may come
	cr    bool // the last line ended with CR: an LF is the rest of its end
	line  []byte
	id    string
	retry time.Duration
}

func newEventReader(r io.Reader, limit int) *eventReader {
	return &eventReader{r: bufio.NewReader(r), limit: limit, fresh: true}
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
			if ms, err := strconv.ParseUint(string(value), 10, 32); err == nil {
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
		chunk, err := e.chunk()
		if err != nil {
			return nil, err
		}
		end := bytes.IndexAny(chunk, "\r\n")
		n := end
		if end < 0 {
			n = len(chunk)
		}
		if len(e.line)+n > limit {
			return nil, errOverLimit
		}
		e.line = append(e.line, chunk[:n]...)
		if end < 0 {
			e.discard(n)
			continue
		}
		e.cr = chunk[end] == '\r'
		e.discard(n + 1)
		return e.line, nil
	}
}

// chunk returns what has arrived, at least a byte, behind a byte order mark at
// the very beginning and the LF of a line's end whose CR came before.
func (e *eventReader) chunk() ([]byte, error) {
	for {
		head, err := e.r.Peek(1)
		if err != nil {
			return nil, err
		}
		switch {
		case e.fresh && head[0] == mark[0]:
			if start, _ := e.r.Peek(len(mark)); string(start) == mark {
				e.discard(len(mark))
			}
		case e.cr && head[0] == '\n':
			e.discard(1)
		default:
			e.fresh, e.cr = false, false
			return e.r.Peek(e.r.Buffered())
		}
		e.fresh, e.cr = false, false
	}
}

// discard uses up what has been looked at.
func (e *eventReader) discard(n int) { _, _ = e.r.Discard(n) } // of what is buffered, which cannot fail
