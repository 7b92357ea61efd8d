package client

import (
	"io"
	"net/http"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// limit holds a body that is streamed to the limit that the request asked for, else
// to that of [WithMaxBody], if anybody asked for one (C32). An event stream is
// bounded event by event.
func (cfg *config) limit(resp *http.Response, asked int64) {
	if asked == 0 && cfg.maxBodySet && !eventStream(resp.Header) {
		asked = cfg.maxBody
	}
	if asked > 0 && resp.StatusCode != http.StatusSwitchingProtocols && resp.Body != http.NoBody {
		resp.Body = &limitedBody{rc: resp.Body, left: asked, limit: asked}
	}
}

func eventStream(h http.Header) bool { return mediaType(h) == "text/event-stream" }

// streamBody is a body in the hands of the caller: each Read is bounded by the idle
// timeout, and the end or Close ends the hop. The time that the caller takes between
// two reads is nobody's fault, and bounded by nothing but a deadline that somebody
// asked for.
type streamBody struct {
	x  *hop          // whose clock bounds it
	a  *attempt      // that it is of, and whose context it lives by
	rc io.ReadCloser // as it came

	own   *closedOnce // rc, where per-attempt middleware may have made it; else nil
	late  bool        // it came when the attempt's time was over
	rated bool        // a least rate is asked of it
	rate  leastRate   // which an idle timeout cannot see
}

func (b *streamBody) Read(p []byte) (int, error) {
	began := b.x.call.now()
	n, err := 0, error(nil)
	if b.x.clock.reads(began, b.x.ctx.Err() != nil) {
		err = errCallDeadline // or the caller's context, as explain says
	} else {
		n, err = b.read(p)
		b.x.clock.leave()
	}
	// A byte now and then satisfies the idle timeout, and would hold a connection for
	// ever.
	if b.rated && err == nil && b.rate.slow(b.x.call.now().since(began), n) {
		b.a.end(errTooSlow)
		err = errTooSlow
	}
	if err == nil || err == io.EOF {
		if err != nil {
			// Most callers close a body, some only read it to its end: that is enough
			// to let go of the timer and the context.
			b.x.clock.stop()
		}
		return n, err
	}
	// Before the clock stops: that cancels the context, which explain asks for the
	// reason.
	err = b.x.explain(b.a, err)
	b.x.clock.stop()
	return n, err
}

// read contains a panic in a body that middleware or a transport has made, and ends with
// the attempt also where middleware's heeds no context.
func (b *streamBody) read(p []byte) (n int, err error) {
	defer panics.Catch(&err, givenCode)
	if b.own != nil {
		defer b.a.closes(b.own, b.late)()
	}
	return b.rc.Read(p)
}

// Close ends the hop, also where the body panics.
func (b *streamBody) Close() (err error) {
	defer b.x.clock.stop()
	defer panics.Catch(&err, givenCode)
	return b.rc.Close()
}

// upgradedBody is a connection that was handed over (RFC 9110 §15.2.2): it lives
// without a bound, and its end releases the attempt's context.
type upgradedBody struct {
	io.ReadWriteCloser
	a *attempt
}

func (b *upgradedBody) Close() error {
	// The context ends last: its end may tear the connection from under its own Close.
	err := b.ReadWriteCloser.Close()
	b.a.end(nil)
	return err
}

// limitedBody is a streamed body for which a limit was asked. One that ends exactly at
// its limit is not over it: only another byte says so.
type limitedBody struct {
	rc          io.ReadCloser // as it came
	left, limit int64         // bytes that may still come, and of how many
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		n, err := b.rc.Read(one[:])
		if n > 0 {
			return 0, tooLarge(b.limit)
		}
		return 0, err
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.rc.Read(p)
	b.left -= int64(n)
	return n, err
}

func (b *limitedBody) Close() error { return b.rc.Close() }
