package house

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// consumer writes a module of its own that holds testdata/consumer and sees
// this one through a replace, and returns its directory. It needs nothing that
// the root module's tests have not downloaded already.
func consumer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	abs, err := filepath.Abs(root)
	require.NoError(t, err)
	for name, path := range map[string]string{
		"go.mod":  filepath.Join(root, "go.mod"),
		"go.sum":  filepath.Join(root, "go.sum"),
		"main.go": filepath.Join("testdata", "consumer", "main.go"),
	} {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), raw, 0o600))
	}
	// The root's go.mod, under another name and with the root required: what
	// `go mod tidy` would keep of it is what the test finds out.
	run(t, dir, "go", "mod", "edit", "-module=example.com/consumer", "-require="+module+"@v0.0.0", "-replace="+module+"="+abs)
	return dir
}

// L3
func TestL3_ClientAloneCompilesTwoModulesOfOthers(t *testing.T) {
	dir := consumer(t)
	out := run(t, dir, "go", "list", "-deps", "-json=ImportPath,Standard,Module", ".")
	count := map[string]int{}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p struct {
			ImportPath string
			Standard   bool
			Module     *struct{ Path string }
		}
		require.NoError(t, dec.Decode(&p))
		switch {
		case p.Standard:
			count["std"]++
		case p.Module == nil:
			t.Errorf("%s belongs to no module", p.ImportPath)
		default:
			count[p.Module.Path]++
		}
	}
	for _, m := range slices.Sorted(maps.Keys(count)) {
		t.Logf("compiles %d packages of %s", count[m], m)
	}
	delete(count, "std")
	require.ElementsMatch(t, []string{"example.com/consumer", module, "golang.org/x/oauth2", "golang.org/x/time"}, slices.Collect(maps.Keys(count)))
}

// The fixture is a program that works, not only one that compiles.
func TestL3_ConsumerRuns(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/user" || r.Header.Get("Authorization") != "Bearer consumer-key" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"login":"octocat"}`)
	}))
	defer srv.Close()
	dir := consumer(t)
	binary := filepath.Join(dir, "consumer")
	run(t, dir, "go", "build", "-o", binary, ".")
	cmd := exec.CommandContext(t.Context(), binary, srv.URL)
	cmd.Env = append(os.Environ(), "API_KEY=consumer-key")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "octocat", strings.TrimSpace(string(out)))
}
