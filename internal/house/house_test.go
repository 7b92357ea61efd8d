package house

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const module = "github.com/standpipe-go/standpipe"

// root is the directory of the root module, seen from this package.
var root = filepath.Join("..", "..")

// run runs a command in dir and returns its standard output.
func run(t *testing.T, dir string, argv ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	require.NoError(t, err, "%s: %s", strings.Join(argv, " "), errOut.String())
	return out
}

// goPackage is a package of the root module as `go list` describes it.
type goPackage struct {
	ImportPath, Name, Dir              string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, Deps                      []string
}

// rel is the path of the package below the module: "client/clienttest".
func (p goPackage) rel() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

// top is the first element of that path.
func (p goPackage) top() string {
	top, _, _ := strings.Cut(p.rel(), "/")
	return top
}

// testHelper reports whether the package exists to be imported by tests.
func (p goPackage) testHelper() bool {
	return strings.HasSuffix(p.Name, "test") || p.rel() == "internal/leakcheck"
}

// public reports whether other modules can import the package.
func (p goPackage) public() bool {
	return p.Name != "main" && len(p.GoFiles) > 0 && !strings.Contains("/"+p.rel()+"/", "/internal/")
}

var listed struct {
	sync.Mutex
	packages []goPackage
}

// packages returns every package of the root module.
func packages(t *testing.T) []goPackage {
	t.Helper()
	listed.Lock()
	defer listed.Unlock()
	if listed.packages == nil {
		out := run(t, root, "go", "list", "-json=ImportPath,Name,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports,Deps", "./...")
		for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
			var p goPackage
			require.NoError(t, dec.Decode(&p))
			listed.packages = append(listed.packages, p)
		}
		require.NotEmpty(t, listed.packages)
	}
	return listed.packages
}

// repositoryFiles returns the path of every file that is, or is about to be, part
// of the repository.
func repositoryFiles(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("not a git checkout")
	}
	var files []string
	list := bytes.TrimSuffix(run(t, root, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), []byte{0})
	for name := range bytes.SplitSeq(list, []byte{0}) {
		path := filepath.Join(root, string(name))
		info, err := os.Lstat(path)
		if err != nil { // deleted, and not yet committed
			continue
		}
		require.True(t, info.Mode().IsRegular(), "%s is a link or the like: what it leads to is not part of the repository", path)
		files = append(files, path)
	}
	require.NotEmpty(t, files)
	return files
}
