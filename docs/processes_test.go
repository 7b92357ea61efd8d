package docs

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// sharedLimit asks a counter that all processes share, such as a script on Redis. take
// says how long to wait until there is a token, and takes it where that is zero.
type sharedLimit struct {
	take func(ctx context.Context, key string) (time.Duration, error)
}

func (l *sharedLimit) Wait(ctx context.Context, key string) error {
	for {
		wait, err := l.take(ctx, key)
		if err != nil || wait <= 0 {
			return err
		}
		if limit, ok := ctx.Deadline(); ok && time.Until(limit) < wait {
			return &ratelimit.Error{Wait: wait, Err: ratelimit.ErrDeadline}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func TestALimitOfYours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := time.Now().Add(time.Minute)
		var broken error
		limit := &sharedLimit{func(context.Context, string) (time.Duration, error) { return time.Until(free), broken }}
		c, err := client.New("https://api.example.com", client.WithRateLimit(limit),
			client.WithTransport(clienttest.NewTransport(t, clienttest.Status(http.StatusOK))))
		require.NoError(t, err)
		call := func(timeout time.Duration) error {
			_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/", Timeout: timeout})
			return err
		}
		require.ErrorIs(t, call(30*time.Second), client.ErrRateLimited)
		require.NoError(t, call(2*time.Minute))
		require.False(t, time.Now().Before(free))
		broken = errors.New("the counter is away")
		require.ErrorIs(t, call(time.Minute), broken)
	})
}
