// Command modproxy publishes one version of a module of a git repository into a folder
// that the go command reads as a module proxy (GOPROXY=file://FOLDER), so that a release
// can be used as its users will use it before anybody sees it.
//
//	modproxy -repo REPOSITORY -dir SUBFOLDER -tag TAG -out FOLDER
//
// The version is the last part of the tag: v1.2.3 for the root, recipes/otel/v1.2.3 for
// a nested module.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

func main() {
	repo := flag.String("repo", ".", "the repository")
	dir := flag.String("dir", "", "the module's folder in it; empty is the root")
	tag := flag.String("tag", "", "the tag to publish")
	out := flag.String("out", "", "the proxy's folder")
	flag.Parse()
	if *tag == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	published, err := publish(*repo, *dir, *tag, *out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "modproxy:", err)
		os.Exit(1)
	}
	fmt.Println(published)
}

// publish writes what the module proxy protocol asks for (https://go.dev/ref/mod,
// "GOPROXY protocol"): list, .info, .mod and .zip.
func publish(repo, dir, tag, out string) (module.Version, error) {
	text, err := exec.Command("git", "-C", repo, "show", tag+":"+path.Join(dir, "go.mod")).Output()
	if err != nil {
		return module.Version{}, fmt.Errorf("no go.mod at %s: %w", tag, err)
	}
	file, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return module.Version{}, err
	}
	m := module.Version{Path: file.Module.Mod.Path, Version: path.Base(tag)}
	if want := path.Join(dir, m.Version); tag != want {
		return m, fmt.Errorf("the tag of %s in %q is %s, not %s", m.Version, dir, want, tag)
	}
	if err := module.Check(m.Path, m.Version); err != nil {
		return m, err
	}
	if module.CanonicalVersion(m.Version) != m.Version {
		return m, fmt.Errorf("%s is no whole version, as v1.2.3 is", m.Version)
	}
	if len(file.Replace) > 0 {
		return m, fmt.Errorf("%s: a module with a replace can be neither imported with what it was tested with nor run by its version", m)
	}
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		return m, err
	}
	to := filepath.Join(out, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(to, 0o755); err != nil {
		return m, err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{m.Version, time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return m, err
	}
	for name, content := range map[string][]byte{".info": info, ".mod": text} {
		if err := os.WriteFile(filepath.Join(to, m.Version+name), content, 0o644); err != nil {
			return m, err
		}
	}
	if err := pack(filepath.Join(to, m.Version+".zip"), m, repo, tag, dir); err != nil {
		return m, err
	}
	return m, list(filepath.Join(to, "list"), m.Version)
}

func pack(name string, m module.Version, repo, tag, dir string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(zip.CreateFromVCS(f, m, repo, tag, dir), f.Close())
}

// list adds the version to those that the proxy names.
func list(name, version string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, version)
	return errors.Join(err, f.Close())
}
