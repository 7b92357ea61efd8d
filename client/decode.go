package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"time"
)

// None is the T of a [Call] whose response body does not matter: it is read and
// thrown away, and may be empty.
type None struct{}

// Call makes the call r and decodes the JSON body of a success (any 2xx status)
// into a T. With T = []byte the body is returned as it came, with T = [None] it
// is ignored. Any other status, and anything else that goes wrong, is an
// [*Error]; what callers branch on is told with errors.Is and the sentinels of
// this package. On an error the T is its zero value.
//
// A struct may also say by its tags what else it takes from the response:
//
//	ETag  string    `header:"ETag" json:"-"`
//	Meta  map[string]string `header:"x-amz-meta-*" json:"-"` // names in lower case
//	Page  ListResult `body:"xml"` // or "json", or "raw" for a []byte
//
// A field that is the body is all that is decoded of it. A type whose fields are all
// from the header needs no body.
//
// A success is taken for JSON by what it is, whatever its Content-Type says, but
// for HTML and XML. Its gzip is undone; any other content encoding, and a charset
// that is neither UTF-8 nor ISO 8859-1, is an error that names it ([ErrDecode]).
// What did not fit the T can be had by [Error.DecodeBody], and the field that did not
// from the *json.UnmarshalTypeError in the error.
//
// The call is bounded by its deadline ([WithTimeout], 80 s by default) with all
// attempts and waits, the body included. Retrying follows the rule in the
// package comment. Call is safe for concurrent use.
func Call[T any](ctx context.Context, c *Client, r Request) (T, error) {
	var out T
	if err := c.call(ctx, &r, &out); err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}

// Get is [Call] with GET path.
func Get[T any](ctx context.Context, c *Client, path string) (T, error) {
	return Call[T](ctx, c, Request{Method: http.MethodGet, Path: path})
}

// Post is [Call] with POST path and body.
func Post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	return Call[T](ctx, c, Request{Method: http.MethodPost, Path: path, Body: body})
}

// Put is [Call] with PUT path and body.
func Put[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	return Call[T](ctx, c, Request{Method: http.MethodPut, Path: path, Body: body})
}

// Patch is [Call] with PATCH path and body.
func Patch[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	return Call[T](ctx, c, Request{Method: http.MethodPatch, Path: path, Body: body})
}

// Delete is [Call] with DELETE path, ignoring the response's body.
func Delete(ctx context.Context, c *Client, path string) error {
	_, err := Call[None](ctx, c, Request{Method: http.MethodDelete, Path: path})
	return err
}

func (c *Client) call(ctx context.Context, r *Request, out any) (err error) {
	x := newHop(c, ctx, r.Timeout)
	x.accept.decodes = true
	defer func() { x.report.end(x.call, err) }()
	defer x.contain(r, nil, &err)
	if err := x.build(r); err != nil {
		return x.invalid(r, err)
	}
	x.nameRoute()
	x.report = report(x.ctx, c.cfg.observers, c.cfg.profile.Name, x.spec, x.out.route, x.call.began, 0)
	resp, err := x.follow()
	if err == nil {
		err = x.decode(resp, out)
	}
	x.fill(r.Meta, resp)
	putBuffer(x.accept.buf)
	x.accept.buf = nil
	return err
}

// fill writes the call's Meta.
func (x *hop) fill(m *Meta, resp *http.Response) {
	if m == nil {
		return
	}
	*m = Meta{Attempts: x.attempts()}
	m.fail = func(d ErrorDetail, cause error) *Error { return x.failAfter(resp, d, cause) }
	if resp != nil {
		m.Status, m.Header, m.RequestID = resp.StatusCode, resp.Header, x.scrub(x.requestID(resp.Header))
		u := *x.spec.url
		m.url = func() *url.URL { return &u }
	}
}

// decode turns a final response into the result.
func (x *hop) decode(resp *http.Response, out any) error {
	replaced := len(x.c.cfg.perCall) > 0 // or may be: middleware has handed it on
	if resp.StatusCode < 200 || resp.StatusCode >= 300 || !replaced && x.looksAtSuccess() && x.call.failed() {
		return x.refusedBy(resp)
	}
	body, err := x.success(resp)
	switch {
	case err != nil:
		return x.fail(resp, err)
	case replaced && x.failsIn(resp):
		return x.refusedBy(resp)
	}
	switch o := out.(type) {
	case *None:
		return nil
	case *[]byte:
		*o = append([]byte{}, body...)
		return nil
	}
	kept, err := x.decodeAs(resultOf(reflect.TypeOf(out).Elem()), resp, out, body)
	if err != nil {
		e := x.fail(resp, err)
		if kept != nil {
			e.keep(kept, x.c.cfg.maxErrorBody)
		}
		return e
	}
	return nil
}

// decodeJSON decodes the JSON of a success. With an error comes the body that did not
// fit, if there is one to be looked at.
func (x *hop) decodeJSON(resp *http.Response, out any, body []byte) (kept []byte, err error) {
	if body, err = x.readable(resp, body); err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, emptyBody(out)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return body, x.mismatch(resp, out, len(body), err)
	}
	return nil, nil
}

// decodeAs decodes a success into out as its type says. With an error comes the body
// that did not fit, if there is one to be looked at.
func (x *hop) decodeAs(r *result, resp *http.Response, out any, body []byte) (kept []byte, err error) {
	switch {
	case r.err != nil:
		return nil, r.err
	case len(r.header) == 0 && r.body.index == nil:
		return x.decodeJSON(resp, out, body)
	}
	v := reflect.ValueOf(out).Elem()
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	into := v.Addr().Interface()
	if r.body.index != nil {
		into = v.FieldByIndex(r.body.index).Addr().Interface()
	}
	switch {
	case r.bare:
	case r.body.name == "raw":
		*into.(*[]byte) = append([]byte{}, body...)
	case r.body.name == "xml":
		kept, err = x.decodeXML(resp, into, body)
	default:
		kept, err = x.decodeJSON(resp, into, body)
	}
	if err != nil {
		return kept, err
	}
	return nil, r.fill(v, resp.Header)
}

func (x *hop) decodeXML(resp *http.Response, into any, body []byte) (kept []byte, err error) {
	if body, err = x.plain(resp, body); err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, emptyBody(into)
	}
	if err = xml.Unmarshal(body, into); err == nil {
		return nil, nil
	}
	want := reflect.TypeOf(into).Elem()
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok { // its text may quote the body
		return body, failf(ErrDecode, "the response's %d bytes do not fit a %s: they are not XML from line %d on", len(body), want, syntax.Line)
	}
	return body, failf(ErrDecode, "the response's %d bytes of XML do not fit a %s", len(body), want)
}

func emptyBody(out any) error {
	return failf(ErrEmptyBody, "the response has no body to decode into a %s: use None where none is expected", reflect.TypeOf(out).Elem())
}

// readable returns the body of a success as the decoder is to have it: its
// content encoding undone, in UTF-8, without a byte order mark. It takes JSON by
// what it is, under any media type but those of pages (C33).
func (x *hop) readable(resp *http.Response, body []byte) ([]byte, error) {
	if len(body) > 0 && markup(mediaType(resp.Header)) {
		return nil, failf(ErrDecode, "the response is %s of %d bytes, not JSON: take it as []byte, or stream it with Do",
			x.label(resp.Header, resp.Header.Get("Content-Type")), len(body))
	}
	return x.plain(resp, body)
}

// plain is the body with its content encoding undone, in UTF-8, without a byte order
// mark.
func (x *hop) plain(resp *http.Response, body []byte) ([]byte, error) {
	limit := x.bodyLimit()
	body, err := unpacked(resp.Header, body, limit)
	switch {
	case err != nil && x.repeatsSecret(resp.Header.Get("Content-Encoding")):
		return nil, failf(ErrDecode, "the response body has a content encoding that nobody asked for")
	case err != nil:
		return nil, err
	case int64(len(body)) > limit:
		return nil, tooLarge(limit)
	}
	body, known := inUTF8(resp.Header, body)
	if !known {
		return nil, failf(ErrDecode, "the response is in the charset %s, not in UTF-8: take it as []byte", x.label(resp.Header, charset(resp.Header)))
	}
	return bytes.TrimPrefix(body, []byte(mark)), nil
}

// success returns the body of a success: read by the engine, or by what stands
// between, where per-call middleware replaced it.
func (x *hop) success(resp *http.Response) ([]byte, error) {
	if len(x.c.cfg.perCall) > 0 {
		body := &closedOnce{ReadCloser: resp.Body}
		resp.Body = body
		defer body.Close()
		x.clock.restart()
		return x.reread(resp, body)
	}
	if x.accept.buf == nil {
		return nil, nil
	}
	return x.accept.buf.Bytes(), nil
}

func (x *hop) reread(resp *http.Response, body *closedOnce) ([]byte, error) {
	defer x.clock.stop()
	a := x.newAttempt()
	if a.ending.bounded {
		defer a.closes(body, false)() // what middleware made heeds no context of ours
	}
	if err := x.readBody(resp, x.call.now()); err != nil {
		return nil, x.explain(a, err)
	}
	return x.accept.buf.Bytes(), nil
}

// mismatch says what came instead of the JSON that was asked for.
func (x *hop) mismatch(resp *http.Response, out any, n int, err error) error {
	want := reflect.TypeOf(out).Elem()
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		label := cmp.Or(resp.Header.Get("Content-Type"), "no media type")
		return failf(ErrDecode, "the response's %d bytes of %s do not fit a %s: they are not JSON from byte %d on; take them as []byte, or stream them with Do",
			n, x.label(resp.Header, label), want, syntax.Offset)
	}
	return unfit(fmt.Sprintf("the response's %d bytes of JSON do not fit a %s", n, want), err)
}

// noStream is the error of a success that is no event stream. What came instead,
// an error object as a rule, is read as an error body is.
func (x *hop) noStream(resp *http.Response) *Error {
	label := cmp.Or(contentType(resp.Header), "unnamed content")
	e := x.fail(resp, failf(ErrDecode, "the response is %s, not text/event-stream", x.label(resp.Header, label)))
	limit := x.c.cfg.maxErrorBody
	defer time.AfterFunc(drainTimeout, func() { _ = resp.Body.Close() }).Stop()
	head, _ := io.ReadAll(io.LimitReader(resp.Body, limit)) // what could be read, if not all
	text, _ := unpacked(resp.Header, head, limit)
	text, _ = inUTF8(resp.Header, text)
	x.describe(e, resp, text)
	return e
}

// build makes r what the first hop asks for.
func (x *hop) build(r *Request) error {
	if r.AttemptTimeout != 0 {
		x.clock.answers = r.AttemptTimeout
	}
	body, err := x.out.build(x.c, x.ctx, r)
	if err == nil {
		x.asksFor(&x.out.first, body)
	}
	return err
}
