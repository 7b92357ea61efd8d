package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever imports a package finds in COMPATIBILITY.md what is promised of it.
func TestCompatibilityPromisesSomethingOfEveryPackage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "COMPATIBILITY.md"))
	require.NoError(t, err)
	named := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, m := range regexp.MustCompile("`([a-z0-9/.]+)`").FindAllStringSubmatch(cells[1], -1) {
				named[m[1]] = true
			}
		}
	}
	require.NotEmpty(t, named)
	for _, p := range packages(t) {
		below, _, _ := strings.Cut(p.rel(), "/")
		if p.public() && !named[p.rel()] && !named[below+"/..."] && !named[below+"/"] {
			t.Errorf("COMPATIBILITY.md promises nothing of package %s", p.rel())
		}
	}
}
