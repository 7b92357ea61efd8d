package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const source = `// Package p is a package.
package p

import "errors"

// ErrGone says so.
var ErrGone = errors.New("gone")

// Limit has a type, so its value is nobody's business.
var Limit int = 3

// Level is a level.
type Level int

const (
	Low Level = iota // comment
	High
)

// T is a type.
type T struct {
	// A is shown.
	A int ` + "`json:\"a\"`" + `
	b int
}

// New makes one.
func New() *T { return &T{b: 1} }

// Do does.
func (t *T) Do() error { return nil }

func (t *T) hidden() {}

func alsoHidden() {}
`

const listing = `package p // import "example.com/m/p"

var ErrGone = errors.New("gone")

var Limit int

type Level int

const (
	Low Level = iota
	High
)

type T struct {
	A int ` + "`json:\"a\"`" + `
	// contains filtered or unexported fields
}

func New() *T

func (t *T) Do() error
`

func TestListPackage(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.go"), []byte(source), 0o600))
	got, err := listPackage(goPackage{Dir: dir, ImportPath: "example.com/m/p", Name: "p", GoFiles: []string{"p.go"}})
	require.NoError(t, err)
	require.Equal(t, listing, got)
}

func TestPublic(t *testing.T) {
	for _, c := range []struct {
		path, name string
		public     bool
		file       string
	}{
		{"example.com/m/client", "client", true, "client.txt"},
		{"example.com/m/webhook/events", "events", true, "webhook_events.txt"},
		{"example.com/m", "m", true, "m.txt"},
		{"example.com/m/internal/jose", "jose", false, ""},
		{"example.com/m/providers/internal/x", "x", false, ""},
		{"example.com/m/examples/q", "main", false, ""},
	} {
		p := goPackage{ImportPath: c.path, Name: c.name, GoFiles: []string{"a.go"}}
		p.Module.Path = "example.com/m"
		require.Equal(t, c.public, p.public(), c.path)
		if c.public {
			require.Equal(t, c.file, p.file())
		}
	}
}

func TestWriteAndCompare(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "api")
	first := map[string]string{"a.txt": "func A()\nfunc B()\n", "b.txt": "func C()\n"}
	require.NoError(t, writeListing(dir, nil, first))
	read, err := readListing(dir)
	require.NoError(t, err)
	require.Equal(t, first, read)
	require.Empty(t, compare(read, first))

	next := map[string]string{"a.txt": "func A()\nfunc D()\n", "c.txt": "func E()\n"}
	require.Equal(t, "a.txt:\n- func B()\n+ func D()\nb.txt:\n- func C()\nc.txt:\n+ func E()\n", compare(read, next))
	require.NoError(t, writeListing(dir, read, next))
	read, err = readListing(dir)
	require.NoError(t, err)
	require.Equal(t, next, read, "the listing of a package that is gone goes too")
}
