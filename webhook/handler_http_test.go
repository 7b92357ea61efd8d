package webhook_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/stretchr/testify/require"
)

func TestHandlerHandsOnTypedEventWithRawBytes(t *testing.T) {
	t.Parallel()
	body := "{\"id\":\"e1\",\"type\":\"paid\",\"amount\":7,\"added_later\":{\"x\":[1]}}\r\n"
	var got webhook.Event[fakeEvent]
	h := newHandler(t, fake{}, webhook.On("paid", func(ctx context.Context, e webhook.Event[fakeEvent]) error {
		got = e
		_, ok := ctx.Deadline()
		require.True(t, ok)
		return nil
	}))
	res := serve(h, delivery(body))
	require.Equal(t, 200, res.StatusCode)
	require.Empty(t, read(t, res))
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	require.Equal(t, fakeEvent{ID: "e1", Type: "paid", Amount: 7}, got.Data)
	require.Equal(t, "e1", got.ID)
	require.Equal(t, "key 1", got.Receipt.KeyID)
	require.Equal(t, body, string(got.Request.Body))
	require.Equal(t, body, string(got.Payload))
}

// countingBody knows whether it was read and how far.
type countingBody struct {
	io.Reader
	reads, bytes atomic.Int64
}

func (b *countingBody) Read(p []byte) (int, error) {
	b.reads.Add(1)
	n, err := b.Reader.Read(p)
	b.bytes.Add(int64(n))
	return n, err
}

func (b *countingBody) Close() error { return nil }

func TestW11_OversizeAnnouncedIsRefusedUnread(t *testing.T) {
	t.Parallel()
	h := newHandler(t, fake{cap: 100})
	body := &countingBody{Reader: strings.NewReader(strings.Repeat("x", 101))}
	r := delivery("")
	r.Body, r.ContentLength = body, 101
	require.Equal(t, http.StatusRequestEntityTooLarge, status(h, r))
	require.Zero(t, body.reads.Load())
}

func TestW11_OversizeUnannouncedIsReadToTheCapOnly(t *testing.T) {
	t.Parallel()
	h := newHandler(t, fake{cap: 1000})
	body := &countingBody{Reader: strings.NewReader(strings.Repeat("x", 1<<20))}
	r := delivery("")
	r.Body, r.ContentLength = body, -1
	require.Equal(t, http.StatusRequestEntityTooLarge, status(h, r))
	require.LessOrEqual(t, body.bytes.Load(), int64(1001))
}

func TestW11_TheCapItselfIsInside(t *testing.T) {
	t.Parallel()
	for _, announced := range []bool{true, false} {
		j := &journal{}
		body := event("e1", "paid")
		h := newHandler(t, fake{cap: int64(len(body))}, webhook.On("paid", j.run))
		r := delivery(body)
		if !announced {
			r.ContentLength = -1
		}
		require.Equal(t, 200, status(h, r))
		require.Len(t, j.list(), 1)
	}
}

func TestW11_DefaultCapIsOneMebibyte(t *testing.T) {
	t.Parallel()
	pad := func(n int) string { return event("e1", "paid") + strings.Repeat(" ", n-len(event("e1", "paid"))) }
	h := newHandler(t, fake{})
	require.Equal(t, 200, status(h, delivery(pad(1<<20))))
	require.Equal(t, 413, status(h, delivery(pad(1<<20+1))))
}

func TestW11_BodyOfEverySizeArrivesUnchanged(t *testing.T) {
	t.Parallel()
	var got []byte
	h := newHandler(t, fake{cap: 1 << 20}, webhook.Fallback(func(_ context.Context, e webhook.Event[jsonRaw]) error {
		got = e.Request.Body
		return nil
	}))
	for _, n := range []int{0, 1, 510, 511, 512, 513, 64<<10 - 1, 64 << 10, 64<<10 + 1, 300_000} {
		for _, announced := range []bool{true, false} {
			body := event("e1", "x") + strings.Repeat("\n", n)
			r := delivery("")
			r.Body, r.ContentLength = io.NopCloser(iotestOneByte(body, n)), -1
			if announced {
				r.ContentLength = int64(len(body))
			}
			require.Equal(t, 200, status(h, r))
			require.Equal(t, body, string(got))
		}
	}
}

// iotestOneByte reads small bodies byte by byte, large ones in odd pieces.
func iotestOneByte(body string, n int) io.Reader {
	if n < 1000 {
		return &pieces{strings.NewReader(body), 1}
	}
	return &pieces{strings.NewReader(body), 4093}
}

type pieces struct {
	r io.Reader
	n int
}

func (p *pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.n)]) }

func TestW11_CompressedBodyIsNotInflated(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	zw := gzip.NewWriter(&packed)
	_, err := zw.Write(make([]byte, 10<<20))
	require.NoError(t, err)
	require.NoError(t, zw.Close())

	var seen []byte
	h := newHandler(t, fake{verify: func(_ context.Context, r *webhook.Request) error {
		seen = r.Body
		return nil
	}})
	r := delivery(packed.String())
	r.Header.Set("Content-Encoding", "gzip")
	serve(h, r)
	require.Equal(t, packed.Bytes(), seen)
}

func TestMethodIsRefusedWithAllow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		accepted []string
		method   string
		allow    string
	}{
		{nil, http.MethodGet, "POST"},
		{nil, http.MethodHead, "POST"},
		{nil, http.MethodPut, "POST"},
		{nil, "post", "POST"},
		{[]string{"GET"}, http.MethodDelete, "POST, GET"},
	} {
		h := newHandler(t, fake{methods: c.accepted})
		r := delivery(event("e1", "paid"))
		r.Method = c.method
		res := serve(h, r)
		require.Equal(t, 405, res.StatusCode, c.method)
		require.Equal(t, c.allow, res.Header.Get("Allow"))
	}
}

func TestConsumedBodyIsUndecidableAndTheLogSaysWhy(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*http.Request){
		"drained":  func(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) },
		"replaced": func(r *http.Request) { r.Body = http.NoBody },
		"nil":      func(r *http.Request) { r.Body = nil },
		"rewritten": func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader("{}"))
		},
		"closed": func(r *http.Request) { r.Body = errorBody{http.ErrBodyReadAfterClose} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log buffer
			h := newHandler(t, fake{}, log.option())
			r := delivery(event("e1", "paid"))
			spoil(r)
			res := serve(h, r)
			require.Equal(t, 503, res.StatusCode)
			require.NotEmpty(t, res.Header.Get("Retry-After"))
			require.Contains(t, log.String(), "already read before this handler")
			require.NotContains(t, read(t, res), "read")
		})
	}
}

type errorBody struct{ err error }

func (b errorBody) Read([]byte) (int, error) { return 0, b.err }
func (b errorBody) Close() error             { return nil }

func TestBodyThatBreaksOffIsUndecidable(t *testing.T) {
	t.Parallel()
	h := newHandler(t, fake{})
	r := delivery("")
	r.Body, r.ContentLength = errorBody{io.ErrUnexpectedEOF}, 100
	require.Equal(t, 503, status(h, r))
}

func TestSenderWhoDripsDoesNotOutlastTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{}, webhook.WithDeadline(9*time.Second))
		conn := serveMemory(t, h, 0).dial()
		defer conn.Close()
		begin := time.Now()
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		require.NoError(t, err)
		answer := make([]byte, 12)
		_, err = io.ReadFull(conn, answer)
		require.NoError(t, err, "an answer although the body never comes")
		require.Equal(t, "HTTP/1.1 503", string(answer))
		require.Equal(t, 9*time.Second, time.Since(begin))
	})
}

func TestServersShorterReadTimeoutStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{}, webhook.WithDeadline(9*time.Second))
		conn := serveMemory(t, h, 2*time.Second).dial()
		defer conn.Close()
		begin := time.Now()
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		require.NoError(t, err)
		_, err = io.ReadFull(conn, make([]byte, 12))
		require.NoError(t, err)
		require.Equal(t, 2*time.Second, time.Since(begin))
	})
}

func TestConnectionIsReusedAfterTheBodyDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{}, webhook.WithDeadline(time.Second), webhook.Fallback(func(context.Context, webhook.Event[jsonRaw]) error {
			time.Sleep(900 * time.Millisecond)
			return nil
		}))
		srv := serveMemory(t, h, 0)
		for range 3 {
			req := delivery(event("e1", "paid"))
			req.RequestURI, req.URL.Scheme = "", "http"
			res, err := srv.client.Do(req)
			require.NoError(t, err)
			require.Equal(t, 200, res.StatusCode)
			_, _ = io.Copy(io.Discard, res.Body)
			require.NoError(t, res.Body.Close())
			time.Sleep(10 * time.Second)
		}
		require.EqualValues(t, 1, srv.dials.Load(), "a deadline left behind would close the connection")
	})
}

func TestProcessNeedsNoHTTP(t *testing.T) {
	t.Parallel()
	j := &journal{}
	h := newHandler(t, fake{cap: 1000}, webhook.On("paid", j.run))
	good := &webhook.Request{Header: http.Header{"X-Fake-Key": {fakeKey}}, Body: []byte(event("e1", "paid"))}
	require.Equal(t, 200, h.Process(t.Context(), good).Status, "an empty method is POST")
	require.Equal(t, []string{"paid/e1"}, j.list())

	bad := *good
	bad.Header = nil
	a := h.Process(t.Context(), &bad)
	require.Equal(t, 401, a.Status)
	require.NotEmpty(t, a.Header.Get("Www-Authenticate"))

	get := *good
	get.Method = "GET"
	require.Equal(t, "POST", h.Process(t.Context(), &get).Header.Get("Allow"))

	big := *good
	big.Body = make([]byte, 1001)
	require.Equal(t, 413, h.Process(t.Context(), &big).Status)
}

func TestVerifyHTTP(t *testing.T) {
	t.Parallel()
	body := event("e1", "paid") + "\r\n"
	req, rec, err := webhook.VerifyHTTP(schemeOf(fake{}), delivery(body))
	require.NoError(t, err)
	require.Equal(t, body, string(req.Body))
	require.Equal(t, "fake", rec.Provider)

	forged := delivery(body)
	forged.Header.Set("X-Fake-Key", "other")
	_, _, err = webhook.VerifyHTTP(schemeOf(fake{}), forged)
	require.ErrorIs(t, err, webhook.ErrMismatch)

	_, _, err = webhook.VerifyHTTP(schemeOf(fake{cap: 3}), delivery(body))
	require.ErrorIs(t, err, webhook.ErrTooLarge)
	chunked := delivery(body)
	chunked.ContentLength = -1
	_, _, err = webhook.VerifyHTTP(schemeOf(fake{cap: 3}), chunked)
	require.ErrorIs(t, err, webhook.ErrTooLarge)

	spent := delivery(body)
	_, _ = io.Copy(io.Discard, spent.Body)
	_, _, err = webhook.VerifyHTTP(schemeOf(fake{}), spent)
	require.ErrorIs(t, err, webhook.ErrUnavailable)
	require.True(t, webhook.Undecidable(err))
	e, ok := errors.AsType[*webhook.Error](err)
	require.True(t, ok)
	require.Contains(t, e.Hint, "middleware")
}

// What a Content-Length alone tells is told before the body is read.
func TestVerifyHTTPGoesByTheLengthFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		v        verifier
		length   int64
		want     error
		detail   string
		anyReads bool
	}{
		"inside the cap":      {fake{cap: 10}, 10, webhook.ErrUnavailable, "announces 10 bytes, of which 2 are left", true},
		"over the cap":        {fake{cap: 10}, 11, webhook.ErrTooLarge, "", false},
		"inside the default":  {fake{}, 1 << 20, webhook.ErrUnavailable, "announces 1048576 bytes, of which 2 are left", true},
		"over the default":    {fake{}, 1<<20 + 1, webhook.ErrTooLarge, "", false},
		"the zero scheme":     {&webhook.Scheme{}, 1<<20 + 1, webhook.ErrTooLarge, "", false},
		"no cap of its own":   {plainVerifier{}, 1<<20 + 1, webhook.ErrTooLarge, "", false},
		"shorter by one":      {fake{}, 3, webhook.ErrUnavailable, "announces 3 bytes, of which 2 are left", true},
		"as long as it says":  {fake{}, 2, nil, "", true},
		"longer than it says": {fake{}, 1, nil, "", true},
		"not announced":       {fake{}, -1, nil, "", true},
	} {
		body := &countingBody{Reader: strings.NewReader("{}")}
		r := delivery("")
		r.Body, r.ContentLength = body, c.length
		req, rec, err := webhook.VerifyHTTP(schemeOf(c.v), r)
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, c.anyReads, body.reads.Load() > 0, name)
		if err == nil {
			require.Equal(t, "{}", string(req.Body), name)
			require.Equal(t, len(req.Body), cap(req.Body), "nothing is kept beyond the body")
			continue
		}
		require.Nil(t, req)
		require.Zero(t, rec)
		require.ErrorContains(t, err, c.detail, name)
	}
	for _, length := range []int64{-1, 0, 1} {
		for _, body := range []io.ReadCloser{nil, http.NoBody} {
			r := delivery("")
			r.Body, r.ContentLength = body, length
			req, _, err := webhook.VerifyHTTP(schemeOf(fake{}), r)
			if length > 0 {
				require.ErrorIs(t, err, webhook.ErrUnavailable)
				require.ErrorContains(t, err, "announces 1 bytes, of which 0 are left")
				continue
			}
			require.NoError(t, err)
			require.Nil(t, req.Body)
		}
	}
	// A body that broke off is not one that a middleware has read.
	for cause, hint := range map[error]bool{io.ErrUnexpectedEOF: false, http.ErrBodyReadAfterClose: true} {
		r := delivery("")
		r.Body, r.ContentLength = errorBody{cause}, 5
		_, _, err := webhook.VerifyHTTP(schemeOf(fake{}), r)
		require.ErrorIs(t, err, webhook.ErrUnavailable)
		e, ok := errors.AsType[*webhook.Error](err)
		require.True(t, ok)
		require.Equal(t, hint, e.Hint != "")
		require.Equal(t, !hint, errors.Is(err, cause))
	}
}
