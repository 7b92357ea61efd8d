package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/standpipe-go/standpipe/internal/quote"
	"github.com/standpipe-go/standpipe/internal/redact"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// explain turns what a transport or a body said into what happened: the clock's verdict
// or the caller's where one of them ended it, and never a secret. What net/http makes
// of a cancelled context says nothing of who cancelled it, and why.
func (x *hop) explain(a *attempt, err error) error {
	if cause := x.ctx.Err(); cause != nil {
		// Both are to be found: ctx.Err() by those who look for it, and the caller's
		// own reason (C13).
		if c := context.Cause(x.ctx); c != cause {
			return failWrap(cause, cause.Error(), c)
		}
		return cause
	}
	if a != nil {
		// The clock gives its reason as the cause. A body over its limit was so before
		// any clock ended it.
		if cause := context.Cause(a.context()); cause != nil && !errors.Is(err, ErrTooLarge) {
			return cause
		}
	}
	return x.clean(err)
}

// clean takes the URL and every credential of this call out of an error.
func (x *hop) clean(err error) error {
	for {
		// It may be wrapped, and may wrap another: each shows a URL with its query.
		ue, ok := errors.AsType[*url.Error](err)
		if !ok {
			break
		}
		if err = ue.Err; ue.Op == "parse" {
			err = errBadURL // Err quotes what is wrong in it: a password, as a rule
		}
	}
	text := err.Error()
	// Whoever unwraps an error sees what is in it. One that held a secret is therefore
	// replaced, and not just given another text.
	if scrubbed := quote.Cut(redact.URLs(x.scrub(text)), messageLimit); scrubbed != text {
		return &scrubbedError{text: scrubbed, timeout: isTimeout(err), kind: kindOf(err)}
	}
	return err
}

// scrub replaces every credential that the stack put on the wire, in the forms
// in which a service or a transport could repeat it.
func (x *hop) scrub(text string) string {
	if text == "" {
		return text
	}
	return redact.Scrub(text, x.secrets()...)
}

func (x *hop) repeatsSecret(text string) bool { return x.scrub(text) != text }

// label is what an error shows of a response's Content-Type, or of a part of it: none
// of it where it repeats a credential, of which a cut or another case would leave what
// nobody recognizes.
func (x *hop) label(h http.Header, shown string) string {
	if x.repeatsSecret(h.Get("Content-Type")) {
		return redact.Mark
	}
	return printable(shown)
}

// secrets are the values that the requests of the last attempt have and their spec has
// not, those of earlier hops, and in a call of the client's own the credentials that its
// caller has put on the request. A request that nobody waits for any more asks for them
// as well, when the hop has gone further.
func (x *hop) secrets() []string {
	sent := x.call.sent()
	// Nothing has been sent, so nothing can repeat it.
	if len(sent) == 0 {
		return nil
	}
	// The hop below per-call middleware is a call's own too, if not by its spec.
	own := x.accept.decodes || x.accept.streams
	found := slices.Clone(x.call.earlier().secrets)
	for _, w := range sent {
		if own {
			found = givenSecrets(found, w.wire)
		}
		found = stackSecrets(found, x.c.cfg.auth, w)
	}
	return found
}

// requestID returns what the service calls the request. It may repeat a
// credential: scrub it before it is shown. One that is too long is scrubbed here,
// since the cut could leave a part of the credential that nobody recognizes.
func (x *hop) requestID(h http.Header) string {
	for _, name := range x.c.requestIDs {
		if v := h[name]; len(v) > 0 && v[0] != "" {
			if len(v[0]) <= maxRequestID {
				return v[0]
			}
			return quote.Cut(x.scrub(v[0]), maxRequestID)
		}
	}
	return ""
}

const maxRequestID = 256

// fail is the error of a call without a usable response. The time of a next try comes
// from whoever has refused this one.
func (x *hop) fail(resp *http.Response, err error) *Error {
	e := x.newError(resp)
	e.Err = err
	if errors.Is(err, ErrRateLimited) {
		e.Throttled = true
	}
	if at := x.permittedAt(err); !at.IsZero() {
		e.RetryAt = at
	}
	return e
}

func (x *hop) newError(resp *http.Response) *Error {
	e := &Error{
		Provider: x.c.cfg.profile.Name,
		Method:   cmp.Or(x.spec.method, http.MethodGet),
		Path:     x.place(),
		Attempts: x.attempts(),
		Effect:   x.call.worse(NoEffect),

		IdempotencyKey: x.idempotencyKey(),
	}
	// It is shown in messages and logs, where a line break would begin another line.
	if !validToken(e.Method) {
		e.Method = "(bad method)"
	}
	if resp == nil {
		return e
	}
	e.Status = resp.StatusCode
	e.RequestID = x.scrub(x.requestID(resp.Header))
	// From when it was said, not from when the error is made: a body may be slow, and
	// a retry that is refused takes its time too.
	if d, ok := ratelimit.RetryAfter(resp.Header, x.heardAt()); ok && resp.StatusCode >= 300 {
		e.RetryAt = x.heardAt().Add(d)
	}
	return e
}

// asError is a failed attempt as the policy's functions see it. It is a copy: what such
// a function keeps, a later attempt does not change.
func (x *hop) asError(v *verdict, resp *http.Response) error {
	if v.err != nil {
		return x.fail(nil, v.err)
	}
	if !x.accept.decodes {
		return x.statusErrorOf(resp, v.throttled, slices.Clone(x.look(resp)))
	}
	return x.statusError(resp, v.throttled)
}

// statusError is the error of a response that is not a success, with what its
// body says.
func (x *hop) statusError(resp *http.Response, throttled bool) *Error {
	return x.statusErrorOf(resp, throttled, x.errorBody(resp))
}

func (x *hop) statusErrorOf(resp *http.Response, throttled bool, body []byte) *Error {
	e := x.newError(resp)
	e.Throttled = throttled
	switch {
	case resp.StatusCode >= http.StatusBadRequest && x.call.refusal() != nil:
		// Why no new credential could be had.
		e.Err = x.call.refusal()
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		e.Err = errFailed
	}
	if d, ok := x.asks(resp, throttled); ok && throttled {
		e.RetryAt = x.heardAt().Add(d)
	}
	if e.RetryAt.IsZero() {
		e.RetryAt = x.call.outcome().again
	}
	x.describe(e, resp, body)
	e.Throttled = e.Throttled || e.means == http.StatusTooManyRequests
	return e
}

// refusedBy is the error of a call that was answered with resp, which it ends.
func (x *hop) refusedBy(resp *http.Response) *Error {
	body := x.errorBody(resp)
	e := x.statusErrorOf(resp, x.throttledBy(resp), body)
	discard(resp)
	return e
}

// throttledBy reports whether a response that is handed on, the head of which has been
// read, says that there were too many requests. Per-call middleware may have made it, or
// chosen it of several: the last attempt's is then another one.
func (x *hop) throttledBy(resp *http.Response) bool {
	o := x.call.outcome()
	// Of one status that is no success it is taken to be the same: middleware may have
	// left less to look at.
	if len(x.c.cfg.perCall) == 0 || o.status == resp.StatusCode && o.status >= 300 {
		return o.throttled
	}
	var v verdict
	x.read(&v, resp)
	return v.throttled
}

// errFailed is the cause where the status says nothing of a failure.
var errFailed = errors.New("the response body holds an error")

// describe adds to e what the service says in a body.
func (x *hop) describe(e *Error, resp *http.Response, body []byte) {
	x.say(e, x.decodeError(resp, body))
	e.keep(body, x.c.cfg.maxErrorBody)
}

// say adds to e what the service says.
func (x *hop) say(e *Error, d ErrorDetail) {
	e.Code, e.Type = quote.Cut(x.scrub(d.Code), 256), quote.Cut(x.scrub(d.Type), 256)
	e.Message = quote.Cut(x.scrub(d.Message), messageLimit)
	// Some services name it in the body alone.
	if d.RequestID != "" {
		e.RequestID = quote.Cut(x.scrub(d.RequestID), 256)
	}
	e.means = d.Status
	if d.Err != nil && (e.Err == nil || e.Err == errFailed) {
		e.Err = d.Err
	}
}

// failAfter is the error of a call whose caller has found a failure in what it brought.
func (x *hop) failAfter(resp *http.Response, d ErrorDetail, cause error) *Error {
	e := x.fail(resp, errFailed)
	if cause != nil {
		e.Err = x.clean(cause)
	}
	x.say(e, d)
	e.Throttled = e.Throttled || d.Status == http.StatusTooManyRequests
	return e
}

func (x *hop) decodeError(resp *http.Response, body []byte) ErrorDetail {
	decode := x.c.cfg.profile.DecodeError
	if decode == nil {
		decode = DecodeError
	}
	return decode(resp.StatusCode, resp.Header, body)
}

// interrupted is the error of a call whose context, or deadline, ended while it waited to
// try again. The last attempt's outcome and what ended the wait are both in it: neither
// may hide the other.
func (x *hop) interrupted(v *verdict, err error) *Error {
	x.body.close()
	x.letGo()
	x.clock.stop()
	e := x.newError(nil)
	e.Status, e.RequestID, e.Throttled = v.status, x.scrub(v.attempt.RequestID), v.throttled
	kind, what := x.ctx.Err(), "the context ended before the next attempt"
	// The caller's context is alive then, as a rule.
	if errors.Is(err, errCallDeadline) {
		kind, what, err = ErrTimeout, "the call's deadline passed before the next attempt", context.DeadlineExceeded
	}
	if v.err != nil {
		err = fmt.Errorf("%w; the last attempt failed: %w", err, v.err)
	}
	e.Err = failWrap(kind, what, err)
	return e
}

// attempts copies the ledger, so that an error does not keep the call alive. A
// request ID is the service's text, which may repeat a credential.
func (x *hop) attempts() []Attempt {
	h := x.call
	h.mu.Lock()
	list := append([]Attempt(nil), h.history.attempts...)
	// Before scrub, which takes the lock again.
	h.mu.Unlock()
	for i := range list {
		list[i].RequestID = x.scrub(list[i].RequestID)
	}
	return list
}

// invalid is the error of a Request that could not be built. Nothing was sent, and
// there may be no spec to tell of: method and route are the caller's own.
func (x *hop) invalid(r *Request, err error) error {
	x.body.close()
	x.clock.stop()
	if r.Meta != nil {
		*r.Meta = Meta{} // what it says of another call is not this one's
	}
	method := cmp.Or(r.Method, http.MethodGet)
	if !validToken(method) {
		method = "(bad method)"
	}
	e := &Error{Provider: x.c.cfg.profile.Name, Method: method, Path: cmp.Or(r.Route, "request"), Effect: NeverSent, Err: err}
	if safeMethod(method) {
		e.Effect = NoEffect
	}
	return e
}

// place is how errors and logs call the target: the route if the caller named one, else
// the path, never the query. It holds no credential of the stack. An identifier in a
// path can be personal: who names a route keeps it out of them.
func (x *hop) place() string { return x.placeOf(x.spec) }

func (x *hop) placeOf(s *spec) string {
	if x.out.route != "" {
		return x.scrub(x.out.route)
	}
	if s.url == nil {
		return "(no URL)"
	}
	if p := s.url.EscapedPath(); p != "" {
		return quote.Cut(x.scrub(p), 256)
	}
	return "/"
}

// typed makes an error of middleware's own an *Error too. The engine's own is one
// already, and goes through as it is.
func (x *hop) typed(err error) error {
	if e, ok := err.(*Error); ok {
		return e
	}
	return x.fail(nil, x.clean(err))
}
