package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/redact"
)

const (
	// drainTimeout bounds the reading of an error body that becomes part of an error.
	drainTimeout = 5 * time.Second
	// lookTimeout and maxLook bound what is read of a body before it is known whether
	// its response is handed on, or tried again (C31).
	lookTimeout = time.Second
	maxLook     = 64 << 10
)

// maxRedirectBody is how long the body of a redirect may be to be read, so that
// the next hop can use the connection; http.Client has the same bound.
const maxRedirectBody = 2 << 10

// receive reads what belongs to the attempt where the body is the stack's to read, in a
// Call: the head of an error body, which becomes part of the error, and the body of a
// success, so that a broken one is this attempt's failure. What is handed on is left as
// it comes, see look. It runs before the attempt is judged: whatever breaks in here can
// still be retried.
func (x *hop) receive(a *attempt, resp *http.Response) (*http.Response, error) {
	// What an earlier response has brought is none of this one's, which may have no body.
	putBuffer(x.accept.buf)
	x.accept.buf = nil
	switch {
	case resp.Body == http.NoBody || resp.StatusCode == http.StatusSwitchingProtocols:
		return resp, nil
	case x.accept.decodes && resp.StatusCode >= 400, x.follows(resp) && resp.ContentLength > 0 && resp.ContentLength <= maxRedirectBody:
		defer a.bound(resp)()
		x.peek(resp)
		return resp, nil
	case x.accept.decodes && resp.StatusCode < 300:
		defer a.bound(resp)()
		err := x.readBody(resp, x.heard)
		_ = resp.Body.Close()
		resp.Body = http.NoBody
		if err != nil {
			// Half of a body is nobody's: the next attempt begins with an empty one.
			putBuffer(x.accept.buf)
			x.accept.buf = nil
		}
		return resp, err
	}
	return resp, nil
}

// peek reads the head of an error body, in the goroutine of the call and under its
// clock. It reads one byte more than is kept, to know whether that is all.
func (x *hop) peek(resp *http.Response) {
	limit := x.c.cfg.maxErrorBody
	b := &peekedBody{head: getBuffer(), rest: resp.Body, limited: io.LimitedReader{R: resp.Body, N: limit + 1}}
	x.clock.enterAt(x.heard, x.drainTime(resp.StatusCode), errDrainTimeout)
	n, err := b.head.ReadFrom(&b.limited)
	x.clock.leave()
	switch {
	case err != nil:
		// It does not make an error of the response: its status is what the attempt has
		// brought, and the reader of the body meets the error in its place.
		b.err = x.explain(x.clock.attempt, err)
	case n <= limit:
		b.end = true
	}
	resp.Body = b
}

// drainTime is how long an error body is read: not for long where another attempt is
// going to take its place.
func (x *hop) drainTime(status int) time.Duration {
	again := x.rules.repeatable && retryableStatus(status) || status == http.StatusTooManyRequests
	again = again && x.purse.tried < x.rules.attempts || status == http.StatusUnauthorized && x.renewable()
	if again && x.body.again() {
		return lookTimeout
	}
	return drainTimeout
}

// look returns what a response says in its body, as far as it is there within a second,
// and puts it back in front. It is asked where the profile has a function that wants
// to see it; only what is a document as a whole is looked at (C31).
func (x *hop) look(resp *http.Response) []byte {
	text := peeked(resp)
	if text == nil && !x.accept.decodes && resp.Body != http.NoBody && document(mediaType(resp.Header)) {
		x.lookAhead(resp, maxLook, lookTimeout)
		text = peeked(resp)
	}
	return text[:min(len(text), maxLook)]
}

// lookAhead reads the head of a body, and reports whether that is all there is. It
// reads in another goroutine, since the body may have more to come only much later, and
// what is handed on must not wait for it.
func (x *hop) lookAhead(resp *http.Response, limit int64, d time.Duration) (whole bool) {
	b, ok := resp.Body.(*ahead)
	if !ok {
		b = readAhead(resp.Body, limit)
		resp.Body = b
	}
	return b.wait(x.ctx, d)
}

// decoded returns the beginning of the body of a success that has been read.
func (x *hop) decoded(resp *http.Response, limit int64) []byte {
	if x.accept.buf == nil {
		return nil
	}
	text, _ := unpacked(resp.Header, x.accept.buf.Bytes(), limit)
	return text[:min(int64(len(text)), limit)]
}

// errorBody returns a copy of an error body as it can be read, up to its limit. One
// that nobody has looked at yet is read now.
func (x *hop) errorBody(resp *http.Response) []byte {
	limit := x.c.cfg.maxErrorBody
	if x.accept.buf != nil && resp.StatusCode < 300 {
		return slices.Clone(x.decoded(resp, limit))
	}
	if _, ok := peekedOf(resp); !ok && resp.Body != nil && resp.Body != http.NoBody && resp.StatusCode != http.StatusSwitchingProtocols {
		x.lookAhead(resp, limit, drainTimeout)
	}
	text := peeked(resp)
	text, _ = inUTF8(resp.Header, text[:min(int64(len(text)), limit)])
	return slices.Clone(text)
}

// bodyLimit is what a body that is decoded may have in bytes; maxLimit keeps one more
// than that from overflowing.
func (x *hop) bodyLimit() int64 {
	if x.out.limit > 0 {
		return min(x.out.limit, maxLimit)
	}
	return x.c.cfg.maxBody
}

// readBody reads the body of a success that is to be decoded, whole or not at all: a
// truncated one is the attempt's failure and no JSON error (C26). came is when it began.
func (x *hop) readBody(resp *http.Response, came instant) error {
	limit := x.bodyLimit()
	// A length that is announced costs nothing to refuse. That of a HEAD is of a body
	// which does not come.
	if resp.ContentLength > limit && x.spec.method != http.MethodHead {
		return tooLarge(limit)
	}
	if x.accept.buf == nil {
		x.accept.buf = getBuffer()
	}
	x.accept.buf.Reset()
	// The server's word alone reserves no more than a pooled buffer may have.
	if n := resp.ContentLength; n > 0 {
		x.accept.buf.Grow(int(min(n, maxPooled)) + bytes.MinRead)
	}
	x.accept.in = bodyReader{moved: &x.clock.progress, rc: resp.Body, left: limit + 1}
	// From when the headers came: what was done since is no excuse for a body that
	// stands still.
	x.clock.enterAt(came, x.clock.idle, errIdleTimeout)
	n, err := x.accept.buf.ReadFrom(&x.accept.in)
	x.clock.leave()
	// It would keep the body alive for as long as the hop.
	x.accept.in = bodyReader{}
	switch {
	case n > limit:
		return tooLarge(limit)
	case err != nil:
		return brokenBody(err)
	case resp.ContentLength >= 0 && !resp.Uncompressed && n < resp.ContentLength && x.spec.method != http.MethodHead:
		return brokenBody(io.ErrUnexpectedEOF)
	}
	return nil
}

// keep keeps what a has brought, and reads its body where that may be had soon, so that
// the connection is free.
func (x *hop) keep(a *attempt, resp *http.Response, v *verdict) {
	// Kept first and read then: it is the outcome also if the call ends meanwhile.
	x.kept = &kept{a: a, resp: resp, v: *v, heard: x.heard}
	// A call that decodes has read its head already.
	if x.accept.decodes || spent(resp) {
		return
	}
	d := lookTimeout
	if v.bounded { // there has to be time for the attempt
		d = min(d, v.wait+(v.left-v.wait)/2)
	}
	x.lookAhead(resp, maxLook, d)
}

// hand makes a final response the caller's.
func (x *hop) hand(a *attempt, resp *http.Response) error {
	if x.accept.buf != nil && resp.StatusCode < 300 && x.spec.like != nil {
		resp.Body = io.NopCloser(x.accept.buf) // per-call middleware may read it
	}
	switch {
	case x.spec.like != nil:
		resp.Request = x.spec.like
	case !x.accept.decodes:
		resp.Request = x.bare()
	}
	// The chain is handed on with every redirect, since it is not known here who
	// follows it: the stack, http.Client, or an SDK by hand.
	if redirectStatus(resp.StatusCode) && resp.Header.Get("Location") != "" {
		if err := x.passOn(resp); err != nil {
			discard(resp)
			x.clock.stop()
			return x.fail(resp, err)
		}
	}
	switch {
	case resp.Body == http.NoBody, x.accept.buf != nil && resp.StatusCode < 300:
		x.clock.stop()
	case resp.StatusCode == http.StatusSwitchingProtocols:
		x.clock.release()
		if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = &upgradedBody{rwc, a}
		}
	default:
		if !a.ending.bounded {
			break // no bound to keep
		}
		b := &streamBody{x: x, a: a, rc: resp.Body}
		if x.c.attempt != nil {
			b.own = &closedOnce{ReadCloser: resp.Body}
			b.rc = b.own
			b.late = context.Cause(a.context()) == errAttemptTimeout
		}
		if !x.accept.decodes && !x.call.explicit {
			// A default is meant for calls, not for downloads (C12): the body is
			// bounded while it moves instead.
			x.clock.lift()
			b.rated = x.clock.idle > 0 && !eventStream(resp.Header)
		}
		resp.Body = b
	}
	// Under an SDK nobody comes after this; Do knows the request's own limit and sets
	// it itself.
	if x.spec.like != nil && !x.accept.decodes && !x.accept.streams {
		x.c.cfg.limit(resp, 0)
	}
	return nil
}

// follows reports whether the redirect resp is followed by the call itself.
func (x *hop) follows(resp *http.Response) bool {
	return redirectStatus(resp.StatusCode) && (x.spec.like == nil || x.accept.decodes) && x.c.cfg.maxRedirects > 0 && resp.Header.Get("Location") != ""
}

// passOn readies a redirect for whoever follows it. The call remembers the request
// and what was a credential in it, and travels in resp.Request's context, where
// http.Client takes it along. A Location stays as it came, but for one that repeats a
// credential of the stack: http.Client and its caller would show it.
func (x *hop) passOn(resp *http.Response) error {
	if len(resp.Header.Get("Location")) > maxURL {
		return failf(ErrRedirect, "the Location of the redirect is longer than %d bytes", maxURL)
	}
	h := x.call
	last := h.sentLast()
	// They are taken down now: after the next hop the last request is another one, and
	// nobody would recognize what this one has shown.
	secrets := x.secrets()
	if location := resp.Header.Get("Location"); redact.Scrub(location, secrets...) != location {
		return failf(ErrRedirect, "the Location of the redirect repeats the credential")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.writable()
	next := left{secrets: secrets, params: s.left.params}
	// A service may copy the query into its Location, and with it a key, onto a host
	// where that must not go (C14).
	if last.wire != nil && x.inside {
		next.params = append(next.params, credentialParams(last.wire.URL, last.of.url)...)
	}
	s.left = next
	if req := x.spec.like; req != nil {
		s.passed = &passed{req: req, body: x.body.get, length: req.ContentLength}
		if x.body.length >= 0 {
			s.passed.length = x.body.length
		}
		resp.Request = req.WithContext(context.WithValue(x.ctx, callKey{}, h))
	}
	return nil
}
