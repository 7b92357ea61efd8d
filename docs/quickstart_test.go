package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever has seen the quickstart's scenes finds each example to copy at its end, and
// nothing else.
func TestTheQuickstartsEndNamesEveryExample(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "examples", "quickstart", "main.go"))
	require.NoError(t, err)
	_, list, found := strings.Cut(string(source), "\nCopy next")
	require.True(t, found)
	list, more, found := strings.Cut(list, "\nTo read:")
	require.True(t, found)
	apps, err := filepath.Glob(filepath.Join(root, "examples", "*", "app.go"))
	require.NoError(t, err)
	require.NotEmpty(t, apps)
	for _, app := range apps {
		name := "examples/" + filepath.Base(filepath.Dir(app))
		require.Contains(t, list+more, name+" ", name)
	}
	for _, line := range strings.Split(strings.TrimSpace(list), "\n")[1:] {
		require.FileExists(t, filepath.Join(root, strings.Fields(line)[0], "app.go"), line)
	}
}
