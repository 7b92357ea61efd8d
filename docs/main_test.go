// Package docs holds the code of this folder's pages and of README.md: whatever a page
// shows in a Go block is an excerpt of code that the tests compile, and mostly run.
package docs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the repository's, seen from this folder.
const root = ".."

// page is a file for readers, by its path below the root.
type page struct {
	path, text string
}

// guides are the pages with code to copy: README.md and those of this folder.
func guides(t *testing.T) []page {
	t.Helper()
	paths, err := filepath.Glob("*.md")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	pages := read(t, "README.md")
	for _, path := range paths {
		pages = append(pages, read(t, filepath.Join("docs", path))...)
	}
	return pages
}

// prose are the guides, and what is written about the module and for contributors.
func prose(t *testing.T) []page {
	t.Helper()
	return append(guides(t), read(t, "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md", "COMPATIBILITY.md", "RELEASING.md")...)
}

func read(t *testing.T, paths ...string) (pages []page) {
	t.Helper()
	for _, path := range paths {
		raw, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		pages = append(pages, page{filepath.ToSlash(path), string(raw)})
	}
	return pages
}
