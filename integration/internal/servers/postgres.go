package servers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// Postgres starts a PostgreSQL server with its data in a temporary directory
// and returns the URL of an empty database. It runs as the user postgres, or
// nobody, where the tests run as root, since it refuses to be root.
func Postgres(t testing.TB) string {
	t.Helper()
	return StartPostgres(t).URL
}

// PostgresServer is a PostgreSQL server that can be killed and started again.
type PostgresServer struct {
	*Server
	URL     string // of an empty database
	command command
}

// StartPostgres is [Postgres] for tests of what happens without it.
func StartPostgres(t testing.TB) *PostgresServer {
	t.Helper()
	dir := postgresDir(t)
	return startPostgres(t, dir, filepath.Join(dir, "data"))
}

// postgresDir is an empty directory of the user that Postgres runs as.
func postgresDir(t testing.TB) string {
	t.Helper()
	// Not t.TempDir, whose parent only the owner may enter.
	dir, err := os.MkdirTemp("", "standpipe-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	own(t, dir)
	return dir
}

// own gives a directory to the user that Postgres runs as.
func own(t testing.TB, dir string) {
	t.Helper()
	if cred := unprivileged(t); cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			t.Fatal(err)
		}
	}
}

// startPostgres makes a cluster in data and starts it. Flags are initdb's.
func startPostgres(t testing.TB, dir, data string, flags ...string) *PostgresServer {
	t.Helper()
	bin := postgresBin(t)
	cred := unprivileged(t)
	initdb := exec.Command(filepath.Join(bin, "initdb"), append(flags, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions")...)
	initdb.Dir = dir
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	p := &PostgresServer{command: command{
		name: "postgres",
		args: func(port int) []string {
			return []string{filepath.Join(bin, "postgres"), "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port),
				"-c", "unix_socket_directories=", "-c", "max_connections=500", "-c", "synchronous_commit=on", "-c", "fsync=off"}
		},
		dir:   dir,
		ready: regexp.MustCompile(`ready to accept connections`),
		cred:  cred,
	}}
	p.Server = start(t, p.command)
	p.URL = fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", p.Addr)
	return p
}

// Restart starts the server again at its port, with its data, after Stop or Kill.
func (p *PostgresServer) Restart(t testing.TB) {
	t.Helper()
	again, port, args := p.command, p.Port, p.command.args
	again.args = func(int) []string { return args(port) }
	p.Server = start(t, again)
	p.Addr, p.Port = net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), port
}

// WriteLogLate has the server write its log every ten seconds, the longest that there is,
// unless a commit waits for that: then what was committed without is lost when it is
// killed.
func (p *PostgresServer) WriteLogLate(t testing.TB) {
	t.Helper()
	for _, text := range []string{"ALTER SYSTEM SET wal_writer_delay = '10s'", "SELECT pg_reload_conf()"} {
		psql := exec.Command(filepath.Join(postgresBin(t), "psql"), "-X", "-q", "-d", p.URL, "-c", text)
		if out, err := psql.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", text, err, out)
		}
	}
}

// postgresBin returns the directory of initdb and postgres, which Debian keeps
// out of PATH.
func postgresBin(t testing.TB) string {
	t.Helper()
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(dirs)
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, dir := range dirs {
		_, initErr := os.Stat(filepath.Join(dir, "initdb"))
		_, serverErr := os.Stat(filepath.Join(dir, "postgres"))
		if initErr == nil && serverErr == nil {
			return dir
		}
	}
	Missing(t, "PostgreSQL (Debian: postgresql)")
	return ""
}

// unprivileged returns whom to become, or nil where the tests are not root.
func unprivileged(t testing.TB) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	Missing(t, "a user other than root that PostgreSQL may run as")
	return nil
}
