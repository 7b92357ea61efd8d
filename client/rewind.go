package client

import (
	"context"
	"io"
	"os"
	"sync"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// rewinding is a request body that can seek: each attempt reads it from where it stood
// in the beginning, once the transport has let go of the one before. Nothing of it is
// kept in memory (C8).
type rewinding struct {
	rc    io.ReadCloser
	seek  io.Seeker
	start int64 // where it stood: what is before that is not the request's

	mu      sync.Mutex
	reading *leased // by the attempt that was last; nil before the first
	over    bool    // no attempt follows
	closed  bool    // rc is; it is closed once, by done or by the last lease
}

// rewind returns nil for a body that cannot seek, as a pipe cannot though it is an
// *os.File, and else its length from where it stands.
func rewind(rc io.ReadCloser) (r *rewinding, length int64) {
	seek, ok := rc.(io.Seeker)
	if !ok {
		return nil, -1
	}
	start, err := seekTo(seek, 0, io.SeekCurrent)
	if err != nil {
		return nil, -1
	}
	// It is put back also where its end cannot be found: it is then sent once, from
	// where it stood.
	end, err := seekTo(seek, 0, io.SeekEnd)
	if _, back := seekTo(seek, start, io.SeekStart); err != nil || back != nil || end <= start {
		return nil, -1 // a device, say, which has no end to speak of
	}
	return &rewinding{rc: rc, seek: seek, start: start}, end - start
}

func seekTo(s io.Seeker, offset int64, whence int) (at int64, err error) {
	defer panics.Catch(&err, "the body")
	return s.Seek(offset, whence)
}

// open returns the body from its beginning, when the attempt before has done with it.
func (r *rewinding) open(ctx context.Context) (io.ReadCloser, error) {
	r.mu.Lock()
	// The new lease takes the place of the old one at once, so that done knows of it
	// while it is waited for.
	last := r.reading
	next := &leased{of: r, free: make(chan struct{})}
	r.reading = next
	r.mu.Unlock()
	if last == nil {
		return next, nil
	}
	// A transport that has given a request up may still be in a Read of its body. The
	// two attempts would then share one position, and could send each other's bytes.
	_ = last.Close()
	select {
	case <-last.free:
	case <-ctx.Done():
		// Nobody is ever going to read next, and somebody may still be in a Read of last:
		// that is whom done, and another attempt, have to wait for.
		r.mu.Lock()
		r.reading = last
		r.mu.Unlock()
		return nil, context.Cause(ctx)
	}
	if _, err := seekTo(r.seek, r.start, io.SeekStart); err != nil {
		close(next.free)
		return nil, err
	}
	return next, nil
}

// done closes the body, as soon as nobody reads it. Nobody waits for that: the call's
// outcome is there.
func (r *rewinding) done() {
	r.mu.Lock()
	r.over = true
	last := r.reading
	r.mu.Unlock()
	if last == nil {
		r.close()
		return
	}
	select {
	case <-last.free:
		r.close()
	default: // whoever has it closes it
	}
}

// close closes the body once, of the two that may come to it.
func (r *rewinding) close() {
	r.mu.Lock()
	first := !r.closed
	r.closed = true
	r.mu.Unlock()
	if first {
		_ = closeQuietly(r.rc)
	}
}

func closeQuietly(rc io.Closer) (err error) {
	defer panics.Catch(&err, "the body")
	return rc.Close()
}

// leased is the body in the hands of one attempt. Closing it lets the next one have
// the body, once a Read that is under way has returned.
type leased struct {
	of   *rewinding
	free chan struct{} // closed when it is not read any more

	mu      sync.Mutex
	busy    bool // a Read is under way
	expired bool // closed: no other Read begins
}

// Read refuses to begin once the lease has expired: the body is the next attempt's by
// then, or about to be.
func (l *leased) Read(p []byte) (n int, err error) {
	l.mu.Lock()
	if l.expired {
		l.mu.Unlock()
		return 0, os.ErrClosed
	}
	l.busy = true
	l.mu.Unlock()
	defer l.rest()
	return l.read(p)
}

// read contains a panic, which would end the process in a transport's goroutine.
func (l *leased) read(p []byte) (n int, err error) {
	defer panics.Catch(&err, "the body")
	return l.of.rc.Read(p)
}

// rest ends a Read, and the lease with it where that has expired meanwhile.
func (l *leased) rest() {
	l.mu.Lock()
	l.busy = false
	free := l.expired
	l.mu.Unlock()
	if free {
		l.release()
	}
}

// Close ends the lease. The body itself is closed with the last one.
func (l *leased) Close() error {
	l.mu.Lock()
	first, busy := !l.expired, l.busy
	l.expired = true
	l.mu.Unlock()
	if first && !busy {
		l.release()
	}
	return nil
}

// release lets the next attempt have the body, or closes it where none follows. It
// closes free first and looks at over second, and done does it the other way round:
// whichever comes first, one of the two closes the body.
func (l *leased) release() {
	close(l.free)
	l.of.mu.Lock()
	over := l.of.over && l.of.reading == l
	l.of.mu.Unlock()
	if over {
		l.of.close()
	}
}
