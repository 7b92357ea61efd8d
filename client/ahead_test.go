package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

// streamed makes a request in each way in which a response is handed on as it comes.
var streamed = map[string]func(context.Context, *client.Client) (*http.Response, error){
	"HTTPClient": func(ctx context.Context, c *client.Client) (*http.Response, error) {
		req, err := http.NewRequestWithContext(ctx, "GET", base+"/x", nil)
		if err != nil {
			return nil, err
		}
		return c.HTTPClient().Do(req)
	},
	"Do": func(ctx context.Context, c *client.Client) (*http.Response, error) {
		return c.Do(ctx, client.Request{Path: "/x"})
	},
}

// slowly answers every request with that status and a body that comes slowly: a
// chunk each second.
func slowly(status int, contentType, chunk string, n int) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		resp, err := dripping(time.Second, n, chunk, contentType)(r)
		resp.StatusCode = status
		return resp, err
	}
}

// C31: a response that is not retried is neither withheld until its body is whole nor
// cut, whatever its status and however long it takes.
func TestC31_AnErrorIsHandedOnAsItComes(t *testing.T) {
	for way, do := range streamed {
		for _, tc := range []struct {
			status      int
			contentType string
			opts        []client.Option
			after       time.Duration // of which the headers come
		}{
			{status: 200, contentType: "application/json"},
			{status: 400, contentType: "application/json"},
			{status: 409, contentType: "application/problem+json"},
			{status: 422, contentType: "application/x-ndjson"},
			{status: 404, contentType: "text/event-stream"},
			{status: 500, contentType: "text/plain", opts: []client.Option{client.WithRetry(retry.Never)}},
			{status: 503, contentType: "application/json", opts: []client.Option{client.WithRetry(retry.Never)}},
			{status: 429, contentType: "application/json", opts: []client.Option{client.WithRetry(retry.Never)}},
			// Those that are retried are drained for a second; the last is not.
			{status: 503, contentType: "application/json", opts: []client.Option{client.WithRetry(retry.Policy{Backoff: retry.Constant(0)})}, after: 2 * time.Second},
		} {
			t.Run(fmt.Sprint(way, tc.status, tc.contentType), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					const lines = 9
					c := plain(t, slowly(tc.status, tc.contentType, "line\n", lines), tc.opts...)
					began := time.Now()
					resp, err := do(t.Context(), c)
					require.NoError(t, err)
					require.Equal(t, tc.after, time.Since(began), "the headers")
					require.Equal(t, tc.status, resp.StatusCode)
					buf := make([]byte, 100)
					for i := range lines {
						n, err := resp.Body.Read(buf)
						require.NoError(t, err)
						require.Equal(t, "line\n", string(buf[:n]))
						require.Equal(t, tc.after+time.Duration(i+1)*time.Second, time.Since(began))
					}
					_, err = resp.Body.Read(buf)
					require.ErrorIs(t, err, io.EOF)
					require.NoError(t, resp.Body.Close())
				})
			})
		}
	}
}

// looking is a profile with a function that looks at bodies, and what it has seen.
func looking(which string, seen *[]byte, asked *int) client.Profile {
	see := func(_ int, _ http.Header, body []byte) bool {
		*seen = bytes.Clone(body)
		*asked++
		return false
	}
	p := client.Profile{IdempotencyHeader: "Idempotency-Key", IdempotencyMethods: []string{"GET"}}
	switch which {
	case "Throttled":
		p.Throttled = see
	case "Failed":
		p.Failed = see
	case "InProgress":
		p.InProgress = see
	case "HintBody":
		p.HintBody = func(status int, h http.Header, body []byte) client.Hint { see(status, h, body); return client.NoHint }
	}
	return p
}

// C31: what a profile's function is to see is looked at for a second at most, and put
// back; what is no document is not looked at.
func TestC31_WhatAProfilesFunctionSees(t *testing.T) {
	const chunk = `{"a": 1},` + "\n"
	for _, tc := range []struct {
		contentType string
		looked      bool
	}{
		{"application/json", true}, {"application/json; charset=utf-8", true}, {"Application/Problem+JSON", true}, {"application/vnd.api+json", true},
		{"application/xml", true}, {"text/xml", true}, {"application/soap+xml", true},
		{"text/event-stream", false}, {"application/x-ndjson", false}, {"application/jsonl", false}, {"application/json-seq", false},
		{"application/octet-stream", false}, {"text/plain", false}, {"", false},
	} {
		for which, status := range map[string]int{"Throttled": 403, "InProgress": 409, "HintBody": 400, "Failed": 200} {
			for _, looksInSuccess := range []bool{false, true} {
				for way, do := range streamed {
					t.Run(fmt.Sprint(tc.contentType, which, way, looksInSuccess), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							var seen []byte
							asked := 0
							p := looking(which, &seen, &asked)
							p.LookInSuccess = looksInSuccess
							wait, want, times := time.Duration(0), "", 1
							if tc.looked {
								wait, want = time.Second, chunk
							}
							if status == 200 && !looksInSuccess {
								wait, want, times = 0, "", 0
							}
							// The first chunk comes before the second is over.
							rt := roundTripper(func(r *http.Request) (*http.Response, error) {
								resp, err := dripping(700*time.Millisecond, 5, chunk, tc.contentType)(r)
								resp.StatusCode = status
								return resp, err
							})
							began := time.Now()
							resp, err := do(t.Context(), plain(t, rt, client.WithProfile(p)))
							require.NoError(t, err)
							require.Equal(t, wait, time.Since(began))
							require.Equal(t, times, asked)
							require.Equal(t, want, string(seen))
							got, err := io.ReadAll(resp.Body)
							require.NoError(t, err)
							require.Equal(t, strings.Repeat(chunk, 5), string(got))
							require.Equal(t, 5*700*time.Millisecond, time.Since(began))
							require.NoError(t, resp.Body.Close())
						})
					})
				}
			}
		}
	}
}

// C31: at most 64 KiB are looked at, however they come, and every byte is handed on.
func TestC31_ALookIsBoundedAndLosesNothing(t *testing.T) {
	const most = 64 << 10
	for _, size := range []int{0, 1, 4 << 10, most - 1, most, most + 1, most + 5000, 2 * most, 5 * most} {
		// As a document of JSON, so that Call can decode it.
		whole := []byte(`"` + strings.Repeat("x", max(size-2, 0)) + `"`)
		if size < 2 {
			whole = []byte("1")[:size]
		}
		for _, most1 := range []int{1 << 20, 16 << 10, 1000} {
			for which, status := range map[string]int{"Throttled": 403, "InProgress": 409, "HintBody": 400, "Failed": 200} {
				var seen []byte
				asked := 0
				p := looking(which, &seen, &asked)
				p.LookInSuccess = true
				rt := roundTripper(func(r *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: -1, Request: r,
						Body: io.NopCloser(&atMost{bytes.NewReader(whole), most1})}, nil
				})
				c := plain(t, rt, client.WithProfile(p))
				for way, do := range streamed {
					seen, asked = nil, 0
					resp, err := do(t.Context(), c)
					require.NoError(t, err)
					got, err := io.ReadAll(resp.Body)
					require.NoError(t, err)
					require.NoError(t, resp.Body.Close())
					require.True(t, bytes.Equal(whole, got), "%s %s %d", way, which, size)
					require.Equal(t, 1, asked)
					require.LessOrEqual(t, len(seen), most, "%s %s %d", way, which, size)
					require.GreaterOrEqual(t, len(seen), min(size, most), "%s %s %d", way, which, size)
					require.True(t, bytes.HasPrefix(whole, seen))
				}
				seen, asked = nil, 0
				_, _ = client.Get[json.RawMessage](t.Context(), c, "/x")
				require.Equal(t, 1, asked)
				require.LessOrEqual(t, len(seen), most, "Call %s %d", which, size)
				require.GreaterOrEqual(t, len(seen), min(size, most), "Call %s %d", which, size)
			}
		}
	}
}

// atMost reads at most n bytes at once.
type atMost struct {
	io.Reader
	n int
}

func (r *atMost) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), r.n)]) }

// C31: nothing is lost or doubled, wherever the look ends in the middle of what comes,
// and what comes later comes when it comes.
func TestC31_NothingIsLostAtAnySplit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 31))
			body := make([]byte, rnd.IntN(200<<10))
			fill(body, seed)
			piece := 1 + rnd.IntN(50_000)
			src := &uneven{rnd: rnd, data: body, pause: time.Duration(rnd.IntN(400)) * time.Millisecond}
			rt := roundTripper(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 403, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: -1, Request: r, Body: src}, nil
			})
			var seen []byte
			asked := 0
			began := time.Now()
			resp, err := streamed["HTTPClient"](t.Context(), plain(t, rt, client.WithProfile(looking("Throttled", &seen, &asked))))
			require.NoError(t, err)
			require.LessOrEqual(t, time.Since(began), time.Second)
			require.True(t, bytes.HasPrefix(body, seen))
			got, err := io.ReadAll(&atMost{resp.Body, piece})
			require.NoError(t, err)
			require.True(t, bytes.Equal(body, got), "seed %d", seed)
			require.NoError(t, resp.Body.Close())
			require.EqualValues(t, 1, src.closed.Load())
		})
	}
}

// uneven comes in chunks of any size, after pauses of any length.
type uneven struct {
	rnd    *rand.Rand
	data   []byte
	pause  time.Duration // the longest
	reads  atomic.Int32  // at once
	closed atomic.Int32
	late   bool // the end comes with the last bytes
}

func (u *uneven) Read(p []byte) (int, error) {
	if u.reads.Add(1) > 1 {
		panic("two reads at once")
	}
	defer u.reads.Add(-1)
	if u.pause > 0 && u.rnd.IntN(3) > 0 {
		time.Sleep(time.Duration(u.rnd.Int64N(int64(u.pause))))
	}
	if u.closed.Load() > 0 {
		return 0, io.ErrClosedPipe
	}
	if len(u.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 1+u.rnd.IntN(60_000))], u.data)
	u.data = u.data[n:]
	if len(u.data) == 0 && u.late {
		return n, io.EOF
	}
	return n, nil
}

func (u *uneven) Close() error { u.closed.Add(1); return nil }

// C10, C31: what is retried is drained as far as 64 KiB, so that the connection is used
// again.
func TestC31_ARetriedErrorIsDrained(t *testing.T) {
	for size, conns := range map[int]int32{0: 1, 5: 1, 30 << 10: 1, 64 << 10: 1, 256 << 10: 3} {
		synctest.Test(t, func(t *testing.T) {
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(503)
				_, _ = io.WriteString(w, strings.Repeat("x", size))
			}))
			listener, tr := overPipes(srv), client.NewTransport()
			tr.DialContext = listener.dial
			srv.Start()
			defer srv.Close()
			c, err := client.New(srv.URL, client.WithTransport(tr), client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
			require.NoError(t, err)
			for way, do := range map[string]func() (*http.Response, error){
				"HTTPClient": func() (*http.Response, error) { return c.HTTPClient().Get(srv.URL) },
				"Do":         func() (*http.Response, error) { return c.Do(t.Context(), client.Request{}) },
			} {
				listener.dials.Store(0)
				resp, err := do()
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				synctest.Wait()
				require.Equal(t, conns, listener.dials.Load(), "%s, %d bytes", way, size)
				c.CloseIdleConnections()
			}
		})
	}
}

// C31: the caller's end is not waited past while a body is looked at or drained.
func TestC31_ALookEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []byte
		asked := 0
		c := plain(t, slowly(403, "application/json", "{", 50), client.WithProfile(looking("Throttled", &seen, &asked)))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		resp, err := streamed["HTTPClient"](ctx, c)
		require.Equal(t, 300*time.Millisecond, time.Since(began))
		if err == nil { // what the service has said is not lost
			_, err = io.ReadAll(resp.Body)
			require.NoError(t, resp.Body.Close())
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// A look at a body that breaks hands on what there was of it, and how it broke.
func TestC31_ALookAtABrokenBody(t *testing.T) {
	var seen []byte
	asked := 0
	c, _ := scripted(t, "200", client.WithTransport(clienttest.NewTransport(t, clienttest.Truncate(403, `{"message":"no"}`, 9))),
		client.WithProfile(looking("Throttled", &seen, &asked)))
	resp, err := streamed["Do"](t.Context(), c)
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, `{"message`, string(got))
	require.Equal(t, `{"message`, string(seen))
}
