package inbox_test

import (
	"database/sql"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
)

// D1, D2: the recipe on Postgres, by itself and with River. It leaves nothing behind,
// also where it fails, and says what was wrong without the password.
func TestTheRecipeOnPostgres(t *testing.T) {
	t.Parallel()
	dsn := servers.Postgres(t)
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(`CREATE ROLE reader LOGIN PASSWORD 'canary'`)
	require.NoError(t, err)
	with := func(change func(*url.URL)) string {
		u, err := url.Parse(dsn)
		require.NoError(t, err)
		change(u)
		return u.String()
	}
	reader := with(func(u *url.URL) { u.User = url.UserPassword("reader", "canary") })
	elsewhere := with(func(u *url.URL) { u.Path = "/elsewhere"; u.User = url.UserPassword(u.User.Username(), "canary") })

	program := filepath.Join(t.TempDir(), "recipe")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = filepath.Join(filepath.Dir(servers.Dir(t)), "recipes", "inbox")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	for name, tc := range map[string]struct {
		args []string
		want string
		ok   bool
	}{
		"Postgres":                        {[]string{"-postgres", dsn}, "each of the 1000 events was handled exactly once", true},
		"River":                           {[]string{"-postgres", dsn, "-river"}, "each of the 1000 events was handled exactly once", true},
		"another database":                {[]string{"-postgres", elsewhere}, `open the database: failed to connect`, false},
		"another database, with River":    {[]string{"-postgres", elsewhere, "-river"}, `database "elsewhere" does not exist`, false},
		"may not create tables":           {[]string{"-postgres", reader}, "create a table: ERROR: permission denied for schema public", false},
		"may not create River's schema":   {[]string{"-postgres", reader, "-river"}, "for River's tables: ERROR: permission denied for database", false},
		"River without -postgres":         {[]string{"-river"}, "-river needs a Postgres", false},
		"a DSN that is none":              {[]string{"-postgres", "postgres://a:canary@127.0.0.1:port/shop"}, "open the database: cannot parse", false},
		"a schema of the DSN is not made": {[]string{"-postgres", with(func(u *url.URL) { u.RawQuery += "&search_path=nowhere" })}, "create a table: ERROR: no schema has been selected", false},
	} {
		out, err := exec.CommandContext(t.Context(), program, tc.args...).CombinedOutput()
		require.Equal(t, tc.ok, err == nil, "%s: %s", name, out)
		require.Contains(t, string(out), tc.want, name)
		require.NotContains(t, string(out), "canary", name)
		if tc.ok {
			require.Contains(t, string(out), "3000 deliveries were acknowledged", name)
			require.Contains(t, string(out), "killed the worker with SIGKILL", name)
		} else {
			require.Len(t, strings.Split(strings.TrimSpace(string(out)), "\n"), 1, "%s: it is said once, in one line", name)
		}
		var left int
		require.NoError(t, db.QueryRow(`SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'recipe%') + (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'recipe%')`).Scan(&left))
		require.Zero(t, left, name)
	}
}
