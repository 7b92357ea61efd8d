package servers

import (
	"os"
	"testing"
)

// MemoryDir returns an empty directory of the test's own, in memory where the system has
// such a place: for what is written through to the disk at every step, which on a disk
// that others use too takes seconds now and then.
func MemoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "standpipe-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
