package house

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goMod is what `go mod edit -json` prints.
type goMod struct {
	Module  struct{ Path string }
	Require []struct {
		Path     string
		Indirect bool
	}
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
	Exclude []struct{ Path string }
}

func readGoMod(t *testing.T, path string) goMod {
	t.Helper()
	var mod goMod
	require.NoError(t, json.Unmarshal(run(t, root, "go", "mod", "edit", "-json", path), &mod))
	return mod
}

func TestRootRequiresExactlyThis(t *testing.T) {
	mod := readGoMod(t, "go.mod")
	require.Equal(t, module, mod.Module.Path)
	var direct, indirect []string
	for _, r := range mod.Require {
		if r.Indirect {
			indirect = append(indirect, r.Path)
		} else {
			direct = append(direct, r.Path)
		}
	}
	require.ElementsMatch(t, []string{
		"github.com/resend/resend-go/v2",
		"github.com/stretchr/testify",
		"github.com/stripe/stripe-go/v76",
		"golang.org/x/oauth2",
		"golang.org/x/time",
	}, direct)
	require.ElementsMatch(t, []string{ // what testify needs
		"github.com/davecgh/go-spew",
		"github.com/pmezard/go-difflib",
		"gopkg.in/yaml.v3",
	}, indirect)
	require.Empty(t, mod.Replace)
	require.Empty(t, mod.Exclude)
}

// Nested modules see the root beside them, and nothing else is replaced; but for those
// that test and measure, of which no release is made, and for the recipes, which are
// released after the modules of on/: they see what users import.
func TestNestedModulesReplaceOnlyTheRoot(t *testing.T) {
	nested := 0
	for _, file := range repositoryFiles(t) {
		if filepath.Base(file) != "go.mod" || strings.Contains(file, "testdata") {
			continue
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		require.NoError(t, err)
		if rel == "." {
			continue
		}
		nested++
		mod := readGoMod(t, filepath.Join(rel, "go.mod"))
		require.Equal(t, module+"/"+filepath.ToSlash(rel), mod.Module.Path)
		require.Empty(t, mod.Exclude, rel)
		importable := func(path string) bool {
			return (rel == "integration" || rel == "bench" || strings.HasPrefix(filepath.ToSlash(rel), "recipes/")) && strings.HasPrefix(path, module+"/on/")
		}
		for _, r := range mod.Replace {
			to := "."
			if importable(r.Old.Path) {
				to = strings.TrimPrefix(r.Old.Path, module+"/")
			} else {
				require.Equal(t, module, r.Old.Path, rel)
			}
			up, err := filepath.Rel(rel, filepath.FromSlash(to))
			require.NoError(t, err)
			require.Equal(t, filepath.ToSlash(up), strings.TrimSuffix(r.New.Path, "/"), rel)
		}
		for _, r := range mod.Require {
			require.False(t, r.Path != module && strings.HasPrefix(r.Path, module+"/") && !importable(r.Path), "%s requires %s", rel, r.Path)
		}
	}
	require.NotZero(t, nested)
}

func TestNoWorkFileIsCommitted(t *testing.T) {
	for _, file := range repositoryFiles(t) {
		require.NotContains(t, []string{"go.work", "go.work.sum"}, filepath.Base(file))
	}
}
