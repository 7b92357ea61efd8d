package judge

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/integration/judge/under"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// suite is a module whose tests are run.
type suite struct {
	module string
	passes int      // tests that pass over net/http alone, at the least: fewer, and not all have run
	only   []string // packages with tests, by directory; nil: all but those in except
	except []string
}

var suites = []suite{
	{module: "golang.org/x/oauth2", passes: 268},
	{module: "github.com/coreos/go-oidc/v3", passes: 98},
	{module: "github.com/resend/resend-go/v2", passes: 79},
	{module: "github.com/PaddleHQ/paddle-go-sdk/v4", passes: 43},
	{module: "github.com/clerk/clerk-sdk-go/v2", passes: 339},
	// Those that call through net/http and need no other cloud's SDK, as azure and
	// bedrock do.
	{module: "github.com/openai/openai-go/v3", passes: 2596, only: []string{
		".", "auth", "conversations", "internal/requestconfig", "option", "packages/ssestream", "responses",
	}},
	// It talks to github.com.
	{module: "github.com/google/go-github/v92", passes: 9205, except: []string{"test/integration"}},
}

// C20: what passes over net/http alone passes with the stack under every
// http.Client of the test process.
func TestSuitesOnTheStack(t *testing.T) {
	run := arrange(t)
	list := exceptions(t)
	var retries []testName
	for name, e := range list {
		if e.because == becauseRetries {
			retries = append(retries, name)
		}
	}
	slices.SortFunc(retries, compare)

	without := run.tests("", run.packages)
	passing := without.passing()
	require.NotEmpty(t, passing)
	through := run.requests()
	require.Zero(t, through)
	with := run.tests(under.Stack, run.packages, "-skip="+pattern(retries))
	through = run.requests()
	once := run.tests(under.Once, packagesOf(retries), "-run="+pattern(retries))

	for _, s := range suites {
		t.Logf("%s: %d tests pass without the stack (%d fail, %d skip), %d with it (%d fail, %d skip)", s.module,
			without.count(s.module, "pass"), without.count(s.module, "fail"), without.count(s.module, "skip"),
			with.count(s.module, "pass"), with.count(s.module, "fail"), with.count(s.module, "skip"))
		assert.GreaterOrEqual(t, without.count(s.module, "pass"), s.passes, "%s: not all tests have run", s.module)
		assert.Zero(t, without.count(s.module, "fail"), "%s fails without the stack", s.module)
	}
	t.Logf("%d requests through the stack; %d tests excepted", through, len(list))
	assert.Greater(t, through, 3000)

	for _, name := range once.failed(retries) {
		t.Errorf("%s fails with the stack's retries off too:\n%s", name, once.output[name])
	}
	failed := with.failed(passing)
	for _, name := range failed {
		if _, ok := list[name]; !ok {
			t.Errorf("%s passes without the stack and not with it:\n%s", name, with.output[name])
		}
	}
	for name, e := range list {
		if !slices.Contains(passing, name) {
			t.Errorf("%s does not pass without the stack: it is no exception", name)
		}
		if e.because != becauseRetries && !slices.Contains(failed, name) {
			t.Errorf("%s passes with the stack: it is an exception no longer", name)
		}
	}
}

// run is a copy of the suites, ready to be tested.
type run struct {
	t        *testing.T
	flags    []string
	packages []string
	count    string // the file that grows by a byte for each request
	api      string // the URL of a mock
}

func arrange(t *testing.T) *run {
	t.Helper()
	// The same at each run, so that the build cache knows what it has built.
	dir := filepath.Join(servers.Dir(t), ".suites")
	require.NoError(t, os.RemoveAll(dir))
	r := &run{t: t, count: filepath.Join(dir, "count"), api: emptyAPI(t)}
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
			if slices.Contains(s.except, pkg.dir) || s.only != nil && !slices.Contains(s.only, pkg.dir) {
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
	// Many of the tests wait, so that more than a processor has can run at once.
	r.flags = []string{"-overlay=" + overlay(t, dir), "-modfile=" + modfile, "-p=4", "-vet=off", "-ldflags=-s -w", "-count=1", "-json", "-timeout=5m"}
	return r
}

// tests tests packages with what mode puts under every http.Client.
func (r *run) tests(mode string, packages []string, flags ...string) results {
	r.t.Helper()
	args := slices.Concat([]string{"test"}, r.flags, flags, packages)
	got := r.goTest(mode, args)
	for _, pkg := range packages {
		require.Contains(r.t, got.outcome, testName{Package: pkg}, "%s has not been tested", pkg)
	}
	// Some measure time: once more, with nothing beside them.
	var failed []testName
	for name, outcome := range got.outcome {
		if outcome == "fail" && name.Test != "" {
			failed = append(failed, name)
		}
	}
	if len(failed) > 0 {
		args = slices.Concat([]string{"test"}, r.flags, []string{"-p=1"}, []string{"-run=" + pattern(failed)}, flags, packagesOf(failed))
		again := r.goTest(mode, args)
		for _, name := range failed {
			got.outcome[name], got.output[name] = again.outcome[name], again.output[name]
		}
	}
	return got
}

func (r *run) goTest(mode string, args []string) results {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "go", args...)
	cmd.Dir = servers.Dir(r.t)
	cmd.Env = append(os.Environ(), "GOWORK=off", under.Mode+"="+mode, under.Count+"="+r.count, "TEST_API_BASE_URL="+r.api)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	began := time.Now()
	out, err := cmd.Output()
	r.t.Logf("under every http.Client %s: %s, of processors %s", cmp.Or(mode, "nothing"), time.Since(began).Round(time.Second),
		(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Round(time.Second))
	if _, failed := errors.AsType[*exec.ExitError](err); !failed {
		require.NoError(r.t, err)
	}
	got := parse(r.t, out)
	require.Empty(r.t, got.output[testName{}], "does not build: %s", errOut.String())
	return got
}

// requests counts those that have passed through the stack.
func (r *run) requests() int {
	r.t.Helper()
	info, err := os.Stat(r.count)
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	require.NoError(r.t, err)
	return int(info.Size())
}

// emptyAPI answers every request with an empty object, for tests that want a
// mock of a whole API.
func emptyAPI(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(s.Close)
	return s.URL
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
