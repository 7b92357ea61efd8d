package house

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What an application copies of an example is app.go and app_test.go. They compile
// without the demonstration around them, and nothing of an example is internal: it could
// not be imported elsewhere.
func TestExamplesCanBeCopied(t *testing.T) {
	examples := 0
	for _, p := range packages(t) {
		if p.top() != "examples" {
			continue
		}
		_, files := parse(t, p.Dir, slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles))
		for _, f := range files {
			for _, spec := range f.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				require.NoError(t, err)
				require.False(t, strings.Contains("/"+path+"/", "/internal/"), "%s imports %s", p.rel(), path)
			}
		}
		if p.rel() == "examples/quickstart" {
			continue // is the demonstration itself
		}
		examples++
		require.Contains(t, p.GoFiles, "app.go", p.rel())
		require.Contains(t, p.GoFiles, "main.go", p.rel())
		require.Contains(t, p.TestGoFiles, "app_test.go", p.rel())
		run(t, root, "go", "vet", filepath.Join(p.Dir, "app.go"), filepath.Join(p.Dir, "app_test.go"))
	}
	require.NotZero(t, examples)
}
