package client_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

// C12: nobody waits for the end of an attempt's context, and what is due is known all
// the same.
func TestC12_WhatNobodyWaitsForEndsInTime(t *testing.T) {
	errOwn := errors.New("the transport's own error")
	own := func(context.Context) error { return errOwn }
	wait := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for name, tc := range map[string]struct {
		looksAfter time.Duration // at its context, for the first time
		then       func(context.Context) error
		took       time.Duration
		want, not  error
	}{
		"an error within the attempt's time": {9 * time.Second, own, 9 * time.Second, errOwn, client.ErrTimeout},
		"an error after it":                  {11 * time.Second, own, 11 * time.Second, client.ErrTimeout, context.DeadlineExceeded},
		"an error after the deadline":        {21 * time.Second, own, 21 * time.Second, context.DeadlineExceeded, context.Canceled},
		"asked after the deadline":           {21 * time.Second, context.Context.Err, 21 * time.Second, context.DeadlineExceeded, context.Canceled},
		"asked for the cause":                {11 * time.Second, context.Cause, 11 * time.Second, client.ErrTimeout, context.DeadlineExceeded},
		"waited for when it is over already": {11 * time.Second, wait, 11 * time.Second, client.ErrTimeout, context.DeadlineExceeded},
		"waited for late":                    {time.Second, wait, 10 * time.Second, client.ErrTimeout, context.DeadlineExceeded},
		"waited for through another context": {time.Second, func(ctx context.Context) error {
			below, cancel := context.WithCancel(ctx)
			defer cancel()
			<-below.Done()
			return context.Cause(below)
		}, 10 * time.Second, client.ErrTimeout, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := roundTripper(func(r *http.Request) (*http.Response, error) {
					time.Sleep(tc.looksAfter)
					return nil, tc.then(r.Context())
				})
				limits := client.WithAttemptTimeout(10 * time.Second)
				if errors.Is(tc.want, context.DeadlineExceeded) {
					limits = client.WithTimeout(20 * time.Second)
				}
				c := plain(t, rt, limits, client.WithRetry(retry.Never))
				start := time.Now()
				_, err := client.Get[thing](t.Context(), c, "/x")
				require.ErrorIs(t, err, tc.want)
				require.NotErrorIs(t, err, tc.not)
				require.Equal(t, tc.took, time.Since(start))
			})
		})
	}
}

// What is still in somebody's hands after the call has ended has ended too, also for
// those who ask only then.
func TestTheContextOfAnAttemptEndsWithIt(t *testing.T) {
	script := clienttest.NewTransport(t, clienttest.Status(503), clienttest.JSON(200, `{}`))
	var kept []context.Context
	c := plain(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		kept = append(kept, r.Context())
		return script.RoundTrip(r)
	}), client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Millisecond)}))
	_, err := client.Get[thing](t.Context(), c, "/x")
	require.NoError(t, err)
	require.Len(t, kept, 2)
	for _, ctx := range kept {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { <-ctx.Done() })
		}
		all.Wait()
		require.ErrorIs(t, ctx.Err(), context.Canceled)
		require.ErrorIs(t, context.Cause(ctx), context.Canceled)
		require.Equal(t, ctx.Done(), ctx.Done())
	}
}
