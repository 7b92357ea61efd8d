package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/internal/redact"
	"github.com/standpipe-go/standpipe/retry"
)

// ask makes the next request: for all of the content, or for the rest of it. Each
// request is a call of its own, with its own attempts and retries; the download joins
// them.
func (d *download) ask(ctx context.Context) (*hop, *http.Response, error) {
	r := d.r
	// Without a content encoding a byte on the wire is a byte of the content, and a
	// range of the one is a range of the other. The caller's own field comes after, and
	// wins.
	h := http.Header{"Accept": {"*/*"}, "Accept-Encoding": {"identity"}}
	for name, values := range d.r.Header {
		setField(h, name, values)
	}
	// If-Range makes the service send all of it where the version has changed: a part
	// of another version must never end up behind this one.
	if d.have > 0 || d.part != nil {
		h["Range"] = []string{d.wanted()}
	}
	if d.have > 0 {
		h["If-Range"] = []string{d.validator}
	}
	r.Header, r.CheckStatus, r.Meta = h, true, &d.meta
	d.meta = Meta{}
	x, resp, err := d.c.do(ctx, &r)
	d.attempts = append(d.attempts, d.meta.Attempts...)
	if err == nil && (resp.StatusCode < 200 || resp.StatusCode >= 300) {
		// A redirect that was not followed, or a 304, has no content to write.
		return x, nil, x.refusedBy(resp)
	}
	return x, resp, err
}

// wanted is the Range of what is not there yet.
func (d *download) wanted() string {
	if d.part == nil {
		return "bytes=" + strconv.FormatInt(d.have, 10) + "-"
	}
	return "bytes=" + strconv.FormatInt(d.part.first+d.have, 10) + "-" + strconv.FormatInt(d.part.first+d.part.n-1, 10)
}

// asked is the error of a request that has brought nothing, or nil where that says that
// there was nothing left to bring.
func (d *download) asked(x *hop, err error) error {
	if x.call.sentLast().wire == nil && d.paid > 0 {
		d.unmade()
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	// The last byte may have come before the connection broke, where no length had said
	// that it was the last. The range behind it is then unsatisfied, and the length
	// that the 416 names has to be just what is there, of the same version.
	if e.Status == http.StatusRequestedRangeNotSatisfiable && d.have > 0 && d.part == nil {
		if r, ok := parseContentRange(d.meta.Header); ok && r.first < 0 && r.complete == d.have && (d.total < 0 || d.total == d.have) && !contradicts(d.meta.Header, d.validator) {
			if err = d.verify(); err == nil {
				d.earned()
				return nil
			}
			e = x.fail(nil, err)
		}
	}
	e.Attempts = d.ledger()
	return e
}

// accept says how the body of resp goes on with what is there: how many bytes of it are
// to be skipped, and with how many written it ends; -1 where that is unknown.
func (d *download) accept(x *hop, resp *http.Response) (skip, end int64, err error) {
	switch {
	case d.part != nil:
		return 0, d.part.n, d.acceptPart(x, resp)
	case d.have == 0 && resp.StatusCode == http.StatusPartialContent:
		return 0, 0, failf(ErrDecode, "the response is a part of the content, and all was asked for")
	case d.have == 0:
		return 0, d.total, d.begin(x, resp)
	case resp.StatusCode == http.StatusPartialContent:
		end, err = d.goOn(resp)
		return 0, end, err
	case strongValidator(resp.Header) == d.validator && encodingOf(resp.Header) == d.encoding:
		return d.have, d.total, nil // the service does not know ranges; the content is the same
	// From here on it is another version, so what is there has to go.
	case d.to.back == nil:
		return 0, 0, failf(ErrChanged, "the content has changed during the download, and what was written cannot be taken back")
	}
	if err := d.startOver(); err != nil {
		return 0, 0, err
	}
	// The response at hand is the whole of the new version: it is used, and not asked
	// for again.
	err = d.begin(x, resp)
	return 0, d.total, err
}

// acceptPart is accept for a part of the content, which the response has to be exactly.
func (d *download) acceptPart(x *hop, resp *http.Response) error {
	last := d.part.first + d.part.n - 1
	r, ok := parseContentRange(resp.Header)
	switch {
	case resp.StatusCode != http.StatusPartialContent && d.have > 0 && contradicts(resp.Header, d.validator):
		return failf(ErrChanged, "the content has changed during the download")
	case resp.StatusCode != http.StatusPartialContent:
		return failf(ErrDecode, "the response is all of the content, and a part was asked for")
	case !ok || r.first < 0:
		return failf(ErrDecode, "the response is a part of the content that does not say which")
	case r.first != d.part.first+d.have || r.last != last:
		return failf(ErrDecode, "the response is the part from byte %d to %d, and the one from %d to %d was asked for", r.first, r.last, d.part.first+d.have, last)
	case d.have > 0 && (contradicts(resp.Header, d.validator) || encodingOf(resp.Header) != d.encoding):
		return failf(ErrChanged, "the response is a part of another version of the content")
	case d.have > 0:
		return nil
	}
	err := d.begin(x, resp)
	d.total = d.part.n
	return err
}

// begin notes what the first response of a version says of it. Whatever follows is held
// against that.
func (d *download) begin(x *hop, resp *http.Response) error {
	d.encoding = encodingOf(resp.Header)
	// Nobody asked for a coded form: it would be written as if it were the content.
	if d.encoding != "" && spellings(d.r.Header, "Accept-Encoding") == 0 && !d.c.sends("Accept-Encoding") {
		encoding := strings.Join(resp.Header["Content-Encoding"], ", ")
		if x.repeatsSecret(encoding) {
			encoding = redact.Mark
		}
		return failf(ErrDecode, "the response has the content encoding %s, which was not asked for: set Accept-Encoding to take it as it is", printable(encoding))
	}
	d.validator, d.total = strongValidator(resp.Header), resp.ContentLength
	// The digest of a version that was given up is none of this one's; what the caller
	// expects stays.
	d.checks = slices.DeleteFunc(d.checks, func(k checksum) bool { return k.who == reprDigest })
	if sum := sha256Of(resp.Header["Repr-Digest"]); sum != nil && d.part == nil {
		d.checks = append(d.checks, checksum{sha256.New(), sum, reprDigest})
	}
	// Said now, before megabytes have been written in vain.
	if limit := d.limit(); limit > 0 && d.total > limit {
		return tooLarge(limit)
	}
	return nil
}

// goOn looks at whether a part is the one that was asked for, and returns with how many
// bytes written it ends. A service, or a cache before it, that mistakes the range would
// otherwise leave a hole or a seam in the content that no length gives away.
func (d *download) goOn(resp *http.Response) (end int64, err error) {
	r, ok := parseContentRange(resp.Header)
	encoding := encodingOf(resp.Header)
	switch {
	case !ok || r.first < 0:
		return 0, failf(ErrDecode, "the response is a part of the content that does not say which")
	case r.first != d.have:
		return 0, failf(ErrDecode, "the response is the part from byte %d on, and the one from byte %d on was asked for", r.first, d.have)
	case contradicts(resp.Header, d.validator), encoding != "" && encoding != d.encoding, d.total >= 0 && r.complete >= 0 && r.complete != d.total:
		return 0, failf(ErrChanged, "the response is a part of another version of the content")
	}
	d.total = max(d.total, r.complete) // each is the other or unknown
	return r.last + 1, nil
}

// startOver takes back what was written, and forgets the version that it was of. What
// d.furthest says stays: bytes written for the second time are no progress, else a
// content that changes at every try would be fetched for ever.
func (d *download) startOver() error {
	if err := guarded(d.to.back); err != nil {
		return failWrap(errWrite, "what was written cannot be taken back", err)
	}
	d.have, d.total, d.validator = 0, -1, ""
	for _, k := range d.checks {
		k.hash.Reset()
	}
	return nil
}

// resumes decides whether to go on after err, the failed one in a row that has brought
// nothing, and says why not. What costs nothing to find out is looked at first, and the
// budget last: to ask it is to take from it.
func (d *download) resumes(ctx context.Context, x *hop, resp *http.Response, failed int, err error) (wait time.Duration, reason string) {
	policy := &d.c.cfg.retry
	changed := errors.Is(err, ErrChanged) && d.to.back != nil
	wait = policy.Delay(failed, false)
	switch {
	case !changed && !errors.Is(err, errTruncated):
		return 0, "final"
	case ctx.Err() != nil:
		return 0, "the context ended"
	case !changed && d.validator == "" && d.have > 0 && d.to.back == nil:
		return 0, "the service names no strong validator of its version"
	case failed >= policy.Attempts():
		return 0, "it was the last attempt"
	case !pause.Fits(ctx, wait):
		return 0, "the wait would pass the deadline"
	case policy.Retryable != nil && !d.permitted(x, resp, err):
		return 0, "the policy forbids it"
	case !d.pay(resp):
		return 0, "the retry budget is empty"
	}
	// Without a strong validator nobody could tell whether the rest belongs to what is
	// there.
	if (changed || d.validator == "") && d.have > 0 {
		if d.startOver() != nil {
			d.unmade()
			return 0, "what was written cannot be taken back"
		}
	}
	if policy.Notify != nil {
		// Notify only looks on: a panic of it is not the download's.
		_ = guarded(func() error {
			policy.Notify(ctx, retry.Attempt{Number: failed, Err: d.fail(x, resp, err), Wait: wait})
			return nil
		})
	}
	return wait, ""
}

// permitted asks the policy. A panic of it is no permission.
func (d *download) permitted(x *hop, resp *http.Response, err error) (ok bool) {
	return guarded(func() error {
		ok = d.c.cfg.retry.Retryable(d.fail(x, resp, err))
		return nil
	}) == nil && ok
}
