package client_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// C33: a 300 is no success: its body is an error's, and it is not looked at for an
// error inside a success.
func TestA300IsNoSuccess(t *testing.T) {
	var hinted []int
	profile := client.Profile{
		Failed: func(int, http.Header, []byte) bool { panic("asked") },
		Hint: func(status int, _ http.Header) client.Hint {
			hinted = append(hinted, status)
			return client.NoHint
		},
	}
	c := over(t, clienttest.NewTransport(t, clienttest.JSON(300, `{"error":{"code":"choose","message":"one of two"}}`)), client.WithProfile(profile))
	_, err := client.Get[thing](t.Context(), c, "/x")
	e := asError(t, err)
	require.Equal(t, 300, e.Status)
	require.Equal(t, "choose", e.Code)
	require.Equal(t, "one of two", e.Message)
	require.Equal(t, []int{300}, hinted)
}

// T1: where nothing holds calls back, no limit has changed.
func TestNoLimitChangesWithoutAPacer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &witness{}
		c := over(t, clienttest.NewTransport(t, clienttest.Status(429).Header("Retry-After", "9")),
			client.WithObserver(s), client.WithRetry(retry.Never), client.WithPacing(nil))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrRateLimited)
		require.Equal(t, []string{"CallBegun", "AttemptEnded", "CallEnded"}, s.kinds())
	})
}

// C13: what middleware sees of the caller's context is what the caller did.
func TestMiddlewareSeesWhyItsContextEnded(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		"cancelled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, context.Canceled},
		"its deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, context.DeadlineExceeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			var seen error
			look := func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(r)
					seen = r.Context().Err()
					return resp, err
				})
			}
			c, _ := scripted(t, "hang", client.WithAttemptMiddleware(look))
			ctx, cancel := tc.end(t.Context())
			defer cancel()
			_, err := client.Get[thing](ctx, c, "/x")
			require.ErrorIs(t, err, tc.want, name)
			require.Equal(t, 1, strings.Count(err.Error(), tc.want.Error()), "%s: %v", name, err)
			require.Equal(t, tc.want, seen, name)
		})
	}
}

// C29: limits that are used up are no Retry-After of a failure that is no throttle.
func TestC29_UsedUpLimitsOfAFailureAskForNoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "503 X-RateLimit-Limit=60 X-RateLimit-Remaining=0 X-RateLimit-Reset=1800, 200 {}", client.WithPacing(nil))
		start := time.Now()
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Equal(t, 2, rt.Count())
		require.Less(t, time.Since(start), time.Second)
	})
}

// shutting is a body whose Close fails.
type shutting struct {
	io.Reader
	err error
}

func (c shutting) Close() error { return c.err }

func TestInFlightPassesOnWhatATransportSays(t *testing.T) {
	broken := errors.New("close failed")
	slots := ratelimit.InFlight(1)
	c := plain(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/nothing" {
			return nil, nil
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: shutting{strings.NewReader("x"), broken}}, nil
	}), client.WithRateLimit(slots))
	resp, err := c.Do(t.Context(), client.Request{Path: "/x"})
	require.NoError(t, err)
	require.ErrorIs(t, resp.Body.Close(), broken)
	for range 2 {
		_, err = c.Do(t.Context(), client.Request{Path: "/nothing"})
		require.ErrorIs(t, err, client.ErrConfig)
	}
}

// seeker is a body that seeks as well as it is told to.
type seeker struct {
	*strings.Reader
	fails map[int]bool // by the number of the call
	n     int
}

func (s *seeker) Close() error { return nil }

func (s *seeker) Seek(offset int64, whence int) (int64, error) {
	if s.n++; s.fails[s.n] {
		return 0, errors.New("no seek")
	}
	return s.Reader.Seek(offset, whence)
}

// C8: a body that cannot seek after all is read ahead; one of another length than was
// given is not sent.
func TestC8_ASeekThatFails(t *testing.T) {
	for name, fails := range map[string]map[int]bool{
		"none": nil, "where it stands": {1: true}, "to the end": {2: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, "503, 200 {}")
			_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x",
				Body: client.Stream("a/b", &seeker{Reader: strings.NewReader("content"), fails: fails}, -1)})
			require.NoError(t, err, name)
			require.Equal(t, 2, rt.Count(), name)
			require.Equal(t, "content", string(rt.Last().Body), name)
		})
	}
	c, rt := scripted(t, "200 {}")
	_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x",
		Body: client.Stream("a/b", &seeker{Reader: strings.NewReader("content")}, 9)})
	require.ErrorIs(t, err, client.ErrRequest)
	require.ErrorContains(t, err, "length")
	require.Zero(t, rt.Count())
}

func TestDownloadTellsDigestsApart(t *testing.T) {
	other := "sha-512-256=:" + base64.StdEncoding.EncodeToString(make([]byte, 32)) + ":"
	c := over(t, clienttest.NewTransport(t, clienttest.Text(200, "content").Header("Repr-Digest", other).Header("Content-Digest", other)))
	var b bytes.Buffer
	n, err := client.Download(t.Context(), c, client.Request{Path: "/x"}, &b)
	require.NoError(t, err)
	require.EqualValues(t, 7, n)
	require.Equal(t, "content", b.String())
}

// C14: the request that per-call middleware has passed on holds no credential of the
// stack, whatever becomes of it.
func TestC14_PerCallMiddlewareNeverSeesTheCredential(t *testing.T) {
	for _, script := range []string{"200 {}", "503, 200 {}", "401", "reset, reset, reset"} {
		synctest.Test(t, func(t *testing.T) {
			var passed []*http.Request
			keep := func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					passed = append(passed, r)
					return next.RoundTrip(r)
				})
			}
			c, rt := scripted(t, script, client.WithAuth(client.Bearer(secret.Static("canary"))), client.WithCallMiddleware(keep))
			_, _ = client.Get[client.None](t.Context(), c, "/x")
			require.Equal(t, "Bearer canary", rt.Last().Header.Get("Authorization"))
			require.Len(t, passed, 1)
			require.NotContains(t, fmt.Sprint(passed[0].Header), "canary", script)
		})
	}
}

// fixed is a destination that cannot be taken back: it seeks no better than it is told.
type fixed struct {
	strings.Builder
	fails int
	n     int
}

func (f *fixed) Truncate(int64) error {
	f.Reset()
	return nil
}

func (f *fixed) Seek(int64, int) (int64, error) {
	if f.n++; f.n == f.fails {
		return 0, errors.New("no seek")
	}
	return 0, nil
}

func TestDownloadToWhatCannotSeek(t *testing.T) {
	for fails := range 6 {
		synctest.Test(t, func(t *testing.T) {
			c := over(t, clienttest.NewTransport(t, clienttest.Truncate(200, "content", 3), clienttest.Text(200, "content")))
			to := &fixed{fails: fails}
			_, err := client.Download(t.Context(), c, client.Request{Path: "/x"}, to)
			switch fails {
			case 1, 2, 3:
				require.ErrorContains(t, err, "no strong validator", "seek %d fails", fails)
			case 4:
				require.ErrorContains(t, err, "what was written cannot be taken back")
			default:
				require.NoError(t, err)
				require.Equal(t, "content", to.String())
			}
		})
	}
}

func TestAPagesURLWithoutAQueryStaysWithoutOne(t *testing.T) {
	for given, want := range map[string]string{
		"https://api.example.com/v1/items":           "https://api.example.com/v1/items",
		"https://api.example.com/v1/items#top":       "https://api.example.com/v1/items#top",
		"https://api.example.com/v1/items?a=1":       "https://api.example.com/v1/items",
		"https://api.example.com/v1/items?a=1&b#top": "https://api.example.com/v1/items?b#top",
	} {
		next := client.Page[thing]{Request: client.Request{URL: given}}.With("a", "2")
		require.Equal(t, want, next.URL)
		require.Equal(t, "2", next.Query.Get("a"))
	}
}

// C22: an error is that of the response which per-call middleware has handed on, also
// where it has made that itself, or has taken another one than the last.
func TestC22_WhatPerCallMiddlewareHandsOnIsWhatItSays(t *testing.T) {
	type answers = func(next http.RoundTripper, r *http.Request) (*http.Response, error)
	made := func(status int) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body(`{"code":"quota"}`)}
	}
	for name, tc := range map[string]struct {
		answers
		throttled bool
		script    string
	}{
		"a throttle within a success": {func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			success, err := next.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			return made(200), success.Body.Close()
		}, true, "200 {}"},
		"a throttle of its own":        {func(http.RoundTripper, *http.Request) (*http.Response, error) { return made(429), nil }, true, ""},
		"one that the profile knows":   {func(http.RoundTripper, *http.Request) (*http.Response, error) { return made(403), nil }, true, ""},
		"what the profile says is not": {func(http.RoundTripper, *http.Request) (*http.Response, error) { return made(423), nil }, false, ""},
		"a throttle of two": {func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			throttle, err := next.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			missing, err := next.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			return throttle, missing.Body.Close()
		}, true, ""},
		"none, in place of a throttle": {func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			throttle, err := next.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			return made(404), throttle.Body.Close()
		}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			profile := client.Profile{
				Throttled: func(status int, _ http.Header, body []byte) bool {
					return status != 404 && strings.Contains(string(body), "quota")
				},
				Hint: func(status int, _ http.Header) client.Hint {
					if status == 423 {
						return client.NotThrottled
					}
					return client.NoHint
				},
			}
			c, _ := scripted(t, cmp.Or(tc.script, "429, 404"), client.WithProfile(profile), client.WithRetry(retry.Never), client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) { return tc.answers(next, r) })
			}))
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.Equal(t, tc.throttled, errors.Is(err, client.ErrRateLimited), err)
			require.Equal(t, tc.throttled, asError(t, err).Throttled)
		})
	}
}

// A Meta that is used again tells nothing of the call before, also where the next one
// was refused before anything was sent.
func TestMetaOfARefusedCallIsEmpty(t *testing.T) {
	c := over(t, clienttest.NewTransport(t, clienttest.JSON(200, "{}").Header("Request-Id", "one")))
	var meta client.Meta
	for name, call := range map[string]func(client.Request) error{
		"Call":   func(r client.Request) error { _, err := client.Call[thing](t.Context(), c, r); return err },
		"Do":     func(r client.Request) error { return readAll(c.Do(t.Context(), r)) },
		"Events": func(r client.Request) error { return drain(client.Events(t.Context(), c, r)) },
		"Download": func(r client.Request) error {
			r.Method = "PUT"
			_, err := client.Download(t.Context(), c, r, io.Discard)
			return err
		},
		"DownloadFile": func(r client.Request) error {
			_, err := client.DownloadFile(t.Context(), c, r, t.TempDir()) // which is no file
			return err
		},
	} {
		_, err := client.Call[thing](t.Context(), c, client.Request{Meta: &meta})
		require.NoError(t, err)
		require.Equal(t, "one", meta.RequestID)
		require.ErrorIs(t, call(client.Request{Path: "/../x", Meta: &meta}), client.ErrRequest)
		require.Equal(t, client.Meta{}, meta, name)
	}
}
