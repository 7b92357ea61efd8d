package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// Redis starts a Redis server that keeps its data in memory alone; its Addr is what a
// client connects to. Flags are added to its command line ("--maxmemory-policy",
// "noeviction").
//
// It is the redis-server of the path, else valkey-server; STANDPIPE_REDIS names another
// program ("valkey-server").
func Redis(t testing.TB, flags ...string) *Server {
	t.Helper()
	return startRedis(t, redisProgram(t), flags)
}

// HasValkey reports whether there is a valkey-server in the path. Not every distribution
// has one.
func HasValkey() bool {
	_, err := exec.LookPath("valkey-server")
	return err == nil
}

// Valkey is [Redis] for the valkey-server of the path.
func Valkey(t testing.TB, flags ...string) *Server {
	t.Helper()
	bin, err := exec.LookPath("valkey-server")
	if err != nil {
		Missing(t, "Valkey (Debian: valkey-server, in bookworm of backports)")
	}
	return startRedis(t, bin, flags)
}

func startRedis(t testing.TB, bin string, flags []string) *Server {
	t.Helper()
	return start(t, command{
		name: "redis",
		args: func(port int) []string {
			return append([]string{bin, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}, flags...)
		},
		dir:   MemoryDir(t), // where a replica writes what it copies
		ready: regexp.MustCompile(`eady to accept connections`),
	})
}

// RedisSentinel starts a Redis Sentinel that watches nobody yet. It writes its file
// through to the disk, and where that takes two seconds it decides nothing for half a
// minute.
func RedisSentinel(t testing.TB) *Server {
	t.Helper()
	bin, dir := redisProgram(t), MemoryDir(t)
	file := filepath.Join(dir, "sentinel.conf") // which Sentinel writes itself
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, command{
		name: "sentinel",
		args: func(port int) []string {
			return []string{bin, file, "--sentinel", "--port", strconv.Itoa(port), "--bind", "127.0.0.1"}
		},
		dir:   dir,
		ready: regexp.MustCompile(`Sentinel ID is`),
	})
}

func redisProgram(t testing.TB) string {
	t.Helper()
	names := []string{"redis-server", "valkey-server"}
	if name := os.Getenv("STANDPIPE_REDIS"); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if bin, err := exec.LookPath(name); err == nil {
			return bin
		}
	}
	Missing(t, "Redis (Debian: redis-server)")
	return ""
}
