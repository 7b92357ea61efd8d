package house

import (
	"go/ast"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What package client knows of a call has one owner for each piece: no private struct has
// more fields than can be seen at a glance, and no type's methods are strewn over more
// files than can be kept in mind.
func TestTheEngineIsInPieces(t *testing.T) {
	const maxFields, maxFiles = 16, 8
	for _, p := range packages(t) {
		if p.rel() != "client" {
			continue
		}
		fset, files := parse(t, p.Dir, p.GoFiles)
		fields, homes := map[string]int{}, map[string]map[string]bool{}
		for _, f := range files {
			for _, d := range f.Decls {
				countFields(d, fields)
				if name := receiver(d); name != "" {
					if homes[name] == nil {
						homes[name] = map[string]bool{}
					}
					homes[name][filepath.Base(fset.Position(d.Pos()).Filename)] = true
				}
			}
		}
		require.Contains(t, fields, "hop")
		for name, n := range fields {
			require.LessOrEqual(t, n, maxFields, "the fields of %s", name)
		}
		for name, in := range homes {
			require.LessOrEqual(t, len(in), maxFiles, "the files of %s's methods", name)
		}
	}
}

// countFields counts those of the private structs of d; what is embedded is one.
func countFields(d ast.Decl, into map[string]int) {
	general, _ := d.(*ast.GenDecl)
	if general == nil {
		return
	}
	for _, s := range general.Specs {
		spec, _ := s.(*ast.TypeSpec)
		if spec == nil || spec.Name.IsExported() {
			continue
		}
		if of, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range of.Fields.List {
				into[spec.Name.Name] += max(len(f.Names), 1)
			}
		}
	}
}

// receiver names the type of which d is a method; "" is none.
func receiver(d ast.Decl) string {
	fn, _ := d.(*ast.FuncDecl)
	if fn == nil || fn.Recv == nil {
		return ""
	}
	of := fn.Recv.List[0].Type
	if p, ok := of.(*ast.StarExpr); ok {
		of = p.X
	}
	name, _ := of.(*ast.Ident)
	if name == nil { // of a generic type
		return ""
	}
	return name.Name
}
