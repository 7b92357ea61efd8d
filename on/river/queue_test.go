package onriver_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	onriver "github.com/standpipe-go/standpipe/on/river"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// nowhere is a pool that no server is behind.
func nowhere(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), "postgres://127.0.0.1:1/none?connect_timeout=1")
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func TestArgumentsThatCannotWork(t *testing.T) {
	pool := nowhere(t)
	for name, test := range map[string]struct {
		pool *pgxpool.Pool
		cfg  onriver.Config
		opts []inbox.Option
		says string
	}{
		"no pool":          {nil, onriver.Config{}, nil, "the pool is nil"},
		"a queue":          {pool, onriver.Config{Queue: "a b"}, nil, `the queue "a b"`},
		"a schema":         {pool, onriver.Config{Schema: `x"; DROP TABLE`}, nil, "the schema"},
		"the inbox's":      {pool, onriver.Config{}, []inbox.Option{inbox.WithConcurrency(0)}, "WithConcurrency"},
		"an order of keys": {pool, onriver.Config{}, []inbox.Option{inbox.OrderBy(func(string, webhook.Raw) string { return "" }, 1e10)}, "OrderBy"},
		"another courier":  {pool, onriver.Config{}, []inbox.Option{inbox.WithCourier(nil)}, "WithCourier: the function is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := onriver.New(test.pool, test.cfg, test.opts...)
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, "onriver: ")
		})
	}
}

// D1
func TestWithoutADatabaseNothingIsAcknowledged(t *testing.T) {
	q, err := onriver.New(nowhere(t), onriver.Config{})
	require.NoError(t, err)
	defer q.Close()
	scheme, err := webhook.Stripe(secret.Static("whsec_test"))
	require.NoError(t, err)
	h, err := webhook.NewHandler(scheme, webhook.WithQueue(q))
	require.NoError(t, err)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, webhooktest.Stripe("whsec_test").Request([]byte(`{"id":"evt_1","object":"event","type":"x","data":{"object":{}}}`)))
	require.Equal(t, 503, w.Code)
	require.Error(t, q.Migrate(t.Context()))
}

func TestOnTxRunsInAWorkerAlone(t *testing.T) {
	fn := onriver.InTx(func(context.Context, pgx.Tx, webhook.Event[struct{}]) error { return errors.New("it ran") })
	require.ErrorIs(t, fn(t.Context(), webhook.Event[struct{}]{}), inbox.ErrNoWorker)
	require.Nil(t, onriver.InTx[struct{}](nil))
}

// faultyLog is a log handler that panics.
type faultyLog struct{ slog.Handler }

func (faultyLog) Enabled(context.Context, slog.Level) bool  { return true }
func (faultyLog) Handle(context.Context, slog.Record) error { panic("the log handler") }
func (f faultyLog) WithAttrs([]slog.Attr) slog.Handler      { return f }
func (f faultyLog) WithGroup(string) slog.Handler           { return f }

// C37: a log handler that panics ends neither Run nor the process.
func TestC37_FaultyLog(t *testing.T) {
	q, err := onriver.New(nowhere(t), onriver.Config{}, inbox.WithLogger(slog.New(faultyLog{})))
	require.NoError(t, err)
	defer q.Close()
	scheme, err := webhook.Stripe(secret.Static("whsec_test"))
	require.NoError(t, err)
	h, err := webhook.NewHandler(scheme, webhook.WithQueue(q))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
	defer cancel()
	require.NotPanics(t, func() { require.NoError(t, q.Run(ctx, h)) })
}
