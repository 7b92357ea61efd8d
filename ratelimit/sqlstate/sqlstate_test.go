package sqlstate_test

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
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/ratelimit/sqlstate"
)

// What the table does is tested against SQLite and Postgres in the integration module;
// here is what needs no database.

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
	_, err := sqlstate.New(nil, sqlstate.Postgres)
	require.Error(t, err)
	for _, dialect := range []sqlstate.Dialect{0, -1, 3} {
		_, err = sqlstate.New(db, dialect)
		require.Error(t, err)
	}
	for _, table := range []string{"", "a b", "a;drop", `"a"`, "1a", "a.b.c", strings.Repeat("a", 64)} {
		_, err = sqlstate.New(db, sqlstate.SQLite, sqlstate.WithTable(table))
		require.Error(t, err, "%q", table)
	}
}

func TestTable_DatabaseUnreachable(t *testing.T) {
	t.Parallel()
	db := sql.OpenDB(unreachable{})
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	for _, dialect := range []sqlstate.Dialect{sqlstate.Postgres, sqlstate.SQLite} {
		table, err := sqlstate.New(db, dialect)
		require.NoError(t, err)
		_, err = ratelimit.NewState(t.Context(), table)
		require.ErrorIs(t, err, errUnreachable)
		require.ErrorIs(t, table.Update(t.Context(), "k", func([]byte) []byte { return nil }), errUnreachable)
		require.ErrorIs(t, table.Migrate(t.Context()), errUnreachable)
	}
}

// Schema is for who manages the schema elsewhere.
func ExampleTable_Schema() {
	db := sql.OpenDB(unreachable{}) // no query is made
	defer db.Close()
	table, err := sqlstate.New(db, sqlstate.Postgres, sqlstate.WithTable("app.limits"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(table.Schema())
	// Output:
	// CREATE TABLE IF NOT EXISTS app.limits (
	// 	state_key TEXT NOT NULL PRIMARY KEY,
	// 	version   BIGINT NOT NULL,
	// 	data      BYTEA NOT NULL
	// )
}
