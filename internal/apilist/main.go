// Command apilist writes the exported API of every public package of the
// module in the current directory, one file a package, into the directory
// named by its argument. Committed, the listing makes every change to the
// surface show in review. With -check it writes nothing, prints what differs
// and exits 1.
//
//	apilist api
//	apilist -check api
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	check := flag.Bool("check", false, "compare instead of writing")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: apilist [-check] DIR")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *check); err != nil {
		fmt.Fprintln(os.Stderr, "apilist:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	now, err := listModule()
	if err != nil {
		return err
	}
	before, err := readListing(dir)
	if err != nil {
		return err
	}
	if check {
		if diff := compare(before, now); diff != "" {
			return fmt.Errorf("the exported API is not what %s says; run `make api` and commit the change\n%s", dir, diff)
		}
		return nil
	}
	return writeListing(dir, before, now)
}

// listModule returns the listing of every public package, by file name.
func listModule() (map[string]string, error) {
	cmd := exec.Command("go", "list", "-json=Dir,ImportPath,Name,GoFiles,Module", "./...")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0") // the same listing on every machine
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	listing := map[string]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return listing, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if !p.public() {
			continue
		}
		text, err := listPackage(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.ImportPath, err)
		}
		listing[p.file()] = text
	}
}

// goPackage is what `go list` says of a package.
type goPackage struct {
	Dir, ImportPath, Name string
	GoFiles               []string
	Module                struct{ Path string }
}

// public reports whether other modules can import the package.
func (p goPackage) public() bool {
	return p.Name != "main" && len(p.GoFiles) > 0 && !slices.Contains(strings.Split(p.ImportPath, "/"), "internal")
}

// file names the listing of a package: webhook_events.txt for webhook/events.
func (p goPackage) file() string {
	rel := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, p.Module.Path), "/")
	if rel == "" {
		rel = p.Name
	}
	return strings.ReplaceAll(rel, "/", "_") + ".txt"
}

func readListing(dir string) (map[string]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	listing := map[string]string{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		listing[filepath.Base(path)] = string(raw)
	}
	return listing, nil
}

func writeListing(dir string, before, now map[string]string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range now {
		if before[name] == text {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for name := range before {
		if _, ok := now[name]; ok {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// compare returns the lines that came and went, file by file.
func compare(before, now map[string]string) string {
	all := maps.Clone(before)
	maps.Copy(all, now)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if before[name] == now[name] {
			continue
		}
		fmt.Fprintf(&b, "%s:\n", name)
		writeMissing(&b, "-", before[name], now[name])
		writeMissing(&b, "+", now[name], before[name])
	}
	return b.String()
}

// writeMissing writes the lines of text that other does not have as often.
func writeMissing(b *strings.Builder, mark, text, other string) {
	have := map[string]int{}
	for line := range strings.Lines(other) {
		have[line]++
	}
	for line := range strings.Lines(text) {
		if have[line]--; have[line] < 0 {
			fmt.Fprintf(b, "%s %s", mark, line)
		}
	}
}
