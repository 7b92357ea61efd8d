package client_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
)

// A code is fit for a metric's label; the text is for people.
func TestReasonsAreCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range []client.Reason{
		client.Succeeded, client.Retried, client.Reauthorized, client.NotRetryable, client.NotIdempotent, client.HintForbids,
		client.PolicyForbids, client.LastAttempt, client.BodyNotReplayed, client.WaitTooLong, client.WaitPastDeadline,
		client.LimitPastDeadline, client.CircuitOpen, client.BudgetEmpty, client.ContextEnded,
	} {
		require.Regexp(t, "^[a-z_]{7,19}$", string(r))
		require.NotContains(t, r.Text(), "_")
		require.False(t, seen[r.Text()], r)
		seen[r.Text()] = true
		switch r {
		case client.Succeeded, client.Retried, client.Reauthorized:
			require.NotContains(t, r.Text(), "not retried")
		default:
			require.Contains(t, r.Text(), "not retried: ")
		}
	}
	require.Equal(t, "unheard_of", client.Reason("unheard_of").Text())
}

// C23: the time of an attempt ends with the headers of its response, also where a call
// reads the body, or with its failure.
func TestC23_TheDurationOfAnAttempt(t *testing.T) {
	call := func(ctx context.Context, c *client.Client, r client.Request) error {
		_, err := client.Call[client.None](ctx, c, r)
		return err
	}
	do := func(ctx context.Context, c *client.Client, r client.Request) error {
		return readAll(c.Do(ctx, r))
	}
	for name, tt := range map[string]struct {
		call   func(context.Context, *client.Client, client.Request) error
		status int
		pieces int // of the body, one a second; 0 is no body
		length int64
		want   time.Duration
	}{
		"a body that is decoded":         {call, 200, 5, -1, time.Second},
		"a body that breaks off":         {call, 200, 3, 100, 4 * time.Second},
		"no body":                        {call, 204, 0, 0, time.Second},
		"the body of an error":           {call, 404, 3, -1, time.Second},
		"a body that is streamed":        {do, 200, 5, -1, time.Second},
		"the body of an error, streamed": {do, 404, 5, -1, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := plain(t, roundTripper(func(r *http.Request) (*http.Response, error) {
					time.Sleep(time.Second)
					resp := &http.Response{StatusCode: tt.status, Header: http.Header{}, Request: r, Body: http.NoBody, ContentLength: tt.length}
					if tt.pieces > 0 {
						resp.Body = &drip{time.Second, tt.pieces, "x", r.Context()}
					}
					return resp, nil
				}), client.WithRetry(retry.Never))
				var meta client.Meta
				_ = tt.call(t.Context(), c, client.Request{Path: "/x", Meta: &meta})
				require.Len(t, meta.Attempts, 1)
				require.Equal(t, tt.want, meta.Attempts[0].Duration)
			})
		})
	}
}
