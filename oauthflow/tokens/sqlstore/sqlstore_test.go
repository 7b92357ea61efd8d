package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/oauthflow/tokens/sqlstore"
)

// What the store does is tested against SQLite and Postgres in the integration
// module; here is what needs no database.

func TestMain(m *testing.M) { leakcheck.Main(m) }

// unreachable is a database that cannot be connected to.
type unreachable struct{}

func (unreachable) Connect(context.Context) (driver.Conn, error) { return nil, errUnreachable }
func (unreachable) Driver() driver.Driver                        { return nil }

var errUnreachable = errors.New("no route to host")

func TestNew_BadInput(t *testing.T) {
	t.Parallel()
	db := sql.OpenDB(unreachable{})
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err := sqlstore.New(nil, sqlstore.Postgres)
	require.Error(t, err)
	for _, dialect := range []sqlstore.Dialect{0, -1, 3} {
		_, err = sqlstore.New(db, dialect)
		require.Error(t, err)
	}
	for _, table := range []string{"", "a b", "a;drop", `"a"`, "1a", "a.b.c", "a.", ".a", "ä", strings.Repeat("a", 64)} {
		_, err = sqlstore.New(db, sqlstore.SQLite, sqlstore.WithTable(table))
		require.Error(t, err, "%q", table)
	}
	for _, table := range []string{"a", "_A9", "app.oauth_tokens", strings.Repeat("a", 63)} {
		s, err := sqlstore.New(db, sqlstore.Postgres, sqlstore.WithTable(table))
		require.NoError(t, err, "%q", table)
		require.Contains(t, s.Schema(), " "+table+" (")
	}
}

func TestStore_DatabaseUnreachable(t *testing.T) {
	t.Parallel()
	db := sql.OpenDB(unreachable{})
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	for _, dialect := range []sqlstore.Dialect{sqlstore.Postgres, sqlstore.SQLite} {
		s, err := sqlstore.New(db, dialect)
		require.NoError(t, err)
		_, err = s.Load(t.Context(), "k")
		require.ErrorIs(t, err, errUnreachable)
		require.ErrorIs(t, s.Delete(t.Context(), "k"), errUnreachable)
		require.ErrorIs(t, s.Migrate(t.Context()), errUnreachable)
		for _, err := range s.Keys(t.Context(), "") {
			require.ErrorIs(t, err, errUnreachable)
		}
	}
}

// Schema is for who manages the schema elsewhere.
func ExampleStore_Schema() {
	db := sql.OpenDB(unreachable{}) // no query is made
	defer db.Close()
	s, err := sqlstore.New(db, sqlstore.Postgres, sqlstore.WithTable("app.tokens"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Schema())
	// Output:
	// CREATE TABLE IF NOT EXISTS app.tokens (
	// 	record_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	// 	version    BIGINT NOT NULL,
	// 	data       BYTEA NOT NULL,
	// 	updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
	// )
}
