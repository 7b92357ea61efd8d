package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// PgBouncerServer is a PgBouncer that can be killed and, with Restart, started again.
type PgBouncerServer struct {
	*Server
	URL string // as a driver takes it that prepares statements; see there for those that do not
}

// PgBouncer starts a PgBouncer in transaction mode before a Postgres, to which it has few
// connections, so that a client seldom meets the one that it had before. It runs as the
// user that Postgres runs as, since it refuses to be root as well.
func PgBouncer(t testing.TB, p *PostgresServer) *PgBouncerServer {
	t.Helper()
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		if bin, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			Missing(t, "PgBouncer (Debian: pgbouncer)")
		}
	}
	dir, err := os.MkdirTemp("", "standpipe-pgbouncer-") // not t.TempDir: see StartPostgres
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	config := func(port int) string {
		name := filepath.Join(dir, fmt.Sprintf("pgbouncer-%d.ini", port))
		text := fmt.Sprintf(`[databases]
postgres = host=127.0.0.1 port=%d dbname=postgres user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 8
max_client_conn = 400
server_login_retry = 1
`, p.Port, port)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	b := &PgBouncerServer{Server: start(t, command{
		name:  "pgbouncer",
		args:  func(port int) []string { return []string{bin, config(port)} },
		dir:   dir,
		ready: regexp.MustCompile(`process up`),
		cred:  unprivileged(t),
	})}
	b.URL = "postgres://postgres@127.0.0.1:" + strconv.Itoa(b.Port) + "/postgres?sslmode=disable"
	return b
}
