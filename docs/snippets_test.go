package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a page shows is an excerpt of code that is compiled: of this folder, of an
// example, of a recipe or of what stands on a server.
func TestEverySnippetIsAnExcerptOfCodeThatCompiles(t *testing.T) {
	code := compiled(t)
	found := 0
	for _, p := range guides(t) {
		fenced, _ := p.blocks()
		for _, b := range fenced {
			if b.language != "go" {
				continue
			}
			found++
			if !slices.ContainsFunc(code, func(lines []string) bool { return excerptOf(b.lines, lines) }) {
				t.Errorf("%s:%d: the Go block is no excerpt of a file under docs/, examples/, recipes/ or on/:\n%s",
					p.path, b.line, strings.Join(b.lines, "\n"))
			}
		}
	}
	require.NotZero(t, found)
}

// compiled returns the lines of every Go file that a page may quote.
func compiled(t *testing.T) (files [][]string) {
	t.Helper()
	for _, dir := range []string{"docs", "examples", "recipes", "on"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return fs.SkipDir
			case d.IsDir() || filepath.Ext(path) != ".go":
				return nil
			}
			raw, err := os.ReadFile(path)
			files = append(files, strings.Split(string(raw), "\n"))
			return err
		})
		require.NoError(t, err)
	}
	require.NotEmpty(t, files)
	return files
}

// excerptOf reports whether the lines of a block stand in a file as they are, but for
// common indentation and for the package clause, which in a test is another. A line "…"
// or "// …" stands for any lines of the file.
func excerptOf(block, file []string) bool {
	if len(block) > 0 && strings.HasPrefix(block[0], "package ") {
		block = block[1:]
	}
	from := 0
	for _, part := range parts(block) {
		at := indexOf(part, file[from:])
		if at < 0 {
			return false
		}
		from += at + len(part)
	}
	return true
}

// parts cuts a block at the lines that stand for others, and takes from each part the
// empty lines around it and its common indentation.
func parts(block []string) (parts [][]string) {
	var part []string
	for _, line := range append(slices.Clip(block), "…") {
		if rest := strings.TrimSpace(line); rest == "…" || rest == "// …" {
			if part = dedented(trimmed(part)); len(part) > 0 {
				parts = append(parts, part)
			}
			part = nil
			continue
		}
		part = append(part, line)
	}
	return parts
}

func trimmed(lines []string) []string {
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func dedented(lines []string) []string {
	common, first := "", true
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, "\t "))]
		if first {
			common, first = indent, false
		}
		for !strings.HasPrefix(indent, common) {
			common = common[:len(common)-1]
		}
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.TrimPrefix(line, common)
	}
	return out
}

// indexOf returns where part begins in file, as a whole and whatever it is indented
// by there; -1 where it does not.
func indexOf(part, file []string) int {
	for at := 0; at+len(part) <= len(file); at++ {
		if strings.HasSuffix(file[at], part[0]) && slices.Equal(dedented(file[at:at+len(part)]), part) {
			return at
		}
	}
	return -1
}

func TestExcerptsAreTold(t *testing.T) {
	file := strings.Split("package p\n\nfunc f() {\n\tx := 1\n\n\tif x > 0 {\n\t\tg(x)\n\t}\n}\n", "\n")
	for text, want := range map[string]bool{
		"x := 1":                               true,
		"x := 1\n\nif x > 0 {\n\tg(x)\n}":      true,
		"\tx := 1\n\n\tif x > 0 {":             true,
		"package main\n\nfunc f() {\n\tx := 1": true,
		"x := 1\n// …\n\tg(x)":                 true,
		"func f() {\n…\n}":                     true,
		"x := 2":                               false,
		"x := 1\nif x > 0 {":                   false, // a line is left out
		"if x > 0 {\n// …\nx := 1":             false, // another order
		"x := 1\n\nif x > 0 {\ng(x)":           false, // another shape
	} {
		require.Equal(t, want, excerptOf(strings.Split(text, "\n"), file), text)
	}
}
