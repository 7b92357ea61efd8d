package inbox_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

const hookKey = "whsec_test"

func newInbox(t *testing.T, db *sql.DB, d inbox.Dialect, opts ...inbox.Option) *inbox.Inbox {
	t.Helper()
	ib, err := inbox.New(db, d, append([]inbox.Option{inbox.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
	require.NoError(t, err)
	return ib
}

func newHandler(t *testing.T, opts ...webhook.HandlerOption) *webhook.Handler {
	t.Helper()
	scheme, err := webhook.Stripe(secret.Static(hookKey))
	require.NoError(t, err)
	h, err := webhook.NewHandler(scheme, append([]webhook.HandlerOption{webhook.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
	require.NoError(t, err)
	return h
}

func delivery(body string) *webhook.Request {
	return webhook.FromHTTP(webhooktest.Stripe(hookKey).Request([]byte(body)), []byte(body))
}

// D1: what the database has not taken is not acknowledged.
func TestD1_AnInboxWithoutItsDatabaseAnswers503(t *testing.T) {
	t.Parallel()
	db := away()
	defer db.Close()
	for _, d := range []inbox.Dialect{inbox.Postgres, inbox.SQLite} {
		h := newHandler(t, webhook.WithQueue(newInbox(t, db, d)))
		require.Equal(t, 503, h.Process(t.Context(), delivery(`{"id":"evt_1"}`)).Status)
	}
}

// Every call of a database that does not answer ends by itself.
func TestEveryCallIsBounded(t *testing.T) {
	t.Parallel()
	for _, d := range []inbox.Dialect{inbox.Postgres, inbox.SQLite} {
		for name, call := range map[string]func(ctx context.Context, ib *inbox.Inbox) error{
			"Migrate": func(ctx context.Context, ib *inbox.Inbox) error { return ib.Migrate(ctx) },
			"Claim": func(ctx context.Context, ib *inbox.Inbox) error {
				_, err := ib.Claim(ctx, webhook.GuardKey{ID: "1"})
				return err
			},
			"Commit": func(ctx context.Context, ib *inbox.Inbox) error {
				return ib.Commit(ctx, webhook.Claim{Key: webhook.GuardKey{ID: "1"}})
			},
			"Release": func(ctx context.Context, ib *inbox.Inbox) error { return ib.Release(ctx, webhook.Claim{}) },
			"Replay":  func(ctx context.Context, ib *inbox.Inbox) error { return ib.Replay(ctx, 1, "me") },
			"ReplaySince": func(ctx context.Context, ib *inbox.Inbox) error {
				_, err := ib.ReplaySince(ctx, time.Time{}, "me")
				return err
			},
			"Replays": func(ctx context.Context, ib *inbox.Inbox) error { _, err := ib.Replays(ctx, 1); return err },
			"Purge":   func(ctx context.Context, ib *inbox.Inbox) error { _, err := ib.Purge(ctx); return err },
			"Stats":   func(ctx context.Context, ib *inbox.Inbox) error { _, err := ib.Stats(ctx); return err },
			"DeadLetters": func(ctx context.Context, ib *inbox.Inbox) error {
				for _, err := range ib.DeadLetters(ctx) {
					return err
				}
				return nil
			},
			"Enqueue": func(ctx context.Context, ib *inbox.Inbox) error {
				return ib.Enqueue(ctx, &webhook.Delivery{Events: make([]webhook.Raw, 1), Keys: make([]webhook.EventKey, 1)})
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				db := hanging()
				defer db.Close()
				ib := newInbox(t, db, d)
				begun := time.Now()
				err := call(t.Context(), ib)
				require.ErrorIs(t, err, context.DeadlineExceeded, name)
				require.ErrorContains(t, err, "inbox: ", name)
				require.LessOrEqual(t, time.Since(begun), 90*time.Second, name)

				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				begun = time.Now()
				require.Error(t, call(ctx, ib), name)
				require.LessOrEqual(t, time.Since(begun), time.Second, name)
			})
		}
	}
}

// log counts lines.
type log struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// A database that is away at the start is waited for, with one line in the log.
func TestRunWaitsForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := away()
		defer db.Close()
		var lines log
		ib := newInbox(t, db, inbox.Postgres, inbox.WithLogger(slog.New(slog.NewTextHandler(&lines, nil))))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.NoError(t, ib.Run(ctx, newHandler(t)))
		require.Equal(t, 1, strings.Count(lines.b.String(), "\n"))
		require.Contains(t, lines.b.String(), errAway.Error())
	})
}

func TestRunNeedsHandlers(t *testing.T) {
	t.Parallel()
	db := away()
	defer db.Close()
	ib, h := newInbox(t, db, inbox.SQLite), newHandler(t)
	require.EqualError(t, ib.Run(t.Context()), "inbox: run: there is no handler")
	require.EqualError(t, ib.Run(t.Context(), h, nil), "inbox: run: a handler is nil")
	require.ErrorContains(t, ib.Run(t.Context(), h, newHandler(t)), `two handlers are of the endpoint "stripe"`)
}

func TestEnqueueTakesDeliveriesOfAHandlerOnly(t *testing.T) {
	t.Parallel()
	db := away()
	defer db.Close()
	ib := newInbox(t, db, inbox.SQLite)
	for _, d := range []*webhook.Delivery{
		nil, {}, {Endpoint: "e"},
		{Endpoint: "e", Events: make([]webhook.Raw, 1)},
		{Endpoint: "e", Events: make([]webhook.Raw, 1), Keys: make([]webhook.EventKey, 2)},
		{Endpoint: "e", Events: make([]webhook.Raw, 1), Keys: make([]webhook.EventKey, 1)}, // of another endpoint
	} {
		require.ErrorIs(t, ib.Enqueue(t.Context(), d), inbox.ErrDelivery)
	}
}

// C37: a function of the user's that panics is the delivery's error.
func TestC37_OrderByThatPanics(t *testing.T) {
	t.Parallel()
	db := away()
	defer db.Close()
	ib := newInbox(t, db, inbox.SQLite, inbox.OrderBy(func(string, webhook.Raw) string { panic("canary") }, time.Hour))
	err := ib.Enqueue(t.Context(), &webhook.Delivery{Events: make([]webhook.Raw, 1), Keys: make([]webhook.EventKey, 1)})
	require.EqualError(t, err, "inbox: enqueue: the function of OrderBy panicked with a string")
}

func TestOnTxRefusesNoFunction(t *testing.T) {
	t.Parallel()
	scheme, err := webhook.Stripe(secret.Static(hookKey))
	require.NoError(t, err)
	_, err = webhook.NewHandler(scheme, inbox.OnTx[struct{}]("a", nil))
	require.ErrorContains(t, err, "the function is nil")
	h := newHandler(t, inbox.OnTx("a", func(context.Context, *sql.Tx, webhook.Event[struct{}]) error { return errors.New("not reached") }))
	err = h.Dispatch(t.Context(), &webhook.Delivery{Events: []webhook.Raw{{Type: "a", Payload: []byte(`{"data":{"object":{}}}`)}}})
	require.ErrorIs(t, err, inbox.ErrNoWorker)
	require.ErrorContains(t, err, "webhook.WithQueue") // which was forgotten, as a rule
}

func TestWakeNeverBlocks(t *testing.T) {
	t.Parallel()
	db := away()
	defer db.Close()
	ib := newInbox(t, db, inbox.SQLite)
	for range 3 {
		ib.Wake()
	}
}

// stateError is an error as Postgres' drivers have it: a code, and perhaps a text.
type stateError string

func (e stateError) Error() string    { return "ERROR: " + string(e) }
func (e stateError) SQLState() string { return string(e)[:5] }

// D1: a pooler in transaction mode is named where a driver stumbles over it.
func TestD1_APoolerThatTheDriverIsNotSetForIsNamed(t *testing.T) {
	t.Parallel()
	for state, is := range map[string]bool{
		"26000": true,
		"42P05": true,
		`08P01: bind message supplies 1 parameters, but prepared statement "" requires 0`: true,
		"08P01: bind message has 6 result formats but query has 1 columns":                true,
		"08P01: server login has been failing, try again later":                           false, // PgBouncer's own
		"42601": false,
	} {
		db := sql.OpenDB(database(func(context.Context) (driver.Conn, error) { return nil, stateError(state) }))
		ib := newInbox(t, db, inbox.Postgres)
		for _, err := range []error{ib.Migrate(t.Context()), ib.Replay(t.Context(), 1, "ops")} {
			require.Equal(t, is, errors.Is(err, inbox.ErrPooled), state)
			require.ErrorIs(t, err, stateError(state))
		}
		require.NoError(t, db.Close())
	}
}
