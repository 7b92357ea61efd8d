package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// PgBouncerServer is a PgBouncer that can be killed and, with Restart, started again.
type PgBouncerServer struct {
	*Server
	URL string // as a driver takes it that prepares statements; see there for those that do not
}

// PgBouncer starts a PgBouncer in transaction mode before a Postgres, to which it has few
// connections, so that a client seldom meets the one that it had before. It runs as the
// user that Postgres runs as, since it refuses to be root as well. Settings are lines of
// its configuration. STANDPIPE_PGBOUNCER names another program than the path's.
func PgBouncer(t testing.TB, p *PostgresServer, settings ...string) *PgBouncerServer {
	t.Helper()
	bin := pgbouncerProgram(t)
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
%s
`, p.Port, port, strings.Join(settings, "\n"))
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

func pgbouncerProgram(t testing.TB) string {
	t.Helper()
	names := []string{"pgbouncer", "/usr/sbin/pgbouncer"}
	if name := os.Getenv("STANDPIPE_PGBOUNCER"); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if bin, err := exec.LookPath(name); err == nil {
			return bin
		}
	}
	Missing(t, "PgBouncer (Debian: pgbouncer)")
	return ""
}

var pgbouncerVersion = regexp.MustCompile(`PgBouncer (\d+)\.(\d+)`)

// PgBouncerKeeps returns the setting by which PgBouncer prepares anew, on the connection
// that there is, what a driver has prepared on another, for n statements at a time; 0 is
// none. It is nil for a version before 1.21, which has none and cannot.
func PgBouncerKeeps(t testing.TB, n int) []string {
	t.Helper()
	out, err := exec.Command(pgbouncerProgram(t), "--version").CombinedOutput()
	found := pgbouncerVersion.FindSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("pgbouncer --version: %v: %q", err, out)
	}
	t.Logf("%s", found[0])
	major, _ := strconv.Atoi(string(found[1]))
	minor, _ := strconv.Atoi(string(found[2]))
	if major == 1 && minor < 21 {
		return nil
	}
	return []string{fmt.Sprintf("max_prepared_statements = %d", n)}
}
