package client

import (
	"io"
	"net/http"
	"time"

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

// streamBody is a body in the hands of the caller: each Read is bounded by the
// idle timeout, and the end or Close ends the hop.
type streamBody struct {
	x  *hop
	a  *attempt
	rc io.ReadCloser

	rated bool // a least rate is asked of it
	rate  leastRate
}

func (b *streamBody) Read(p []byte) (int, error) {
	began := time.Now()
	b.x.clock.enterAt(began, b.x.clock.idle, errIdleTimeout)
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
	a *attempt
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
