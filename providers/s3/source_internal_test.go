package s3

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
)

// A stream is cut into parts of one length, 10,000 at most.
func TestStreamHasTenThousandParts(t *testing.T) {
	for length, fails := range map[int]bool{maxParts: false, maxParts + 1: true} {
		s := &stream{r: bytes.NewReader(make([]byte, length)), size: 1, free: make(chan []byte, 1), left: 1}
		var err error
		parts := 0
		for {
			var p *part
			if p, _, err = s.next(t.Context()); p == nil {
				break
			}
			parts++
			require.Equal(t, parts, p.number)
			p.release()
		}
		require.Equal(t, maxParts, parts)
		if fails {
			require.ErrorIs(t, err, client.ErrRequest)
		} else {
			require.NoError(t, err)
		}
	}
	_, err := newSource(&UploadInput{PartSize: 1}, strings.NewReader(strings.Repeat("x", maxParts+1)))
	require.ErrorIs(t, err, client.ErrRequest)
	_, err = newSource(&UploadInput{PartSize: 1}, strings.NewReader(strings.Repeat("x", maxParts)))
	require.NoError(t, err)
}

// A part size that nobody has chosen is in whole MiB, and enough.
func TestPartSizeGrows(t *testing.T) {
	for length, want := range map[int64]int64{
		0: defaultPart, maxParts * defaultPart: defaultPart, maxParts*defaultPart + 1: 9 << 20, 5 << 40: 525 << 20,
	} {
		in := new(UploadInput)
		_, err := newSource(in, io.NewSectionReader(nil, 0, length))
		require.NoError(t, err)
		require.Equal(t, want, in.PartSize)
		require.LessOrEqual(t, length, in.PartSize*maxParts)
	}
}
