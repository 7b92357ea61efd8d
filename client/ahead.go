package client

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// ahead is a body whose head is being read by a goroutine, for as long as somebody
// waits for it and up to a bounded size. Whoever reads the body then gets the head,
// and after it the rest from the source itself: nothing is lost, whenever the waiting
// has ended.
type ahead struct {
	rc   io.ReadCloser
	done chan struct{} // closed when the goroutine reads no more

	mu     sync.Mutex
	head   []byte // what the goroutine has read
	off    int    // how much of it has been read again
	err    error  // how the source ended; io.EOF too
	enough bool   // nobody waits any more
}

// firstChunk is how much of a body is read at once to begin with.
const firstChunk = 4 << 10

// errBodyExited is made once, since it is at hand for each read.
var errBodyExited = panics.Exited("the body")

// readAhead begins to read up to limit+1 bytes of rc.
func readAhead(rc io.ReadCloser, limit int64) *ahead {
	b := &ahead{rc: rc, done: make(chan struct{})}
	go b.run(limit)
	return b
}

func (b *ahead) run(limit int64) {
	defer close(b.done)
	err := errBodyExited
	defer func() { b.take(nil, err, 0) }() // also where the source ends this goroutine
	chunk := make([]byte, min(firstChunk, limit+1))
	for {
		var n int
		n, err = b.read(chunk)
		if !b.take(chunk[:n], err, limit) {
			return
		}
		if n == len(chunk) && n < 1<<16 {
			chunk = make([]byte, 4*n)
		}
		err = errBodyExited
	}
}

// read contains a panic in a body of the user's.
func (b *ahead) read(p []byte) (n int, err error) {
	defer panics.Catch(&err, "the body")
	n, err = b.rc.Read(p)
	return counted(n, err, p)
}

// counted refuses a count of bytes that a Read into p cannot have brought.
func counted(n int, err error, p []byte) (int, error) {
	if n < 0 || n > len(p) {
		return 0, failf(ErrRequest, "the request body counts %d bytes in a read of at most %d", n, len(p))
	}
	return n, err
}

// take adds what has been read, and reports whether to go on.
func (b *ahead) take(p []byte, err error, limit int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.head = append(b.head, p...)
	if b.err == nil {
		b.err = err
	}
	return err == nil && !b.enough && int64(len(b.head)) <= limit
}

// wait waits until the goroutine has read what it was to read, for d at most or until
// ctx ends, and reports whether the whole body is there.
func (b *ahead) wait(ctx context.Context, d time.Duration) (whole bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-b.done:
	case <-t.C:
	case <-ctx.Done():
	}
	return b.stop() == io.EOF
}

// stop lets the goroutine end with the read that it is in. It returns how the source
// has ended, nil if it has not.
func (b *ahead) stop() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.enough = true
	return b.err
}

// bytes returns what has been read of the body, for as long as it is not read on.
func (b *ahead) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.head[b.off:len(b.head):len(b.head)]
}

// Read reads the head, waits for the goroutine to let go of the source, and reads on.
func (b *ahead) Read(p []byte) (int, error) {
	if n := b.fromHead(p); n > 0 || len(p) == 0 {
		return n, nil
	}
	<-b.done
	if n := b.fromHead(p); n > 0 {
		return n, nil
	}
	if err := b.stop(); err != nil {
		return 0, err
	}
	return b.rc.Read(p)
}

func (b *ahead) fromHead(p []byte) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := copy(p, b.head[b.off:])
	b.off += n
	return n
}

// Close closes the source, which ends most reads.
func (b *ahead) Close() error { return b.rc.Close() }
