package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
)

// received is what a service has got of one request.
type received struct {
	body   []byte
	length int64
	at     time.Time
}

// swallowing reads each request's body to its end, closes it, and answers after a
// while: with the statuses one after the other, then 200.
type swallowing struct {
	statuses []int
	after    time.Duration
	got      []received
	ended    time.Time // when the last body was read
}

func (s *swallowing) RoundTrip(r *http.Request) (*http.Response, error) {
	in := received{length: r.ContentLength, at: time.Now()}
	var err error
	if r.Body != nil {
		in.body, err = io.ReadAll(r.Body)
		if closed := r.Body.Close(); err == nil {
			err = closed
		}
	}
	s.ended = time.Now()
	s.got = append(s.got, in)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(s.after):
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
	status := 200
	if len(s.statuses) > 0 {
		status, s.statuses = s.statuses[0], s.statuses[1:]
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// uploads sends a body in each way in which one can be given that can only be read once.
var uploads = map[string]func(context.Context, *client.Client, io.ReadCloser) error{
	"HTTPClient": func(ctx context.Context, c *client.Client, body io.ReadCloser) error {
		req, err := http.NewRequestWithContext(ctx, "PUT", base+"/x", body)
		if err != nil {
			return err
		}
		resp, err := c.HTTPClient().Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	},
	"Do": func(ctx context.Context, c *client.Client, body io.ReadCloser) error {
		resp, err := c.Do(ctx, client.Request{Method: "PUT", Path: "/x", Body: client.Stream("a/b", body, -1)})
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	},
	"Call": func(ctx context.Context, c *client.Client, body io.ReadCloser) error {
		_, err := client.Call[client.None](ctx, c, client.Request{Method: "PUT", Path: "/x", Body: client.Stream("a/b", body, -1)})
		return err
	},
}

// C8: a body is read ahead for 200 ms and 1 MiB at most. What has ended by then can be
// sent again; what has not is sent at once, as one attempt. No byte is lost or comes
// twice, however the source delivers.
func TestC8_ReadAheadAtAnySplit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		for way, upload := range uploads {
			synctest.Test(t, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 8))
				limit, opts := 20_000, []client.Option{client.WithReadAhead(20_000)}
				if seed < 3 {
					limit, opts = client.DefaultReadAhead, nil
				}
				body := make([]byte, []int{0, 1, limit / 2, limit - 1, limit, limit + 1, 2 * limit}[rnd.IntN(7)])
				fill(body, seed)
				src := &uneven{rnd: rnd, data: body, late: rnd.IntN(2) == 0}
				if rnd.IntN(2) == 0 {
					src.pause = time.Duration(1+rnd.IntN(300)) * time.Millisecond
				}
				timed := &ending{uneven: src}
				s := &swallowing{statuses: []int{503}}
				began := time.Now()
				err := upload(t.Context(), plain(t, s, opts...), timed)
				require.NotEmpty(t, s.got, "%s %d: %v", way, seed, err)
				sent := s.got[0].at.Sub(began)
				require.LessOrEqual(t, sent, 200*time.Millisecond)
				for _, in := range s.got {
					require.True(t, bytes.Equal(body, in.body), "%s %d: %d bytes came as %d", way, seed, len(body), len(in.body))
				}
				kept := !timed.ended.IsZero() && timed.ended.Sub(began) < 200*time.Millisecond && len(body) <= limit
				if kept {
					require.Len(t, s.got, 2, "%s %d", way, seed)
					require.EqualValues(t, len(body), s.got[0].length)
					require.NoError(t, err)
				} else if timed.ended.Sub(began) != 200*time.Millisecond {
					require.Len(t, s.got, 1, "%s %d", way, seed)
					require.LessOrEqual(t, s.got[0].length, int64(0), "unknown, as net/http has it")
				}
				if !kept && way == "Call" {
					require.Contains(t, reasons(asError(t, err).Attempts), client.BodyNotReplayed)
					require.ErrorContains(t, err, "the request body cannot be sent again")
				}
				require.EqualValues(t, 1, src.closed.Load(), "%s %d", way, seed)
			})
		}
	}
}

func fill(p []byte, seed uint64) {
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(p)
}

// ending notes when its source has ended.
type ending struct {
	*uneven
	ended time.Time
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.uneven.Read(p)
	if err != nil && e.ended.IsZero() {
		e.ended = time.Now()
	}
	return n, err
}

// seeking is a body that can seek, and that notices who takes it for what it is not.
type seeking struct {
	*bytes.Reader
	pause    time.Duration // in each Read
	busy     atomic.Int32
	closed   atomic.Int32
	mistakes atomic.Int32
	lies     error // of each Seek
}

func (s *seeking) Read(p []byte) (int, error) {
	if s.busy.Add(1) > 1 {
		s.mistakes.Add(1)
	}
	defer s.busy.Add(-1)
	time.Sleep(s.pause)
	if s.closed.Load() > 0 {
		return 0, os.ErrClosed
	}
	return s.Reader.Read(p[:min(len(p), 10_000)])
}

func (s *seeking) Seek(offset int64, whence int) (int64, error) {
	if s.busy.Load() > 0 || s.closed.Load() > 0 {
		s.mistakes.Add(1)
	}
	if s.lies != nil {
		return 0, s.lies
	}
	return s.Reader.Seek(offset, whence)
}

func (s *seeking) Close() error { s.closed.Add(1); return nil }

// C8: a body that can seek is rewound to where it stood for each attempt, whatever its
// size, and closed once, at the end.
func TestC8_ABodyThatSeeksIsRewound(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789abcdef"), 80_000) // more than is read ahead
	for way, upload := range uploads {
		for _, offset := range []int64{0, 7, int64(len(data)) - 1} {
			for statuses, want := range map[[2]int]int{{200, 200}: 1, {503, 200}: 2, {503, 503}: 3, {400, 200}: 1} {
				synctest.Test(t, func(t *testing.T) {
					body := &seeking{Reader: bytes.NewReader(data), pause: time.Millisecond}
					_, err := body.Reader.Seek(offset, io.SeekStart)
					require.NoError(t, err)
					s := &swallowing{statuses: statuses[:]}
					_ = upload(t.Context(), plain(t, s), body)
					require.Len(t, s.got, want, way)
					for _, in := range s.got {
						require.True(t, bytes.Equal(data[offset:], in.body), way)
						require.EqualValues(t, int64(len(data))-offset, in.length, way)
					}
					synctest.Wait()
					require.EqualValues(t, 1, body.closed.Load(), way)
					require.Zero(t, body.mistakes.Load(), way)
				})
			}
		}
	}
}

// C8: a file is rewound too, and what only looks like one is read ahead.
func TestC8_FilesAndWhatLooksLikeThem(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "upload")
	require.NoError(t, os.WriteFile(name, bytes.Repeat([]byte("0123456789"), 300_000), 0o600))
	for way, upload := range uploads {
		// What is read ahead is waited for by the clock of the bubble, which stands still
		// while a file is read.
		synctest.Test(t, func(t *testing.T) {
			f, err := os.Open(name)
			require.NoError(t, err)
			_, err = f.Seek(10, io.SeekStart)
			require.NoError(t, err)
			s := &swallowing{statuses: []int{503}}
			require.NoError(t, upload(t.Context(), plain(t, s, client.WithRetry(retry.Policy{Backoff: retry.Constant(0)})), f), way)
			require.Len(t, s.got, 2)
			for _, in := range s.got {
				require.Len(t, in.body, 2_999_990, way)
				require.EqualValues(t, 2_999_990, in.length, way)
			}
			require.ErrorIs(t, f.Close(), os.ErrClosed, "%s: it has been closed", way)

			r, w, err := os.Pipe()
			require.NoError(t, err)
			_, err = w.WriteString("through a pipe")
			require.NoError(t, err)
			require.NoError(t, w.Close())
			s = &swallowing{statuses: []int{503}}
			require.NoError(t, upload(t.Context(), plain(t, s, client.WithRetry(retry.Policy{Backoff: retry.Constant(0)})), r), way)
			require.Len(t, s.got, 2, way)
			for _, in := range s.got {
				require.Equal(t, "through a pipe", string(in.body), way)
				require.EqualValues(t, 14, in.length, way)
			}
			require.ErrorIs(t, r.Close(), os.ErrClosed, way)

			no := &seeking{Reader: bytes.NewReader([]byte("cannot seek")), lies: errors.New("not this one")}
			s = &swallowing{statuses: []int{503}}
			require.NoError(t, upload(t.Context(), plain(t, s, client.WithRetry(retry.Policy{Backoff: retry.Constant(0)})), no), way)
			require.Len(t, s.got, 2, way)
			require.Equal(t, "cannot seek", string(s.got[1].body), way)
			require.EqualValues(t, 1, no.closed.Load(), way)
		})
	}
}

// C8: a body is rewound only once the transport has let go of it, also where the
// response has come before the upload has ended.
func TestC8_AnEarlyResponseDoesNotMixTwoUploads(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
	for way, upload := range uploads {
		for _, attempts := range []int{1, 2, 3} {
			synctest.Test(t, func(t *testing.T) {
				body := &seeking{Reader: bytes.NewReader(data), pause: 50 * time.Millisecond}
				n := 0
				var last []byte
				rt := roundTripper(func(r *http.Request) (*http.Response, error) {
					n++
					if n == 3 {
						var err error
						last, err = io.ReadAll(r.Body)
						_ = r.Body.Close()
						if err != nil {
							return nil, err
						}
						return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
					}
					head := make([]byte, 3)
					if _, err := io.ReadFull(r.Body, head); err != nil {
						return nil, err
					}
					require.Equal(t, "012", string(head))
					go func() { // as net/http goes on writing
						_, _ = io.Copy(io.Discard, r.Body)
						_ = r.Body.Close()
					}()
					return &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
				})
				err := upload(t.Context(), plain(t, rt, client.WithRetry(retry.Policy{Backoff: retry.Constant(0), MaxAttempts: attempts})), body)
				require.Equal(t, attempts, n, "%s: %v", way, err)
				if attempts == 3 {
					require.NoError(t, err, way)
					require.True(t, bytes.Equal(data, last), way)
				}
				time.Sleep(time.Minute)
				require.EqualValues(t, 1, body.closed.Load(), "%s, %d attempts", way, attempts)
				require.Zero(t, body.mistakes.Load(), way)
			})
		}
	}
}

// trickling is a body of so many chunks, one after each pause. Its Close ends a Read
// that is under way, as those of pipes and connections do.
type trickling struct {
	every   time.Duration
	left    int
	chunk   string
	rest    string
	closing context.Context
	close   context.CancelFunc
}

func trickle(every time.Duration, n int, chunk string) func() io.ReadCloser {
	return func() io.ReadCloser {
		ctx, cancel := context.WithCancel(context.Background())
		return &trickling{every: every, left: n, chunk: chunk, closing: ctx, close: cancel}
	}
}

func (b *trickling) Read(p []byte) (int, error) {
	if b.rest == "" {
		if b.left == 0 {
			return 0, io.EOF
		}
		select {
		case <-time.After(b.every):
		case <-b.closing.Done():
			return 0, io.ErrClosedPipe
		}
		b.left--
		b.rest = b.chunk
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *trickling) Close() error { b.close(); return nil }

var kilobytes = strings.Repeat("x", 20<<10)

// unseen is a body of 10 bytes that can seek, whose Read blocks until it is let go. It
// tells whether it was closed meanwhile.
type unseen struct {
	letGo           chan struct{}
	reads           atomic.Int32
	reading, during atomic.Bool
	closed          atomic.Int32
}

func (u *unseen) Read([]byte) (int, error) {
	u.reads.Add(1)
	u.reading.Store(true)
	<-u.letGo
	u.reading.Store(false)
	return 0, io.EOF
}

func (u *unseen) Seek(_ int64, whence int) (int64, error) {
	return map[int]int64{io.SeekEnd: 10}[whence], nil
}

func (u *unseen) Close() error {
	u.closed.Add(1)
	u.during.Store(u.during.Load() || u.reading.Load())
	return nil
}

// C8: a body that can seek is closed once, and never while it is read, also where the
// call ends in the wait for the attempt before to let go of it.
func TestC8_ABodyThatSeeksIsNotClosedWhileItIsRead(t *testing.T) {
	for name, end := range map[string]error{"the deadline": context.DeadlineExceeded, "the caller": context.Canceled} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := &unseen{letGo: make(chan struct{})}
				rt := roundTripper(func(r *http.Request) (*http.Response, error) {
					go r.Body.Read(make([]byte, 10))
					time.Sleep(time.Second)
					return &http.Response{StatusCode: 503, Header: http.Header{}, Request: r, Body: http.NoBody}, nil
				})
				c := plain(t, rt, client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if end == context.Canceled {
					time.AfterFunc(10*time.Second, cancel)
				}
				_, err := client.Call[client.None](ctx, c, client.Request{Method: "PUT", Path: "/x", Body: client.Stream("a/b", src, 10)})
				require.ErrorIs(t, err, end)
				synctest.Wait()
				require.Zero(t, src.closed.Load(), "it is still read")
				close(src.letGo)
				synctest.Wait()
				require.False(t, src.during.Load())
				require.EqualValues(t, 1, src.closed.Load())
				require.EqualValues(t, 1, src.reads.Load())
			})
		})
	}
}

// early is a service that responds to the first request by f before its body has gone
// out, and goes on to take that. It responds to every other at its end.
func early(after time.Duration, f func(*http.Request) *http.Response, sent *[]time.Duration) roundTripper {
	began := time.Now()
	return func(r *http.Request) (*http.Response, error) {
		*sent = append(*sent, time.Since(began))
		take := func() error {
			_, err := io.Copy(io.Discard, r.Body)
			_ = r.Body.Close()
			return err
		}
		if len(*sent) > 1 {
			if err := take(); err != nil {
				return nil, err
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: http.NoBody}, nil
		}
		go take()
		time.Sleep(after)
		return f(r), nil
	}
}

// unending is the response of a body that does not come.
func unending(status int) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, Body: &drip{every: time.Hour, left: 1, ctx: r.Context()}, ContentLength: 100}
	}
}

// C10, C12: what bounds a response is not put off by a request body that still moves.
func TestC10_ABodyThatStillGoesOutDoesNotHoldUpItsResponse(t *testing.T) {
	const after = 2500 * time.Millisecond
	call := func(ctx context.Context, c *client.Client, r client.Request) error {
		_, err := client.Call[client.None](ctx, c, r)
		return err
	}
	do := func(ctx context.Context, c *client.Client, r client.Request) error {
		return readAll(c.Do(ctx, r))
	}
	checked := func(ctx context.Context, c *client.Client, r client.Request) error {
		r.CheckStatus = true
		return readAll(c.Do(ctx, r))
	}
	for name, tt := range map[string]struct {
		status int
		call   func(context.Context, *client.Client, client.Request) error
		opts   []client.Option
		second time.Duration // when another attempt is made; 0 is none
		want   string        // in the error; "" is none
		took   time.Duration
	}{
		"a retry":                         {status: 503, call: call, second: after + time.Second},
		"a retry without an idle timeout": {status: 503, call: call, opts: []client.Option{client.WithIdleTimeout(client.NoTimeout)}, second: after + time.Second},
		"a retry of what is streamed":     {status: 503, call: do, second: after + time.Second},
		"an error":                        {status: 404, call: call, want: "404", took: after + 5*time.Second},
		"an error of what is streamed":    {status: 404, call: checked, want: "404", took: after + 5*time.Second},
		"a success":                       {status: 200, call: call, opts: []client.Option{client.WithRetry(retry.Never)}, want: "the response body stalled", took: after + time.Minute},
		"a success that is streamed":      {status: 200, call: do, want: "the response body stalled", took: after + time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent []time.Duration
				opts := append([]client.Option{client.WithTimeout(10 * time.Minute), client.WithRetry(retry.Policy{Backoff: retry.Constant(0)})}, tt.opts...)
				c := plain(t, early(after, unending(tt.status), &sent), opts...)
				bodies := 0
				open := func() (io.ReadCloser, error) {
					if bodies++; bodies > 1 {
						return body("x"), nil
					}
					return trickle(time.Second, 300, kilobytes)(), nil
				}
				began := time.Now()
				err := tt.call(t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Open("a/b", open, -1)})
				took := time.Since(began)
				if tt.second > 0 {
					require.NoError(t, err)
					require.Equal(t, []time.Duration{0, tt.second}, sent)
					return
				}
				require.ErrorContains(t, err, tt.want)
				require.Equal(t, tt.took, took)
				require.Len(t, sent, 1)
			})
		})
	}
}

// C12: an upload that stands still is ended, also where that of the attempt before still
// moves.
func TestC12_AnUploadIsNotExcusedByTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []time.Duration
		bodies := 0
		open := func() (io.ReadCloser, error) {
			if bodies++; bodies > 1 {
				return trickle(time.Hour, 1, "x")(), nil
			}
			return trickle(time.Second, 600, kilobytes)(), nil
		}
		c := plain(t, early(time.Second, unending(503), &sent), client.WithTimeout(time.Hour), client.WithRetry(retry.Policy{MaxAttempts: 2, Backoff: retry.Constant(0)}))
		began := time.Now()
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Open("a/b", open, -1)})
		require.ErrorContains(t, err, "the request body stalled")
		require.Equal(t, 2*time.Second+client.DefaultIdleTimeout, time.Since(began))
	})
}

// C12: a transport that comes late to the body of an attempt does not change what bounds
// the one after it.
func TestC12_ABodyThatIsReadLateDoesNotBoundTheNextAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				time.AfterFunc(5*time.Second, func() { _, _ = io.Copy(io.Discard, r.Body) })
				return &http.Response{StatusCode: 503, Header: http.Header{}, Request: r, Body: http.NoBody}, nil
			}
			_, _ = io.Copy(io.Discard, r.Body)
			return hang(r)
		})
		c := plain(t, rt, client.WithRetry(retry.Policy{MaxAttempts: 2, Backoff: retry.Constant(0)}))
		bodies := 0
		open := func() (io.ReadCloser, error) {
			if bodies++; bodies > 1 {
				return body("x"), nil
			}
			return trickle(time.Second, 600, kilobytes)(), nil
		}
		began := time.Now()
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Open("a/b", open, -1)})
		require.ErrorContains(t, err, "within the attempt's timeout")
		require.Equal(t, client.DefaultAttemptTimeout, time.Since(began))
	})
}

// C12: an upload that moves goes on as long as it takes; the attempt's time begins when
// it is out, and the default deadline stands still meanwhile.
func TestC12_AnUploadThatMovesIsNotCut(t *testing.T) {
	for way, upload := range uploads {
		for name, tc := range map[string]struct {
			body  func() io.ReadCloser
			after time.Duration // the response comes this long after the body
			opts  []client.Option
			want  string        // of the error
			took  time.Duration // in all; at least this, and a little more than it
			slack time.Duration
		}{
			"ten minutes":                        {body: trickle(10*time.Second, 60, kilobytes), took: 10 * time.Minute},
			"ten minutes and a slow response":    {body: trickle(10*time.Second, 60, kilobytes), after: 29 * time.Second, took: 10*time.Minute + 29*time.Second},
			"as slow as may be":                  {body: trickle(10*time.Second, 60, kilobytes[:13<<10]), took: 10 * time.Minute},
			"one long pause":                     {body: trickle(59*time.Second, 10, strings.Repeat(kilobytes, 4)), took: 590 * time.Second},
			"a response that does not come":      {body: trickle(10*time.Second, 60, kilobytes), after: 31 * time.Second, want: "within the attempt's timeout", took: 10*time.Minute + 30*time.Second},
			"a response that does not come ever": {body: trickle(10*time.Second, 60, kilobytes), after: time.Hour, opts: []client.Option{client.WithAttemptTimeout(client.NoTimeout)}, want: "the call's deadline passed", took: 10*time.Minute + 80*time.Second},
			"too slow":                           {body: trickle(10*time.Second, 600, "x"), want: "1 KiB a second", took: time.Minute, slack: 10 * time.Second},
			"a stop":                             {body: trickle(time.Hour, 1, "x"), want: "the request body stalled", took: time.Minute},
			"no bound":                           {body: trickle(time.Hour, 3, "x"), opts: []client.Option{client.WithIdleTimeout(client.NoTimeout)}, took: 3 * time.Hour},
			"a deadline that was asked for":      {body: trickle(10*time.Second, 60, kilobytes), opts: []client.Option{client.WithTimeout(2 * time.Minute)}, want: "the call's deadline passed", took: 2 * time.Minute},
			"as slow as a deadline permits":      {body: trickle(10*time.Second, 60, "x"), opts: []client.Option{client.WithTimeout(20 * time.Minute)}, took: 10 * time.Minute},
		} {
			t.Run(way+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &swallowing{after: tc.after}
					began := time.Now()
					err := upload(t.Context(), plain(t, s, append(tc.opts, client.WithRetry(retry.Never))...), tc.body())
					requireEnded(t, err, time.Since(began), tc.want, tc.took, tc.slack)
				})
			})
		}
	}
}

// requireEnded checks how an upload has ended, and when: with the timeout of which the
// error says want, or well where that is "".
func requireEnded(t *testing.T, err error, after time.Duration, want string, took, slack time.Duration) {
	t.Helper()
	if want == "" {
		require.NoError(t, err)
		require.Equal(t, took, after)
		return
	}
	require.ErrorIs(t, err, client.ErrTimeout)
	require.ErrorContains(t, err, want)
	require.GreaterOrEqual(t, after, took)
	require.LessOrEqual(t, after, took+slack)
}

// C12: a deadline of the context's bounds an upload like every other.
func TestC12_TheContextsDeadlineBoundsAnUpload(t *testing.T) {
	for way, upload := range uploads {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			began := time.Now()
			err := upload(ctx, plain(t, &swallowing{}), trickle(10*time.Second, 60, kilobytes)())
			require.ErrorIs(t, err, context.DeadlineExceeded, way)
			require.Equal(t, 2*time.Minute, time.Since(began), way)
		})
	}
}

func trickles(every time.Duration, n int, chunk, contentType string) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		body := trickle(every, n, chunk)()
		context.AfterFunc(r.Context(), func() { _ = body.Close() })
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {contentType}}, ContentLength: -1, Request: r, Body: body}, nil
	}
}

// C12: what is streamed to the caller is bounded likewise; an event stream by its pauses
// alone.
func TestC12_ADownloadThatMovesIsNotCut(t *testing.T) {
	for way, do := range streamed {
		for name, tc := range map[string]struct {
			every       time.Duration
			n           int
			chunk       string
			contentType string
			opts        []client.Option
			want        string
			took        time.Duration
		}{
			"ten minutes":        {10 * time.Second, 60, kilobytes, "a/b", nil, "", 10 * time.Minute},
			"too slow":           {10 * time.Second, 60, "x", "a/b", nil, "1 KiB a second", 70 * time.Second},
			"in bursts":          {20 * time.Second, 30, kilobytes, "a/b", nil, "", 10 * time.Minute},
			"a stop":             {61 * time.Second, 60, kilobytes, "a/b", nil, "the response body stalled", time.Minute},
			"events":             {50 * time.Second, 20, "data: x\n\n", "text/event-stream", nil, "", 1000 * time.Second},
			"events that stop":   {61 * time.Second, 20, "data: x\n\n", "text/event-stream", nil, "the response body stalled", time.Minute},
			"a deadline":         {10 * time.Second, 60, kilobytes, "a/b", []client.Option{client.WithTimeout(2 * time.Minute)}, "the call's deadline passed", 2 * time.Minute},
			"slow by a deadline": {10 * time.Second, 60, "x", "a/b", []client.Option{client.WithTimeout(20 * time.Minute)}, "", 10 * time.Minute},
			"no bound":           {time.Hour, 3, "x", "a/b", []client.Option{client.WithIdleTimeout(client.NoTimeout)}, "", 3 * time.Hour},
		} {
			t.Run(way+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					resp, err := do(t.Context(), plain(t, trickles(tc.every, tc.n, tc.chunk, tc.contentType), tc.opts...))
					require.NoError(t, err)
					got, err := io.Copy(io.Discard, resp.Body)
					require.NoError(t, resp.Body.Close())
					require.Equal(t, tc.took, time.Since(began))
					if tc.want == "" {
						require.NoError(t, err)
						require.EqualValues(t, tc.n*len(tc.chunk), got)
						return
					}
					require.ErrorIs(t, err, client.ErrTimeout)
					require.ErrorContains(t, err, tc.want)
				})
			})
		}
	}
}

// careless is a transport that hears of a response before it hears that the body could
// not be read, as net/http does now and then.
type careless struct{ status, sent int }

func (c *careless) RoundTrip(r *http.Request) (*http.Response, error) {
	c.sent++
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return &http.Response{StatusCode: c.status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// What was sent in part is no success, whatever the service makes of it: a body
// that could not be read fails its call, also where the response comes first.
func TestABodyThatBreaksIsNoSuccess(t *testing.T) {
	broken := errors.New("the disk is gone")
	source := func() io.Reader { return io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)) }
	for name, do := range map[string]func(c *client.Client) error{
		"Call": func(c *client.Client) error {
			_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Stream("text/plain", source(), -1)})
			return err
		},
		"under an SDK": func(c *client.Client) error {
			req, err := http.NewRequestWithContext(t.Context(), "POST", base+"/x", source())
			require.NoError(t, err)
			resp, err := c.HTTPClient().Do(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			tr := &careless{status: 200}
			c, err := client.New(base, client.WithTransport(tr), client.WithRetry(retry.Never))
			require.NoError(t, err)
			require.ErrorIs(t, do(c), broken)
			require.Equal(t, 1, tr.sent)
		})
	}
	// A refusal is the service's word, and says more.
	c, err := client.New(base, client.WithTransport(&careless{status: 413}), client.WithRetry(retry.Never))
	require.NoError(t, err)
	_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Stream("text/plain", source(), -1)})
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Equal(t, 413, e.Status)
}

// wrappedBody is a body around another, as middleware makes one that counts bytes.
type wrappedBody struct{ io.ReadCloser }

// Nor is it where per-attempt middleware stands between, which may have put the body into
// one of its own; what the middleware has made good by itself is a success.
func TestABodyThatBreaksUnderMiddlewareIsNoSuccess(t *testing.T) {
	broken := errors.New("the disk is gone")
	for name, tc := range map[string]struct {
		round func(next http.RoundTripper, r *http.Request) (*http.Response, error)
		want  error
	}{
		"handed on": {func(next http.RoundTripper, r *http.Request) (*http.Response, error) { return next.RoundTrip(r) }, broken},
		"put into another": {func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			again := r.Clone(r.Context())
			again.Body = wrappedBody{r.Body}
			return next.RoundTrip(again)
		}, broken},
		"made good": {func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			if _, err := next.RoundTrip(r); !errors.Is(err, broken) { //nolint:bodyclose // it has none
				return nil, errors.Join(errors.New("no word of it"), err)
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
		}, nil},
		"sent again whole": {func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			_, _ = next.RoundTrip(r) //nolint:bodyclose // it has none
			again := r.Clone(r.Context())
			again.Body = io.NopCloser(strings.NewReader("whole"))
			return next.RoundTrip(again)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			source := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))
			c, err := client.New(base, client.WithTransport(&careless{status: 200}), client.WithRetry(retry.Never),
				client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) { return tc.round(next, r) })
				}))
			require.NoError(t, err)
			_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Stream("text/plain", source, -1)})
			require.ErrorIs(t, err, tc.want)
		})
	}
}

// inSteps brings n pieces of 8 KiB, one in every five seconds.
type inSteps struct{ n int }

func (s *inSteps) Read(p []byte) (int, error) {
	if s.n--; s.n < 0 {
		return 0, io.EOF
	}
	time.Sleep(5 * time.Second)
	return copy(p, strings.Repeat("x", 8<<10)), nil
}

// C12, C26: a body that per-attempt middleware opens again, to sign the first say, is
// bounded as the first one is: not while it moves, and where its source blocks.
func TestC12_ABodyThatMiddlewareOpensAgain(t *testing.T) {
	reopen := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			again := r.Clone(r.Context())
			body, err := r.GetBody()
			again.Body = body
			if err := errors.Join(err, r.Body.Close()); err != nil {
				return nil, err
			}
			return next.RoundTrip(again)
		})
	}
	takes := roundTripper(func(r *http.Request) (*http.Response, error) {
		defer r.Body.Close()
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, r.Context().Err()
	})
	for name, tc := range map[string]struct {
		source io.Reader
		want   error
		after  time.Duration
	}{
		"moves":  {&inSteps{24}, nil, 2 * time.Minute},
		"blocks": {asleep{}, client.ErrTimeout, client.DefaultIdleTimeout + 50*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := client.New(base, client.WithTransport(takes), client.WithAttemptMiddleware(reopen), client.WithRetry(retry.Never))
				require.NoError(t, err)
				open := func() (io.ReadCloser, error) { return io.NopCloser(tc.source), nil }
				began := time.Now()
				_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Open("text/plain", open, -1)})
				require.ErrorIs(t, err, tc.want)
				require.Equal(t, tc.after, time.Since(began))
				time.Sleep(time.Hour) // the read that is left to itself ends
			})
		})
	}
}

// asleep is a source that brings nothing for an hour.
type asleep struct{}

func (asleep) Read([]byte) (int, error) {
	time.Sleep(time.Hour)
	return 0, io.EOF
}

// C26: a part whose source blocks does not outlive the call: it is closed, once, as any
// other body is, also where it was opened too late.
func TestC26_APartThatBlocksIsClosed(t *testing.T) {
	for name, opens := range map[string]time.Duration{"blocks": 0, "opens late": time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var closed atomic.Int32
				part := client.Part{Name: "file", FileName: "a", Open: func() (io.ReadCloser, error) {
					time.Sleep(opens)
					source, _ := io.Pipe()
					return struct {
						io.Reader
						io.Closer
					}{source, closeFunc(func() error { closed.Add(1); return source.Close() })}, nil
				}}
				takes := roundTripper(func(r *http.Request) (*http.Response, error) {
					_, err := io.Copy(io.Discard, r.Body)
					return nil, errors.Join(err, r.Body.Close())
				})
				c, err := client.New(base, client.WithTransport(takes), client.WithRetry(retry.Never), client.WithTimeout(time.Second))
				require.NoError(t, err)
				_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Multipart(part)})
				require.ErrorIs(t, err, client.ErrTimeout)
				time.Sleep(opens + time.Second)
				require.EqualValues(t, 1, closed.Load())
			})
		})
	}
}

type closeFunc func() error

func (f closeFunc) Close() error { return f() }

// C12: a body that middleware opens again to look at it, while the first is on its way,
// changes nothing of how long that may take.
func TestC12_ABodyThatIsReadBesideTheOneThatIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		digests := func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				body, err := r.GetBody()
				if err != nil {
					return nil, err
				}
				go func() {
					defer body.Close()
					time.Sleep(12 * time.Second)
					_, _ = io.Copy(io.Discard, body)
				}()
				return next.RoundTrip(r)
			})
		}
		takes := roundTripper(func(r *http.Request) (*http.Response, error) {
			defer r.Body.Close()
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return nil, err
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, r.Context().Err()
		})
		c, err := client.New(base, client.WithTransport(takes), client.WithAttemptMiddleware(digests), client.WithRetry(retry.Never))
		require.NoError(t, err)
		opened := 0
		open := func() (io.ReadCloser, error) {
			if opened++; opened == 2 { // the one that is looked at
				return io.NopCloser(strings.NewReader("x")), nil
			}
			return io.NopCloser(&inSteps{24}), nil
		}
		began := time.Now()
		_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Open("text/plain", open, -1)})
		took := time.Since(began)
		time.Sleep(time.Minute) // a read that is left to itself ends
		require.NoError(t, err)
		require.Equal(t, 2*time.Minute, took)
	})
}
