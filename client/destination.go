package client

import (
	"bytes"
	"errors"
	"io"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// errWrite says that the destination failed.
var errWrite = errors.New("not written")

// destination is where a download goes. What cannot take back what was written can only
// ever go on with the same version.
type destination struct {
	w    io.Writer
	back func() error // takes everything back that was written; nil where it cannot
}

func newDestination(w io.Writer) destination {
	switch w := w.(type) {
	case *bytes.Buffer:
		if w == nil {
			break
		}
		// What the caller has in the buffer stays.
		at := w.Len()
		return destination{w, func() error { w.Truncate(at); return nil }}
	case interface {
		io.WriteSeeker
		Truncate(size int64) error
	}:
		// What stands behind the present position, as in a file that is appended to, is
		// somebody else's to keep.
		at, err := w.Seek(0, io.SeekCurrent)
		// Each Seek is made even if the one before has failed, so that the position
		// ends up where it was.
		end, alsoBad := w.Seek(0, io.SeekEnd)
		if _, moved := w.Seek(at, io.SeekStart); err != nil || alsoBad != nil || moved != nil || at != end {
			break
		}
		return destination{w, func() error {
			// Truncate moves no position: without this the next write would leave a
			// hole.
			if _, err := w.Seek(at, io.SeekStart); err != nil {
				return err
			}
			return w.Truncate(at)
		}}
	}
	return destination{w: w}
}

// guarded runs code of the user's, a panic in which is its error.
func guarded(f func() error) (err error) {
	defer panics.Catch(&err, givenCode)
	return f()
}
