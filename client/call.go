package client

import (
	"context"
	"encoding/json"
	"net/http"
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

func (c *Client) call(ctx context.Context, r *Request, out any) error {
	x := newExchange(c, ctx, r.Timeout)
	x.buffered = true
	if err := x.build(r); err != nil {
		return x.invalid(r, err)
	}
	resp, err := x.follow()
	if err == nil {
		err = x.decode(resp, out)
	}
	x.fill(r.Meta, resp)
	putBuffer(x.buf)
	x.buf = nil
	return err
}

// fill writes the call's Meta.
func (x *exchange) fill(m *Meta, resp *http.Response) {
	if m == nil {
		return
	}
	*m = Meta{Attempts: x.attempts()}
	if resp != nil {
		m.Status, m.Header, m.RequestID = resp.StatusCode, resp.Header, x.scrub(x.requestID(resp.Header))
		u := x.out.url
		m.url = &u
	}
}

// decode turns a final response into the result.
func (x *exchange) decode(resp *http.Response, out any) error {
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		e := x.statusError(resp, x.chain.wasThrottled())
		x.discard(resp)
		return e
	}
	body, err := x.success(resp)
	if err != nil {
		return x.fail(resp, err)
	}
	switch o := out.(type) {
	case *None:
		return nil
	case *[]byte:
		*o = append([]byte{}, body...)
		return nil
	}
	if len(body) == 0 {
		return x.fail(resp, failf(ErrEmptyBody, "the response has no body to decode into a %s: use None where none is expected", reflect.TypeOf(out).Elem()))
	}
	if err := json.Unmarshal(body, out); err != nil {
		return x.fail(resp, x.mismatch(resp, out, len(body)))
	}
	return nil
}

// success returns the body of a success: read by the engine, or by what stands
// between, where per-call middleware replaced it.
func (x *exchange) success(resp *http.Response) ([]byte, error) {
	if len(x.c.cfg.perCall) > 0 {
		defer resp.Body.Close()
		x.clock.restart()
		return x.reread(resp)
	}
	if x.buf == nil {
		return nil, nil
	}
	return x.buf.Bytes(), nil
}

func (x *exchange) reread(resp *http.Response) ([]byte, error) {
	defer x.clock.stop()
	a := x.newAttempt()
	if a.cancel != nil {
		// No context of ours reaches a body that middleware made: closing it ends
		// the wait.
		defer context.AfterFunc(a, func() { _ = resp.Body.Close() })()
	}
	x.heard = time.Now()
	if err := x.readBody(resp); err != nil {
		return nil, x.explain(a, err)
	}
	return x.buf.Bytes(), nil
}

// mismatch says what came instead of the JSON that was asked for. The decoder's
// own error may quote the body.
func (x *exchange) mismatch(resp *http.Response, out any, n int) error {
	contentType := resp.Header.Get("Content-Type")
	if contentType != "" && !isJSON(contentType) {
		return failf(ErrDecode, "the response is %s of %d bytes, not JSON: take it as []byte, or stream it with Do", printable(contentType), n)
	}
	return failf(ErrDecode, "the response's %d bytes of JSON do not fit a %s", n, reflect.TypeOf(out).Elem())
}
