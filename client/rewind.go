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
	start int64

	mu      sync.Mutex
	reading *leased // by the attempt that was last; nil before the first
	over    bool    // no attempt follows
	closed  bool
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
	last := r.reading
	next := &leased{of: r, free: make(chan struct{})}
	r.reading = next
	r.mu.Unlock()
	if last == nil {
		return next, nil
	}
	_ = last.Close()
	select {
	case <-last.free:
	case <-ctx.Done():
		close(next.free)
		return nil, context.Cause(ctx)
	}
	if _, err := seekTo(r.seek, r.start, io.SeekStart); err != nil {
		close(next.free)
		return nil, err
	}
	return next, nil
}

// done closes the body, as soon as nobody reads it.
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
	busy    bool
	expired bool
}

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

func (l *leased) read(p []byte) (n int, err error) {
	defer panics.Catch(&err, "the body")
	return l.of.rc.Read(p)
}

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

func (l *leased) release() {
	close(l.free)
	l.of.mu.Lock()
	over := l.of.over && l.of.reading == l
	l.of.mu.Unlock()
	if over {
		l.of.close()
	}
}
