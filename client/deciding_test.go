package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/secret"
)

// C5: which failures without a response trying again may cure.
func TestC5_WhatIsTransient(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		explained, err error // nil: the same
		want           bool
	}{
		"anything unknown":             {nil, errors.New("x"), true},
		"end of input":                 {nil, io.ErrUnexpectedEOF, true},
		"a deadline of somebody's":     {nil, context.DeadlineExceeded, true},
		"the attempt's own":            {errAttemptTimeout, context.Canceled, true},
		"idle":                         {errIdleTimeout, context.Canceled, true},
		"drained":                      {errDrainTimeout, context.Canceled, true},
		"cancelled":                    {nil, context.Canceled, false},
		"truncated":                    {nil, brokenBody(io.ErrUnexpectedEOF), true},
		"truncated by a cancel":        {nil, brokenBody(context.Canceled), false},
		"truncated by a typed failure": {nil, brokenBody(failf(ErrRequest, "x")), true},
		"certificate":                  {nil, &tls.CertificateVerificationError{Err: errors.New("x")}, false},
		"authority":                    {nil, x509.UnknownAuthorityError{}, false},
		"host name":                    {nil, x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}, false},
		"invalid certificate":          {nil, x509.CertificateInvalidError{Reason: x509.Expired}, false},
		"no roots":                     {nil, x509.SystemRootsError{}, false},
		"no TLS":                       {nil, tls.RecordHeaderError{Msg: "x"}, false},
		"panic":                        {nil, &PanicError{}, false},
		"exited":                       {nil, panics.ErrExited, false},
		"our own":                      {nil, failf(ErrRequest, "x"), false},
		"a call's":                     {nil, &Error{Err: errors.New("x")}, false},
	} {
		if tc.explained == nil {
			tc.explained = tc.err
		}
		require.Equal(t, tc.want, transient(tc.explained, tc.err), name)
		require.Equal(t, tc.want, transient(fmt.Errorf("a: %w", tc.explained), fmt.Errorf("b: %w", tc.err)), "%s, wrapped", name)
	}
}

func TestStatusesAndMethods(t *testing.T) {
	t.Parallel()
	slow := Profile{Throttled: func(int, http.Header, []byte) bool { return true }}
	for status := 100; status < 600; status++ {
		require.Equal(t, strings.Contains("301 302 303 307 308", fmt.Sprint(status)), redirectStatus(status), status)
		require.Equal(t, strings.Contains("408 425 429 500 502 503 504", fmt.Sprint(status)), retryableStatus(status), status)
		require.Equal(t, status != 303, keepsRequest(status, "PUT"), status)
		require.Equal(t, status < 301 || status > 303, keepsRequest(status, "POST"), status)
		resp := &http.Response{StatusCode: status, Body: http.NoBody}
		var x hop
		x.c = new(Client)
		require.Equal(t, status == 429, x.throttled(&verdict{}, resp), status)
		x.c.cfg.profile = slow
		require.Equal(t, status >= 400, x.throttled(&verdict{}, resp), status)
		x.accept.decodes = true
		require.Equal(t, status >= 400 || status < 300, x.throttled(&verdict{}, resp), status)
		require.Equal(t, status >= 400, x.throttled(&verdict{err: io.EOF}, resp), status)
	}
	for method, want := range map[string][2]bool{
		"": {true, true}, "GET": {true, true}, "HEAD": {true, true}, "OPTIONS": {true, true}, "TRACE": {true, true},
		"PUT": {false, true}, "DELETE": {false, true}, "POST": {false, false}, "PATCH": {false, false}, "get": {false, false},
	} {
		require.Equal(t, want, [2]bool{safeMethod(method), idempotentMethod(method)}, method)
	}
}

func TestWhatIsWrongWithACallIsSaid(t *testing.T) {
	t.Parallel()
	sent := 0
	var last *http.Request
	rt := transportFunc(func(r *http.Request) (*http.Response, error) {
		sent++
		last = r
		return &http.Response{StatusCode: 204, Body: http.NoBody, Request: r}, nil
	})
	c, err := New("https://api.example.com/v1", WithTransport(rt), WithOrigins("https://up.example.com"), WithIdempotencyHeader("Idempotency-Key"))
	require.NoError(t, err)
	keyless, err := New("http://10.0.0.1", WithTransport(rt))
	require.NoError(t, err)
	const b = "https://api.example.com/"
	for _, tc := range []struct {
		c    *Client
		r    Request
		want error
		say  string // of the error, or the URL that is asked for
	}{
		{c, Request{}, nil, b + "v1"},
		{c, Request{Path: "/a", Query: map[string][]string{"b": {"c"}}}, nil, b + "v1/a?b=c"},
		{c, Request{URL: b + "a?b=c#d"}, nil, b + "a?b=c"},
		{c, Request{URL: b + "a?b=c", Query: map[string][]string{"d": {"e"}}}, nil, b + "a?b=c&d=e"},
		{c, Request{URL: "a"}, nil, b + "a"},
		{c, Request{URL: "https://up.example.com/a"}, nil, "https://up.example.com/a"},
		{keyless, Request{URL: "http://10.0.0.1/a"}, nil, "http://10.0.0.1/a"},
		{c, Request{URL: b + strings.Repeat("a", maxURL-len(b))}, nil, b + strings.Repeat("a", maxURL-len(b))},
		{c, Request{IdempotencyKey: "k", Method: "POST"}, nil, b + "v1"},
		{new(Client), Request{}, ErrConfig, "the zero Client"},
		{c, Request{Timeout: -1}, ErrTimeout, "Request.Timeout is negative"},
		{c, Request{MaxBody: -1}, ErrRequest, "Request.MaxBody is negative"},
		{c, Request{Path: "/a", URL: b + "a"}, ErrRequest, "both Path and URL"},
		{c, Request{URL: b + strings.Repeat("a", maxURL-len(b)+1)}, ErrRequest, "URL is longer than 65536 bytes"},
		{c, Request{URL: "https://[::1"}, ErrRequest, "URL cannot be parsed"},
		{c, Request{URL: "https://u@api.example.com/"}, ErrRequest, "user name"},
		{c, Request{URL: "https://api.example.net/"}, ErrOrigin, "api.example.net"},
		{c, Request{URL: "http://api.example.com/"}, ErrOrigin, "api.example.com"},
		{c, Request{Method: "G T"}, ErrRequest, "method is not a token"},
		{c, Request{IdempotencyKey: "a\nb"}, ErrRequest, "key holds a control character"},
		{keyless, Request{IdempotencyKey: "k"}, ErrRequest, "no header is known"},
		{c, Request{Method: "POST", Body: Raw("a\nb", []byte("x"))}, ErrRequest, "content type holds"},
		{c, Request{Header: http.Header{"A": {"b\nc"}}}, ErrRequest, "header A holds"},
		{c, Request{Header: http.Header{"key": {"a"}, "Key": {"b"}}}, ErrRequest, "header Key is given in two spellings"},
	} {
		before := sent
		_, err := Call[None](t.Context(), tc.c, tc.r)
		if tc.want == nil {
			require.NoError(t, err)
			require.Equal(t, tc.say, last.URL.String())
			require.Equal(t, before+1, sent)
			continue
		}
		require.ErrorIs(t, err, tc.want)
		require.ErrorContains(t, err, tc.say)
		require.Equal(t, before, sent)
	}
	//lint:ignore SA1012 that a nil context is an error is what is tested
	_, err = Call[None](nil, c, Request{}) //nolint:staticcheck // the same
	require.ErrorIs(t, err, ErrRequest)
	require.ErrorContains(t, err, "context is nil")

	_, err = Call[None](t.Context(), c, Request{Header: http.Header{"host": {"up.example.com"}, "Key": nil}})
	require.NoError(t, err)
	require.Equal(t, "up.example.com", last.Host)
	require.NotContains(t, last.Header, "Host")
	_, err = Call[None](t.Context(), c, Request{Header: http.Header{"Host": {}}})
	require.NoError(t, err)
	require.Equal(t, "api.example.com", last.Host)
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

func TestPartsAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	own := errors.New("disk on fire")
	open := func(s string) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }
	}
	const head = "--b\r\nContent-Disposition: form-data; name="
	for _, tc := range []struct {
		part  Part
		want  string // between the boundary and its end
		sized bool
		err   error
		say   string
	}{
		{Part{Name: "n", Value: "v"}, head + "\"n\"\r\n\r\nv", true, nil, ""},
		{Part{Name: "n", Value: "v", ContentType: "a/b"}, head + "\"n\"\r\nContent-Type: a/b\r\n\r\nv", true, nil, ""},
		{Part{Name: "n\"", FileName: "f\"", Value: "v"}, head + "\"n%22\"; filename=\"f%22\"\r\nContent-Type: application/octet-stream\r\n\r\nv", true, nil, ""},
		{Part{Name: "n", FileName: "f", ContentType: "a/b", Open: open("v")}, head + "\"n\"; filename=\"f\"\r\nContent-Type: a/b\r\n\r\nv", false, nil, ""},
		{Part{Name: "n", Open: open("v"), Size: 1, Value: "w"}, head + "\"n\"\r\n\r\nv", true, nil, ""},
		{Part{Name: "n", Open: open("")}, head + "\"n\"\r\n\r\n", false, nil, ""},
		{Part{Name: "n", Open: open("v"), Size: 2}, "", true, ErrRequest, `part "n" has 1 bytes, its Size says 2`},
		{Part{Name: "n", Open: open("vw"), Size: 1}, "", true, ErrRequest, `part "n" has 2 bytes, its Size says 1`},
		{Part{Name: "n", Open: func() (io.ReadCloser, error) { return nil, own }}, "", false, own, ""},
		{Part{Name: "n", Open: func() (io.ReadCloser, error) { return nil, nil }}, "", false, ErrRequest, `part "n" returned nil`},
		{Part{Name: "n", Open: func() (io.ReadCloser, error) { return io.NopCloser(failingReader{own}), nil }, Size: 7}, "", true, own, ""},
	} {
		parts := []Part{tc.part}
		size := multipartSize("b", parts)
		body := newMultipart("b", parts)
		got, err := io.ReadAll(body)
		require.NoError(t, body.Close())
		require.Equal(t, tc.sized, size >= 0)
		if tc.err != nil {
			require.ErrorIs(t, err, tc.err)
			require.ErrorContains(t, err, tc.say)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, tc.want+"\r\n--b--\r\n", string(got))
		if tc.sized {
			require.EqualValues(t, len(got), size)
		}
	}
	require.EqualValues(t, -1, multipartSize("", nil), "no boundary")
	_, err := io.ReadAll(newMultipart("", nil))
	require.Error(t, err)
	closed := newMultipart("b", []Part{{Name: "n", Open: func() (io.ReadCloser, error) { panic("opened") }}})
	require.NoError(t, closed.Close())
	_, err = io.ReadAll(closed)
	require.ErrorIs(t, err, io.ErrClosedPipe, "and nothing is opened any more")

	for _, bad := range []Part{
		{}, {Name: "a\rb"}, {Name: "a", FileName: "\n"}, {Name: "a", ContentType: "\x00"},
		{Name: "a", Size: -1, Open: open("")}, {Name: "a", Size: 1},
	} {
		_, err := payloadOf(Multipart(Part{Name: "good"}, bad))
		require.ErrorIs(t, err, ErrRequest, "%+v", bad.Name)
	}
}

func TestGoogleKeyFiles(t *testing.T) {
	t.Parallel()
	const email, key = `"client_email":"a@example.com"`, `"private_key":"none"`
	for _, tc := range []struct {
		file, audience string
		scopes         []string
		say            string
	}{
		{`{"type":"service_account",` + email + `,` + key + `}`, "", nil, "audience or scopes, and not both"},
		{`{"type":"service_account",` + email + `,` + key + `}`, "a", []string{"b"}, "audience or scopes, and not both"},
		{`{"type":"authorized_user",` + email + `,` + key + `}`, "a", nil, "not a service account's"},
		{`{"type":"service_account",` + key + `}`, "a", nil, "not a service account's"},
		{`{"type":"service_account",` + email + `}`, "a", nil, "not a service account's"},
		{`{"type":"service_account",` + email + `,` + key + `} x`, "a", nil, "not a service account's"},
		{`{"type":"service_account",` + email + `,` + key + `}`, "a", nil, "PEM"},
		{`{"type":"service_account",` + email + `,` + key + `}`, "", []string{"b"}, "PEM"},
	} {
		_, err := googleRecipe(secret.New(tc.file), tc.audience, tc.scopes)
		require.ErrorContains(t, err, tc.say)
	}
	for _, bad := range []JWTConfig{{Lifetime: -1}, {Backdate: -1}} {
		bad.Key = secret.Static("x")
		require.ErrorContains(t, JWT(bad).(*jwtAuth).Check(), "cannot be negative")
	}
	require.ErrorIs(t, JWT(JWTConfig{}).(*jwtAuth).Check(), secret.ErrNone)
}

type notedBody struct {
	io.Reader
	closed int
	fails  error
}

func (b *notedBody) Close() error { b.closed++; return b.fails }

// C8: what is read ahead of a body, and when it can be sent again.
func TestC8_WhatIsReadAhead(t *testing.T) {
	t.Parallel()
	own := errors.New("disk on fire")
	get := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("other")), nil }
	for name, tc := range map[string]struct {
		body   *notedBody // nil is none
		length int64
		get    func() (io.ReadCloser, error)
		limit  int64
		repeat bool

		again  bool
		found  int64
		closed int
		say    string
	}{
		"none":                         {nil, 0, nil, 4, true, true, -1, 0, ""},
		"can be had again":             {&notedBody{Reader: strings.NewReader("abc")}, 3, get, 4, true, true, -1, 0, ""},
		"need not be repeated":         {&notedBody{Reader: strings.NewReader("abc")}, 3, nil, 4, false, false, -1, 0, ""},
		"no limit":                     {&notedBody{Reader: strings.NewReader("abc")}, 3, nil, 0, true, false, -1, 0, ""},
		"a limit of one":               {&notedBody{Reader: strings.NewReader("a")}, 1, nil, 1, true, true, 1, 1, ""},
		"fits":                         {&notedBody{Reader: strings.NewReader("abc")}, 3, nil, 4, true, true, 3, 1, ""},
		"just fits":                    {&notedBody{Reader: strings.NewReader("abcd")}, 4, nil, 4, true, true, 4, 1, ""},
		"just fits, of unknown length": {&notedBody{Reader: strings.NewReader("abcd")}, -1, nil, 4, true, true, 4, 1, ""},
		"said to be too long":          {&notedBody{Reader: strings.NewReader("abcde")}, 5, nil, 4, true, false, -1, 0, ""},
		"too long":                     {&notedBody{Reader: strings.NewReader("abcde")}, -1, nil, 4, true, false, -1, 0, ""},
		"empty":                        {&notedBody{Reader: strings.NewReader("")}, -1, nil, 4, true, true, 0, 1, ""},
		"empty, of length 0":           {&notedBody{Reader: strings.NewReader("")}, 0, nil, 4, true, true, 0, 1, ""},
		"not of length 0":              {&notedBody{Reader: strings.NewReader("abc")}, 0, nil, 4, true, true, 3, 1, ""},
		"shorter than said":            {&notedBody{Reader: strings.NewReader("abc")}, 4, nil, 4, true, false, -1, 1, "has 3 bytes, its length was given as 4"},
		"longer than said":             {&notedBody{Reader: strings.NewReader("abc")}, 2, nil, 4, true, false, -1, 1, "has 3 bytes, its length was given as 2"},
		"cannot be read":               {&notedBody{Reader: failingReader{own}}, -1, nil, 4, true, false, -1, 0, "cannot be read"},
		"cannot be closed":             {&notedBody{Reader: strings.NewReader("abc"), fails: own}, -1, nil, 4, true, false, -1, 1, "cannot be closed"},
	} {
		req := &http.Request{ContentLength: tc.length, GetBody: tc.get}
		if tc.body != nil {
			req.Body = tc.body
		}
		b, s := replay{first: req.Body}, specOf(req)
		err := b.prepare(t.Context(), &call{}, &s, tc.limit, tc.repeat)
		require.Equal(t, tc.found, b.length, name)
		require.Equal(t, tc.again, b.again(), name)
		if tc.body != nil {
			require.Equal(t, tc.closed, tc.body.closed, name)
		}
		if tc.say != "" {
			require.ErrorIs(t, err, ErrRequest, name)
			require.ErrorContains(t, err, tc.say, name)
			continue
		}
		require.NoError(t, err, name)
		x := newHop(new(Client), t.Context(), 0)
		a := x.newAttempt()
		out := (&http.Request{ContentLength: tc.length, TransferEncoding: []string{"chunked"}}).WithContext(t.Context())
		require.NoError(t, b.attach(a, out), name)
		if tc.found >= 0 {
			require.Equal(t, tc.found, out.ContentLength, name)
			require.Nil(t, out.TransferEncoding, name)
		}
		if tc.body == nil {
			require.Nil(t, out.Body, name)
			continue
		}
		require.Equal(t, tc.found == 0, out.Body == http.NoBody, name)
		require.Equal(t, tc.again && tc.found != 0, out.GetBody != nil, name)
		first, err := io.ReadAll(out.Body)
		require.NoError(t, err)
		again := out.Clone(t.Context())
		err = b.attach(a, again)
		if !tc.again {
			require.ErrorIs(t, err, errBodyUsed, name)
			continue
		}
		require.NoError(t, err, name)
		second, err := io.ReadAll(again.Body)
		require.NoError(t, err)
		if tc.get != nil {
			require.Equal(t, "other", string(second), name)
			continue
		}
		require.Equal(t, string(first), string(second), name)
	}
	for say, open := range map[string]func() (io.ReadCloser, error){
		"cannot be opened again": func() (io.ReadCloser, error) { return nil, own },
		"opened again is nil":    func() (io.ReadCloser, error) { return nil, nil },
	} {
		err := (&replay{length: -1, get: open}).attach(new(attempt), new(http.Request))
		require.ErrorIs(t, err, ErrRequest)
		require.ErrorContains(t, err, say)
	}
}

// What of a call's own words stands in its error is a token, and no longer than an
// identifier is.
func TestErrorsShowShortTokens(t *testing.T) {
	t.Parallel()
	c, err := New("https://api.example.com", WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		h := http.Header{"X-Request-Id": {strings.Repeat("r", maxRequestID+1)}}
		return &http.Response{StatusCode: 404, Header: h, Body: http.NoBody, Request: r}, nil
	})))
	require.NoError(t, err)
	var e *Error
	_, err = Call[None](t.Context(), c, Request{Method: "NO TOKEN", Path: "/x"})
	require.ErrorAs(t, err, &e)
	require.Equal(t, "(bad method)", e.Method)
	require.NotContains(t, err.Error(), "NO TOKEN")
	_, err = Call[None](t.Context(), c, Request{Path: "/x"})
	require.ErrorAs(t, err, &e)
	require.Len(t, e.RequestID, maxRequestID)
	require.Len(t, e.Attempts[0].RequestID, maxRequestID)
}

// An Auth of the client's own can be used without the client.
func TestAuthsWorkAlone(t *testing.T) {
	t.Parallel()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example.com/x", nil)
	require.NoError(t, err)
	broken := &jwtAuth{key: secret.Func(func(context.Context) ([]secret.Value, error) { return nil, errors.New("vault is away") })}
	require.ErrorContains(t, broken.Authorize(req), "vault is away")
	require.Empty(t, req.Header)
}
