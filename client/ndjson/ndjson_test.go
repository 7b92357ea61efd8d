package ndjson_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/ndjson"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/retry"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

type row struct {
	N int    `json:"n"`
	S string `json:"s,omitempty"`
}

// closing notes whether a body is closed.
type closing struct {
	io.Reader
	closed *atomic.Bool
}

func (c closing) Close() error { c.closed.Store(true); return nil }

// streamed is a client of a service whose response has that body.
func streamed(t *testing.T, body io.Reader, fields ...string) (c *client.Client, closed *atomic.Bool) {
	t.Helper()
	closed = new(atomic.Bool)
	c, err := client.New("https://api.example.com", client.WithTransport(transport(func(req *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/x-ndjson"}, "Request-Id": {"r1"}}
		return &http.Response{StatusCode: 200, ProtoMajor: 1, Header: h, ContentLength: -1, Body: closing{body, closed}, Request: req}, nil
	})))
	require.NoError(t, err)
	return c, closed
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func collect(c *client.Client, r client.Request) (ns []int, err error) {
	for v, e := range ndjson.Lines[row](context.Background(), c, r) {
		if e != nil {
			return ns, e
		}
		ns = append(ns, v.N)
	}
	return ns, nil
}

func TestLines(t *testing.T) {
	t.Parallel()
	long := `{"n":7,"s":"` + strings.Repeat("x", 100<<10) + `"}`
	for name, tt := range map[string]struct {
		body string
		want []int
		err  error
		text string
	}{
		"none":                           {"", nil, nil, ""},
		"only empty lines":               {"\n\r\n \n", nil, nil, ""},
		"some":                           {"{\"n\":1}\n{\"n\":2}\n", []int{1, 2}, nil, ""},
		"a byte order mark":              {"\uFEFF{\"n\":1}\n", []int{1}, nil, ""},
		"CRLF and empty lines":           {"{\"n\":1}\r\n\r\n{\"n\":2}\r\n", []int{1, 2}, nil, ""},
		"no newline at the end":          {"{\"n\":1}\n{\"n\":2}", []int{1, 2}, nil, ""},
		"longer than what is read once":  {long + "\n{\"n\":1}\n" + long, []int{7, 1, 7}, nil, ""},
		"a field of later":               {"{\"n\":1,\"new\":[]}\n", []int{1}, nil, ""},
		"cut off":                        {"{\"n\":1}\n{\"n\":2", []int{1}, io.ErrUnexpectedEOF, "line 2 is cut off"},
		"cut off, long":                  {long[:90<<10], nil, io.ErrUnexpectedEOF, "line 1 is cut off"},
		"not JSON":                       {"{\"n\":1}\nsecret text\n", []int{1}, client.ErrDecode, "line 2 is not JSON"},
		"two on a line":                  {"{\"n\":1}{\"n\":2}\n", nil, client.ErrDecode, "line 1 is not JSON"},
		"one that does not fit":          {"\n{\"n\":\"secret text\"}\n", nil, client.ErrDecode, "line 2 does not fit: its field n is no int"},
		"one of another kind altogether": {"[]\n", nil, client.ErrDecode, "line 1 does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, src := range []io.Reader{strings.NewReader(tt.body), iotest.OneByteReader(strings.NewReader(tt.body)), iotest.DataErrReader(strings.NewReader(tt.body))} {
				c, closed := streamed(t, src)
				got, err := collect(c, client.Request{Path: "/x"})
				require.Equal(t, tt.want, got)
				require.True(t, closed.Load())
				if tt.err == nil {
					require.NoError(t, err)
					continue
				}
				require.ErrorIs(t, err, tt.err)
				require.ErrorIs(t, err, client.ErrDecode)
				require.ErrorContains(t, err, tt.text)
				require.NotContains(t, err.Error(), "secret text")
				var e *client.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, "r1", e.RequestID)
			}
		})
	}
}

// A number without its newline may be the head of a longer one; nothing else can.
func TestANumberWithoutItsNewlineMayBeCutOff(t *testing.T) {
	t.Parallel()
	for line, ok := range map[string]bool{"12": false, "-1.5e3": false, "true": true, `"12"`: true, "[12]": true, "null": true} {
		var err error
		for _, e := range ndjson.Decode[any](strings.NewReader("1\n"+line), 0) {
			err = e
		}
		require.Equal(t, ok, err == nil, line)
	}
}

func TestALineIsBounded(t *testing.T) {
	t.Parallel()
	line := `"` + strings.Repeat("x", 98) + `"`
	for _, end := range []string{"", "\n", "\r\n"} {
		for limit, ok := range map[int64]bool{100: true, 99: false} {
			c, closed := streamed(t, strings.NewReader("1\n"+line+end))
			var err error
			for _, e := range ndjson.Lines[any](context.Background(), c, client.Request{MaxBody: limit}) {
				err = e
			}
			require.True(t, closed.Load())
			if ok {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, client.ErrTooLarge)
			require.ErrorContains(t, err, "line 2 is over the limit of 99 bytes")
		}
	}
	// One without an end costs no more memory than the limit.
	for _, err := range ndjson.Decode[any](endless{}, 1<<20) {
		require.ErrorIs(t, err, client.ErrTooLarge)
	}
	c, _ := streamed(t, strings.NewReader("1\n"))
	_, err := collect(c, client.Request{MaxBody: -1})
	require.ErrorIs(t, err, client.ErrRequest)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestLeavingTheLoopClosesTheBody(t *testing.T) {
	t.Parallel()
	c, closed := streamed(t, io.MultiReader(strings.NewReader("{\"n\":1}\n"), endless{}))
	for v, err := range ndjson.Lines[row](context.Background(), c, client.Request{}) {
		require.NoError(t, err)
		require.Equal(t, 1, v.N)
		break
	}
	require.True(t, closed.Load())
}

func TestAStatusIsTheErrorAndIsRetriedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := clienttest.NewTransport(t, clienttest.MustParse(`503, 200 {"n":1}, 404 {"message":"gone"}`)...)
		c, err := client.New("https://api.example.com", client.WithTransport(tr))
		require.NoError(t, err)
		own := http.Header{"X-Own": {"1"}}
		got, err := collect(c, client.Request{Header: own})
		require.NoError(t, err)
		require.Equal(t, []int{1}, got)
		require.Equal(t, "1", tr.Last().Header.Get("X-Own"))
		require.Equal(t, http.Header{"X-Own": {"1"}}, own, "the caller's fields stay as they are")
		_, err = collect(c, client.Request{})
		require.ErrorIs(t, err, client.ErrNotFound)
		require.ErrorContains(t, err, "gone")
		require.Contains(t, tr.Last().Header.Get("Accept"), "application/x-ndjson")

		tr.Script(clienttest.JSON(200, `{"n":1}`))
		_, err = collect(c, client.Request{Header: http.Header{"accept": {"application/jsonl"}}})
		require.NoError(t, err)
		require.Equal(t, []string{"application/jsonl"}, tr.Last().Header.Values("Accept"))

		tr.Script(clienttest.Redirect(302, "/y"))
		c, err = c.With(client.WithMaxRedirects(0))
		require.NoError(t, err)
		_, err = collect(c, client.Request{Header: http.Header{"Accept": {"x/y"}}})
		require.ErrorIs(t, err, client.ErrDecode)
		require.Equal(t, "x/y", tr.Last().Header.Get("Accept"))
	})
}

// C26: a stream that breaks off between two lines is no end.
func TestC26_AStreamThatBreaksOffIsAnError(t *testing.T) {
	t.Parallel()
	srv := clienttest.NewServer(t, clienttest.Truncate(200, "{\"n\":1}\n{\"n\":2}\n", 8))
	c, err := client.New(srv.URL)
	require.NoError(t, err)
	got, err := collect(c, client.Request{})
	require.Equal(t, []int{1}, got)
	require.Error(t, err)
	var e *client.Error
	require.ErrorAs(t, err, &e)
}

func TestADeadlineEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer w.Close()
		c, closed := streamed(t, r)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		context.AfterFunc(ctx, func() { _ = r.CloseWithError(io.ErrClosedPipe) }) // as a transport does
		go func() { _, _ = w.Write([]byte("{\"n\":1}\n")) }()
		var last error
		for _, err := range ndjson.Lines[row](ctx, c, client.Request{}) {
			last = err
		}
		require.ErrorIs(t, last, context.DeadlineExceeded)
		require.True(t, closed.Load())
		synctest.Wait()
	})
}

func TestBodyIsEncodedAnewForEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := clienttest.NewTransport(t, clienttest.MustParse("503, 200 {}")...)
		c, err := client.New("https://api.example.com", client.WithTransport(tr), client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Second)}))
		require.NoError(t, err)
		items := slices.Values([]any{map[string]any{"index": map[string]string{"_id": "1"}}, row{N: 1, S: "a\nb"}, json.RawMessage("{\n \"n\": 2\n}")})
		_, err = client.Put[client.None](context.Background(), c, "/bulk", ndjson.Body(items))
		require.NoError(t, err)
		require.Equal(t, 2, tr.Count())
		for _, sent := range tr.Requests() {
			require.Equal(t, "application/x-ndjson", sent.Header.Get("Content-Type"))
			require.Equal(t, "{\"index\":{\"_id\":\"1\"}}\n{\"n\":1,\"s\":\"a\\nb\"}\n{\"n\":2}\n", string(sent.Body))
		}
	})
}

// Items are made as they are taken, and the range ends with the call.
func TestBodyStreamsAndEnds(t *testing.T) {
	t.Parallel()
	made, ended := 0, false
	r := ndjson.Encode(func(yield func(int) bool) {
		defer func() { ended = true }()
		for made = 1; yield(made); made++ {
		}
	})
	buf := make([]byte, 64)
	n, err := r.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "1\n", string(buf[:n]))
	require.Equal(t, 1, made)
	require.NoError(t, r.Close())
	require.True(t, ended)
	require.NoError(t, r.Close())
	_, err = r.Read(buf)
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestEncodePassesReaderTest(t *testing.T) {
	t.Parallel()
	r := ndjson.Encode(slices.Values([]string{"a", strings.Repeat("x", 5000), ""}))
	defer r.Close()
	require.NoError(t, iotest.TestReader(r, []byte("\"a\"\n\""+strings.Repeat("x", 5000)+"\"\n\"\"\n")))
}

// Close may come while an item is being made, and does not wait for it.
func TestCloseBesideARead(t *testing.T) {
	t.Parallel()
	making, go_on := make(chan struct{}), make(chan struct{})
	var ended atomic.Bool
	r := ndjson.Encode(func(yield func(int) bool) {
		defer ended.Store(true)
		close(making)
		<-go_on
		yield(1)
	})
	done := make(chan struct{})
	go func() { defer close(done); _, _ = r.Read(make([]byte, 8)) }()
	<-making
	require.NoError(t, r.Close())
	require.False(t, ended.Load())
	close(go_on)
	<-done
	require.True(t, ended.Load())
}

func TestWhatCannotBeEncodedEndsTheCall(t *testing.T) {
	t.Parallel()
	srv := clienttest.NewServer(t, clienttest.JSON(200, "{}"))
	c, err := client.New(srv.URL, client.WithRetry(retry.Never))
	require.NoError(t, err)
	_, err = client.Post[client.None](context.Background(), c, "/bulk", ndjson.Body(slices.Values([]any{1, make(chan int)})))
	require.ErrorIs(t, err, client.ErrRequest)
	require.ErrorContains(t, err, "item 2 of the body is a chan int")
	_, err = client.Post[client.None](context.Background(), c, "/bulk", ndjson.Body[int](nil))
	require.ErrorIs(t, err, client.ErrRequest)
	// C37
	_, err = client.Post[client.None](context.Background(), c, "/bulk", ndjson.Body(func(func(int) bool) { panic("theirs") }))
	require.ErrorContains(t, err, "panic")
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("{\"n\":1}\n{\"n\":2}"), 100)
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		limit = 1 + limit&0xff
		values, failed := 0, false
		for v, err := range ndjson.Decode[json.RawMessage](iotest.HalfReader(strings.NewReader(string(data))), limit) {
			if failed {
				t.Fatal("it goes on after an error")
			}
			if failed = err != nil; failed {
				continue
			}
			if values++; len(v) > limit || !json.Valid(v) {
				t.Fatalf("%d bytes: %q", len(v), v)
			}
		}
		if values > 1+strings.Count(string(data), "\n") {
			t.Fatal("more values than lines")
		}
	})
}
