package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// D1: on a disk that is full nothing is left that would pass for a delivery.
func TestAFileThatCannotBeWrittenWhole(t *testing.T) {
	t.Parallel()
	const inChild = "STANDPIPE_TEST_FULL"
	if path := os.Getenv(inChild); path != "" {
		require.Error(t, writeNew(path, strings.Repeat("a", 1<<20)))
		return
	}
	path := filepath.Join(t.TempDir(), "new")
	child := exec.Command("sh", "-c", `ulimit -f 8 && exec "$0" -test.run='^TestAFileThatCannotBeWrittenWhole$'`, os.Args[0])
	child.Env = append(os.Environ(), inChild+"="+path)
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoFileExists(t, path)
}
