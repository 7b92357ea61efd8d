package house

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Within a package, too, arrows run one way: its files can be laid on top of each other
// so that of ten arrows, from a file to another whose names it uses, at most one leads
// up. Who reads from the ground up then meets few names that come later.
func TestTheFilesOfAPackageLeanOneWay(t *testing.T) {
	exported := exports(t)
	for _, p := range packages(t) {
		uses := usesAcrossFiles(t, p, exported)
		up := upwards(uses)
		var say []string
		for _, a := range up {
			say = append(say, fmt.Sprintf("%s uses %s of %s", a.from, strings.Join(slices.Sorted(maps.Keys(uses[a])), ", "), a.to))
		}
		if len(up) > (len(uses)+9)/10 {
			t.Errorf("%s: %d of %d arrows lead up:\n\t%s", p.rel(), len(up), len(uses), strings.Join(say, "\n\t"))
		}
	}
}

func TestUpwards(t *testing.T) {
	some := map[string]bool{"x": true}
	require.Empty(t, upwards(map[arrow]map[string]bool{{"c", "a"}: some, {"c", "b"}: some, {"b", "a"}: some, {"a", "d"}: some}))
	require.Len(t, upwards(map[arrow]map[string]bool{{"a", "b"}: some, {"b", "a"}: some}), 1)
	require.Equal(t, []arrow{{"a", "d"}}, upwards(map[arrow]map[string]bool{
		{"b", "a"}: some, {"c", "a"}: some, {"d", "b"}: some, {"d", "c"}: some, {"a", "d"}: some,
	}), "the one that closes both circles")
}

// arrow leads from a file to another one whose names it uses.
type arrow struct{ from, to string }

// exports returns where what the compiler knows of each package is kept.
func exports(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	out := run(t, root, "go", "list", "-export", "-deps", "-json=ImportPath,Export", "./...")
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p struct{ ImportPath, Export string }
		require.NoError(t, dec.Decode(&p))
		found[p.ImportPath] = p.Export
	}
	return found
}

// usesAcrossFiles returns the arrows between the files of p, each with its names.
func usesAcrossFiles(t *testing.T, p goPackage, exported map[string]string) map[arrow]map[string]bool {
	t.Helper()
	fset, files := parse(t, p.Dir, p.GoFiles)
	known := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exported[path]) })
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	pkg, err := (&types.Config{Importer: known}).Check(p.ImportPath, fset, files, &info)
	require.NoError(t, err)
	home := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
	uses := map[arrow]map[string]bool{}
	for id, obj := range info.Uses {
		a := arrow{home(id.Pos()), home(obj.Pos())}
		if obj.Pkg() != pkg || !obj.Pos().IsValid() || a.from == a.to {
			continue
		}
		if uses[a] == nil {
			uses[a] = map[string]bool{}
		}
		uses[a][id.Name] = true
	}
	return uses
}

// upwards returns the arrows that lead up in the best order of the files, from the ground
// up, that is found by moving one at a time.
func upwards(uses map[arrow]map[string]bool) []arrow {
	var order []string
	for a := range uses {
		order = append(order, a.from, a.to)
	}
	slices.Sort(order)
	order = slices.Compact(order)
	for moved := true; moved; {
		moved = false
		for _, f := range slices.Clone(order) {
			at := slices.Index(order, f)
			others := slices.Delete(slices.Clone(order), at, at+1)
			if to := bestPlace(f, others, uses, at); to != at {
				order, moved = slices.Insert(others, to, f), true
			}
		}
	}
	var up []arrow
	for a := range uses {
		if slices.Index(order, a.from) < slices.Index(order, a.to) {
			up = append(up, a)
		}
	}
	slices.SortFunc(up, func(a, b arrow) int { return strings.Compare(a.from+" "+a.to, b.from+" "+b.to) })
	return up
}

// bestPlace returns where among others f has the fewest arrows up: at, if no place is
// better.
func bestPlace(f string, others []string, uses map[arrow]map[string]bool, at int) int {
	up := make([]int, len(others)+1) // more of them than on the ground
	for i, g := range others {
		up[i+1] = up[i]
		if uses[arrow{f, g}] != nil {
			up[i+1]--
		}
		if uses[arrow{g, f}] != nil {
			up[i+1]++
		}
	}
	if best := slices.Min(up); best < up[at] {
		return slices.Index(up, best)
	}
	return at
}
