package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
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
	x    *hop        // whose clock it tells
	a    *attempt    // whose end closes it
	stop func() bool // lets go of the attempt's context; called by Close

	phase atomic.Int64 // of the clock; 0 until it is read
	moved instant      // when it was read last
	rate  leastRate
	empty int // reads in a row that brought nothing

	reads
	progressed

	once sync.Once // the transport and the attempt's end may both close it
	err  error     // of the one that did

	whole atomic.Bool           // it was read to its end
	let   atomic.Bool           // the transport has closed it
	broke atomic.Pointer[error] // why it was not read to its end, if not for that
}

// reads is how a body is read from its source.
type reads struct {
	inMemory bool      // it cannot block, so it is read in place
	buf      []byte    // what is read into; nil once it is left to a read that blocks
	done     chan read // how that read has ended; with buf
}

// progressed is how far a body has got.
type progressed struct {
	progress  func(sent, total int64) // of the request; nil where nobody asks
	n, length int64                   // bytes read, and of how many; 0 or -1 if unknown
}

// sending returns the body of a's request as the transport gets it. A small body in
// memory goes out as it is: net/http knows its type, and sends it in one write with the
// header.
func sending(a *attempt, rc io.ReadCloser, length int64, progress func(sent, total int64)) io.ReadCloser {
	t := reflect.TypeOf(rc)
	inMemory := t == nopCloser || t == nopCloserTo
	if inMemory && length >= 0 && length <= maxUnwatched && progress == nil {
		return rc
	}
	b := &sent{
		ReadCloser: rc, x: a.x, a: a,
		reads: reads{inMemory: inMemory}, progressed: progressed{progress: progress, length: length},
	}
	b.stop = context.AfterFunc(a, func() { _ = b.close() })
	return b
}

// reopened is GetBody of a's request, with which middleware or net/http sends the body
// anew: what it opens is bounded as the body itself is. Its progress is not told, since
// the two may move at once.
func reopened(a *attempt, get func() (io.ReadCloser, error), length int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		rc, err := get()
		if err != nil || rc == nil {
			return nil, err
		}
		return sending(a, rc, length, nil), nil
	}
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
	now := b.x.call.now()
	// The first Read of what is sent is the first that is heard of the upload: net/http
	// may have waited for a connection until now.
	if p := b.phase.Load(); p == 0 || p == notYet {
		b.moved = now
		b.phase.Store(int64(b.x.clock.upload(b.a, now)))
	}
	n, err := b.read(p)
	if b.empty++; n > 0 || len(p) == 0 {
		b.empty = 0
	}
	if b.empty >= maxEmpty && err == nil {
		err = errNoProgress
	}
	// A read that brought nothing counts too: maxEmpty bounds those.
	b.x.clock.uploads(int(b.phase.Load()))
	if b.n += int64(n); b.progress != nil && n > 0 {
		if failed := b.report(); failed != nil {
			err = failed
		}
	}
	now = b.x.call.now()
	// The time since the last read is the service's, which takes the body slowly, and
	// the source's.
	if b.rate.slow(now.since(b.moved), n) && b.x.clock.idle > 0 && !b.x.call.explicit {
		b.a.end(errTooSlow)
	}
	// EOF or not, the body has moved for the last time: from here on the wait is for
	// the response.
	if b.moved = now; err != nil {
		b.x.clock.uploaded(int(b.phase.Load()), now)
	}
	// The transport may close what it does not need to the end, and ends a read by that.
	switch {
	case err == io.EOF:
		b.whole.Store(true)
	case err != nil && !b.let.Load():
		b.broke.CompareAndSwap(nil, &err)
	}
	return n, err
}

// brokenUnder says why the body of a request was not sent whole although its response is
// a success. net/http hears of both at once where the service responds to the end of
// the connection, and takes either.
func brokenUnder(body io.Reader, resp *http.Response) error {
	b, ok := body.(*sent)
	if !ok || resp.StatusCode > 299 || b.whole.Load() {
		return nil
	}
	if broke := b.broke.Load(); broke != nil {
		return *broke
	}
	return context.Cause(b.a.context()) // whose end has closed it; nil where a response comes early
}

// brokenBelow is brokenUnder for a body that middleware has put into one of its own.
// Where it has sent more than one request, nobody knows to which the response is.
func brokenBelow(body io.Reader, resp *http.Response) error {
	b, ok := body.(*sent)
	if !ok || b.phase.Load() == 0 {
		return nil // it was not read, but opened again, or nothing was sent
	}
	sole := false
	b.a.note(func(t *tally) { sole = t.sent == 1 && t.wrapped && !t.failed })
	if !sole {
		return nil
	}
	return brokenUnder(b, resp)
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
	// A read that blocks cannot be taken back, so none is begun for an attempt that is
	// over.
	if err := b.a.Err(); err != nil {
		return 0, err
	}
	// Never into p itself: a read that is left behind would go on to write into memory
	// that net/http has reused.
	if len(b.buf) < min(len(p), maxRead) {
		b.buf = make([]byte, min(len(p), maxRead))
	}
	if b.done == nil {
		b.done = make(chan read, 1)
	}
	buf, done := b.buf[:min(len(p), len(b.buf))], b.done
	go readInto(b.ReadCloser, buf, done)
	var r read
	select {
	case r = <-done:
	case <-b.a.Done():
		t := time.NewTimer(afterEnd)
		defer t.Stop()
		select {
		case r = <-done:
		case <-t.C:
			b.buf, b.done = nil, nil
			return 0, context.Cause(b.a)
		}
	}
	n, err := counted(r.n, r.err, buf)
	return copy(p, buf[:n]), err
}

// read is how one has ended.
type read struct {
	n   int
	err error
}

// readInto reads once, and says how that ended also where the source ends the goroutine.
func readInto(source io.Reader, buf []byte, done chan<- read) {
	r := read{0, errBodyExited}
	defer func() { done <- r }()
	r.n, r.err = source.Read(buf)
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
	b.let.Store(true)
	b.stop()
	return b.close()
}

func (b *sent) close() error {
	b.once.Do(func() {
		// A body that is closed early, by a service that has responded before it read
		// all, moves no more.
		b.x.clock.uploaded(int(b.phase.Load()), b.x.call.now())
		b.err = b.ReadCloser.Close()
	})
	return b.err
}
