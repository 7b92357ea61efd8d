package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A requirement that nothing needs is found, and a module without one passes.
func TestTidyCheckFindsAnUntidyModule(t *testing.T) {
	t.Parallel()
	check := func(mod string) (string, error) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o600))
		cmd := exec.Command("bash", filepath.Join("..", "..", "scripts", "tidy-check"), dir)
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := check("module example.com/m\n\ngo 1.26\n")
	require.NoError(t, err, out)
	out, err = check("module example.com/m\n\ngo 1.26\n\nrequire github.com/stretchr/testify v1.0.0\n")
	require.Error(t, err)
	require.Contains(t, out, "-require github.com/stretchr/testify v1.0.0")
}
