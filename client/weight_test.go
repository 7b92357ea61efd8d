package client_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// weighed counts tokens by what calls weigh.
type weighed struct{ counting }

func (l *weighed) WaitN(ctx context.Context, key string, n int) error {
	l.mu.Lock()
	l.taken += n - 1
	l.mu.Unlock()
	return l.Wait(ctx, key)
}

func (l *weighed) ReturnN(_ string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.given += n
}

// C16: every attempt takes what the call weighs, and what was not used is given back
// whole.
func TestC16_EveryAttemptTakesWhatTheCallWeighs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, l := range map[string]interface {
			ratelimit.Limiter
			tokens() (taken, given int)
		}{"together": &weighed{}, "one by one": &counting{}} {
			c, rt := scripted(t, "503, 200 {}", client.WithRateLimit(l))
			_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x", Weight: 7})
			require.NoError(t, err)
			require.Equal(t, 2, rt.Count())
			taken, given := l.tokens()
			require.Equal(t, 14, taken, name)
			require.Zero(t, given, name)

			broken, err := c.With(client.WithAuth(client.Bearer(secret.Func(func(context.Context) ([]secret.Value, error) { return nil, context.DeadlineExceeded }))))
			require.NoError(t, err)
			_, err = client.Call[client.None](t.Context(), broken, client.Request{Path: "/x", Weight: 7})
			require.Error(t, err)
			_, given = l.tokens()
			require.Equal(t, 7, given, "%s: it was not sent", name)

			_, err = client.Call[client.None](t.Context(), c, client.Request{Path: "/x"})
			require.NoError(t, err)
			after, _ := l.tokens()
			require.Equal(t, taken+7+1, after, "%s: a weight of 0 is 1", name)
		}
	})
}

func (l *counting) tokens() (taken, given int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken, l.given
}

func TestAWeightThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &counting{}
		c, rt := scripted(t, "200 {}", client.WithRateLimit(l))
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", Weight: -1})
		require.ErrorIs(t, err, client.ErrRequest)
		require.ErrorContains(t, err, "Weight is negative")
		require.Equal(t, client.NeverSent, asError(t, err).Effect)
		require.Zero(t, l.taken)

		for name, limit := range map[string]ratelimit.Limiter{
			"a rate": ratelimit.PerSecond(1, ratelimit.WithBurst(5)), "one from elsewhere": l, "a quota": ratelimit.Quota(5, ratelimit.Day),
		} {
			for _, pacing := range []client.Pacer{nil, ratelimit.NewPacer()} {
				c, err := c.With(client.WithRateLimit(limit), client.WithPacing(pacing))
				require.NoError(t, err)
				start := time.Now()
				_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", Weight: 17})
				require.ErrorIs(t, err, client.ErrRateLimited, name)
				require.ErrorIs(t, err, ratelimit.ErrNever, name)
				require.Equal(t, client.NeverSent, asError(t, err).Effect)
				require.Zero(t, time.Since(start), name)
			}
		}
		require.Zero(t, rt.Count())
	})
}

// C29: the client's pacer takes the service to count a call as what it weighs, until
// the service has answered.
func TestC29_ThePacerCountsWhatACallWeighs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer := ratelimit.NewPacer(ratelimit.WithStagger(0))
		c, _ := scripted(t, "200 X-RateLimit-Limit=1000 X-RateLimit-Remaining=500 X-RateLimit-Reset=60 {}, 200 {}, 401, 200 {}", client.WithPacing(pacer),
			client.WithRetry(retry.Never), client.WithLimitKey(func(*http.Request) string { return "k" }))
		heavy := func(weight int) time.Duration {
			start := time.Now()
			_, _ = client.Call[client.None](t.Context(), c, client.Request{Path: "/x", Weight: weight, Timeout: time.Hour})
			return time.Since(start)
		}
		require.Zero(t, heavy(300))
		require.Zero(t, pacer.DelayN("k", 500), "nothing is in flight")
		require.Zero(t, heavy(300))
		require.Zero(t, pacer.DelayN("k", 499), "what the service did not count was in flight and is no longer")
		require.Zero(t, heavy(300), "a 401 counts for nobody")
		require.Zero(t, pacer.DelayN("k", 499))
		require.Greater(t, heavy(600), 50*time.Second, "there are not so many left")
	})
}
