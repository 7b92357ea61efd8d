package client

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/retry"
)

// download is one Download: what has been written, and of which version. It is used by
// the goroutine of the call alone.
type download struct {
	c        *Client
	r        Request // as the caller gave it; ask adds to a copy
	to       destination
	checks   []checksum // of the whole: the caller's, and the service's
	progress func(written, total int64)
	part     *span // what was asked for of the content; nil is all of it

	have      int64  // bytes of the content that have been written
	furthest  int64  // the most of them there have been
	total     int64  // -1 where unknown
	validator string // of the version that they are of; "" where nobody can tell
	encoding  string // of its content; "" is none
	paid      int    // for resuming, by payer, and not returned yet
	payer     *retry.Budget
	attempts  []Attempt // of all requests so far
	meta      Meta      // of the last request
}

// span is n bytes from the one at first on.
type span struct{ first, n int64 }

// check refuses what cannot be downloaded, before anything is sent.
func (d *download) check(w io.Writer) error {
	switch {
	case isNil(w):
		return failf(ErrRequest, "there is no writer to download to")
	case cmp.Or(d.r.Method, http.MethodGet) != http.MethodGet:
		return failf(ErrRequest, "a download is a GET: make other calls with Do")
	case spellings(d.r.Header, "Range") > 0, spellings(d.r.Header, "If-Range") > 0:
		return failf(ErrRequest, "Range and If-Range are the download's own: ask for a part with WithRange, or with Do")
	}
	return nil
}

// refuse is the error of a download that was not begun.
func (d *download) refuse(ctx context.Context, err error) error {
	return newHop(d.c, ctx, 0).invalid(&d.r, err)
}

// run asks for the content until all of it is written.
func (d *download) run(ctx context.Context) (int64, error) {
	ctx, cancel := d.bound(ctx)
	defer cancel()
	// Also of a download that fails: its attempts say why.
	defer d.tell()
	for failed := 0; ; {
		x, resp, err := d.ask(ctx)
		if err != nil {
			return d.have, d.asked(x, err)
		}
		// A request without a response has had its retries inside ask. From here on
		// there is a body, and what breaks is resumed.
		before := d.furthest
		if err = d.take(ctx, x, resp); err == nil {
			err = d.verify()
		}
		if err == nil {
			d.earned()
			return d.have, nil
		}
		// A body that has brought something new begins the count again: a large file
		// over a poor line takes as many resumptions as it takes, as long as each is of
		// use.
		if failed++; d.furthest > before {
			failed = 1
		}
		if d.furthest-before >= worthwhile {
			d.earned()
		}
		wait, reason := d.resumes(ctx, x, resp, failed, err)
		if reason == "" {
			if err = pause.For(ctx, wait); err == nil {
				continue
			}
			d.unmade()
		}
		return d.have, d.fail(x, resp, d.brokeOff(err, reason))
	}
}

// worthwhile is how many bytes a resumption has to bring to count as one that
// succeeded, and to get its cost back.
const worthwhile = 1 << 20

// bound gives the whole download the deadline that somebody asked for.
func (d *download) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := d.r.Timeout
	if limit == 0 && d.c.cfg.callTimeoutSet {
		limit = d.c.cfg.callTimeout
	}
	if ctx == nil || limit <= 0 {
		return ctx, func() {}
	}
	// Else each request would have all of it anew.
	d.r.Timeout = 0
	return context.WithTimeoutCause(ctx, limit, errCallDeadline)
}

// take writes what a response brings. What may be resumed matches errTruncated.
func (d *download) take(ctx context.Context, x *hop, resp *http.Response) error {
	defer resp.Body.Close()
	// Nothing is written before the response is known to go on with what is there.
	skip, end, err := d.accept(x, resp)
	if err != nil {
		return err
	}
	part := d.partDigest(resp)
	buf := make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(buf)
		// The response's own digest covers all that it brings, what is skipped
		// included.
		_, _ = part.hash.Write(buf[:n])
		p := buf[min(skip, int64(n)):n]
		skip -= int64(n - len(p))
		if len(p) > 0 {
			// Looked at before the bytes are written: a file with a foreign tail would
			// have to be taken back.
			if end >= 0 && d.have+int64(len(p)) > end {
				return failf(ErrDecode, "the response is longer than the %d bytes that were announced", end)
			}
			if err := d.write(p); err != nil {
				return err
			}
		}
		if err == nil {
			continue
		}
		switch {
		case skip <= 0 && end >= 0 && d.total >= 0 && d.have == max(end, d.total) && transient(err, err):
			// All that was announced is there, and no range is left to ask for.
		case err != io.EOF:
			return d.broken(ctx, err)
		case skip > 0:
			return failf(ErrChanged, "the content has become shorter during the download")
		case end >= 0 && d.have < max(end, d.total), end >= 0 && d.total < 0:
			return brokenBody(io.ErrUnexpectedEOF) // of a part of who knows how much, there may be more
		}
		// The body has ended where it was to end. Its digest, if it has one, has the
		// last word.
		return part.verify()
	}
}

// write writes p to the destination, and tells whoever wants to know. The sums are
// taken of what the destination has accepted, so that they are sums of what is there.
func (d *download) write(p []byte) error {
	if limit := d.limit(); limit > 0 && d.have+int64(len(p)) > limit {
		return tooLarge(limit)
	}
	var n int
	err := guarded(func() (err error) {
		n, err = d.to.w.Write(p)
		return err
	})
	if err == nil && n < len(p) {
		// No writer may do so without an error: the content has a hole now.
		err = io.ErrShortWrite
	}
	if err != nil {
		return failWrap(errWrite, "what was received cannot be written", err)
	}
	for _, k := range d.checks {
		_, _ = k.hash.Write(p)
	}
	d.have += int64(len(p))
	d.furthest = max(d.furthest, d.have)
	if d.progress == nil {
		return nil
	}
	return guarded(func() error {
		d.progress(d.have, d.total)
		return nil
	})
}

// limit is the bound that somebody asked for; 0 is none. The client's default is none
// of these: it is made for what is decoded in memory (C21).
func (d *download) limit() int64 {
	if d.r.MaxBody == 0 && d.c.cfg.maxBodySet {
		return d.c.cfg.maxBody
	}
	return d.r.MaxBody
}

// broken makes of a body's error one that may be resumed, unless it is final. The end
// of the caller's context, and what no repetition cures, stay as they are.
func (d *download) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil || !transient(err, err) {
		return err
	}
	return brokenBody(err)
}

// partDigest is the checksum of one response's own content.
func (d *download) partDigest(resp *http.Response) checksum {
	if sum := sha256Of(resp.Header["Content-Digest"]); sum != nil {
		return checksum{sha256.New(), sum, contentDigest}
	}
	return checksum{hash: noHash{}}
}

// verify compares all sums of the whole content.
func (d *download) verify() error {
	for _, k := range d.checks {
		if err := k.verify(); err != nil {
			return err
		}
	}
	return nil
}

// budget is that of the origin that answered. Resuming loads the same service as
// retrying does, so it is paid from the same budget. A nil one permits all.
func (d *download) budget(resp *http.Response) *retry.Budget {
	switch policy := &d.c.cfg.retry; {
	case policy.NoBudget:
		return nil
	case policy.Budget != nil:
		return policy.Budget
	}
	o := d.c.origins.base
	if sent := resp.Request; sent != nil && sent.URL != nil { // middleware may have made a response of its own
		o = originOf(sent.URL)
	}
	return d.c.state.host(o).budget
}

// pay takes what a resumption costs, and reports whether there was enough.
func (d *download) pay(resp *http.Response) bool {
	d.payer = d.budget(resp)
	if !d.payer.Withdraw(retry.RetryCost) {
		return false
	}
	d.paid += retry.RetryCost
	return true
}

// earned returns what resuming has cost, since it was of use.
func (d *download) earned() {
	d.payer.Deposit(d.paid)
	d.paid = 0
}

// unmade returns what the last resumption has cost, since nothing was sent for it.
func (d *download) unmade() {
	d.payer.Deposit(retry.RetryCost)
	d.paid -= retry.RetryCost
}

// brokeOff says how far a body came, and why it was not resumed.
func (d *download) brokeOff(err error, reason string) error {
	if !errors.Is(err, errTruncated) {
		return err
	}
	// Its own text, which says that the body broke, would be said twice.
	cause, of := err, ""
	if f, ok := errors.AsType[*failure](err); ok {
		cause = f.err
	}
	if d.total >= 0 {
		of = fmt.Sprintf(" of %d", d.total)
	}
	return failWrap(errTruncated, fmt.Sprintf("the download broke off after %d%s bytes and was not resumed, since %s", d.have, of, reason), cause)
}

// fail is the error of the download, with the attempts of all its requests.
func (d *download) fail(x *hop, resp *http.Response, err error) *Error {
	e := x.fail(resp, err)
	e.Attempts = d.ledger()
	return e
}

// ledger is that of all requests, counted through. Each request has begun at 1 with its
// numbers.
func (d *download) ledger() []Attempt {
	list := slices.Clone(d.attempts)
	for i := range list {
		list[i].Number = i + 1
	}
	return list
}

// tell fills the request's Meta in.
func (d *download) tell() {
	if d.r.Meta != nil {
		*d.r.Meta = d.meta
		d.r.Meta.Attempts = d.ledger()
	}
}
