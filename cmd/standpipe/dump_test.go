package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDumpsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "\r\n\r\n", "POST / HTTP/1.1", "POST / HTTP/1.1\r\nA: b\r\n", "POST no-slash HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\nno colon\r\n\r\n"} {
		_, err := readDump([]byte(text))
		require.Error(t, err, "%q", text)
	}
}

// FuzzReadDump: whatever is read is written so that reading it again gives the
// same request.
func FuzzReadDump(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readDump(data)
		if err != nil {
			return
		}
		var b bytes.Buffer
		require.NoError(t, d.writeTo(&b))
		again, err := readDump(b.Bytes())
		require.NoError(t, err, "%q", b.Bytes())
		require.Equal(t, d.method, again.method)
		require.Equal(t, string(d.body), string(again.body))
		require.Equal(t, d.host, again.host)
		delete(d.header, "Content-Length")
		delete(again.header, "Content-Length")
		require.Equal(t, d.header, again.header)
	})
}
