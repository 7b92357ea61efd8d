package oauthmanager_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	_ "modernc.org/sqlite"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/oauthflow/tokens/sqlstore"
	"github.com/standpipe-go/standpipe/oauthflow/tokens/storetest"
	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/secret"
)

// database is where a store is kept, in a form that a child process can be told.
type database struct {
	Driver string
	DSN    string
}

func (d database) dialect() sqlstore.Dialect {
	if d.Driver == "pgx" {
		return sqlstore.Postgres
	}
	return sqlstore.SQLite
}

// store returns what keeps tokens there.
func (d database) store() (tokens.Store, error) {
	if d.Driver == "redis" {
		return onredis.NewTokenStore(redis.NewClient(&redis.Options{Addr: d.DSN}), "")
	}
	_, store, err := d.open()
	return store, err
}

func (d database) open(opts ...sqlstore.Option) (*sql.DB, *sqlstore.Store, error) {
	db, err := sql.Open(d.Driver, d.DSN)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(8)
	store, err := sqlstore.New(db, d.dialect(), opts...)
	return db, store, err
}

// databases are a Postgres and an SQLite file, started when they are asked for.
var databases = map[string]func(testing.TB) database{
	"postgres": func(t testing.TB) database { return database{"pgx", servers.Postgres(t)} },
	"sqlite": func(t testing.TB) database {
		path := filepath.Join(t.TempDir(), "tokens.db")
		return database{"sqlite", "file:" + path + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)"}
	},
}

// eachStore runs a test on every store that processes can share, with room for tokens:
// on all at once, since such a test mostly waits for tokens to expire.
func eachStore(t *testing.T, test func(t *testing.T, d database)) {
	var stores sync.WaitGroup
	for name, start := range databases {
		stores.Go(func() {
			t.Run(name, func(t *testing.T) {
				d := start(t)
				openStore(t, d)
				test(t, d)
			})
		})
	}
	stores.Go(func() { t.Run("redis", func(t *testing.T) { test(t, onRedis(t)) }) })
	stores.Wait()
}

// onRedis is a Redis that keeps what it was told, as TokenStore asks for.
func onRedis(t *testing.T) database {
	return database{"redis", servers.Redis(t, "--appendonly", "yes", "--appendfsync", "always").Addr}
}

// eachDatabase runs a test on every SQL database.
func eachDatabase(t *testing.T, test func(t *testing.T, d database)) {
	for name, start := range databases {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

func openStore(t *testing.T, d database, opts ...sqlstore.Option) (*sql.DB, *sqlstore.Store) {
	t.Helper()
	db, store, err := d.open(opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, store.Migrate(t.Context()))
	return db, store
}

const storeKey = "tCF1bS5yTnjCJ2nSPdtWOInfN/3mPMTWbmLu9xs8n/U="

func TestSQLStore(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		_, store := openStore(t, d)
		storetest.Run(t, func(*testing.T) tokens.Store { return store })
	})
}

func TestSQLStore_NotMigrated(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		db, store, err := d.open(sqlstore.WithTable("nobody_has_made"))
		require.NoError(t, err)
		defer db.Close()
		const want = "there is no table nobody_has_made: call Migrate first"
		_, err = store.Load(t.Context(), "k")
		require.ErrorContains(t, err, want)
		_, err = store.Save(t.Context(), "k", tokens.Record{})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, store.Delete(t.Context(), "k"), want)
	})
}

func TestSQLStore_Sealed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		_, store := openStore(t, d, sqlstore.WithTable("sealed_tokens"))
		sealed, err := tokens.Encrypt(store, secret.Static(storeKey))
		require.NoError(t, err)
		storetest.Run(t, func(*testing.T) tokens.Store { return sealed })
	})
}

func TestSQLStore_MigrateAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		for round := range 5 {
			table := sqlstore.WithTable("tokens_" + string(rune('a'+round)))
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					db, store, err := d.open(table)
					if err == nil {
						err = store.Migrate(context.Background())
						_ = db.Close()
					}
					if err != nil {
						t.Errorf("migrate: %v", err)
					}
				})
			}
			wg.Wait()
		}
	})
}

// X1
func TestX1_SQLStoreErrorsHoldNoRecord(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		_, store, err := d.open(sqlstore.WithTable("not_there"))
		require.NoError(t, err)
		const canary = "canary-7d3e"
		_, err = store.Save(t.Context(), "k", tokens.Record{Data: []byte(canary)})
		require.Error(t, err)
		require.NotContains(t, err.Error(), canary)
		_, err = store.Load(t.Context(), "k")
		require.Error(t, err)
		require.NotErrorIs(t, err, tokens.ErrNotFound, "a table that is missing is not a token that is missing")
	})
}

// O9: what is in the table is sealed, and does not open in another row.
func TestO9_SealedInTheDatabase(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		db, store := openStore(t, d)
		sealed, err := tokens.Encrypt(store, secret.Static(storeKey))
		require.NoError(t, err)
		refuse := tokens.Grant(func(context.Context) (*oauth2.Token, error) { return nil, errors.New("must not be asked") })
		m, err := tokens.New(sealed, refuse)
		require.NoError(t, err)
		alice := &oauth2.Token{AccessToken: "canary-alice", RefreshToken: "canary-rt", Expiry: time.Now().Add(time.Hour)}
		require.NoError(t, m.Put(t.Context(), "alice", alice))
		require.NoError(t, m.Put(t.Context(), "mallory", &oauth2.Token{AccessToken: "mallory", Expiry: time.Now().Add(time.Hour)}))

		var data []byte
		require.NoError(t, db.QueryRow(`SELECT data FROM oauth_tokens WHERE record_key = 'alice'`).Scan(&data))
		require.NotContains(t, string(data), "canary")
		_, err = db.Exec(`UPDATE oauth_tokens SET data = (SELECT data FROM oauth_tokens WHERE record_key = 'alice') WHERE record_key = 'mallory'`)
		require.NoError(t, err)
		other, err := tokens.New(sealed, refuse)
		require.NoError(t, err)
		_, err = other.Token(t.Context(), "mallory")
		require.ErrorIs(t, err, tokens.ErrCorrupt)
		tok, err := other.Token(t.Context(), "alice")
		require.NoError(t, err)
		require.Equal(t, "canary-alice", tok.AccessToken)
	})
}

// A database that goes away while tokens are fresh is not noticed; one that
// cannot be reached when it is needed gives a typed error.
func TestSQLStore_DatabaseGoesAway(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		db, store, err := d.open()
		require.NoError(t, err)
		require.NoError(t, store.Migrate(t.Context()))
		m, err := tokens.New(store, tokens.Grant(func(context.Context) (*oauth2.Token, error) { return nil, errors.New("must not be asked") }))
		require.NoError(t, err)
		require.NoError(t, m.Put(t.Context(), "k", &oauth2.Token{AccessToken: "a", Expiry: time.Now().Add(time.Hour)}))
		require.NoError(t, db.Close())
		_, err = m.Token(t.Context(), "k")
		require.NoError(t, err)
		_, err = m.Token(t.Context(), "other")
		store2, ok := errors.AsType[*tokens.StoreError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, "other", store2.Key)
	})
}

func TestMain(m *testing.M) {
	if job := os.Getenv(jobVariable); job != "" {
		os.Exit(work(job))
	}
	os.Exit(m.Run())
}
