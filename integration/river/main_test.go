package river_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	onriver "github.com/standpipe-go/standpipe/on/river"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

const (
	stripeKey = "whsec_integration"
	githubKey = "github-integration-secret"
)

// shop is a queue with what is around it: a schema with River's tables and the inbox's.
type shop struct {
	*onriver.Queue
	t      *testing.T
	dsn    string
	pool   *pgxpool.Pool
	schema string
}

var serial atomic.Int64

func newShop(t *testing.T, dsn string, opts ...inbox.Option) *shop {
	t.Helper()
	s := &shop{t: t, dsn: dsn, schema: fmt.Sprintf("t%d", serial.Add(1))}
	s.pool = openPool(t, dsn)
	_, err := s.pool.Exec(t.Context(), `CREATE SCHEMA `+s.schema)
	require.NoError(t, err)
	s.Queue = s.another(s.pool, opts...)
	require.NoError(t, s.Migrate(t.Context()))
	s.exec(`CREATE TABLE %s.effect (event VARCHAR(50), pid BIGINT)`)
	return s
}

func openPool(t testing.TB, dsn string) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	cfg.MaxConns = 20
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// another is a queue over the same tables, as another process has it.
func (s *shop) another(pool *pgxpool.Pool, opts ...inbox.Option) *onriver.Queue {
	s.t.Helper()
	q, err := newQueue(pool, s.schema, append([]inbox.Option{inbox.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = q.Close() })
	return q
}

func newQueue(pool *pgxpool.Pool, schema string, opts ...inbox.Option) (*onriver.Queue, error) {
	return onriver.New(pool, onriver.Config{Schema: schema}, append([]inbox.Option{inbox.WithPrefix(schema + ".inbox")}, opts...)...)
}

// quick fails and tries again without much waiting.
func quick(attempts int) inbox.Option {
	return inbox.WithRetry(attempts, retry.Constant(time.Millisecond))
}

// start runs the queue until the test ends, or until stop is called, which waits.
func start(t *testing.T, q *onriver.Queue, handlers ...*webhook.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx, handlers...) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	})
	t.Cleanup(stop)
	return stop
}

func handler(t *testing.T, scheme func() (*webhook.Scheme, error), opts ...webhook.HandlerOption) *webhook.Handler {
	t.Helper()
	s, err := scheme()
	require.NoError(t, err)
	h, err := webhook.NewHandler(s, append([]webhook.HandlerOption{webhook.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
	require.NoError(t, err)
	return h
}

func stripe() (*webhook.Scheme, error) { return webhook.Stripe(secret.Static(stripeKey)) }
func github() (*webhook.Scheme, error) { return webhook.GitHub(secret.Static(githubKey)) }

func paid(id string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"object":"event","type":"invoice.paid","pending_webhooks":1,"data":{"object":{"id":"in_%s"}}}`, id, id)
}

func post(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func postStripe(h http.Handler, body []byte) int {
	return post(h, webhooktest.Stripe(stripeKey).Request(body))
}

func postGitHub(h http.Handler, id, body string) int {
	return post(h, webhooktest.GitHub(githubKey).WithID(id).WithEvent("push").Request([]byte(body)))
}

// count asks for one number; %s is the schema.
func (s *shop) count(query string, args ...any) (n int) {
	s.t.Helper()
	n, err := s.tryCount(query, args...)
	require.NoError(s.t, err)
	return n
}

func (s *shop) tryCount(query string, args ...any) (n int, err error) {
	err = s.pool.QueryRow(context.Background(), fmt.Sprintf(query, s.schema), args...).Scan(&n)
	return n, err
}

func (s *shop) exec(query string, args ...any) {
	s.t.Helper()
	_, err := s.pool.Exec(context.Background(), fmt.Sprintf(query, s.schema), args...)
	require.NoError(s.t, err)
}

const due = `SELECT count(*) FROM %s.inbox_due`

// settledIn waits until nothing is due any more.
func (s *shop) settledIn(d time.Duration) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { n, err := s.tryCount(due); return err == nil && n == 0 }, d, 5*time.Millisecond)
}

func (s *shop) settled() { s.t.Helper(); s.settledIn(time.Minute) }

func (s *shop) dead() (list []inbox.DeadLetter) {
	s.t.Helper()
	for l, err := range s.DeadLetters(s.t.Context()) {
		require.NoError(s.t, err)
		list = append(list, l)
	}
	return list
}

// diary notes what ran.
type diary struct {
	mu     sync.Mutex
	events []webhook.Event[struct{}]
}

func (d *diary) note(_ context.Context, e webhook.Event[struct{}]) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
	return nil
}

func (d *diary) all() []webhook.Event[struct{}] {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]webhook.Event[struct{}]{}, d.events...)
}

// childVariable makes the test binary a receiver and worker process instead.
const childVariable = "STANDPIPE_RIVER_CHILD"

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		var j job
		err := json.Unmarshal([]byte(text), &j)
		if err == nil {
			err = child(j, os.Stdin, os.Stdout)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// Most of the time they wait for River.
	if err := flag.Set("test.parallel", "5"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
