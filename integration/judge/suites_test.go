package judge

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/integration/judge/under"
	"github.com/stretchr/testify/require"
)

// suite is a module whose tests are run, and how many of them pass, at the least,
// over net/http alone: fewer, and they have not been run.
type suite struct {
	module string
	passed int
	except map[string]string // directories, and why their tests are not run
}

var suites = []suite{
	{module: "golang.org/x/oauth2", passed: 1},
	{module: "github.com/coreos/go-oidc/v3", passed: 1},
	{module: "github.com/resend/resend-go/v2", passed: 1},
	{module: "github.com/PaddleHQ/paddle-go-sdk/v4", passed: 1},
	{module: "github.com/clerk/clerk-sdk-go/v2", passed: 1},
	{module: "github.com/openai/openai-go/v3", passed: 1, except: map[string]string{
	}},
	{module: "github.com/google/go-github/v92", passed: 1, except: map[string]string{
		"test/integration": "talks to github.com",
	}},
}

// C20: what passes over net/http alone passes with the stack under every
// http.Client of the test process.
func TestSuitesOnTheStack(t *testing.T) {
	run := arrange(t)
	without := run.tests("", nil)
	with := run.tests(under.Stack, nil)

	list := exceptions(t)
	var pass, retries []testName
	for name, outcome := range without.outcome {
		if outcome == "pass" {
			pass = append(pass, name)
		}
	}
	slices.SortFunc(pass, func(a, b testName) int { return strings.Compare(a.String(), b.String()) })
	for _, s := range suites {
		t.Logf("%s: %d passed, %d skipped and %d failed without the stack; %d, %d and %d with it", s.module,
			without.count(s.module, "pass"), without.count(s.module, "skip"), without.count(s.module, "fail"),
			with.count(s.module, "pass"), with.count(s.module, "skip"), with.count(s.module, "fail"))
	}
	for _, name := range with.failed(pass) {
		e, ok := list[name]
		if !ok {
			t.Errorf("%s passes without the stack and not with it:\n%s", name, with.output[name])
		}
		if e.because == becauseRetries {
			retries = append(retries, name)
		}
		delete(list, name)
	}
	_ = retries
}

// run is a copy of the suites, ready to be tested.
type run struct {
	t        *testing.T
	flags    []string
	packages []string
	count    string
}

func arrange(t *testing.T) *run {
	t.Helper()
	dir := t.TempDir()
	r := &run{t: t, count: filepath.Join(dir, "count")}
	modfile := filepath.Join(dir, "go.mod")
	edit := []string{"mod", "edit", "-replace=github.com/standpipe-go/standpipe=" + filepath.Dir(servers.Dir(t))}
	for _, name := range []string{"go.mod", "go.sum"} {
		raw, err := os.ReadFile(filepath.Join(servers.Dir(t), name))
		require.NoError(t, err)
		write(t, filepath.Join(dir, name), raw)
	}
	for _, s := range suites {
		to := filepath.Join(dir, filepath.FromSlash(s.module))
		copyModule(t, to, s.module)
		edit = append(edit, "-replace="+s.module+"="+to)
		for _, pkg := range tested(t, to) {
			if _, ok := s.except[pkg.dir]; ok {
				continue
			}
			r.packages = append(r.packages, path.Join(s.module, pkg.dir))
			write(t, filepath.Join(to, filepath.FromSlash(pkg.dir), "standpipe_under_test.go"),
				[]byte("package "+pkg.name+"_test\n\nimport _ \"github.com/standpipe-go/standpipe/integration/judge/under\"\n"))
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", append(edit, modfile)...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	r.flags = []string{"-overlay=" + overlay(t, dir), "-modfile=" + modfile, "-vet=off", "-count=1", "-json", "-timeout=5m"}
	return r
}

// tests runs the suites with what mode puts under every http.Client.
func (r *run) tests(mode string, flags []string) results {
	r.t.Helper()
	args := slices.Concat([]string{"test"}, r.flags, flags, r.packages)
	cmd := exec.CommandContext(r.t.Context(), "go", args...)
	cmd.Dir = servers.Dir(r.t)
	cmd.Env = append(os.Environ(), under.Mode+"="+mode, under.Count+"="+r.count)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if _, failed := errors.AsType[*exec.ExitError](err); !failed {
		require.NoError(r.t, err)
	}
	got := parse(r.t, out)
	require.Empty(r.t, got.output[testName{}], "does not build: %s", errOut.String())
	return got
}

type testedPackage struct{ dir, name string }

var packageClause = regexp.MustCompile(`(?m)^package (\w+?)(_test)?$`)

// tested returns the packages of the module in dir that have tests.
func tested(t *testing.T, dir string) []testedPackage {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return err
		}
		clause := packageClause.FindSubmatch(raw)
		require.NotNil(t, clause, file)
		found[path.Dir(file)] = string(clause[1])
		return nil
	}))
	var list []testedPackage
	for dir, name := range found {
		list = append(list, testedPackage{dir, name})
	}
	slices.SortFunc(list, func(a, b testedPackage) int { return strings.Compare(a.dir, b.dir) })
	return list
}

// copyModule copies a module from the module cache, where it is read-only.
func copyModule(t *testing.T, to, module string) {
	t.Helper()
	require.NoError(t, os.CopyFS(to, os.DirFS(goList(t, "-m", "-f", "{{.Dir}}", module))))
	require.NoError(t, filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.Chmod(path, info.Mode()|0o200)
	}))
}
