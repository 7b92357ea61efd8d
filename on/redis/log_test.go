package onredis_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	onredis "github.com/standpipe-go/standpipe/on/redis"
)

// bad is a log handler that panics.
type bad struct{ slog.Handler }

func (bad) Enabled(context.Context, slog.Level) bool  { return true }
func (bad) Handle(context.Context, slog.Record) error { panic("canary") }

// C37: a log handler that panics loses its line, and not the process: what the limiter
// has to say it says in goroutines of its own.
func TestC37_LogPanics(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	l := limiter(t, rdb, onredis.LimiterConfig{
		Limits: []onredis.Limit{onredis.InFlight(1000)}, Members: 1, Log: slog.New(bad{}),
	})
	await := func(away bool) {
		require.Eventually(t, func() bool {
			if l.Wait(t.Context(), "k") == nil {
				l.Release("k")
			}
			return l.Stats().Away == away
		}, time.Minute, 10*time.Millisecond)
	}
	s.SetError("LOADING")
	await(true)
	s.SetError("")
	await(false)
}

// The log handler may be one that asks the limiter: it sends the line to a service, say.
func TestLogAsksTheLimiter(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	asks := &asking{said: make(chan error, 100)}
	l := limiter(t, rdb, onredis.LimiterConfig{
		Limits: []onredis.Limit{onredis.InFlight(1000)}, Members: 1, Log: slog.New(asks),
	})
	asks.l = l
	s.SetError("LOADING")
	require.NoError(t, l.Wait(t.Context(), "k"))
	require.NoError(t, <-asks.said)
}

// asking is a log handler that waits for the limiter.
type asking struct {
	slog.Handler
	l    *onredis.Limiter
	said chan error
}

func (*asking) Enabled(context.Context, slog.Level) bool { return true }

func (a *asking) Handle(ctx context.Context, _ slog.Record) error {
	err := a.l.Wait(ctx, "k")
	a.said <- err
	return err
}
