package inbox_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// database is where an inbox is kept, in a form that a child process can be told.
type database struct {
	Driver, DSN string
}

func (d database) dialect() inbox.Dialect {
	if d.Driver == "pgx" {
		return inbox.Postgres
	}
	return inbox.SQLite
}

func (d database) open() (*sql.DB, error) {
	db, err := sql.Open(d.Driver, d.DSN)
	if err == nil {
		db.SetMaxOpenConns(16)
	}
	return db, err
}

// sqliteFile says nothing of WAL, synchronous or a busy timeout: the inbox does. Only a
// benchmark waits for the disk at each commit.
func sqliteFile(t testing.TB) database {
	dir := t.TempDir
	if _, is := t.(*testing.T); is {
		dir = func() string { return servers.MemoryDir(t) }
	}
	return database{"sqlite", "file:" + filepath.Join(dir(), "inbox.db")}
}

func postgres(t testing.TB) database { return database{"pgx", servers.Postgres(t)} }

// eachDatabase runs a test on every database.
func eachDatabase(t *testing.T, test func(t *testing.T, d database)) {
	for name, start := range map[string]func(testing.TB) database{"postgres": postgres, "sqlite": sqliteFile} {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// shop is an inbox with what is around it.
type shop struct {
	*inbox.Inbox
	t      *testing.T
	db     *sql.DB
	d      database
	prefix string
}

var serial atomic.Int64

func discard() inbox.Option { return inbox.WithLogger(slog.New(slog.DiscardHandler)) }

// quick fails and tries again without much waiting.
func quick(attempts int) inbox.Option {
	return inbox.WithRetry(attempts, retry.Constant(time.Millisecond))
}

func newShop(t *testing.T, d database, opts ...inbox.Option) *shop {
	t.Helper()
	db, err := d.open()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s := &shop{t: t, db: db, d: d, prefix: fmt.Sprintf("t%d", serial.Add(1))}
	s.Inbox = s.another(opts...)
	require.NoError(t, s.Migrate(t.Context()))
	return s
}

// another is an inbox over the same tables, as another process has it.
func (s *shop) another(opts ...inbox.Option) *inbox.Inbox {
	s.t.Helper()
	base := []inbox.Option{inbox.WithPrefix(s.prefix), discard(), inbox.WithPoll(20 * time.Millisecond)}
	ib, err := inbox.New(s.db, s.d.dialect(), append(base, opts...)...)
	require.NoError(s.t, err)
	return ib
}

// start runs the inbox until the test ends, or until stop is called, which waits.
func start(t *testing.T, ib *inbox.Inbox, handlers ...*webhook.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- ib.Run(ctx, handlers...) }()
	stopped := false
	stop = func() {
		if cancel(); !stopped {
			stopped = true
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(stop)
	return stop
}

const (
	stripeKey = "whsec_integration"
	githubKey = "github-integration-secret"
)

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

// count asks for one number.
func (s *shop) count(query string, args ...any) (n int) {
	s.t.Helper()
	n, err := s.tryCount(query, args...)
	require.NoError(s.t, err)
	return n
}

// tryCount is count for what may go on when the test has ended, as a condition of
// require.Never does.
func (s *shop) tryCount(query string, args ...any) (n int, err error) {
	err = s.db.QueryRow(fmt.Sprintf(query, s.prefix), args...).Scan(&n)
	return n, err
}

func (s *shop) exec(query string, args ...any) {
	s.t.Helper()
	_, err := s.db.Exec(fmt.Sprintf(query, s.prefix), args...)
	require.NoError(s.t, err)
}

// settled waits until nothing is due any more.
func (s *shop) settled() { s.t.Helper(); s.settledIn(time.Minute) }

func (s *shop) settledIn(d time.Duration) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { n, err := s.tryCount(`SELECT count(*) FROM %s_due`); return err == nil && n == 0 }, d, 5*time.Millisecond)
}

func (s *shop) dead() (list []inbox.DeadLetter) {
	s.t.Helper()
	for l, err := range s.DeadLetters(s.t.Context()) {
		require.NoError(s.t, err)
		list = append(list, l)
	}
	return list
}

// childVariable makes the test binary a receiver or worker process instead.
const childVariable = "STANDPIPE_INBOX_CHILD"

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		if err := child(text, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// They wait for leases and retries rather than for a processor.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
