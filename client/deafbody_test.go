package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
)

// deafBody yields text for ever, one piece in each pause, whatever becomes of the call.
type deafBody struct {
	text  string
	pause time.Duration
}

func (b deafBody) Read(p []byte) (int, error) {
	time.Sleep(b.pause)
	return copy(p, b.text), nil
}

func (deafBody) Close() error { return nil }

// C12, C13: a body that heeds no context, as one from memory or a cache, is over with the
// deadline that somebody asked for and with the caller's context all the same.
func TestC12_ABodyThatHeedsNothingEndsWithTheCall(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	for name, tc := range map[string]struct {
		ctx     func(context.Context) (context.Context, func())
		timeout time.Duration
		want    error
		after   time.Duration
	}{
		"a timeout of the request":   {nil, 10 * time.Minute, client.ErrTimeout, 10 * time.Minute},
		"a deadline of the context":  {withTimeout(20 * time.Minute), 0, context.DeadlineExceeded, 20 * time.Minute},
		"the earlier of the two":     {withTimeout(20 * time.Minute), 10 * time.Minute, client.ErrTimeout, 10 * time.Minute},
		"a context that is canceled": {canceledAfter(5*time.Minute, gone), 0, gone, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tc.ctx != nil {
					var cancel func()
					ctx, cancel = tc.ctx(ctx)
					defer cancel()
				}
				rt := roundTripFunc(func(*http.Request) (*http.Response, error) {
					header := http.Header{"Content-Type": {"text/event-stream"}}
					return &http.Response{StatusCode: 200, Header: header, Body: deafBody{"data: x\n\n", time.Second}}, nil
				})
				c, err := client.New(base, client.WithTransport(rt))
				require.NoError(t, err)
				began := time.Now()

				var last error
				for _, err := range client.Events(ctx, c, client.Request{Path: "/", Timeout: tc.timeout}) {
					if last = err; time.Since(began) > time.Hour {
						break
					}
				}
				require.ErrorIs(t, last, tc.want)
				require.InDelta(t, tc.after.Seconds(), time.Since(began).Seconds(), 1, "seconds, of which a read takes one")

				began = time.Now()
				ctx = t.Context()
				if tc.ctx != nil {
					var cancel func()
					ctx, cancel = tc.ctx(ctx)
					defer cancel()
				}
				resp, err := c.Do(ctx, client.Request{Path: "/", Timeout: tc.timeout})
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 9*3600))
				require.ErrorIs(t, err, tc.want)
				require.InDelta(t, tc.after.Seconds(), time.Since(began).Seconds(), 1, "seconds, of which a read takes one")
				require.NoError(t, resp.Body.Close())
			})
		})
	}
}

// What has been read to its end stays so, and is no failure later.
func TestABodyThatWasReadStaysRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := roundTripFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("all"))}, nil
		})
		c, err := client.New(base, client.WithTransport(rt))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		resp, err := c.Do(ctx, client.Request{Path: "/", Timeout: time.Second})
		require.NoError(t, err)
		data, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, "all", string(data))
		time.Sleep(time.Hour)
		_, err = resp.Body.Read(make([]byte, 1))
		require.Equal(t, io.EOF, err)
	})
}

func withTimeout(d time.Duration) func(context.Context) (context.Context, func()) {
	return func(ctx context.Context) (context.Context, func()) { return context.WithTimeout(ctx, d) }
}

func canceledAfter(d time.Duration, cause error) func(context.Context) (context.Context, func()) {
	return func(ctx context.Context) (context.Context, func()) {
		ctx, cancel := context.WithCancelCause(ctx)
		stop := time.AfterFunc(d, func() { cancel(cause) })
		return ctx, func() { stop.Stop(); cancel(nil) }
	}
}
