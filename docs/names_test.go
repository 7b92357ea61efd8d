package docs

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// surface is what a package exports: names, and for those of types "Type.Member".
type surface map[string]bool

var (
	declared = regexp.MustCompile(`^(?:func|type|var|const) ([A-Z]\w*)`)
	method   = regexp.MustCompile(`^func \((?:\w+ )?\*?(\w+)(?:\[.*\])?\) ([A-Z]\w*)`)
	grouped  = regexp.MustCompile(`^\t((?:[A-Z]\w*(?:, )?)+)`)
	opened   = regexp.MustCompile(`^(?:(?:var|const) \(|type (\w+)(?:\[.*\])? (?:struct|interface) \{)$`)
	mentions = regexp.MustCompile(`\b([a-z]\w*)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)
)

// surfaces reads api/*.txt, by the packages' names.
func surfaces(t *testing.T) map[string]surface {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "api", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	found := map[string]surface{}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		words := strings.Fields(string(raw))
		require.Equal(t, "package", words[0], path)
		found[words[1]] = exports(string(raw))
	}
	return found
}

func exports(listing string) surface {
	s := surface{}
	group, inGroup := "", false // the type whose members follow; "" in a group of values
	for scanner := bufio.NewScanner(strings.NewReader(listing)); scanner.Scan(); {
		line := scanner.Text()
		if m := declared.FindStringSubmatch(line); m != nil {
			s[m[1]] = true
		}
		if m := method.FindStringSubmatch(line); m != nil {
			s[m[1]+"."+m[2]] = true
		}
		switch m := opened.FindStringSubmatch(line); {
		case m != nil:
			group, inGroup = m[1], true
		case line == ")" || line == "}":
			inGroup = false
		case inGroup:
			if m := grouped.FindStringSubmatch(line); m != nil {
				for name := range strings.SplitSeq(m[1], ", ") {
					s[strings.TrimPrefix(group+"."+name, ".")] = true
				}
			}
		}
	}
	return s
}

// elsewhere is the cell of a table under "there": names of other modules, whose packages
// may be called as ours are.
var elsewhere = regexp.MustCompile(`(?m)^\|[^|]*\|`)

// What prose says that a package has, it has.
func TestEveryNameThatIsWrittenExists(t *testing.T) {
	packages := surfaces(t)
	found := 0
	for _, p := range prose(t) {
		if strings.Contains(p.text, "\n<!-- Written by make compare") {
			continue // it speaks of other modules' packages too
		}
		if strings.Contains(p.text, "| there | here |") {
			p.text = elsewhere.ReplaceAllString(p.text, "|")
		}
		for _, span := range p.spans() {
			for _, m := range mentions.FindAllStringSubmatch(span, -1) {
				has, ours := packages[m[1]]
				if !ours {
					continue
				}
				found++
				if !has[m[2]] || m[3] != "" && !has[m[2]+"."+m[3]] {
					t.Errorf("%s: `%s`: there is no %s", p.path, span, m[0])
				}
			}
		}
	}
	require.NotZero(t, found)
}

// theirs are names of other modules' packages, which are called as ours are.
var theirs = []string{
	"google.DefaultTokenSource", "paddle.SandboxBaseURL", "paddle.WithClient", "resend.RateLimitError", "sendgrid.DefaultClient",
	"sentry.NewHTTPTransport", "slack.OptionHTTPClient",
	"stripe.CardError", "stripe.Error", "stripe.Event", "stripe.Invoice", "stripe.PaymentIntent",
}

// A comment says no more of another package than prose does.
func TestEveryNameInACommentExists(t *testing.T) {
	packages := surfaces(t)
	found, used := 0, map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		// Others' tests are copied to a folder that begins with a dot.
		if name := d.Name(); d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		for i, line := range strings.Split(string(raw), "\n") {
			comment, ok := strings.CutPrefix(strings.TrimSpace(line), "//")
			if !ok {
				continue
			}
			for _, m := range mentions.FindAllStringSubmatch(comment, -1) {
				has, ours := packages[m[1]]
				name := m[1] + "." + m[2]
				switch {
				case !ours:
				case slices.Contains(theirs, name):
					used[name] = true
				case has[m[2]]:
					found++
				default:
					t.Errorf("%s:%d: there is no %s", path, i+1, name)
				}
			}
		}
		return err
	})
	require.NoError(t, err)
	require.NotZero(t, found)
	require.Len(t, used, len(theirs), "theirs has a name that no comment has")
}

func TestExportsAreRead(t *testing.T) {
	s := exports("package p // import \"x/p\"\n\nconst (\n\tA K = iota\n\n\tB\n)\n\nvar C = 1\n\nfunc D[T any](x T)\n\n" +
		"type E struct {\n\tF, G string\n\tH int\n\t// contains\n}\n\nfunc (e *E) I() string\n\ntype J[T any] struct {\n\tK T\n}\n\nfunc (j J[T]) L()\n\ntype M interface {\n\tN() error\n}\n")
	names := []string{"A", "B", "C", "D", "E", "E.F", "E.G", "E.H", "E.I", "J", "J.K", "J.L", "M", "M.N"}
	for _, name := range names {
		require.True(t, s[name], name)
	}
	require.Len(t, s, len(names), slices.Collect(func(yield func(string) bool) {
		for name := range s {
			if !yield(name) {
				return
			}
		}
	}))
}
