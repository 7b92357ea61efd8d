package client

import (
	"io"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// hand makes a final response the caller's.
func (x *exchange) hand(a *attemptContext, resp *http.Response) error {
	if x.buf != nil && resp.StatusCode < 300 && x.asked != nil {
		resp.Body = io.NopCloser(x.buf) // per-call middleware may read it
	}
	switch {
	case x.asked != nil:
		resp.Request = x.asked
	default:
		resp.Request = x.out.http
		if !x.buffered {
			resp.Request = x.out.http.WithContext(x.ctx)
		}
	}
	if redirectStatus(resp.StatusCode) && resp.Header.Get("Location") != "" {
		if err := x.passOn(resp); err != nil {
			x.discard(resp)
			x.clock.stop()
			return x.fail(resp, err)
		}
	}
	switch {
	case resp.Body == http.NoBody, x.buf != nil && resp.StatusCode < 300:
		x.clock.stop()
	case resp.StatusCode == http.StatusSwitchingProtocols:
		x.clock.release()
		if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = &upgradedBody{rwc, a}
		}
	default:
		if a.cancel == nil {
			break // no bound to keep
		}
		b := &streamBody{x: x, a: a, rc: resp.Body}
		if !x.buffered && !x.chain.explicit {
			x.clock.lift()
			b.rated = x.idle > 0 && !eventStream(resp.Header)
		}
		resp.Body = b
	}
	if x.asked != nil && !x.buffered && !x.stream {
		x.c.limit(resp, 0)
	}
	return nil
}

// limit holds a body that is streamed to the limit that the request asked for, else
// to that of [WithMaxBody], if anybody asked for one (C32). An event stream is
// bounded event by event.
func (c *Client) limit(resp *http.Response, asked int64) {
	if asked == 0 && c.cfg.maxBodySet && !eventStream(resp.Header) {
		asked = c.cfg.maxBody
	}
	if asked > 0 && resp.StatusCode != http.StatusSwitchingProtocols && resp.Body != http.NoBody {
		resp.Body = &limitedBody{rc: resp.Body, left: asked, limit: asked}
	}
}

func eventStream(h http.Header) bool { return mediaType(h) == "text/event-stream" }

// streamBody is a body in the hands of the caller: each Read is bounded by the
// idle timeout, and the end or Close ends the exchange.
type streamBody struct {
	x  *exchange
	a  *attemptContext
	rc io.ReadCloser

	rated bool // a least rate is asked of it
	rate  leastRate
}

func (b *streamBody) Read(p []byte) (int, error) {
	began := time.Now()
	b.x.clock.enterAt(began, b.x.idle, errIdleTimeout)
	n, err := b.read(p)
	b.x.clock.leave()
	if b.rated && err == nil && b.rate.slow(time.Since(began), n) {
		b.a.end(errTooSlow)
		err = errTooSlow
	}
	if err == nil || err == io.EOF {
		if err != nil {
			b.x.clock.stop()
		}
		return n, err
	}
	err = b.x.explain(b.a, err)
	b.x.clock.stop()
	return n, err
}

// read contains a panic in a body that middleware or a transport has made.
func (b *streamBody) read(p []byte) (n int, err error) {
	defer panics.Catch(&err, givenCode)
	return b.rc.Read(p)
}

func (b *streamBody) Close() (err error) {
	defer b.x.clock.stop()
	defer panics.Catch(&err, givenCode)
	return b.rc.Close()
}

// upgradedBody is a connection that was handed over (RFC 9110 §15.2.2): it lives
// without a bound, and its end releases the attempt's context.
type upgradedBody struct {
	io.ReadWriteCloser
	a *attemptContext
}

func (b *upgradedBody) Close() error {
	err := b.ReadWriteCloser.Close()
	b.a.end(nil)
	return err
}

// limitedBody is a streamed body for which a limit was asked.
type limitedBody struct {
	rc          io.ReadCloser
	left, limit int64
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
