package inbox_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// faultyLog is a log handler that panics.
type faultyLog struct{ slog.Handler }

func (faultyLog) Enabled(context.Context, slog.Level) bool  { return true }
func (faultyLog) Handle(context.Context, slog.Record) error { panic("canary") }
func (s faultyLog) WithAttrs([]slog.Attr) slog.Handler      { return s }
func (s faultyLog) WithGroup(string) slog.Handler           { return s }

// C37: the worker's goroutines log, where nobody would recover.
func testFaultyLog(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithLogger(slog.New(faultyLog{})), quick(3))
	runs := 0
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(context.Context, webhook.Event[struct{}]) error {
		runs++
		return errTest
	}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	stop := start(t, s.Inbox, h)
	s.settled()
	stop()
	require.Equal(t, 3, runs)
	require.Len(t, s.dead(), 1)
}
