package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

// shelf is a service with one file, whose connections break where the test says.
type shelf struct {
	content string
	header  http.Header // of every success
	breaks  []int       // after so many bytes of each body in turn; -1 and beyond the last never
	answer  func(n int, asked http.Header, w *http.Response) *http.Response
	stall   bool // instead of breaking
	seen    []http.Header
	served  int // bytes
	closed  int // bodies
}

func (s *shelf) RoundTrip(r *http.Request) (*http.Response, error) {
	s.seen = append(s.seen, r.Header.Clone())
	n := len(s.seen)
	resp := &http.Response{StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: r}
	for name, values := range s.header {
		resp.Header[name] = values
	}
	body := s.content
	if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && r.Header.Get("If-Range") == s.validator() {
		first, _ := strconv.Atoi(strings.TrimSuffix(from, "-"))
		resp.StatusCode = 206
		resp.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, len(body)-1, len(body)))
		body = body[first:]
	}
	resp.ContentLength = int64(len(body))
	b := &breaking{s: s, r: r, left: body, at: -1}
	if n <= len(s.breaks) {
		b.at = s.breaks[n-1]
	}
	resp.Body = b
	if s.answer != nil {
		resp = s.answer(n, r.Header, resp)
	}
	return resp, nil
}

func (s *shelf) validator() string {
	if tag := s.header.Get("Etag"); tag != "" {
		return tag
	}
	return s.header.Get("Last-Modified")
}

// breaking is a body that breaks after at bytes.
type breaking struct {
	s    *shelf
	r    *http.Request
	left string
	at   int
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.at == 0 {
		if b.s.stall {
			<-b.r.Context().Done()
			return 0, b.r.Context().Err()
		}
		return 0, io.ErrUnexpectedEOF
	}
	if b.left == "" {
		return 0, io.EOF
	}
	n := min(len(p), len(b.left))
	if len(b.s.content) < 100 {
		n = min(n, 3)
	}
	if b.at > 0 {
		n = min(n, b.at)
		b.at -= n
	}
	copy(p, b.left[:n])
	b.left = b.left[n:]
	b.s.served += n
	return n, nil
}

func (b *breaking) Close() error {
	b.s.closed++
	return nil
}

const novel = "It was a bright cold day in April, and the clocks were striking thirteen."

var tagged = http.Header{"Etag": {`"v1"`}}

func (s *shelf) client(t *testing.T, opts ...client.Option) *client.Client {
	t.Helper()
	if s.content == "" {
		s.content = novel
	}
	c, err := client.New(base, append([]client.Option{client.WithTransport(s), quickly}, opts...)...)
	require.NoError(t, err)
	return c
}

// oneWay is a writer that can take nothing back.
type oneWay struct{ strings.Builder }

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// A body that breaks is resumed where it broke off, under the same strong validator.
func TestDownloadIsResumed(t *testing.T) {
	modified := http.Header{"Last-Modified": {"Thu, 26 Nov 2026 01:00:00 GMT"}, "Date": {"Thu, 26 Nov 2026 01:00:01 GMT"}}
	for name, header := range map[string]http.Header{"a tag": tagged, "a date": modified} {
		s := &shelf{header: header, breaks: []int{10, 7, 0, 20, 0, -1}}
		var w oneWay
		var meta client.Meta
		var told [][2]int64
		n, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel", Meta: &meta}, &w,
			client.WithProgress(func(written, total int64) { told = append(told, [2]int64{written, total}) }))
		require.NoError(t, err, name)
		require.EqualValues(t, len(novel), n)
		require.Equal(t, novel, w.String())
		require.Equal(t, len(novel), s.served, "no byte comes twice")
		var asked []string
		for i, h := range s.seen {
			asked = append(asked, h.Get("Range"))
			require.Equal(t, "identity", h.Get("Accept-Encoding"))
			require.Equal(t, "*/*", h.Get("Accept"))
			if i > 0 {
				require.Equal(t, s.validator(), h.Get("If-Range"))
			}
		}
		require.Equal(t, []string{"", "bytes=10-", "bytes=17-", "bytes=17-", "bytes=37-", "bytes=37-"}, asked)
		require.Equal(t, 206, meta.Status)
		require.Len(t, meta.Attempts, 6)
		require.Equal(t, 6, s.closed)
		require.Equal(t, 6, meta.Attempts[5].Number)
		require.Equal(t, [2]int64{3, int64(len(novel))}, told[0])
		require.Equal(t, [2]int64{int64(len(novel)), int64(len(novel))}, told[len(told)-1])
	}
}

// Without progress a download ends with the policy's attempts; what is no strong
// validator (RFC 9110 §8.8.2.2, §13.1.5) resumes nothing.
func TestDownloadIsNotResumed(t *testing.T) {
	for name, tc := range map[string]struct {
		header http.Header
		breaks []int
		opts   []client.Option
		asks   int
		say    string
	}{
		"no progress":     {tagged, []int{5, 0, 0, 0, 0}, nil, 3 + 0, "broke off after 5 of 73 bytes and was not resumed, since it was the last attempt"},
		"retries are off": {tagged, []int{5}, []client.Option{client.WithRetry(retry.Never)}, 1, "it was the last attempt"},
		"no budget":       {tagged, []int{5}, []client.Option{client.WithRetry(retry.Policy{Budget: retry.NewBudget(0)})}, 1, "the retry budget is empty"},
		"the policy":      {tagged, []int{5}, []client.Option{client.WithRetry(retry.Policy{Retryable: func(error) bool { return false }})}, 1, "the policy forbids it"},
		"nothing":         {nil, []int{5}, nil, 1, "names no strong validator"},
		"a weak tag":      {http.Header{"Etag": {`W/"v1"`}}, []int{5}, nil, 1, "names no strong validator"},
		"no tag at all":   {http.Header{"Etag": {`v1`}}, []int{5}, nil, 1, "names no strong validator"},
		"a tag in parts":  {http.Header{"Etag": {`"a"b"`}}, []int{5}, nil, 1, "names no strong validator"},
		"two tags":        {http.Header{"Etag": {`"a"`, `"b"`}}, []int{5}, nil, 1, "names no strong validator"},
		"a date this second": {http.Header{"Last-Modified": {"Thu, 26 Nov 2026 01:00:00 GMT"}, "Date": {"Thu, 26 Nov 2026 01:00:00 GMT"}},
			[]int{5}, nil, 1, "names no strong validator"},
		"a date alone": {http.Header{"Last-Modified": {"Thu, 26 Nov 2026 01:00:00 GMT"}}, []int{5}, nil, 1, "names no strong validator"},
		"a date beside a weak tag": {http.Header{"Etag": {`W/"v1"`}, "Last-Modified": {"Thu, 26 Nov 2026 01:00:00 GMT"}, "Date": {"Thu, 26 Nov 2026 02:00:00 GMT"}},
			[]int{5}, nil, 1, "names no strong validator"},
	} {
		s := &shelf{header: tc.header, breaks: tc.breaks}
		var w oneWay
		n, err := client.Download(t.Context(), s.client(t, tc.opts...), client.Request{Path: "/novel"}, &w)
		e := asError(t, err)
		require.ErrorContains(t, err, tc.say, name)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Len(t, s.seen, tc.asks, name)
		require.Len(t, e.Attempts, tc.asks)
		require.EqualValues(t, 5, n)
		require.Equal(t, novel[:5], w.String())
	}
}

// Where nothing tells versions apart, a writer that can take back what it has starts
// over, and one that has nothing yet may ask again.
func TestDownloadStartsOver(t *testing.T) {
	t.Run("a buffer", func(t *testing.T) {
		s := &shelf{breaks: []int{10, 15, -1}}
		w := bytes.NewBufferString("before ")
		own := sha256.New()
		want := sha256.Sum256([]byte(novel))
		n, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, w, client.WithChecksum(own, want[:]))
		require.NoError(t, err)
		require.Equal(t, "before "+novel, w.String())
		require.EqualValues(t, len(novel), n)
		for _, h := range s.seen {
			require.Empty(t, h.Get("Range"))
		}
	})
	t.Run("that gets no further", func(t *testing.T) {
		s := &shelf{breaks: []int{10, 10, 10, 10, 10, 10, 10}}
		_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, new(bytes.Buffer))
		require.ErrorContains(t, err, "last attempt")
		require.Len(t, s.seen, 3)
	})
	t.Run("nothing yet", func(t *testing.T) {
		s := &shelf{breaks: []int{0, 0, -1}}
		var w oneWay
		_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, &w)
		require.NoError(t, err)
		require.Equal(t, novel, w.String())
	})
	t.Run("a file that is appended to keeps what it has", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "log")
		require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		defer f.Close()
		s := &shelf{breaks: []int{10, -1}}
		_, err = client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, f)
		require.ErrorContains(t, err, "names no strong validator")
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "precious"+novel[:10], string(got))
	})
}

// Two versions are never spliced: what does not fit on the end is refused, or the whole
// is begun anew.
func TestDownloadOfWhatChanges(t *testing.T) {
	const next = "A screaming comes across the sky. It has happened before, but there is nothing to compare it to now."
	for name, tc := range map[string]struct {
		answer func(w *http.Response) // to the second request
		want   string                 // with a buffer; "" is an error there too
		err    error                  // with a writer that takes nothing back; nil is none
		say    string
	}{
		"another version, whole": {func(w *http.Response) {
			w.StatusCode, w.Body, w.ContentLength = 200, body(next), int64(len(next))
			w.Header = http.Header{"Etag": {`"v2"`}}
		}, next, client.ErrChanged, "cannot be taken back"},
		"a version without a name": {func(w *http.Response) {
			w.StatusCode, w.Body, w.ContentLength, w.Header = 200, body(next), -1, http.Header{}
		}, next, client.ErrChanged, "cannot be taken back"},
		"the same, whole": {func(w *http.Response) {
			w.StatusCode, w.Body, w.ContentLength, w.Header = 200, body(novel), int64(len(novel)), tagged.Clone()
		}, novel, nil, ""},
		"a part of another version": {func(w *http.Response) { w.Header.Set("Etag", `"v2"`) }, novel, client.ErrChanged, "another version"},
		"a part in a content encoding": {func(w *http.Response) {
			w.Header = http.Header{"Etag": {`"v1"`}, "Content-Range": {"bytes 10-72/73"}, "Content-Encoding": {"gzip"}}
		},
			novel, client.ErrChanged, "another version"},
		"of another length": {func(w *http.Response) { w.Header.Set("Content-Range", "bytes 10-79/80") }, novel, client.ErrChanged, "another version"},
		"another part": {func(w *http.Response) { w.Header.Set("Content-Range", "bytes 9-72/73") }, "", client.ErrDecode,
			"the part from byte 9 on, and the one from byte 10 on was asked for"},
		"a part of who knows what": {func(w *http.Response) { delete(w.Header, "Content-Range") }, "", client.ErrDecode, "does not say which"},
		"several parts": {func(w *http.Response) {
			delete(w.Header, "Content-Range")
			w.Header.Set("Content-Type", "multipart/byteranges; boundary=x")
		}, "", client.ErrDecode, "does not say which"},
		"a range of nonsense": {func(w *http.Response) { w.Header.Set("Content-Range", "bytes 10-5/73") }, "", client.ErrDecode, "does not say which"},
		"of other units":      {func(w *http.Response) { w.Header.Set("Content-Range", "words 10-72/73") }, "", client.ErrDecode, "does not say which"},
		"unsatisfied":         {func(w *http.Response) { w.Header.Set("Content-Range", "bytes */73") }, "", client.ErrDecode, "does not say which"},
		"more than announced": {func(w *http.Response) { w.Body = body(novel[10:] + "!") }, "", client.ErrDecode, "longer than the 73 bytes"},
		"a smaller part":      {func(w *http.Response) { w.Header.Set("Content-Range", "bytes 10-19/73"); w.Body = body(novel[10:20]) }, novel, nil, ""},
		"a part of no known length": {func(w *http.Response) {
			w.Header.Set("Content-Range", "bytes 10-19/*")
			w.Body = body(novel[10:20])
		}, novel, nil, ""},
		"the same, but shorter": {func(w *http.Response) {
			w.StatusCode, w.Body, w.ContentLength, w.Header = 200, body("It"), 2, tagged.Clone()
		}, novel, client.ErrChanged, "shorter"},
		"gone": {func(w *http.Response) {
			w.StatusCode, w.Body, w.ContentLength = 404, body(`{"message":"it is gone"}`), -1
			w.Header = http.Header{"Content-Type": {"application/json"}}
		}, "", client.ErrNotFound, "it is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(w io.Writer) (*shelf, error) {
				s := &shelf{header: tagged, breaks: []int{10}}
				s.answer = func(n int, _ http.Header, resp *http.Response) *http.Response {
					if n == 2 {
						tc.answer(resp)
					}
					return resp
				}
				_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, w)
				return s, err
			}
			var w oneWay
			_, err := run(&w)
			if tc.err == nil {
				require.NoError(t, err)
				require.Equal(t, novel, w.String())
			} else {
				require.ErrorIs(t, err, tc.err)
				require.ErrorContains(t, err, tc.say)
				require.True(t, strings.HasPrefix(novel, w.String()), "what is there is of one version: %q", w.String())
			}
			var b bytes.Buffer
			_, err = run(&b)
			if tc.want == "" {
				require.ErrorIs(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, b.String())
		})
	}
}

// A service that names the encoded content by the tag of the plain one splices nothing.
func TestDownloadInAnotherEncoding(t *testing.T) {
	for want, w := range map[error]io.Writer{client.ErrChanged: new(oneWay), client.ErrDecode: new(bytes.Buffer)} {
		s := &shelf{header: tagged, breaks: []int{10}, answer: func(n int, _ http.Header, resp *http.Response) *http.Response {
			if n == 2 {
				resp.StatusCode, resp.Body, resp.ContentLength = 200, body(novel), int64(len(novel))
				resp.Header = http.Header{"Etag": {`"v1"`}, "Content-Encoding": {"gzip"}}
			}
			return resp
		}}
		_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, w)
		require.ErrorIs(t, err, want)
	}
}

// What is left may be nothing: a body of unknown length that broke behind its last byte.
func TestDownloadThatWasComplete(t *testing.T) {
	unknown := func(contentRange string) *shelf {
		return &shelf{header: tagged, breaks: []int{len(novel)}, answer: func(n int, _ http.Header, w *http.Response) *http.Response {
			w.ContentLength = -1
			if n == 2 {
				w.StatusCode, w.Body, w.Header = 416, http.NoBody, http.Header{"Content-Range": {contentRange}}
			}
			return w
		}}
	}
	var w oneWay
	n, err := client.Download(t.Context(), unknown("bytes */73").client(t), client.Request{Path: "/novel"}, &w)
	require.NoError(t, err)
	require.EqualValues(t, 73, n)
	for _, other := range []string{"bytes */72", "bytes */*", "", "bytes 0-72/73"} {
		_, err = client.Download(t.Context(), unknown(other).client(t), client.Request{Path: "/novel"}, &w)
		require.Equal(t, 416, asError(t, err).Status, other)
	}
	// Nor does one of a version that has shrunk to what was there of the one before.
	for _, shrunk := range []http.Header{{"Etag": {`"v1"`}}, {"Etag": {`"v2"`}}} {
		shrunk.Set("Content-Range", "bytes */10")
		s := &shelf{header: tagged, breaks: []int{10}, answer: func(n int, _ http.Header, w *http.Response) *http.Response {
			if shrunk.Get("Etag") == `"v2"` {
				w.ContentLength = -1
			}
			if n == 2 {
				w.StatusCode, w.Body, w.Header = 416, http.NoBody, shrunk
			}
			return w
		}}
		_, err = client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, new(oneWay))
		require.Equal(t, 416, asError(t, err).Status)
	}
	// Nor does any other status, or a 416 where nothing was there yet, say so.
	for at, status := range map[int]int{len(novel): 404, 0: 416} {
		s := &shelf{header: tagged, breaks: []int{at}, answer: func(n int, _ http.Header, w *http.Response) *http.Response {
			w.ContentLength = -1
			if n == 2 {
				w.StatusCode, w.Body, w.Header = status, http.NoBody, http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", at)}}
			}
			return w
		}}
		_, err = client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, new(oneWay))
		require.Equal(t, status, asError(t, err).Status)
	}
	want := sha256.Sum256([]byte("another"))
	_, err = client.Download(t.Context(), unknown("bytes */73").client(t), client.Request{Path: "/novel"}, &w, client.WithChecksum(sha256.New(), want[:]))
	require.ErrorIs(t, err, client.ErrChecksum)
	asError(t, err)
}

// A status that is no success is an *Error with what its body says, and nothing of it
// is written.
func TestDownloadOfNoSuccess(t *testing.T) {
	for status, want := range map[int]error{301: nil, 304: nil, 401: client.ErrUnauthorized, 404: client.ErrNotFound, 429: client.ErrRateLimited, 503: client.ErrUnavailable} {
		synctest.Test(t, func(t *testing.T) {
			s := &shelf{answer: func(_ int, _ http.Header, w *http.Response) *http.Response {
				w.StatusCode, w.Body, w.Header = status, body(`{"code":"no","message":"not today"}`), http.Header{"Content-Type": {"application/json"}}
				return w
			}}
			var w oneWay
			var meta client.Meta
			_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel", Meta: &meta}, &w)
			e := asError(t, err)
			require.Equal(t, status, e.Status)
			require.Equal(t, status, meta.Status)
			require.Empty(t, w.String())
			if want != nil {
				require.ErrorIs(t, err, want)
				require.Equal(t, "not today", e.Message)
			}
		})
	}
	s := &shelf{answer: func(_ int, _ http.Header, w *http.Response) *http.Response {
		w.StatusCode = 404
		return w
	}}
	_, err := s.client(t).Do(t.Context(), client.Request{Path: "/novel", CheckStatus: true})
	require.ErrorIs(t, err, client.ErrNotFound)
	require.Equal(t, 1, s.closed)
	s = &shelf{answer: func(_ int, _ http.Header, w *http.Response) *http.Response {
		w.StatusCode = 206
		return w
	}}
	_, err = client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, new(oneWay))
	require.ErrorIs(t, err, client.ErrDecode, "a part that nobody asked for")
	for _, encoding := range []string{"gzip", "br", "identity, gzip"} {
		s := &shelf{header: http.Header{"Content-Encoding": {encoding}}}
		_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, new(oneWay))
		require.ErrorIs(t, err, client.ErrDecode)
		require.ErrorContains(t, err, strings.Fields(encoding)[0])
		_, err = client.Download(t.Context(), s.client(t), client.Request{Path: "/novel", Header: http.Header{"Accept-Encoding": {encoding}}}, new(oneWay))
		require.NoError(t, err, "it was asked for")
	}
}

// The sums of the caller and of the service are compared over all bytes, whichever
// response brought them.
func TestDownloadIsHeldToItsChecksums(t *testing.T) {
	sum := sha256.Sum256([]byte(novel))
	for name, tc := range map[string]struct {
		header http.Header
		want   []byte
		bad    bool
	}{
		"none":                     {nil, nil, false},
		"the caller's":             {nil, sum[:], false},
		"another of the caller's":  {nil, make([]byte, 32), true},
		"Repr-Digest":              {http.Header{"Repr-Digest": {digest(novel)}}, nil, false},
		"another Repr-Digest":      {http.Header{"Repr-Digest": {digest("x")}}, nil, true},
		"beside others":            {http.Header{"Repr-Digest": {"md5=:x:, " + digest("x") + ";a=b"}}, nil, true},
		"of the last of two":       {http.Header{"Repr-Digest": {digest("x"), digest(novel)}}, nil, false},
		"one that is not readable": {http.Header{"Repr-Digest": {"sha-256=abc, sha-512=:x:"}}, nil, false},
		"both":                     {http.Header{"Repr-Digest": {digest(novel)}}, sum[:], false},
	} {
		for _, breaks := range [][]int{nil, {10, 20}} {
			h := tagged.Clone()
			for k, v := range tc.header {
				h[k] = v
			}
			s := &shelf{header: h, breaks: breaks}
			var opts []client.DownloadOption
			if tc.want != nil {
				used := sha256.New()
				used.Write([]byte("left from before"))
				opts = append(opts, client.WithChecksum(used, tc.want))
			}
			_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, new(oneWay), opts...)
			require.Equal(t, tc.bad, errors.Is(err, client.ErrChecksum), "%s: %v", name, err)
			require.Equal(t, tc.bad, err != nil, "%s: %v", name, err)
		}
	}
	// A Content-Digest is of one response's own bytes.
	for _, bad := range []bool{false, true} {
		s := &shelf{header: tagged, breaks: []int{10}, answer: func(n int, _ http.Header, w *http.Response) *http.Response {
			part := novel
			if n == 2 {
				if part = novel[10:]; bad {
					part += "!"
				}
			}
			w.Header.Set("Content-Digest", digest(part))
			return w
		}}
		_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, new(oneWay))
		require.Equal(t, bad, errors.Is(err, client.ErrChecksum), "%v", err)
	}
}

// C32: a limit that somebody asked for bounds the whole, however many responses bring it.
func TestC32_DownloadUnderALimit(t *testing.T) {
	for name, tc := range map[string]struct {
		opts    []client.Option
		limit   int64
		unknown bool
		fits    bool
	}{
		"the request's":  {nil, 72, false, false},
		"that fits":      {nil, 73, false, true},
		"the client's":   {[]client.Option{client.WithMaxBody(72)}, 0, false, false},
		"both":           {[]client.Option{client.WithMaxBody(10)}, 73, false, true},
		"unknown length": {nil, 72, true, false},
		"which fits":     {nil, 73, true, true},
		"nobody asked":   {nil, 0, true, true},
	} {
		s := &shelf{header: tagged, breaks: []int{40}, answer: func(_ int, _ http.Header, w *http.Response) *http.Response {
			if tc.unknown {
				w.ContentLength = -1
				if r := w.Header.Get("Content-Range"); r != "" {
					w.Header.Set("Content-Range", strings.Replace(r, "/73", "/*", 1))
				}
			}
			return w
		}}
		if tc.unknown && tc.fits {
			s.breaks = nil
		}
		var w oneWay
		n, err := client.Download(t.Context(), s.client(t, tc.opts...), client.Request{Path: "/novel", MaxBody: tc.limit}, &w)
		if tc.fits {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, client.ErrTooLarge, name)
		require.LessOrEqual(t, n, int64(72))
		if !tc.unknown {
			require.Empty(t, w.String(), "it was known beforehand")
		}
	}
}

// C12: a body that stalls is resumed after the idle timeout; a deadline that somebody
// asked for bounds the download with all its requests and waits.
func TestC12_DownloadThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{header: tagged, stall: true, breaks: []int{10, 10, -1}}
		start := time.Now()
		var w oneWay
		_, err := client.Download(t.Context(), s.client(t, client.WithIdleTimeout(10*time.Second)), client.Request{Path: "/novel"}, &w)
		require.NoError(t, err)
		require.Equal(t, novel, w.String())
		require.InDelta(t, 20, time.Since(start).Seconds(), 1)
	})
	for name, bound := range map[string]func(*client.Request) ([]client.Option, context.Context){
		"Request.Timeout": func(r *client.Request) ([]client.Option, context.Context) {
			r.Timeout = 25 * time.Second
			return nil, t.Context()
		},
		"WithTimeout": func(*client.Request) ([]client.Option, context.Context) {
			return []client.Option{client.WithTimeout(25 * time.Second)}, t.Context()
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &shelf{header: tagged, stall: true, breaks: []int{1, 1, 1, 1, 1, 1, 1, 1}}
			r := client.Request{Path: "/novel"}
			opts, _ := bound(&r)
			start := time.Now()
			_, err := client.Download(t.Context(), s.client(t, append(opts, client.WithIdleTimeout(10*time.Second))...), r, new(oneWay))
			require.ErrorIs(t, err, client.ErrTimeout, name)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.InDelta(t, 25, time.Since(start).Seconds(), 0.1, name)
			require.Len(t, s.seen, 3)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &shelf{header: tagged, stall: true, breaks: []int{1}}
		time.AfterFunc(time.Second, cancel)
		_, err := client.Download(ctx, s.client(t), client.Request{Path: "/novel"}, new(oneWay))
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, s.seen, 1)
	})
}

// Each resumption is paid for; one that brings little is not given back, so that a
// service cannot make a client ask for every byte.
func TestC18_ResumingIsPaidFor(t *testing.T) {
	breaks := make([]int, 73)
	for i := range breaks {
		breaks[i] = 1
	}
	budget := retry.NewBudget(10 * retry.RetryCost)
	s := &shelf{header: tagged, breaks: breaks}
	_, err := client.Download(t.Context(), s.client(t, client.WithRetry(retry.Policy{Budget: budget, Backoff: retry.Constant(0)})), client.Request{Path: "/novel"}, new(oneWay))
	require.ErrorContains(t, err, "the retry budget is empty")
	require.Less(t, len(s.seen), 15)

	var told []retry.Attempt
	policy := retry.Policy{Backoff: retry.Constant(time.Microsecond), Notify: func(_ context.Context, a retry.Attempt) { told = append(told, a) }}
	s = &shelf{header: tagged, breaks: []int{10, 0, -1}}
	_, err = client.Download(t.Context(), s.client(t, client.WithRetry(policy)), client.Request{Path: "/novel"}, new(oneWay))
	require.NoError(t, err)
	require.Len(t, told, 2)
	require.Equal(t, 1, told[0].Number)
	require.Equal(t, 2, told[1].Number)
	require.Equal(t, time.Microsecond, told[1].Wait)
	require.ErrorIs(t, told[0].Err, io.ErrUnexpectedEOF)

	budget = retry.NewBudget(2 * retry.RetryCost)
	s = &shelf{content: strings.Repeat("x", 10<<20), header: tagged, breaks: []int{2 << 20, 2 << 20, 2 << 20, 2 << 20}}
	_, err = client.Download(t.Context(), s.client(t, client.WithRetry(retry.Policy{Budget: budget, Backoff: retry.Constant(0)})), client.Request{Path: "/x"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, 2*retry.RetryCost, budget.Tokens())
}

// unreturnable is a file that cannot be truncated.
type unreturnable struct{ io.Writer }

func (unreturnable) Seek(int64, int) (int64, error) { return 0, nil }
func (unreturnable) Truncate(int64) error           { return errors.New("mine") }

// C18: a resumption that a 416 shows to be the last, and one that is never made, get
// their cost back.
func TestC18_AResumptionThatCompletesOrIsNotMadeCostsNothing(t *testing.T) {
	refused := func(n int) client.Option {
		return client.WithRateLimit(&nth{f: func(_ context.Context, i int) error {
			if i >= n {
				return &ratelimit.Error{Err: ratelimit.ErrDeadline}
			}
			return nil
		}})
	}
	whole := func(n int, _ http.Header, w *http.Response) *http.Response {
		w.ContentLength = -1
		if n == 2 {
			w.StatusCode, w.Body, w.Header = 416, http.NoBody, http.Header{"Content-Range": {"bytes */73"}}
		}
		return w
	}
	const full = 100
	for name, tt := range map[string]struct {
		shelf   shelf
		to      io.Writer
		opts    []client.Option
		backoff time.Duration
		want    string // in the error; "" is none
		cost    int
	}{
		"a 416 that completes":           {shelf: shelf{header: tagged, breaks: []int{len(novel)}, answer: whole}},
		"what cannot be taken back":      {shelf: shelf{breaks: []int{10}}, to: unreturnable{io.Discard}, want: "cannot be taken back"},
		"a wait that the context ends":   {shelf: shelf{header: tagged, breaks: []int{10}}, backoff: time.Minute, want: "context canceled"},
		"a limiter that refuses it":      {shelf: shelf{header: tagged, breaks: []int{10}}, opts: []client.Option{refused(2)}, want: "not let through"},
		"a limiter that refuses another": {shelf: shelf{header: tagged, breaks: []int{10, 1}}, opts: []client.Option{refused(3)}, want: "not let through", cost: retry.RetryCost - retry.SuccessGain},
		"a limiter that refuses all":     {shelf: shelf{header: tagged}, opts: []client.Option{refused(1)}, want: "not let through"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(time.Second, cancel)
				budget := retry.NewBudget(full)
				opts := append([]client.Option{client.WithRetry(retry.Policy{Budget: budget, Backoff: retry.Constant(tt.backoff)})}, tt.opts...)
				to := tt.to
				if to == nil {
					to = new(oneWay)
				}
				_, err := client.Download(ctx, tt.shelf.client(t, opts...), client.Request{Path: "/novel"}, to)
				if tt.want == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tt.want)
				}
				require.Equal(t, full-tt.cost, budget.Tokens())
			})
		})
	}
}

// unwritable fails to write after so many bytes.
type unwritable struct {
	left int
	how  func(p []byte) (int, error)
}

func (f *unwritable) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return f.how(p)
	}
	return len(p), nil
}

// What fails on this side is not the service's to repeat, and is told.
func TestDownloadThatCannotBeWritten(t *testing.T) {
	for name, how := range map[string]func(p []byte) (int, error){
		"full":  func([]byte) (int, error) { return 0, syscall.ENOSPC },
		"short": func(p []byte) (int, error) { return len(p) - 1, nil },
		"panic": func([]byte) (int, error) { panic("canary") },
	} {
		s := &shelf{header: tagged}
		_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, &unwritable{20, how})
		require.ErrorContains(t, err, "what was received cannot be written", name)
		require.NotContains(t, err.Error(), "canary")
		require.Len(t, s.seen, 1)
		switch name {
		case "full":
			require.ErrorIs(t, err, syscall.ENOSPC)
		case "short":
			require.ErrorIs(t, err, io.ErrShortWrite)
		}
	}
	s := &shelf{header: tagged}
	_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, new(oneWay), client.WithProgress(func(int64, int64) { panic("x") }))
	var panicked *client.PanicError
	require.ErrorAs(t, err, &panicked)
}

// badHash panics where it is not to.
type badHash struct {
	hash.Hash
	resets, writes bool
}

func (b badHash) Reset() {
	if b.resets {
		panic("x")
	}
}

func (b badHash) Write(p []byte) (int, error) {
	if b.writes {
		panic("x")
	}
	return len(p), nil
}

// badSeeker panics when it is asked where it stands.
type badSeeker struct{ io.Writer }

func (badSeeker) Seek(int64, int) (int64, error) { panic("x") }
func (badSeeker) Truncate(int64) error           { panic("x") }

// C37: a panic in whatever a download was given is its error.
func TestC37_DownloadThatPanics(t *testing.T) {
	sum := client.WithChecksum(badHash{Hash: sha256.New(), resets: true}, make([]byte, 32))
	for name, f := range map[string]func() error{
		"a hash's reset": downloading(t, io.Discard, sum),
		"a hash":         downloading(t, io.Discard, client.WithChecksum(badHash{Hash: sha256.New(), writes: true}, make([]byte, 32))),
		"a destination":  downloading(t, badSeeker{io.Discard}),
		"progress":       downloading(t, io.Discard, client.WithProgress(func(int64, int64) { panic("x") })),
	} {
		var panicked *client.PanicError
		require.ErrorAs(t, f(), &panicked, name)
	}
}

func downloading(t *testing.T, w io.Writer, opts ...client.DownloadOption) func() error {
	return func() error {
		_, err := client.Download(t.Context(), new(shelf).client(t), client.Request{Path: "/novel"}, w, opts...)
		return err
	}
}

// A download passes through per-call middleware, which may answer by itself.
func TestDownloadThroughMiddleware(t *testing.T) {
	s := &shelf{header: tagged, breaks: []int{10, -1}}
	c := s.client(t, client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err == nil {
				again := *resp
				again.Request = nil
				resp = &again
			}
			return resp, err
		})
	}))
	var w oneWay
	_, err := client.Download(t.Context(), c, client.Request{Path: "/novel"}, &w)
	require.NoError(t, err)
	require.Equal(t, novel, w.String())
}

func TestWhatCannotBeDownloaded(t *testing.T) {
	var none hash.Hash
	for name, tc := range map[string]struct {
		r    client.Request
		w    io.Writer
		opts []client.DownloadOption
	}{
		"a POST":          {client.Request{Method: "POST"}, io.Discard, nil},
		"a HEAD":          {client.Request{Method: "HEAD"}, io.Discard, nil},
		"a part":          {client.Request{Header: http.Header{"range": {"bytes=1-"}}}, io.Discard, nil},
		"an old version":  {client.Request{Header: http.Header{"If-Range": {`"x"`}}}, io.Discard, nil},
		"to nowhere":      {client.Request{}, nil, nil},
		"to no file":      {client.Request{}, (*os.File)(nil), nil},
		"to no buffer":    {client.Request{}, (*bytes.Buffer)(nil), nil},
		"no sum":          {client.Request{}, io.Discard, []client.DownloadOption{client.WithChecksum(sha256.New(), nil)}},
		"half a sum":      {client.Request{}, io.Discard, []client.DownloadOption{client.WithChecksum(sha256.New(), make([]byte, 16))}},
		"no hash":         {client.Request{}, io.Discard, []client.DownloadOption{client.WithChecksum(none, make([]byte, 32))}},
		"a bad path":      {client.Request{Path: "//x"}, io.Discard, nil},
		"a negative size": {client.Request{MaxBody: -1}, io.Discard, nil},
	} {
		s := &shelf{}
		_, err := client.Download(t.Context(), s.client(t), tc.r, tc.w, tc.opts...)
		require.ErrorIs(t, err, client.ErrRequest, name)
		asError(t, err)
		require.Empty(t, s.seen, name)
	}
	_, err := client.Download(t.Context(), new(client.Client), client.Request{}, io.Discard)
	require.ErrorIs(t, err, client.ErrConfig)
	s := &shelf{}
	_, err = client.Download(t.Context(), s.client(t), client.Request{Timeout: -1}, io.Discard)
	require.ErrorIs(t, err, client.ErrTimeout)
}

// A file is there whole or not at all.
func TestDownloadFile(t *testing.T) {
	names := func(dir string) (list []string) {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			list = append(list, e.Name())
		}
		return list
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "novel.txt")
	s := &shelf{breaks: []int{10, 20, -1}}
	var during []string
	n, err := client.DownloadFile(t.Context(), s.client(t), client.Request{Path: "/novel"}, path,
		client.WithProgress(func(int64, int64) { during = names(dir) }))
	require.NoError(t, err)
	require.EqualValues(t, len(novel), n)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, novel, string(got))
	require.Len(t, during, 1)
	require.True(t, strings.HasPrefix(during[0], ".novel.txt.") && strings.HasSuffix(during[0], ".part"), during[0])
	require.Equal(t, []string{"novel.txt"}, names(dir))

	// A failure leaves the old file, and nothing else.
	sum := make([]byte, 32)
	for name, tc := range map[string]struct {
		s    *shelf
		opts []client.DownloadOption
	}{
		"broken":   {&shelf{breaks: []int{1, 1, 1, 1}}, nil},
		"checksum": {&shelf{}, []client.DownloadOption{client.WithChecksum(sha256.New(), sum)}},
		"panic":    {&shelf{}, []client.DownloadOption{client.WithProgress(func(int64, int64) { panic("x") })}},
	} {
		n, err = client.DownloadFile(t.Context(), tc.s.client(t), client.Request{Path: "/novel"}, path, tc.opts...)
		require.Error(t, err, name)
		require.Zero(t, n)
		require.Equal(t, []string{"novel.txt"}, names(dir), name)
		got, err = os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, novel, string(got))
	}
	for name, bad := range map[string]string{"a folder": dir, "no name": "", "no folder": filepath.Join(dir, "no", "novel.txt"), "a file as folder": filepath.Join(path, "x")} {
		s := &shelf{}
		_, err = client.DownloadFile(t.Context(), s.client(t), client.Request{Path: "/novel"}, bad)
		require.Error(t, err, name)
		require.Empty(t, s.seen, name)
	}
	require.Equal(t, []string{"novel.txt"}, names(dir))
	s = &shelf{content: "another"}
	_, err = client.DownloadFile(t.Context(), s.client(t), client.Request{Path: "/novel"}, path)
	require.NoError(t, err)
	got, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "another", string(got))
}

// The same against net/http's own server, whose connections really break.
func TestDownloadFromAServer(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		if asked++; asked < 4 {
			w = &cutOff{w, 200_000}
		}
		http.ServeContent(w, r, "x.bin", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(srv.Close)
	c, err := client.New(srv.URL, quickly)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	path := filepath.Join(t.TempDir(), "x.bin")
	sum := sha256.Sum256(content)
	_, err = client.DownloadFile(t.Context(), c, client.Request{Path: "/x.bin"}, path, client.WithChecksum(sha256.New(), sum[:]))
	require.NoError(t, err)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, got))
	require.Equal(t, 4, asked)
}

// cutOff breaks the connection after so many bytes of a body.
type cutOff struct {
	http.ResponseWriter
	left int
}

func (w *cutOff) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		panic(http.ErrAbortHandler)
	}
	return w.ResponseWriter.Write(p)
}

// Do turns a status of 400 and above into an *Error where it is asked to.
func TestDoChecksTheStatus(t *testing.T) {
	for _, through := range []string{"", "middleware"} {
		var opts []client.Option
		if through != "" {
			opts = append(opts, client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper { return next }))
		}
		for status, fails := range map[int]bool{200: false, 204: false, 304: false, 400: true, 404: true, 500: true} {
			c, _ := scripted(t, strconv.Itoa(status)+` Content-Type=application/json {"code":"no","message":"not today"}`, append(opts, client.WithRetry(retry.Never))...)
			resp, err := c.Do(t.Context(), client.Request{Path: "/x"})
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			var meta client.Meta
			resp, err = c.Do(t.Context(), client.Request{Path: "/x", CheckStatus: true, Meta: &meta})
			require.Equal(t, status, meta.Status)
			if !fails {
				require.NoError(t, err, status)
				require.NoError(t, resp.Body.Close())
				continue
			}
			require.Nil(t, resp)
			e := asError(t, err)
			require.Equal(t, status, e.Status)
			require.Equal(t, "no", e.Code)
			require.Equal(t, "not today", e.Message)
			require.Len(t, e.Attempts, 1)
		}
	}
}

// A download goes on where the policy permits it.
func TestADownloadThatThePolicyPermits(t *testing.T) {
	t.Parallel()
	for permitted, requests := range map[bool]int{true: 2, false: 1} {
		s := &shelf{header: tagged, breaks: []int{10, -1}}
		var asked error
		_, err := client.Download(t.Context(), s.client(t, client.WithRetry(retry.Policy{Retryable: func(err error) bool {
			asked = err
			return permitted
		}})), client.Request{Path: "/novel"}, new(oneWay))
		require.Equal(t, permitted, err == nil, "%v", err)
		require.Len(t, s.seen, requests)
		asError(t, asked)
	}
}

// errStatus is an error that matches no sentinel.
var errStatus = errors.New("a status")

// A part of the content is what was asked for, exactly, resumed where it broke off.
func TestDownloadOfAPart(t *testing.T) {
	content := []byte(strings.Repeat("0123456789", 1000))
	part := func(w http.ResponseWriter, first, last int, tag string) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, len(content)))
		w.Header().Set("ETag", tag)
		w.Header().Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(make([]byte, 32))+":") // of all of it
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(content[first : last+1])
	}
	cut := func(w http.ResponseWriter, first, last, after int, tag string) {
		w.Header().Set("Content-Length", strconv.Itoa(last-first+1))
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, len(content)))
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(content[first : first+after])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	unended := func(w http.ResponseWriter, header, value string) {
		w.Header().Set(header, value)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 100-599/%d", len(content)))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(content[100:600])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // without the last chunk
	}
	for name, tc := range map[string]struct {
		steps  []http.HandlerFunc
		ranges []string
		want   error
	}{
		"whole, and broken then": {
			[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { unended(w, "ETag", `"a"`) }},
			[]string{"bytes=100-599"}, nil,
		},
		"whole, broken then, and of another digest": {
			[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
				unended(w, "Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(make([]byte, 32))+":")
			}},
			[]string{"bytes=100-599"}, client.ErrChecksum,
		},
		"whole": {
			[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { part(w, 100, 599, `"a"`) }},
			[]string{"bytes=100-599"}, nil,
		},
		"resumed": {
			[]http.HandlerFunc{
				func(w http.ResponseWriter, _ *http.Request) { cut(w, 100, 599, 50, `"a"`) },
				func(w http.ResponseWriter, _ *http.Request) { part(w, 150, 599, `"a"`) },
			},
			[]string{"bytes=100-599", "bytes=150-599"}, nil,
		},
		"resumed and changed": {
			[]http.HandlerFunc{
				func(w http.ResponseWriter, _ *http.Request) { cut(w, 100, 599, 50, `"a"`) },
				func(w http.ResponseWriter, _ *http.Request) { part(w, 150, 599, `"b"`) },
			},
			[]string{"bytes=100-599", "bytes=150-599"}, client.ErrChanged,
		},
		"resumed, and all of another version comes": {
			[]http.HandlerFunc{
				func(w http.ResponseWriter, _ *http.Request) { cut(w, 100, 599, 50, `"a"`) },
				func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", `"b"`); _, _ = w.Write(content) },
			},
			[]string{"bytes=100-599", "bytes=150-599"}, client.ErrChanged,
		},
		"all comes": {
			[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }},
			[]string{"bytes=100-599"}, client.ErrDecode,
		},
		"another part": {
			[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { part(w, 101, 600, `"a"`) }},
			[]string{"bytes=100-599"}, client.ErrDecode,
		},
		"a part that begins before it": {
			[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { part(w, 99, 599, `"a"`) }},
			[]string{"bytes=100-599"}, client.ErrDecode,
		},
		"resumed where nothing is left": {
			[]http.HandlerFunc{
				func(w http.ResponseWriter, _ *http.Request) { cut(w, 100, 599, 50, `"a"`) },
				func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Range", "bytes */50")
					w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				},
			},
			[]string{"bytes=100-599", "bytes=150-599"}, errStatus,
		},
		"less than that": {
			[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { part(w, 100, 598, `"a"`) }},
			[]string{"bytes=100-599"}, client.ErrDecode,
		},
		"a part that does not say which": {
			[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPartialContent) }},
			[]string{"bytes=100-599"}, client.ErrDecode,
		},
		"none": {
			[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPreconditionFailed) }},
			[]string{"bytes=100-599"}, client.ErrConflict,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var steps []clienttest.Step
			for _, h := range tc.steps {
				steps = append(steps, clienttest.Handle(h))
			}
			srv := clienttest.NewServer(t, steps...)
			c, err := client.New(srv.URL, client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
			require.NoError(t, err)
			t.Cleanup(c.CloseIdleConnections)
			var written, total int64
			var got bytes.Buffer
			onlyWrites := struct{ io.Writer }{&got}
			n, err := client.Download(t.Context(), c, client.Request{Path: "/x", Header: http.Header{"If-Match": {`"a"`}}}, onlyWrites,
				client.WithRange(100, 500), client.WithProgress(func(w, all int64) { written, total = w, all }))
			if tc.want == errStatus {
				require.ErrorContains(t, err, "416")
			} else {
				require.ErrorIs(t, err, tc.want)
			}
			var ranges []string
			for i, r := range srv.Requests() {
				ranges = append(ranges, r.Header.Get("Range"))
				require.Equal(t, `"a"`, r.Header.Get("If-Match"))
				require.Equal(t, i > 0, r.Header.Get("If-Range") != "")
			}
			require.Equal(t, tc.ranges, ranges)
			if tc.want == nil {
				require.EqualValues(t, 500, n)
				require.Equal(t, []int64{500, 500}, []int64{written, total})
				require.Equal(t, content[100:600], got.Bytes())
			}
		})
	}
	srv := clienttest.NewServer(t, clienttest.Status(200))
	c, err := client.New(srv.URL)
	require.NoError(t, err)
	for _, r := range [][2]int64{{-1, 5}, {0, 0}, {0, -1}, {1 << 62, 1 << 62}} {
		_, err := client.Download(t.Context(), c, client.Request{Path: "/x"}, io.Discard, client.WithRange(r[0], r[1]))
		require.ErrorIs(t, err, client.ErrRequest)
	}
	require.Zero(t, srv.Count())
}

// A client that sends an Accept-Encoding with every request has asked for what comes.
func TestDownloadTakesAnEncodingThatTheClientAskedFor(t *testing.T) {
	zipped := clienttest.Text(200, "zipped").Header("Content-Encoding", "gzip")
	for _, asks := range []client.Option{client.WithHeader("Accept-Encoding", "identity"), client.WithProfile(client.Profile{Header: http.Header{"Accept-Encoding": {"identity"}}})} {
		c := over(t, clienttest.NewTransport(t, zipped), asks)
		var got bytes.Buffer
		_, err := client.Download(t.Context(), c, client.Request{Path: "/x"}, &got)
		require.NoError(t, err)
		require.Equal(t, "zipped", got.String())
	}
	_, err := client.Download(t.Context(), over(t, clienttest.NewTransport(t, zipped)), client.Request{Path: "/x"}, io.Discard)
	require.ErrorIs(t, err, client.ErrDecode)
}

// A content of an announced length that has come whole is downloaded, also where its
// response breaks before it says that it has ended: nothing is left to ask for, and
// without a validator nobody could.
func TestDownloadThatBreaksBehindItsLastByte(t *testing.T) {
	for name, tc := range map[string]struct {
		header http.Header
		breaks []int
		asked  int
	}{
		"at once":         {tagged, []int{len(novel)}, 1},
		"of no version":   {nil, []int{len(novel)}, 1},
		"once it went on": {tagged, []int{10, len(novel) - 10}, 2},
		"by its digest":   {http.Header{"Repr-Digest": {digest(novel)}}, []int{len(novel)}, 1},
	} {
		s := &shelf{header: tc.header, breaks: tc.breaks}
		var w oneWay
		n, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, &w)
		require.NoError(t, err, name)
		require.EqualValues(t, len(novel), n, name)
		require.Equal(t, novel, w.String(), name)
		require.Len(t, s.seen, tc.asked, name)
	}
	want := sha256.Sum256([]byte("another"))
	s := &shelf{header: tagged, breaks: []int{len(novel)}}
	_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, new(oneWay), client.WithChecksum(sha256.New(), want[:]))
	require.ErrorIs(t, err, client.ErrChecksum)
}
