package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mutant is one change that could be made: the text between start and end of
// the file becomes with.
type mutant struct {
	pkg        string // import path, whose tests are to notice
	path       string // of the file, absolute
	file       string // the same, as a reader knows it
	line       int
	fn         string // the function that it is in
	start, end int    // in bytes
	was, with  string
}

// key names the change by what it says, so that it stays the same while code
// around it moves.
func (m mutant) key() string {
	return fmt.Sprintf("%s %s: %s => %s", m.file, m.fn, oneLine(m.was), oneLine(m.with))
}

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d %s: %s => %s", m.file, m.line, m.fn, oneLine(m.was), oneLine(m.with))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// mutantsOf finds every change to the files that the package builds from here.
func mutantsOf(pattern string) ([]mutant, error) {
	cmd := exec.Command("go", "list", "-json=Dir,ImportPath,GoFiles,Module", pattern)
	cmd.Stderr = os.Stderr
	listed, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", pattern, err)
	}
	var p struct {
		Dir, ImportPath string
		GoFiles         []string
		Module          struct{ Dir string }
	}
	if err := json.Unmarshal(listed, &p); err != nil {
		return nil, fmt.Errorf("go list %s: %w", pattern, err)
	}
	var all []mutant
	for _, name := range p.GoFiles {
		path := filepath.Join(p.Dir, name)
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := filepath.Rel(p.Module.Dir, path)
		if err != nil {
			return nil, err
		}
		found, err := mutantsIn(filepath.ToSlash(file), source)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			m.pkg, m.path = p.ImportPath, path
			all = append(all, m)
		}
	}
	return all, nil
}

// mutantsIn finds the changes to one file.
func mutantsIn(file string, source []byte) ([]mutant, error) {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	s := &site{fset: fset, file: file, source: source}
	for _, d := range parsed.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			s.fn = functionName(fn)
			s.body(fn.Body, fn.Type)
		}
	}
	return s.found, nil
}

func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	var b bytes.Buffer
	_ = printer.Fprint(&b, token.NewFileSet(), fn.Recv.List[0].Type) // a buffer takes everything
	return "(" + b.String() + ")." + fn.Name.Name
}

// site collects the changes of one function after the other.
type site struct {
	fset   *token.FileSet
	file   string
	source []byte
	fn     string
	found  []mutant
}

func (s *site) text(n ast.Node) string {
	return string(s.source[s.offset(n.Pos()):s.offset(n.End())])
}

func (s *site) offset(p token.Pos) int { return s.fset.Position(p).Offset }

func (s *site) change(n ast.Node, with string) {
	s.found = append(s.found, mutant{
		file: s.file, line: s.fset.Position(n.Pos()).Line, fn: s.fn,
		start: s.offset(n.Pos()), end: s.offset(n.End()), was: s.text(n), with: with,
	})
}

// other lists what a comparison or a connective becomes.
var other = map[token.Token][]string{
	token.EQL: {"!="}, token.NEQ: {"=="},
	token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"},
	token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
	token.LAND: {"||"}, token.LOR: {"&&"},
}

// body finds the changes in the body of a function with the given type.
func (s *site) body(b *ast.BlockStmt, typ *ast.FuncType) {
	ast.Inspect(b, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			s.body(n.Body, n.Type)
			return false
		case *ast.BinaryExpr:
			for _, op := range other[n.Op] {
				s.change(n, s.text(n.X)+" "+op+" "+s.text(n.Y))
			}
		case *ast.IfStmt:
			s.condition(n.Cond)
		case *ast.ForStmt:
			if n.Cond != nil {
				s.change(n.Cond, "false && ("+s.text(n.Cond)+")") // never entered; the other way never ends
			}
		case *ast.ReturnStmt:
			s.returned(n, typ)
		}
		return true
	})
}

func (s *site) condition(cond ast.Expr) {
	text := s.text(cond)
	s.change(cond, "true || ("+text+")") // keeps in use what the condition names
	s.change(cond, "false && ("+text+")")
}

// returned changes the results that a caller branches on: a bool becomes its
// opposite, an error is withheld.
func (s *site) returned(r *ast.ReturnStmt, typ *ast.FuncType) {
	types := resultTypes(typ)
	if len(types) != len(r.Results) {
		return // a bare return, or the results of one call
	}
	for i, x := range r.Results {
		text := s.text(x)
		switch {
		case types[i] == "bool" && text == "true":
			s.change(x, "false")
		case types[i] == "bool" && text == "false":
			s.change(x, "true")
		case types[i] == "bool":
			s.change(x, "!("+text+")")
		case types[i] == "error" && text != "nil":
			s.change(x, "error(nil)")
		}
	}
}

func resultTypes(typ *ast.FuncType) []string {
	if typ.Results == nil {
		return nil
	}
	var types []string
	for _, f := range typ.Results.List {
		name := ""
		if id, ok := f.Type.(*ast.Ident); ok {
			name = id.Name
		}
		for range max(1, len(f.Names)) {
			types = append(types, name)
		}
	}
	return types
}

// draw shuffles the mutants, the same way for the same seed and tree.
func draw(all []mutant, seed uint64) []mutant {
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
