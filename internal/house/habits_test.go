package house

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, dir string, names []string) (*token.FileSet, []*ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, f)
	}
	return fset, files
}

func functions(files []*ast.File) []*ast.FuncDecl {
	var fs []*ast.FuncDecl
	for _, f := range files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				fs = append(fs, fn)
			}
		}
	}
	return fs
}

// L1: every package with tests looks for goroutines that its tests left behind.
func TestL1_EveryPackageChecksForLeaks(t *testing.T) {
	for _, p := range packages(t) {
		tests := slices.Concat(p.TestGoFiles, p.XTestGoFiles)
		if len(tests) == 0 {
			continue
		}
		_, files := parse(t, p.Dir, tests)
		checked := slices.ContainsFunc(functions(files), func(fn *ast.FuncDecl) bool { return fn.Name.Name == "TestMain" && callsMain(fn) })
		if !checked {
			t.Errorf("%s: no TestMain that calls leakcheck.Main or clienttest.NoLeaks", p.rel())
		}
	}
}

// callsMain reports whether fn calls leakcheck.Main, its public form
// clienttest.NoLeaks, or Main in leakcheck's own tests.
func callsMain(fn *ast.FuncDecl) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				x, ok := f.X.(*ast.Ident)
				found = found || ok && (x.Name == "leakcheck" && f.Sel.Name == "Main" || x.Name == "clienttest" && f.Sel.Name == "NoLeaks")
			case *ast.Ident:
				found = found || f.Name == "Main"
			}
		}
		return true
	})
	return found
}

// L2: every fuzz target has a corpus in the repository.
func TestL2_EveryFuzzTargetHasACorpus(t *testing.T) {
	committed := map[string]bool{}
	for _, file := range repositoryFiles(t) {
		abs, err := filepath.Abs(filepath.Dir(file))
		require.NoError(t, err)
		committed[abs] = true
	}
	targets := 0
	for _, p := range packages(t) {
		_, files := parse(t, p.Dir, slices.Concat(p.TestGoFiles, p.XTestGoFiles))
		for _, fn := range functions(files) {
			if !strings.HasPrefix(fn.Name.Name, "Fuzz") {
				continue
			}
			targets++
			if !committed[filepath.Join(p.Dir, "testdata", "fuzz", fn.Name.Name)] {
				t.Errorf("%s: %s has no corpus in testdata/fuzz/%[2]s", p.rel(), fn.Name.Name)
			}
		}
	}
	require.NotZero(t, targets)
}

// wellKnown methods do what package fmt and errors say that they do.
var wellKnown = []string{"Error", "Unwrap", "String", "GoString"}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, p := range packages(t) {
		if !p.public() {
			continue
		}
		if _, err := os.Stat(filepath.Join(p.Dir, "doc.go")); err != nil {
			t.Errorf("%s: no doc.go", p.rel())
		}
		fset, files := parse(t, p.Dir, p.GoFiles)
		d, err := doc.NewFromFiles(fset, files, p.ImportPath)
		require.NoError(t, err)
		if !strings.HasPrefix(d.Doc, "Package "+p.Name+" ") {
			t.Errorf("%s: the package comment does not begin with its name", p.rel())
		}
		undocumented := func(kind, name, text string) {
			_, method, _ := strings.Cut(name, ".")
			if strings.TrimSpace(text) == "" && !slices.Contains(wellKnown, method) {
				t.Errorf("%s: %s %s has no doc comment", p.rel(), kind, name)
			}
		}
		values := func(vs []*doc.Value) {
			for _, v := range vs {
				if v.Doc != "" { // a comment for the whole block
					continue
				}
				for _, spec := range v.Decl.Specs {
					if s := spec.(*ast.ValueSpec); s.Names[0].IsExported() {
						undocumented("value", s.Names[0].Name, s.Doc.Text()+s.Comment.Text())
					}
				}
			}
		}
		funcs := func(fs []*doc.Func) {
			for _, f := range fs {
				undocumented("function", f.Recv+"."+f.Name, f.Doc)
			}
		}
		values(d.Consts)
		values(d.Vars)
		funcs(d.Funcs)
		for _, typ := range d.Types {
			undocumented("type", typ.Name, typ.Doc)
			values(typ.Consts)
			values(typ.Vars)
			funcs(typ.Funcs)
			funcs(typ.Methods)
		}
	}
}

func TestEveryPublicPackageHasARunnableExample(t *testing.T) {
	for _, p := range packages(t) {
		// What takes a *testing.T cannot be run by an example.
		if !p.public() || p.testHelper() {
			continue
		}
		_, files := parse(t, p.Dir, slices.Concat(p.TestGoFiles, p.XTestGoFiles))
		runnable := slices.ContainsFunc(doc.Examples(files...), func(e *doc.Example) bool { return e.Output != "" || e.EmptyOutput })
		if !runnable {
			t.Errorf("%s: no example with an Output comment", p.rel())
		}
	}
}

func TestNoFileIsAHeapOfOddsAndEnds(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			for _, vague := range []string{"util.go", "utils.go", "helper.go", "helpers.go", "types.go", "misc.go", "common.go"} {
				require.NotEqual(t, vague, name, p.rel())
			}
		}
	}
}

// Nothing happens because a package is imported.
func TestNoPackageHasAnInit(t *testing.T) {
	for _, p := range packages(t) {
		_, files := parse(t, p.Dir, p.GoFiles)
		for _, fn := range functions(files) {
			require.NotEqual(t, "init", fn.Name.Name, p.rel())
		}
	}
}

// Prose in comments is read in narrow windows: no line is longer than 90 columns, a
// tab counting as four. Code in comments, expected output and directives are as long as
// they are.
func TestCommentsAreNotWide(t *testing.T) {
	for _, file := range repositoryFiles(t) {
		if filepath.Ext(file) != ".go" {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		output := false
		for i, line := range strings.Split(string(text), "\n") {
			comment, ok := strings.CutPrefix(strings.TrimLeft(line, "\t"), "// ")
			output = ok && (output || strings.HasPrefix(comment, "Output:") || strings.HasPrefix(comment, "Unordered output:"))
			if ok && !output && utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")) > 90 {
				t.Errorf("%s:%d: the comment is wider than 90 columns", file, i+1)
			}
		}
	}
}

// What a package has is seen at a glance.
func TestAPackageIsSeenAtAGlance(t *testing.T) {
	for _, dir := range []string{"client", "webhook", "oauthflow", "oauthflow/tokens", "session", "inbox", "ratelimit", "retry", "secret"} {
		lines := strings.Count(string(run(t, root, "go", "doc", "./"+dir)), "\n")
		require.Less(t, lines, 130, dir)
	}
}
