package docs

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	target = regexp.MustCompile(`(?m)^([a-z][a-z-]*):.*## `)
)

func TestEveryRelativeLinkLeadsSomewhere(t *testing.T) {
	found := 0
	for _, p := range prose(t) {
		_, rest := p.blocks()
		for _, m := range link.FindAllStringSubmatch(strings.Join(rest, "\n"), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			found++
			file, anchor, _ := strings.Cut(m[1], "#")
			to := path.Join(path.Dir(p.path), file)
			if file == "" {
				to = p.path
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s links to %s, which is not there", p.path, m[1])
				continue
			}
			if anchor != "" && !read(t, to)[0].anchors()[anchor] {
				t.Errorf("%s links to %s, but no heading of %s has that name", p.path, m[1], to)
			}
		}
	}
	require.NotZero(t, found)
}

func TestTheIndexNamesEveryPage(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	require.NoError(t, err)
	index := read(t, "docs/README.md")[0]
	for _, name := range pages {
		if name != "README.md" {
			require.Contains(t, index.text, "]("+name+")")
		}
	}
}

const module = "github.com/standpipe-go/standpipe"

// A path has a slash, and no part of it is a placeholder. URL paths begin with a slash,
// import paths of others and hosts have a dot in their first part.
var looksLikePath = regexp.MustCompile(`^\.?[a-z][\w-]*(/[\w.-]+)+/?$|^[A-Z]+\.md$`)

// notPaths have a slash and are something else.
var notPaths = regexp.MustCompile(`^((application|text|image|multipart)/[\w.+-]+|net/http(/\w+)?|database/sql|testing/synctest|encoding/json|log/slog|orders/create)$`)

func TestEveryPathThatIsNamedExists(t *testing.T) {
	found := 0
	for _, p := range prose(t) {
		for _, span := range p.spans() {
			name, ours := strings.CutPrefix(span, module+"/")
			if name, _, _ = strings.Cut(name, "@"); !ours && (!looksLikePath.MatchString(name) || notPaths.MatchString(name)) {
				continue
			}
			found++
			if _, err := os.Stat(filepath.Join(root, strings.TrimSuffix(name, "/..."))); err != nil {
				t.Errorf("%s names `%s`, which is not there", p.path, span)
			}
		}
	}
	require.NotZero(t, found)
}

func TestEveryMakeTargetThatIsNamedExists(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	var targets []string
	for _, m := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, m[1])
	}
	require.Contains(t, targets, "test")
	for _, p := range prose(t) {
		fenced, _ := p.blocks()
		commands := p.spans()
		for _, b := range fenced {
			commands = append(commands, b.lines...)
		}
		for _, command := range commands {
			words := strings.Fields(command)
			if len(words) > 1 && words[0] == "make" && !slices.Contains(targets, words[1]) {
				t.Errorf("%s names `make %s`, which is no target", p.path, words[1])
			}
		}
	}
}
