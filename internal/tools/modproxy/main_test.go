package main

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// repository is one with a root and a nested module, tagged as given.
func repository(t *testing.T, nested string, tags ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":     "module example.com/Root\n\ngo 1.26\n",
		"a.go":       "package a\n",
		"sub/go.mod": nested,
		"sub/b.go":   "package b\n",
		"LICENSE":    "all rights\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	commands := [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "first"}}
	for _, tag := range tags {
		commands = append(commands, []string{"tag", tag})
	}
	for _, args := range commands {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return dir
}

func TestPublish(t *testing.T) {
	const nested = "module example.com/Root/sub\n\ngo 1.26\n"
	repo, out := repository(t, nested, "v1.2.3", "v1.2.4", "sub/v1.2.3"), t.TempDir()
	for _, p := range [][2]string{{"", "v1.2.3"}, {"", "v1.2.4"}, {"sub", "sub/v1.2.3"}} {
		if _, err := publish(repo, p[0], p[1], out); err != nil {
			t.Fatal(err)
		}
	}
	at := filepath.Join(out, "example.com", "!root", "@v")
	if list, err := os.ReadFile(filepath.Join(at, "list")); err != nil || string(list) != "v1.2.3\nv1.2.4\n" {
		t.Errorf("list: %q, %v", list, err)
	}
	if mod, err := os.ReadFile(filepath.Join(out, "example.com", "!root", "sub", "@v", "v1.2.3.mod")); err != nil || string(mod) != nested {
		t.Errorf("mod: %q, %v", mod, err)
	}
	z, err := zip.OpenReader(filepath.Join(at, "v1.2.3.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	const in = "example.com/Root@v1.2.3/"
	if want := []string{in + "LICENSE", in + "a.go", in + "go.mod"}; !slices.Equal(names, want) {
		t.Errorf("a zip of %q, not %q: the nested module is not the root's", names, want)
	}
}

func TestPublishRefuses(t *testing.T) {
	repo := repository(t, "module example.com/Root/sub\n\ngo 1.26\n\nreplace example.com/Root => ..\n", "v1.2.3", "sub/v1.2.3", "v1.3", "v2.0.0")
	for name, p := range map[string][2]string{
		"a replace":               {"sub", "sub/v1.2.3"},
		"another folder's tag":    {"sub", "v1.2.3"},
		"a tag that is not there": {"", "v9.9.9"},
		"half a version":          {"", "v1.3"},
		"another major version":   {"", "v2.0.0"},
		"a folder without module": {"none", "v1.2.3"},
	} {
		out := t.TempDir()
		if m, err := publish(repo, p[0], p[1], out); err == nil {
			t.Errorf("%s: published %v", name, m)
		}
		if written, _ := os.ReadDir(out); len(written) > 0 {
			t.Errorf("%s: something was written", name)
		}
	}
}
