package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"path/filepath"
	"strings"
)

// listPackage returns the exported declarations of a package, without
// comments and bodies, in the order of go doc.
func listPackage(p goPackage) (string, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		// Without comments: go/doc would print those inside of declarations.
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		files = append(files, f)
	}
	d, err := doc.NewFromFiles(fset, files, p.ImportPath)
	if err != nil {
		return "", err
	}
	l := &lister{fset: fset}
	fmt.Fprintf(&l.b, "package %s // import %q\n\n", d.Name, p.ImportPath)
	l.values(d.Consts)
	l.values(d.Vars)
	l.funcs(d.Funcs)
	for _, t := range d.Types {
		l.node(t.Decl)
		l.values(t.Consts)
		l.values(t.Vars)
		l.funcs(t.Funcs)
		l.funcs(t.Methods)
	}
	return strings.TrimSpace(l.b.String()) + "\n", l.err
}

type lister struct {
	fset *token.FileSet
	b    strings.Builder
	err  error
}

func (l *lister) values(vs []*doc.Value) {
	for _, v := range vs {
		l.node(v.Decl)
	}
}

func (l *lister) funcs(fs []*doc.Func) {
	for _, f := range fs {
		decl := *f.Decl
		decl.Body = nil
		l.node(&decl)
	}
}

// node prints one declaration, and nothing of how a variable gets its value.
func (l *lister) node(n ast.Node) {
	if g, ok := n.(*ast.GenDecl); ok && g.Tok == token.VAR {
		n = withoutValues(g)
	}
	conf := printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}
	if err := conf.Fprint(&l.b, l.fset, n); err != nil && l.err == nil {
		l.err = err
	}
	l.b.WriteString("\n\n")
}

// withoutValues drops the values of variables that have a type: only their
// type is part of the API. A value that gives the type stays.
func withoutValues(g *ast.GenDecl) *ast.GenDecl {
	out := *g
	out.Specs = nil
	for _, s := range g.Specs {
		if v, ok := s.(*ast.ValueSpec); ok && v.Type != nil {
			c := *v
			c.Values = nil
			s = &c
		}
		out.Specs = append(out.Specs, s)
	}
	return &out
}
