package client

import (
	"bytes"
	"context"
	"io"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// maxUnwatched is the length of a body in memory that goes out at once, as a rule: the
// attempt's timeout bounds it along with the wait for the response.
const maxUnwatched = 64 << 10

// sent is a request body on its way. It tells the clock when it begins to move and
// when it has gone out, and its attempt's end closes it, which ends most reads: a
// source that blocks would otherwise hold up net/http, which waits for the reader of a
// body before it gives a request up, and with it the call past its deadline.
type sent struct {
	io.ReadCloser
	x    *hop
	a    *attempt
	stop func() bool

	phase atomic.Int64 // of the clock; 0 until it is read
	moved time.Time    // when it was read last
	rate  leastRate
	empty int // reads in a row that brought nothing

	inMemory bool
	buf      []byte // what is read into; nil once it is left to a read that blocks

	progress  func(sent, total int64)
	n, length int64

	once sync.Once
	err  error
}

// sending returns the body of a's request as the transport gets it.
func (a *attempt) sending(rc io.ReadCloser, length int64) io.ReadCloser {
	t := reflect.TypeOf(rc)
	inMemory := t == nopCloser || t == nopCloserTo
	progress := a.x.out.progress
	if inMemory && length >= 0 && length <= maxUnwatched && progress == nil {
		return rc
	}
	b := &sent{ReadCloser: rc, x: a.x, a: a, progress: progress, length: length, inMemory: inMemory}
	b.stop = context.AfterFunc(a, func() { _ = b.close() })
	return b
}

// maxEmpty bounds the reads in a row that may bring neither a byte nor an error, as
// package bufio does: net/http would go on for ever, and no clock see it stand still.
const maxEmpty = 100

var errNoProgress = failWrap(ErrRequest, "the request body brings neither bytes nor its end", io.ErrNoProgress)

var (
	nopCloser   = reflect.TypeOf(io.NopCloser(nil))
	nopCloserTo = reflect.TypeOf(io.NopCloser(new(bytes.Reader)))
)

func (b *sent) Read(p []byte) (int, error) {
	now := time.Now()
	if b.phase.Load() == 0 {
		b.moved = now
		b.phase.Store(int64(b.x.clock.upload(now)))
	}
	n, err := b.read(p)
	if b.empty++; n > 0 || len(p) == 0 {
		b.empty = 0
	}
	if b.empty >= maxEmpty && err == nil {
		err = errNoProgress
	}
	b.x.clock.progress.Add(1)
	if b.n += int64(n); b.progress != nil && n > 0 {
		if failed := b.report(); failed != nil {
			err = failed
		}
	}
	now = time.Now()
	if b.rate.slow(now.Sub(b.moved), n) && b.x.clock.idle > 0 && !b.x.call.explicit {
		b.a.end(errTooSlow)
	}
	if b.moved = now; err != nil {
		b.x.clock.uploaded(int(b.phase.Load()), now)
	}
	return n, err
}

// afterEnd is how long a read has to return after its attempt's end has closed the
// source. One that goes on then, as of a terminal or a pipe behind an [io.NopCloser], is
// left to itself.
const afterEnd = 50 * time.Millisecond

// read reads from the source without waiting longer for it than the attempt lasts.
func (b *sent) read(p []byte) (int, error) {
	if b.inMemory || len(p) == 0 {
		return b.ReadCloser.Read(p)
	}
	if err := b.a.Err(); err != nil {
		return 0, err
	}
	if len(b.buf) < min(len(p), maxRead) {
		b.buf = make([]byte, min(len(p), maxRead))
	}
	buf, source := b.buf[:min(len(p), len(b.buf))], b.ReadCloser
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		r := result{0, panics.Exited("the body")}
		defer func() { done <- r }()
		r.n, r.err = source.Read(buf)
	}()
	var r result
	select {
	case r = <-done:
	case <-b.a.Done():
		t := time.NewTimer(afterEnd)
		defer t.Stop()
		select {
		case r = <-done:
		case <-t.C:
			b.buf = nil
			return 0, context.Cause(b.a)
		}
	}
	n, err := counted(r.n, r.err, buf)
	return copy(p, buf[:n]), err
}

// maxRead bounds what is read at once.
const maxRead = 64 << 10

// report contains a panic of the function: it must not end the transport's goroutine.
func (b *sent) report() (err error) {
	defer panics.Catch(&err, givenCode)
	total := b.length
	if total <= 0 {
		total = -1
	}
	b.progress(b.n, total)
	return nil
}

func (b *sent) Close() error {
	b.stop()
	return b.close()
}

func (b *sent) close() error {
	b.once.Do(func() {
		b.x.clock.uploaded(int(b.phase.Load()), time.Now())
		b.err = b.ReadCloser.Close()
	})
	return b.err
}
