package house

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// foreign matches what belongs to one machine or one way of downloading. The
// parts are kept apart so that this file does not match itself.
var foreign = regexp.MustCompile(strings.Join([]string{
	`(?:^|[^\w.-])/` + `(?:home|Users)/[a-z]\w*/`,
	`(?:^|[^\w.-])/` + `root(?:/|\b)`,
	`(?:^|[^\w.-])/` + `work/`,
	`registry\.` + `(?:npmjs|yarnpkg)\.`,
	`(?:proxy|sum)\.` + `golang\.org`,
	`deb\.` + `debian\.org`,
}, "|"))

func TestForeignKnowsWhatItLooksFor(t *testing.T) {
	for text, want := range map[string]bool{
		"see /" + "home/alice/src":                     true,
		"see /" + "Users/alice/src":                    true,
		`"/` + `root"`:                                 true,
		"GOMODCACHE=/" + "root/go":                     true,
		"https://registry." + "npmjs.org/jose":         true,
		"https://proxy." + "golang.org":                true,
		"https://example.com/" + "home/alice/":         false,
		"/rootless":                                    false,
		"https://example.com/root":                     false,
		"golang.org/x/time, pkg.go.dev, npm, registry": false,
	} {
		require.Equal(t, want, foreign.MatchString(text), text)
	}
}

func TestTreeNamesNoMachineAndNoRegistry(t *testing.T) {
	for _, file := range repositoryFiles(t) {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		if bytes.IndexByte(raw[:min(len(raw), 8000)], 0) >= 0 {
			continue // binary
		}
		for i, line := range bytes.Split(raw, []byte("\n")) {
			if m := foreign.Find(line); m != nil {
				t.Errorf("%s:%d: %q", file, i+1, m)
			}
			if bytes.HasPrefix(line, []byte("<<<<<<< ")) || bytes.HasPrefix(line, []byte(">>>>>>> ")) {
				t.Errorf("%s:%d: a merge that was never ended", file, i+1)
			}
		}
	}
}

func TestNPMLockResolvesNothing(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "integration", "package-lock.json"))
	require.NoError(t, err)
	var lock struct {
		Packages map[string]struct {
			Resolved, Integrity, Version string
			Optional                     bool
		}
	}
	require.NoError(t, json.Unmarshal(raw, &lock))
	require.NotEmpty(t, lock.Packages)
	for name, p := range lock.Packages {
		require.Empty(t, p.Resolved, "%s: run `make npm-lock`", name)
		if name != "" {
			require.NotEmpty(t, p.Version, name)
		}
	}
}
