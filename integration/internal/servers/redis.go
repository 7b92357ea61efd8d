package servers

import (
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// Redis starts a Redis server that keeps its data in memory alone; its Addr is what a
// client connects to. Flags are added to its command line ("--maxmemory-policy",
// "noeviction").
func Redis(t testing.TB, flags ...string) *Server {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		if bin, err = exec.LookPath("valkey-server"); err != nil {
			Missing(t, "Redis (Debian: redis-server)")
		}
	}
	return start(t, command{
		name: "redis",
		args: func(port int) []string {
			return append([]string{bin, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}, flags...)
		},
		dir:   t.TempDir(),
		ready: regexp.MustCompile(`eady to accept connections`),
	})
}
