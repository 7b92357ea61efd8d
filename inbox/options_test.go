package inbox_test

import (
	"context"
	"database/sql"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/webhook"
)

func TestNewNamesEveryMistake(t *testing.T) {
	t.Parallel()
	db := away()
	defer db.Close()
	key := func(string, webhook.Raw) string { return "" }
	for says, opt := range map[string]inbox.Option{
		"option 1 of 1 is nil":             nil,
		"WithPrefix: \"\"":                 inbox.WithPrefix(""),
		"WithPrefix: \"a;b\"":              inbox.WithPrefix("a;b"),
		"WithPrefix: \"A\"":                inbox.WithPrefix("A"),
		"WithPrefix: SQLite has no":        inbox.WithPrefix("a.b"),
		"WithLogger: the logger is nil":    inbox.WithLogger(nil),
		"WithConcurrency: 0":               inbox.WithConcurrency(0),
		"WithConcurrency: 10001":           inbox.WithConcurrency(10_001),
		"WithLease: 999ms":                 inbox.WithLease(999 * time.Millisecond),
		"WithLease: 2562047h":              inbox.WithLease(math.MaxInt64),
		"WithTimeout: 0s":                  inbox.WithTimeout(0),
		"WithTxTimeout: -1s":               inbox.WithTxTimeout(-time.Second),
		"WithGrace: -1ns":                  inbox.WithGrace(-1),
		"WithPoll: 9ms":                    inbox.WithPoll(9 * time.Millisecond),
		"WithWake: the channel is nil":     inbox.WithWake(nil),
		"WithRetry: 0 attempts":            inbox.WithRetry(0, retry.Constant(0)),
		"WithRetry: 1000001 attempts":      inbox.WithRetry(1_000_001, retry.Constant(0)),
		"WithRetry: the backoff is nil":    inbox.WithRetry(1, nil),
		"WithRetention: of 59m0s":          inbox.WithRetention(59*time.Minute, time.Hour),
		"WithRetention: of 2h0m0s":         inbox.WithRetention(2*time.Hour, time.Hour),
		"WithRetention: of 1h0m0s and 25":  inbox.WithRetention(time.Hour, math.MaxInt64),
		"WithCourier: the function is":     inbox.WithCourier(nil),
		"WithCourier: it takes Postgres":   inbox.WithCourier(nowhere),
		"WithCourierJobs: the function is": inbox.WithCourierJobs(nil),
		"WithCourierJobs: there is no":     inbox.WithCourierJobs(func() string { return "" }),
		"OrderBy: the function is nil":     inbox.OrderBy(nil, time.Hour),
		"OrderBy: 0s is not between":       inbox.OrderBy(key, 0),
	} {
		ib, err := inbox.New(db, inbox.SQLite, opt)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "inbox: ")
		require.Nil(t, ib)
	}
	_, err := inbox.New(db, inbox.Postgres, inbox.WithCourier(nowhere), inbox.OrderBy(key, time.Hour))
	require.ErrorContains(t, err, "there can be no OrderBy")
	_, err = inbox.New(nil, 0, inbox.WithConcurrency(-1), inbox.WithLogger(nil))
	require.ErrorContains(t, err, "the database is nil")
	require.ErrorContains(t, err, "WithConcurrency")
	require.ErrorContains(t, err, "WithLogger")
	for _, d := range []inbox.Dialect{-1, 0, 3} {
		_, err = inbox.New(db, d)
		require.ErrorContains(t, err, "the dialect must be Postgres or SQLite")
		require.Equal(t, "no dialect", d.String())
	}
	require.Equal(t, "Postgres SQLite", inbox.Postgres.String()+" "+inbox.SQLite.String())
}

// The least that is allowed is allowed.
func TestNewTakesTheEdges(t *testing.T) {
	t.Parallel()
	db := away()
	defer db.Close()
	const decade = 10 * 365 * 24 * time.Hour
	_, err := inbox.New(db, inbox.Postgres,
		inbox.WithPrefix("a.b_0"), inbox.WithLogger(slog.New(slog.DiscardHandler)), inbox.WithConcurrency(1), inbox.WithConcurrency(10_000),
		inbox.WithLease(time.Second), inbox.WithLease(decade), inbox.WithTimeout(time.Millisecond), inbox.WithTxTimeout(time.Millisecond),
		inbox.WithGrace(0), inbox.WithPoll(10*time.Millisecond), inbox.WithWake(make(chan struct{})),
		inbox.WithRetry(1, retry.Constant(0)), inbox.WithRetry(1_000_000, retry.Constant(0)), inbox.WithRetention(time.Hour, time.Hour), inbox.WithRetention(time.Hour, decade),
		inbox.OrderBy(func(string, webhook.Raw) string { return "" }, time.Second))
	require.NoError(t, err)
}

// nowhere is a courier that takes nothing.
func nowhere(context.Context, *sql.Tx, []int64) ([]int64, error) { return nil, nil }

// A courier is told what the options say, and runs what there is in place of Run.
func TestWithACourier(t *testing.T) {
	t.Parallel()
	db := away()
	defer db.Close()
	ib, err := inbox.New(db, inbox.Postgres, inbox.WithCourier(nowhere), inbox.WithPrefix("a.b"), inbox.WithConcurrency(3), inbox.WithTimeout(4*time.Second),
		inbox.WithTxTimeout(5*time.Second), inbox.WithGrace(6*time.Second), inbox.WithRetry(7, func(int) time.Duration { panic("no") }))
	require.NoError(t, err)
	s := ib.Settings()
	require.Equal(t, time.Hour, s.Backoff(1), "a backoff that panics")
	require.Same(t, slog.Default(), s.Logger)
	s.Backoff, s.Logger = nil, nil
	require.Equal(t, inbox.Settings{Prefix: "a.b", Concurrency: 3, Attempts: 7, Timeout: 4 * time.Second, TxTimeout: 5 * time.Second, Grace: 6 * time.Second}, s)
	require.ErrorContains(t, ib.GiveUp(t.Context(), 1, 2, 3, "", nil), "there is no cause")
	alone, err := inbox.New(db, inbox.Postgres)
	require.NoError(t, err)
	for _, test := range []struct {
		ib       *inbox.Inbox
		by, says string
	}{{ib, "", "nobody is named"}, {ib, "me", errAway.Error()}, {alone, "me", "there is no courier"}} {
		_, err := test.ib.TakeOver(t.Context(), test.by)
		require.ErrorContains(t, err, test.says)
	}

	rows := int64(1)
	exec := func(_ context.Context, query string, args ...any) (int64, error) {
		require.Contains(t, query, "a.b_due")
		require.Equal(t, []any{int64(1), int64(2)}, args)
		return rows, err
	}
	require.NoError(t, ib.Settle(t.Context(), 1, 2, exec))
	rows = 0
	require.ErrorIs(t, ib.Settle(t.Context(), 1, 2, exec), inbox.ErrLost)
	err = sql.ErrConnDone
	require.ErrorIs(t, ib.Settle(t.Context(), 1, 2, exec), sql.ErrConnDone)
}
