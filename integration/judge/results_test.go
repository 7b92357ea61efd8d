package judge

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testName is a test as go test -json names it; Test is "" for the package.
type testName struct{ Package, Test string }

func (n testName) String() string { return n.Package + " " + n.Test }

// results are the outcomes of a run of go test -json: "pass", "fail" or "skip".
type results struct {
	outcome map[testName]string
	output  map[testName]string
}

func parse(t *testing.T, out []byte) results {
	t.Helper()
	r := results{map[testName]string{}, map[testName]string{}}
	for line := range bytes.Lines(out) {
		var e struct{ Action, Package, ImportPath, Test, Output string }
		require.NoError(t, json.Unmarshal(line, &e), string(line))
		name := testName{e.Package, e.Test}
		switch e.Action {
		case "output":
			r.output[name] += e.Output
		case "build-output":
			r.output[testName{}] += e.Output
		case "pass", "fail", "skip":
			r.outcome[name] = e.Action
		}
	}
	return r
}

// passing returns the tests that passed.
func (r results) passing() []testName {
	var names []testName
	for name, outcome := range r.outcome {
		if outcome == "pass" && name.Test != "" {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, compare)
	return names
}

func compare(a, b testName) int { return strings.Compare(a.String(), b.String()) }

func packagesOf(names []testName) []string {
	var packages []string
	for _, name := range names {
		if !slices.Contains(packages, name.Package) {
			packages = append(packages, name.Package)
		}
	}
	return packages
}

func (r results) count(module, outcome string) int {
	n := 0
	for name, o := range r.outcome {
		if o == outcome && name.Test != "" && within(name.Package, module) {
			n++
		}
	}
	return n
}

// failed returns the tests that did not pass although they are to, but for those
// that failed because a test within them did.
func (r results) failed(pass []testName) []testName {
	var failed []testName
	parents := map[testName]bool{}
	for _, name := range pass {
		if r.outcome[name] == "pass" {
			continue
		}
		failed = append(failed, name)
		for parent := name; ; {
			i := strings.LastIndexByte(parent.Test, '/')
			if i < 0 {
				break
			}
			parent.Test = parent.Test[:i]
			parents[parent] = true
		}
	}
	leaves := failed[:0]
	for _, name := range failed {
		if !parents[name] {
			leaves = append(leaves, name)
		}
	}
	return leaves
}

func within(path, module string) bool {
	return path == module || strings.HasPrefix(path, module+"/")
}
