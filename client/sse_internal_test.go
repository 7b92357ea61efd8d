package client

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

// Streams as the standard reads them ("Interpreting an event stream"), whole and byte
// by byte.
func TestEventsLineByLine(t *testing.T) {
	t.Parallel()
	const limit = 16
	for stream, want := range map[string][]Event{
		"":                                   nil,
		"\n\n":                               nil,
		"data: a\n\n":                        {{Data: []byte("a")}},
		"data:a\r\rdata:b\r\n\r\ndata:c\n\n": {{Data: []byte("a")}, {Data: []byte("b")}, {Data: []byte("c")}},
		"data:  a\n\n":                       {{Data: []byte(" a")}},
		"data\n\n":                           {{}},
		"data:\n\n":                          {{}},
		"data: \n\n":                         {{}},
		"data\ndata\n\n":                     {{Data: []byte("\n")}},
		"data:a\ndata:b\n\n":                 {{Data: []byte("a\nb")}},
		"data:a\n":                           nil,
		"data:a":                             nil,
		mark + "data:a\n\n":                  {{Data: []byte("a")}},
		mark + mark + "data:a\n\n":           nil,
		"data:a\n\n" + mark + "data:b\n\n":   {{Data: []byte("a")}},
		"\ndata:a\n\n":                       {{Data: []byte("a")}},
		"\xef\xbbdata:a\n\n":                 nil,
		"event:x\ndata:a\n\ndata:b\n\n":      {{Type: "x", Data: []byte("a")}, {Data: []byte("b")}},
		"event:x\n\ndata:b\n\n":              {{Data: []byte("b")}},
		"id:1\ndata:a\n\ndata:b\n\n":         {{ID: "1", Data: []byte("a")}, {ID: "1", Data: []byte("b")}},
		"id:1\n\nid\ndata:b\n\n":             {{Data: []byte("b")}},
		"id:1\n\nid:\x00\ndata:b\n\n":        {{ID: "1", Data: []byte("b")}},
		"retry:5\ndata:a\n\ndata:b\n\n":      {{Retry: 5 * time.Millisecond, Data: []byte("a")}, {Data: []byte("b")}},
		"retry:x\nretry:-1\ndata\n\n":        nil, // over the limit
		"retry:x\ndata\n\n":                  {{}},
		":comment of any\n:length\ndata\n\n": {{}},
		"other:1\ndata\n\n":                  {{}},
		"data:0123456789\n\n":                {{Data: []byte("0123456789")}}, // 15 bytes and an end, which counts
		"data:01234567890\n\n":               nil,
		"data:01234\ndata\n\n":               {{Data: []byte("01234\n")}},
		"data:01234\ndata:\n\n":              nil,
	} {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(stream), "byte by byte": iotest.OneByteReader(strings.NewReader(stream))} {
			e := newEventReader(r, limit)
			var got []Event
			for {
				ev, err := e.next()
				if err != nil {
					if err != errOverLimit {
						require.ErrorIs(t, err, io.EOF)
					}
					break
				}
				if len(ev.Data) == 0 {
					ev.Data = nil
				}
				got = append(got, ev)
			}
			require.Equal(t, want, got, "%q, %s", stream, name)
		}
	}
}
