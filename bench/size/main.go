// Command size measures what the client adds to a program: it builds small
// programs that make one GET and decode JSON, stripped and with -trimpath, runs
// each against a server on loopback, and prints a Markdown table of their size.
package main

import (
	"debug/buildinfo"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are the folders beside this file; the first is what the others are
// compared with.
var programs = []string{"raw", "own", "retryablehttp"}

func main() {
	if err := measure(); err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

func measure() error {
	dir, err := os.MkdirTemp("", "size-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer k" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"login":"octocat"}`)
	}))
	defer srv.Close()

	fmt.Print("| program | binary | over raw | modules of others |\n|---|--:|--:|---|\n")
	var base int64
	for _, name := range programs {
		bytes, modules, err := build(filepath.Join(dir, name), name, srv.URL)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if base == 0 {
			base = bytes
		}
		fmt.Printf("| %s | %.2f MB | %+.2f MB | %s |\n", name, float64(bytes)/1e6, float64(bytes-base)/1e6, strings.Join(modules, ", "))
	}
	return nil
}

// build builds a program, sees it work, and returns its size in bytes and the
// modules of others that are in it.
func build(binary, name, url string) (int64, []string, error) {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./size/"+name)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return 0, nil, err
	}
	run := exec.Command(binary, url)
	run.Env = append(os.Environ(), "API_KEY=k")
	out, err := run.Output()
	if err != nil || strings.TrimSpace(string(out)) != "octocat" {
		return 0, nil, fmt.Errorf("does not work: %v: %q", err, out)
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return 0, nil, err
	}
	var modules []string
	for _, m := range info.Deps {
		if !strings.HasPrefix(m.Path, "github.com/standpipe-go/standpipe") {
			modules = append(modules, m.Path)
		}
	}
	stat, err := os.Stat(binary)
	if err != nil {
		return 0, nil, err
	}
	return stat.Size(), modules, nil
}
